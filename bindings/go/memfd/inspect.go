// SPDX-License-Identifier: MIT

//go:build linux

package memfd

import (
	"io/fs"
	"os"
	"strconv"

	"libmemfd_go/core"
)

// Kind is the kind of a file.
type Kind uint32

const (
	KindOther   Kind = Kind(core.KindOther)     // anything else, such as a pipe
	KindMemfd   Kind = Kind(core.KindMemfd)     // created by memfd_create(2)
	KindHugetlb Kind = Kind(core.KindHugetlb)   // of huge pages
	KindTmpfs   Kind = Kind(core.KindTmpfsFile) // a regular file on a mounted tmpfs
	KindSecret  Kind = Kind(core.KindSecret)    // created by memfd_secret(2)
)

// String returns "other", "memfd", "hugetlb", "tmpfs" or "secret".
func (k Kind) String() string { return nameOf(k, "other", "memfd", "hugetlb", "tmpfs", "secret") }

// nameOf returns the v-th of names, or v in decimal.
func nameOf[T ~uint32](v T, names ...string) string {
	if int64(v) < int64(len(names)) {
		return names[v]
	}
	return strconv.FormatUint(uint64(v), 10)
}

// Access is the access mode of a file, or the protection of memory.
type Access uint32

const (
	AccessNone      Access = Access(core.AccessNone)
	AccessRead      Access = Access(core.AccessRead)
	AccessWrite     Access = Access(core.AccessWrite) // of a file only
	AccessReadWrite Access = Access(core.AccessReadWrite)
)

// String returns "none", "read", "write" or "read-write".
func (a Access) String() string { return nameOf(a, "none", "read", "write", "read-write") }

// Info is the result of Inspect.
type Info struct {
	Kind      Kind
	Seals     Seals       // 0 if the file does not support them, or with O_PATH
	Mode      fs.FileMode // like that of os.File.Stat
	Access    Access      // of the descriptor; AccessNone with O_PATH
	Size      int64       // in bytes
	Allocated int64       // memory or disk space in bytes; 0 for KindSecret
	HugePage  int64       // page size in bytes of KindHugetlb, otherwise 0
	Device    uint64      // with Inode identifies the file
	Inode     uint64
	Name      string // given to memfd_create(2); may contain any byte, so quote it
}

// Inspect returns what f is, without reading its contents. f may be opened with O_PATH. If
// other processes have the file and it is not sealed, everything but its kind and access may be
// outdated when Inspect returns.
//
// Without /proc the name is empty, and a memfd that does not accept seals is KindOther. Before
// Linux 4.11 Inspect fails with ENOSYS.
//
// Source: statx(2), fstatfs(2), fcntl(2), proc_pid_fd(5).
func Inspect(f *os.File) (Info, error) {
	var info Info
	_, err := withFD(f, func(fd int32) int { return inspect(fd, &info) })
	if err != nil {
		return Info{}, fileError("inspect", f, err)
	}
	return info, nil
}
