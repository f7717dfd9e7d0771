// SPDX-License-Identifier: MIT

package core

import (
	"cmp"
	"syscall"
	"testing"
	"unsafe"

	"libmemfd_go/internal/leaks"

	"golang.org/x/sys/unix"
)

// goString copies the C string at p.
func goString(p *byte) string {
	var b []byte
	for ; *p != 0; p = (*byte)(unsafe.Add(unsafe.Pointer(p), 1)) {
		b = append(b, *p)
	}
	return string(b)
}

// aliases are the names that x/sys/unix prefers to the ones in errno(3).
var aliases = map[string]string{"ENOTSUP": "EOPNOTSUPP", "EFSCORRUPTED": "EUCLEAN"}

// newer are error numbers that x/sys/unix lacks.
var newer = map[int32]string{134: "EFTYPE"}

func TestResultNameAgreesWithUnix(t *testing.T) {
	leaks.Check(t)
	for n := int32(1); n <= 200; n++ {
		want := unix.ErrnoName(syscall.Errno(n))
		if want == "" {
			want = cmp.Or(newer[n], "E?")
		} else if other := aliases[want]; other != "" {
			want = other
		}
		if got := goString(ResultName(-n)); got != want {
			t.Errorf("ResultName(%d) = %q, want %q", -n, got, want)
		}
	}
}

func TestResultNameExtremes(t *testing.T) {
	leaks.Check(t)
	for r, want := range map[int32]string{
		0: "OK", 4: "OK", 1<<31 - 1: "OK", -1 << 31: "E?", -1<<31 + 1: "E?", -4095: "E?", -4096: "E?",
	} {
		if got := goString(ResultName(r)); got != want {
			t.Errorf("ResultName(%d) = %q, want %q", r, got, want)
		}
	}
}
