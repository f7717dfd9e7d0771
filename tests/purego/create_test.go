// SPDX-License-Identifier: MIT

package purego_test

import (
	"os"
	"strings"
	"testing"

	"libmemfd_go/internal/leaks"

	"golang.org/x/sys/unix"
)

func TestCreateNames(t *testing.T) {
	leaks.Check(t)
	for _, name := range []string{"", "a", "a/b", "two\nlines", "\xff\xfe", strings.Repeat("n", 249)} {
		fd := closeLater(t, lib.Create(name, unix.MFD_CLOEXEC))
		link, err := os.Readlink(fdPath(fd))
		if err != nil {
			t.Fatal(err)
		}
		same(t, "link", "/memfd:"+name+" (deleted)", link)
	}
}

func TestCreateFlags(t *testing.T) {
	leaks.Check(t)
	for _, flags := range []uint32{0, unix.MFD_CLOEXEC, unix.MFD_ALLOW_SEALING, unix.MFD_CLOEXEC | unix.MFD_ALLOW_SEALING} {
		fd := newFile(t, flags)
		closesOnExec, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "close-on-exec", int(flags&unix.MFD_CLOEXEC), closesOnExec)
		// With vm.memfd_noexec, files have F_SEAL_EXEC instead of F_SEAL_SEAL.
		unsealable := lib.GetSeals(fd)&unix.F_SEAL_SEAL != 0
		if flags&unix.MFD_ALLOW_SEALING != 0 && unsealable {
			t.Errorf("flags %#x: the file does not support seals", flags)
		}
		if n, err := unix.Write(int(fd), []byte("text")); n != 4 || err != nil {
			t.Errorf("flags %#x: write: %d, %v", flags, n, err)
		}
		same(t, "contents", "text", contents(t, fd, 4))
	}
}

func TestCreateErrors(t *testing.T) {
	leaks.Check(t)
	check(t, []row{
		{"unknown flag", lib.Create("x", 1<<25), "EINVAL"},
		{"all flags", lib.Create("x", ^uint32(0)), "EINVAL"},
		{"contradictory flags", lib.Create("x", unix.MFD_EXEC|unix.MFD_NOEXEC_SEAL), "EINVAL"},
		{"page size without huge pages", lib.Create("x", 21<<26), "EINVAL"},
		{"name of 250 bytes", lib.Create(strings.Repeat("n", 250), 0), "EINVAL"},
	})
	withLimit(t, unix.RLIMIT_NOFILE, 0, func() {
		check(t, []row{{"RLIMIT_NOFILE reached", lib.Create("x", 0), "EMFILE"}})
	})
}
