// SPDX-License-Identifier: MIT

package purego_test

import (
	"testing"
	"unsafe"

	"libmemfd_go/internal/leaks"

	"golang.org/x/sys/unix"
)

func TestAddSeals(t *testing.T) {
	leaks.Check(t)
	fd := newSizedFile(t, 4096)
	seals := lib.GetSeals(fd) &^ unix.F_SEAL_EXEC
	for _, seal := range []uint32{0, unix.F_SEAL_SHRINK, unix.F_SEAL_GROW, unix.F_SEAL_WRITE, unix.F_SEAL_WRITE, unix.F_SEAL_SEAL} {
		check(t, []row{{"add_seals", lib.AddSeals(fd, seal), "ok"}})
		seals |= int32(seal)
		same(t, "seals", seals, lib.GetSeals(fd)&^unix.F_SEAL_EXEC)
	}
	check(t, []row{{"after F_SEAL_SEAL", lib.AddSeals(fd, unix.F_SEAL_WRITE), "EPERM"}})
	if _, err := unix.Pwrite(int(fd), []byte("x"), 0); err != unix.EPERM {
		t.Errorf("writing to the sealed file: %v", err)
	}
}

func TestAddSealsErrors(t *testing.T) {
	leaks.Check(t)
	_, pipe := newPipe(t)
	fd := newSizedFile(t, 4096)
	check(t, []row{
		{"bad descriptor", lib.AddSeals(-1, 0), "EBADF"},
		{"O_PATH", lib.AddSeals(reopen(t, fd, unix.O_PATH), 0), "EBADF"},
		{"read-only descriptor", lib.AddSeals(reopen(t, fd, unix.O_RDONLY), unix.F_SEAL_GROW), "EPERM"},
		{"F_SEAL_SEAL is set", lib.AddSeals(newUnsealableFile(t), unix.F_SEAL_GROW), "EPERM"},
		{"unknown seal", lib.AddSeals(fd, unix.F_SEAL_GROW|1<<30), "EINVAL"},
		{"highest bit", lib.AddSeals(fd, 1<<31), "EINVAL"},
		{"pipe", lib.AddSeals(pipe, 0), "EINVAL"},
	})
	same(t, "seals after errors", 0, lib.GetSeals(fd)&sealsImmutable)
}

func TestAddSealsToMappedFile(t *testing.T) {
	leaks.Check(t)
	fd := newSizedFile(t, 4096)
	var memory unsafe.Pointer
	check(t, []row{
		{"map", lib.Map(fd, optWrite, 0, 4096, &memory), "ok"},
		{"seal writing", lib.AddSeals(fd, unix.F_SEAL_WRITE|unix.F_SEAL_GROW), "EBUSY"},
	})
	same(t, "seals after the error", 0, lib.GetSeals(fd)&sealsImmutable)
	check(t, []row{
		{"unmap", lib.Unmap(memory, 4096), "ok"},
		{"seal writing afterwards", lib.AddSeals(fd, unix.F_SEAL_WRITE), "ok"},
	})
}

// newUnsealableFile creates a file with F_SEAL_SEAL.
func newUnsealableFile(t *testing.T) int32 {
	t.Helper()
	fd := newSizedFile(t, 4096)
	if r := lib.AddSeals(fd, unix.F_SEAL_SEAL); r != 0 {
		t.Fatalf("AddSeals: %s", outcome(r))
	}
	return fd
}
