// SPDX-License-Identifier: MIT

package purego_test

import (
	"testing"

	"libmemfd_go/internal/leaks"

	"golang.org/x/sys/unix"
)

func TestEnsureSeals(t *testing.T) {
	leaks.Check(t)
	fd := newSizedFile(t, 4096)
	check(t, []row{
		{"none is set", lib.EnsureSeals(fd, unix.F_SEAL_GROW), "ok"},
		{"one is set", lib.EnsureSeals(fd, sealsImmutable), "ok"},
		{"all are set", lib.EnsureSeals(fd, sealsImmutable), "ok"},
		{"all are set, read-only descriptor", lib.EnsureSeals(reopen(t, fd, unix.O_RDONLY), sealsImmutable), "ok"},
		{"no seal", lib.EnsureSeals(fd, 0), "ok"},
		{"another seal after F_SEAL_SEAL", lib.EnsureSeals(fd, unix.F_SEAL_FUTURE_WRITE), "EPERM"},
	})
	same(t, "seals", sealsImmutable, lib.GetSeals(fd)&sealsImmutable)
}

func TestEnsureSealsErrors(t *testing.T) {
	leaks.Check(t)
	pipe, _ := newPipe(t)
	fd := newSizedFile(t, 4096)
	check(t, []row{
		{"bad descriptor", lib.EnsureSeals(-1, 0), "EBADF"},
		{"O_PATH", lib.EnsureSeals(reopen(t, fd, unix.O_PATH), 0), "EBADF"},
		{"read-only descriptor", lib.EnsureSeals(reopen(t, fd, unix.O_RDONLY), unix.F_SEAL_GROW), "EPERM"},
		{"unknown seal", lib.EnsureSeals(fd, unix.F_SEAL_GROW|1<<30), "EINVAL"},
		{"pipe", lib.EnsureSeals(pipe, unix.F_SEAL_GROW), "EINVAL"},
	})
	same(t, "seals after errors", 0, lib.GetSeals(fd)&sealsImmutable)
}
