// SPDX-License-Identifier: MIT

package purego_test

import (
	"testing"

	"libmemfd_go/internal/leaks"

	"golang.org/x/sys/unix"
)

func TestCheckSeals(t *testing.T) {
	leaks.Check(t)
	fd := newSealedFile(t, "text", unix.F_SEAL_GROW|unix.F_SEAL_WRITE)
	for _, c := range []struct {
		required, missing uint32
		want              string
	}{
		{0, 0, "ok"},
		{unix.F_SEAL_GROW, 0, "ok"},
		{unix.F_SEAL_GROW | unix.F_SEAL_WRITE, 0, "ok"},
		{unix.F_SEAL_SHRINK, unix.F_SEAL_SHRINK, "EKEYREJECTED"},
		{sealsImmutable, unix.F_SEAL_SEAL | unix.F_SEAL_SHRINK, "EKEYREJECTED"},
		{unix.F_SEAL_FUTURE_WRITE, unix.F_SEAL_FUTURE_WRITE, "EKEYREJECTED"},
		{1 << 31, 1 << 31, "EKEYREJECTED"},
	} {
		missing := uint32(0xdead)
		check(t, []row{
			{"check_seals", lib.CheckSeals(fd, c.required, &missing), c.want},
			{"check_seals without missing", lib.CheckSeals(fd, c.required, nil), c.want},
		})
		same(t, "missing", c.missing, missing)
	}
}

func TestCheckSealsErrors(t *testing.T) {
	leaks.Check(t)
	pipe, _ := newPipe(t)
	missing := uint32(0xdead)
	check(t, []row{
		{"bad descriptor", lib.CheckSeals(-1, 0, &missing), "EBADF"},
		{"O_PATH", lib.CheckSeals(reopen(t, newFile(t, 0), unix.O_PATH), 0, &missing), "EBADF"},
		{"pipe", lib.CheckSeals(pipe, 0, &missing), "EINVAL"},
	})
	same(t, "missing after errors", 0xdead, missing)
}
