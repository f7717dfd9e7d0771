// SPDX-License-Identifier: MIT

package purego_test

import (
	"os"
	"testing"
	"unsafe"

	"libmemfd_go/internal/leaks"

	"golang.org/x/sys/unix"
)

// The library returns the kernel's result, such as ENOSYS under qemu-user.
func TestSecretOutcomes(t *testing.T) {
	leaks.Check(t)
	if known := os.Getenv("MEMFD_GO_SECRET"); known != "" {
		same(t, "the kernel has it", known == "yes", rawSecret(0) == "ok")
	}
	same(t, "no flags", rawSecret(0), outcome(closed(lib.Secret(0))))
	same(t, "O_CLOEXEC", rawSecret(unix.O_CLOEXEC), outcome(closed(lib.Secret(unix.O_CLOEXEC))))
	// FD_CLOEXEC, which the manual page documents and the kernel rejects.
	same(t, "FD_CLOEXEC", rawSecret(unix.O_CLOEXEC), outcome(closed(lib.Secret(unix.FD_CLOEXEC))))
	for _, flags := range []uint32{1 << 3, 1<<3 | unix.FD_CLOEXEC, 1 << 31} {
		same(t, "unknown flags", rawSecret(uintptr(flags)), outcome(closed(lib.Secret(flags))))
	}
	withLimit(t, unix.RLIMIT_NOFILE, 0, func() {
		same(t, "RLIMIT_NOFILE reached", rawSecret(0), outcome(closed(lib.Secret(0))))
	})
}

// newSecret creates a secret file where there are any.
func newSecret(t *testing.T, flags uint32) int32 {
	t.Helper()
	if why := rawSecret(0); why != "ok" {
		t.Skipf("memfd_secret(2) does not work: %s", why)
	}
	return closeLater(t, lib.Secret(flags))
}

func TestSecretClosesOnExec(t *testing.T) {
	leaks.Check(t)
	for flags, want := range map[uint32]int{0: 0, unix.O_CLOEXEC: unix.FD_CLOEXEC, unix.FD_CLOEXEC: unix.FD_CLOEXEC} {
		got, err := unix.FcntlInt(uintptr(newSecret(t, flags)), unix.F_GETFD, 0)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "close-on-exec", want, got)
	}
}

func TestSecretFile(t *testing.T) {
	leaks.Check(t)
	fd := newSecret(t, unix.O_CLOEXEC)
	var memory unsafe.Pointer
	check(t, []row{
		{"size", lib.SetSize(fd, 0, uint64(page)), "ok"},
		{"size once more", lib.SetSize(fd, 0, uint64(page)), "EINVAL"},
		{"seals", lib.GetSeals(fd), "EINVAL"},
		{"seal", lib.AddSeals(fd, unix.F_SEAL_WRITE), "EINVAL"},
		{"private mapping", lib.Map(fd, optPrivate, 0, page, &memory), "EINVAL"},
		{"executable mapping", lib.Map(fd, optExec, 0, page, &memory), "EPERM"},
	})
	if _, err := unix.Pread(int(fd), make([]byte, 1), 0); err == nil {
		t.Error("a secret file can be read")
	}
}

func TestSecretMemoryIsHiddenFromTheKernel(t *testing.T) {
	leaks.Check(t)
	fd := newSecret(t, unix.O_CLOEXEC)
	check(t, []row{{"size", lib.SetSize(fd, 0, uint64(page)), "ok"}})
	memory := newMapping(t, fd, optWrite, 0, page)
	copy(memory, "the key")
	same(t, "the memory itself", "the key", string(memory[:7]))

	copied := make([]byte, 7)
	local := []unix.Iovec{{Base: &copied[0]}}
	local[0].SetLen(len(copied))
	remote := []unix.RemoteIovec{{Base: uintptr(unsafe.Pointer(&memory[0])), Len: len(copied)}}
	_, err := unix.ProcessVMReadv(unix.Getpid(), local, remote, 0)
	if err != unix.EFAULT || string(copied) != string(make([]byte, 7)) {
		t.Errorf("process_vm_readv: %v, %q; want EFAULT", err, copied)
	}
}
