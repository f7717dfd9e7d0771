// SPDX-License-Identifier: MIT

package purego_test

import (
	"math"
	"os"
	"testing"

	"libmemfd_go/internal/leaks"

	"golang.org/x/sys/unix"
)

func TestImportPid(t *testing.T) {
	leaks.Check(t)
	fd := newSealedFile(t, "hello", 0)
	imported := closeLater(t, lib.ImportPid(int32(os.Getpid()), fd, unix.O_RDONLY))
	want := info{kindMemfd, unix.S_IFREG, accessRead, 5, "purego"}
	same(t, "the imported file", want, inspect(t, imported))
	closesOnExec, _ := unix.FcntlInt(uintptr(imported), unix.F_GETFD, 0)
	same(t, "close-on-exec", unix.FD_CLOEXEC, closesOnExec)
}

func TestImportPidErrors(t *testing.T) {
	leaks.Check(t)
	fd, self := newFile(t, 0), int32(os.Getpid())
	pair := newPair(t, unix.SOCK_STREAM)
	check(t, []row{
		{"pid 0", lib.ImportPid(0, fd, unix.O_RDONLY), "EINVAL"},
		{"negative pid", lib.ImportPid(-1, fd, unix.O_RDONLY), "EINVAL"},
		{"negative descriptor", lib.ImportPid(self, -1, unix.O_RDONLY), "EINVAL"},
		{"process that does not exist", lib.ImportPid(math.MaxInt32, fd, unix.O_RDONLY), "ENOENT"},
		{"bad descriptor", lib.ImportPid(self, math.MaxInt32, unix.O_RDONLY), "ENOENT"},
		{"socket", lib.ImportPid(self, pair[0], unix.O_RDONLY), "ENXIO"},
	})
	withLimit(t, unix.RLIMIT_NOFILE, 0, func() {
		check(t, []row{{"RLIMIT_NOFILE reached", lib.ImportPid(self, fd, unix.O_RDONLY), "EMFILE"}})
	})
}

// newPidfd returns a pidfd of this process, or skips the test.
func newPidfd(t *testing.T) int32 {
	t.Helper()
	fd, err := unix.PidfdOpen(os.Getpid(), 0)
	if err != nil {
		t.Skip("pidfd_open:", err)
	}
	return closeLater(t, int32(fd))
}

func TestImportPidfd(t *testing.T) {
	leaks.Check(t)
	process, fd := newPidfd(t), newSealedFile(t, "hello", 0)
	imported := lib.ImportPidfd(process, fd, 0)
	if newFeatures(t, 0).Bits&featurePidfdGetfd == 0 {
		same(t, "without pidfd_getfd(2)", "ENOSYS", outcome(imported))
		return
	}
	closeLater(t, imported)
	same(t, "the imported file", inspect(t, fd), inspect(t, imported))
	closesOnExec, _ := unix.FcntlInt(uintptr(imported), unix.F_GETFD, 0)
	same(t, "close-on-exec", unix.FD_CLOEXEC, closesOnExec)
	if rawSecret(0) == "ok" {
		imported := closeLater(t, lib.ImportPidfd(process, newSecret(t, 0), 0))
		same(t, "a secret file", kindSecret, inspect(t, imported).Kind)
	}
}

func TestImportPidfdErrors(t *testing.T) {
	leaks.Check(t)
	process, fd := newPidfd(t), newFile(t, 0)
	if newFeatures(t, 0).Bits&featurePidfdGetfd == 0 {
		t.Skip("pidfd_getfd(2) does not work")
	}
	check(t, []row{
		{"bad pidfd", lib.ImportPidfd(-1, fd, 0), "EBADF"},
		{"descriptor that is not a pidfd", lib.ImportPidfd(fd, fd, 0), "EBADF"},
		{"bad descriptor", lib.ImportPidfd(process, -1, 0), "EBADF"},
	})
	withLimit(t, unix.RLIMIT_NOFILE, 0, func() {
		check(t, []row{{"RLIMIT_NOFILE reached", lib.ImportPidfd(process, fd, 0), "EMFILE"}})
	})
}
