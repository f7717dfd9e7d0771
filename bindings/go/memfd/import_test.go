// SPDX-License-Identifier: MIT

//go:build linux

package memfd_test

import (
	"io/fs"
	"math"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"libmemfd_go/bindings/go/memfd"
	"libmemfd_go/internal/leaks"
)

// descriptor returns the number of a file's descriptor.
func descriptor(t *testing.T, f *os.File) (n int) {
	t.Helper()
	must(f.SyscallConn()).Control(func(fd uintptr) { n = int(fd) })
	return n
}

func TestFromPID(t *testing.T) {
	leaks.Check(t)
	f := sealed(t, "hello")
	imported := closeLater(t, must(memfd.FromPID(os.Getpid(), descriptor(t, f), os.O_RDONLY)))
	want(t, "contents", contents(t, imported), "hello")
	want(t, "access", must(memfd.Inspect(imported)).Access, memfd.AccessRead)
	want(t, "close-on-exec", closesOnExec(t, imported), true)
}

func TestFromPIDErrors(t *testing.T) {
	leaks.Check(t)
	self, fd := os.Getpid(), descriptor(t, sealed(t, ""))
	for _, c := range []struct {
		what    string
		pid, fd int
		path    string
		err     error
	}{
		{"pid 0", 0, 3, "/proc/0/fd/3", syscall.EINVAL},
		{"a negative pid", -1, 3, "/proc/-1/fd/3", syscall.EINVAL},
		{"a negative descriptor", 1, -1, "/proc/1/fd/-1", syscall.EINVAL},
		{"a process that does not exist", math.MaxInt32, 3, "/proc/2147483647/fd/3", syscall.ENOENT},
	} {
		_, err := memfd.FromPID(c.pid, c.fd, os.O_RDONLY)
		wantPathError(t, c.what, err, "open", c.path, c.err)
	}
	_, err := memfd.FromPID(self, math.MaxInt32, os.O_RDONLY)
	wantError(t, "a descriptor that does not exist", err, fs.ErrNotExist)
	_, err = memfd.FromPID(self, fd, math.MinInt)
	wantError(t, "unknown flags", err, syscall.EINVAL)
	withLimit(t, unix.RLIMIT_NOFILE, 0, func() {
		_, err := memfd.FromPID(self, fd, os.O_RDONLY)
		wantError(t, "RLIMIT_NOFILE reached", err, syscall.EMFILE)
	})
}

func TestFromPidfd(t *testing.T) {
	leaks.Check(t)
	process, err := unix.PidfdOpen(os.Getpid(), 0)
	if err != nil {
		t.Skip("pidfd_open:", err)
	}
	defer unix.Close(process)
	f := sealed(t, "hello")
	imported, err := memfd.FromPidfd(process, descriptor(t, f))
	if !features(t, 0).Has(memfd.FeaturePidfdGetfd) {
		wantError(t, "before Linux 5.6", err, syscall.ENOSYS)
		return
	}
	want(t, "contents", contents(t, closeLater(t, must(imported, err))), "hello")
	want(t, "close-on-exec", closesOnExec(t, imported), true)
	for _, fd := range []int{-1, math.MinInt + descriptor(t, f)} {
		_, err = memfd.FromPidfd(process, fd)
		wantError(t, "a descriptor that does not exist", err, syscall.EBADF)
	}
	_, err = memfd.FromPidfd(descriptor(t, f), descriptor(t, f))
	wantError(t, "a descriptor that is not a pidfd", err, syscall.EBADF)
}
