// SPDX-License-Identifier: MIT

package purego_test

import (
	"os"
	"strings"
	"testing"
	"unsafe"

	"libmemfd_go/internal/leaks"

	"golang.org/x/sys/unix"
)

// info is Info with the name as a string, and without members that differ between kernels.
type info struct {
	Kind, Type, Access uint32
	Size               uint64
	Name               string
}

func inspect(t *testing.T, fd int32) info {
	t.Helper()
	var i Info
	check(t, []row{{"inspect", lib.Inspect(fd, 0, &i, unsafe.Sizeof(i)), "ok"}})
	name, _, _ := strings.Cut(string(i.Name[:]), "\x00")
	return info{i.Kind, i.Mode & unix.S_IFMT, i.Access, i.Size, name}
}

func TestInspectMemfd(t *testing.T) {
	leaks.Check(t)
	for _, name := range []string{"", "a", "a/b", "two\nlines", "\xff", "x (deleted)", strings.Repeat("n", 249)} {
		for _, flags := range []uint32{0, unix.MFD_ALLOW_SEALING} {
			fd := closeLater(t, lib.Create(name, flags))
			same(t, "info", info{kindMemfd, unix.S_IFREG, accessReadWrite, 0, name}, inspect(t, fd))
		}
	}
}

func TestInspectSealsAndMode(t *testing.T) {
	leaks.Check(t)
	fd := newSealedFile(t, "hello", unix.F_SEAL_GROW)
	if err := unix.Fchmod(int(fd), 0o640); err != nil {
		t.Fatal(err)
	}
	var got Info
	check(t, []row{{"inspect", lib.Inspect(fd, 0, &got, unsafe.Sizeof(got)), "ok"}})
	var st unix.Stat_t
	if err := unix.Fstat(int(fd), &st); err != nil {
		t.Fatal(err)
	}
	want := Info{
		Kind:      kindMemfd,
		Seals:     uint32(lib.GetSeals(fd)),
		Mode:      unix.S_IFREG | 0o640,
		Access:    accessReadWrite,
		Size:      5,
		Allocated: 512 * uint64(st.Blocks),
		Device:    uint64(st.Dev),
		Inode:     uint64(st.Ino),
	}
	copy(want.Name[:], "purego")
	same(t, "info", want, got)
}

func TestInspectAccess(t *testing.T) {
	leaks.Check(t)
	fd := newFile(t, 0)
	for flags, access := range map[int]uint32{
		unix.O_RDONLY: accessRead, unix.O_WRONLY: accessWrite, unix.O_RDWR: accessReadWrite, unix.O_PATH: accessNone,
	} {
		want := info{kindMemfd, unix.S_IFREG, access, 0, "purego"}
		same(t, "info", want, inspect(t, reopen(t, fd, flags)))
	}
}

func TestInspectOtherFiles(t *testing.T) {
	leaks.Check(t)
	reading, writing := newPipe(t)
	pair := newPair(t, unix.SOCK_STREAM)
	folder, err := os.Open("/proc")
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	for what, c := range map[string]struct {
		fd   int32
		want info
	}{
		"pipe to read":  {reading, info{kindOther, unix.S_IFIFO, accessRead, 0, ""}},
		"pipe to write": {writing, info{kindOther, unix.S_IFIFO, accessWrite, 0, ""}},
		"socket":        {pair[0], info{kindOther, unix.S_IFSOCK, accessReadWrite, 0, ""}},
		"folder":        {int32(folder.Fd()), info{kindOther, unix.S_IFDIR, accessRead, 0, ""}},
	} {
		same(t, what, c.want, inspect(t, c.fd))
	}
	if rawSecret(0) == "ok" {
		want := info{kindSecret, unix.S_IFREG, accessReadWrite, 0, ""}
		same(t, "secret file", want, inspect(t, newSecret(t, 0)))
	}
}

func TestInspectTmpfsFile(t *testing.T) {
	leaks.Check(t)
	var fs unix.Statfs_t
	if err := unix.Statfs("/dev/shm", &fs); err != nil || fs.Type != unix.TMPFS_MAGIC {
		t.Skip("/dev/shm is not a tmpfs:", err)
	}
	file, err := os.CreateTemp("/dev/shm", "")
	if err != nil {
		t.Skip("cannot write to /dev/shm:", err)
	}
	defer file.Close()
	defer os.Remove(file.Name())
	same(t, "info", info{kindTmpfsFile, unix.S_IFREG, accessReadWrite, 0, ""}, inspect(t, int32(file.Fd())))
}

func TestInspectErrors(t *testing.T) {
	leaks.Check(t)
	size := unsafe.Sizeof(Info{})
	i := Info{Kind: 0xdead}
	fd := newFile(t, 0)
	check(t, []row{
		{"bad descriptor", lib.Inspect(-1, 0, &i, size), "EBADF"},
		{"short struct", lib.Inspect(fd, 0, &i, size-1), "EINVAL"},
		{"long struct", lib.Inspect(fd, 0, &i, 1<<20), "E2BIG"},
		{"null pointer", lib.Inspect(fd, 0, nil, size), "EFAULT"},
		{"unknown request", lib.Inspect(fd, 1, &i, size), "EINVAL"},
	})
	same(t, "info after errors", Info{Kind: 0xdead}, i)
}
