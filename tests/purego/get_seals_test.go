// SPDX-License-Identifier: MIT

package purego_test

import (
	"testing"

	"libmemfd_go/internal/leaks"

	"golang.org/x/sys/unix"
)

func TestGetSeals(t *testing.T) {
	leaks.Check(t)
	fd := newSealedFile(t, "text", unix.F_SEAL_GROW|unix.F_SEAL_WRITE)
	same(t, "seals", unix.F_SEAL_GROW|unix.F_SEAL_WRITE, lib.GetSeals(fd)&sealsImmutable)
	readOnly := reopen(t, fd, unix.O_RDONLY)
	same(t, "seals through another descriptor", lib.GetSeals(fd), lib.GetSeals(readOnly))
}

func TestGetSealsErrors(t *testing.T) {
	leaks.Check(t)
	pipe, _ := newPipe(t)
	check(t, []row{
		{"bad descriptor", lib.GetSeals(-1), "EBADF"},
		{"closed descriptor", lib.GetSeals(1 << 20), "EBADF"},
		{"O_PATH", lib.GetSeals(reopen(t, newFile(t, 0), unix.O_PATH)), "EBADF"},
		{"pipe", lib.GetSeals(pipe), "EINVAL"},
	})
}
