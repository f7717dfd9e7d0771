// SPDX-License-Identifier: MIT

//go:build linux

package memfd

import (
	"io/fs"
	"os"
	"strconv"

	"libmemfd_go/core"
)

// Kind is what kind of file a file is.
type Kind uint32

const (
	KindOther   Kind = Kind(core.KindOther)     // anything else
	KindMemfd   Kind = Kind(core.KindMemfd)     // made by memfd_create(2)
	KindHugetlb Kind = Kind(core.KindHugetlb)   // of huge pages
	KindTmpfs   Kind = Kind(core.KindTmpfsFile) // a regular file on a mounted tmpfs
	KindSecret  Kind = Kind(core.KindSecret)    // made by memfd_secret(2)
)

func (k Kind) String() string { return nameOf(k, "other", "memfd", "hugetlb", "tmpfs", "secret") }

// nameOf returns the name of a value that counts from 0, or its number.
func nameOf[T ~uint32](v T, names ...string) string {
	if int64(v) < int64(len(names)) {
		return names[v]
	}
	return strconv.FormatUint(uint64(v), 10)
}

// Access is what may be done with a file or with memory.
type Access uint32

const (
	AccessNone      Access = Access(core.AccessNone)
	AccessRead      Access = Access(core.AccessRead)
	AccessWrite     Access = Access(core.AccessWrite) // of a file only
	AccessReadWrite Access = Access(core.AccessReadWrite)
)

func (a Access) String() string { return nameOf(a, "none", "read", "write", "read-write") }

// Info describes a file.
type Info struct {
	Kind      Kind
	Seals     Seals // 0 for files that take none
	Mode      fs.FileMode
	Access    Access // of this descriptor; AccessNone with O_PATH
	Size      int64  // in bytes
	Allocated int64  // memory or blocks that it takes, in bytes; 0 for KindSecret
	HugePage  int64  // size of its pages in bytes, of KindHugetlb
	Device    uint64 // with Inode, tells whether two files are the same
	Inode     uint64
	Name      string // of a memfd, which its maker chose; it may contain any character
}

// Inspect says what f is. What it says of a file that is not sealed may be out of date
// when it returns, except for its kind and access.
func Inspect(f *os.File) (Info, error) {
	var info Info
	_, err := withFD(f, func(fd int32) int { return inspect(fd, &info) })
	if err != nil {
		return Info{}, fileError("inspect", f, err)
	}
	return info, nil
}
