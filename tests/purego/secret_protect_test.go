// SPDX-License-Identifier: MIT

package purego_test

import (
	"testing"
	"unsafe"

	"libmemfd_go/internal/leaks"
)

func TestSecretProtect(t *testing.T) {
	leaks.Check(t)
	for _, opts := range []uint32{0, optNoSecretmem, optAlignEnd} {
		s := newArea(t, page+1, opts)
		copy(s.bytes(), "the key")
		for _, c := range []struct {
			access       uint32
			reads, write bool // fault
		}{
			{accessNone, true, true},
			{accessRead, false, true},
			{accessNone, true, true},
			{accessReadWrite, false, false},
		} {
			check(t, []row{{"protect", lib.SecretProtect(s, c.access), "ok"}})
			last := unsafe.Add(s.Data, s.Len-1)
			same(t, "a load faults", c.reads, faults(last))
			same(t, "a store faults", c.write, storeFaults(last))
		}
		same(t, "contents", "the key", string(s.bytes()[:7]))
	}
}

func TestSecretProtectErrors(t *testing.T) {
	leaks.Check(t)
	s, none := newArea(t, 10, 0), SecretArea{}
	check(t, []row{
		{"ACCESS_WRITE", lib.SecretProtect(s, accessWrite), "EINVAL"},
		{"unknown access", lib.SecretProtect(s, 4), "EINVAL"},
		{"no area", lib.SecretProtect(&none, accessRead), "EINVAL"},
		{"null struct", lib.SecretProtect(nil, accessRead), "EFAULT"},
		{"freed", lib.SecretFree(s), "ok"},
		{"an area that was freed", lib.SecretProtect(s, accessRead), "EINVAL"},
	})
}
