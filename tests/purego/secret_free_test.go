// SPDX-License-Identifier: MIT

package purego_test

import (
	"testing"
	"unsafe"

	"libmemfd_go/internal/leaks"

	"golang.org/x/sys/unix"
)

func TestSecretFree(t *testing.T) {
	leaks.Check(t)
	for _, opts := range []uint32{0, optNoSecretmem, optKeepFD, optAlignEnd} {
		s := newArea(t, 10, opts)
		data := s.Data
		check(t, []row{
			{"free", lib.SecretFree(s), "ok"},
			{"free twice", lib.SecretFree(s), "ok"},
		})
		same(t, "area", SecretArea{Fd: -1}, *s)
		same(t, "a load after free faults", true, faults(data))
	}
	check(t, []row{{"zeroed struct", lib.SecretFree(&SecretArea{}), "ok"}})
}

// Another mapping shows that the area was wiped, although it was inaccessible.
func TestSecretFreeWipes(t *testing.T) {
	leaks.Check(t)
	if rawSecret(0) != "ok" {
		t.Skip("memfd_secret(2) does not work")
	}
	s := newArea(t, page, optKeepFD)
	fd, err := unix.Dup(int(s.Fd))
	if err != nil {
		t.Fatal(err)
	}
	other := newMapping(t, closeLater(t, int32(fd)), 0, 0, page)
	copy(s.bytes(), "the key")
	same(t, "before", "the key", string(other[:7]))
	check(t, []row{
		{"protect", lib.SecretProtect(s, accessNone), "ok"},
		{"free", lib.SecretFree(s), "ok"},
	})
	same(t, "after", string(make([]byte, page)), string(other))
}

func TestSecretFreeErrors(t *testing.T) {
	leaks.Check(t)
	check(t, []row{
		{"null struct", lib.SecretFree(nil), "EFAULT"},
	})
}

func TestWipe(t *testing.T) {
	leaks.Check(t)
	for start := range uintptr(9) {
		for length := range uintptr(33) {
			var memory, want [64]byte
			for i := range memory {
				memory[i] = 0x55
			}
			want = memory
			clear(want[start:][:length])
			lib.Wipe(unsafe.Pointer(&memory[start]), length)
			same(t, "memory", want, memory)
		}
	}
	lib.Wipe(nil, 100)
}
