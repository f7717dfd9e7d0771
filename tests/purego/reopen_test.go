// SPDX-License-Identifier: MIT

package purego_test

import (
	"testing"

	"libmemfd_go/internal/leaks"

	"golang.org/x/sys/unix"
)

func TestReopen(t *testing.T) {
	leaks.Check(t)
	fd := newSealedFile(t, "hello", 0)
	path := closeLater(t, lib.Reopen(fd, unix.O_PATH))
	for _, from := range []int32{fd, path} {
		again := closeLater(t, lib.Reopen(from, unix.O_RDONLY))
		text := make([]byte, 10)
		n, err := unix.Read(int(again), text)
		same(t, "contents", "hello", string(text[:max(n, 0)]))
		same(t, "error", nil, err)
		closesOnExec, _ := unix.FcntlInt(uintptr(again), unix.F_GETFD, 0)
		same(t, "close-on-exec", unix.FD_CLOEXEC, closesOnExec)
	}
	offset, _ := unix.Seek(int(fd), 0, unix.SEEK_CUR)
	same(t, "offset of the first", 0, offset)
}

// A read-only descriptor is no security boundary.
func TestReopenForWriting(t *testing.T) {
	leaks.Check(t)
	readOnly := reopen(t, newFile(t, 0), unix.O_RDONLY)
	writable := closeLater(t, lib.Reopen(readOnly, unix.O_RDWR))
	if _, err := unix.Write(int(writable), []byte("x")); err != nil {
		t.Error(err)
	}
}

func TestReopenErrors(t *testing.T) {
	leaks.Check(t)
	fd := newFile(t, 0)
	pair := newPair(t, unix.SOCK_STREAM)
	check(t, []row{
		{"bad descriptor", lib.Reopen(-1, unix.O_RDONLY), "EBADF"},
		{"closed descriptor", lib.Reopen(1<<20, unix.O_RDONLY), "EBADF"},
		{"socket", lib.Reopen(pair[0], unix.O_RDONLY), "ENXIO"},
		{"O_DIRECTORY", lib.Reopen(fd, unix.O_DIRECTORY), "ENOTDIR"},
	})
	withLimit(t, unix.RLIMIT_NOFILE, 0, func() {
		check(t, []row{{"RLIMIT_NOFILE reached", lib.Reopen(fd, unix.O_RDONLY), "EMFILE"}})
	})
	if rawSecret(0) == "ok" {
		check(t, []row{{"secret file", lib.Reopen(newSecret(t, 0), unix.O_RDONLY), "ENXIO"}})
	}
}
