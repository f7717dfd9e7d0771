package core

import (
	"cmp"
	"syscall"
	"testing"
	"unsafe"

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

// aliases are the numbers of which x/sys/unix knows a second name and gives that.
var aliases = map[string]string{"ENOTSUP": "EOPNOTSUPP", "EFSCORRUPTED": "EUCLEAN"}

// newer are the numbers that x/sys/unix does not know yet.
var newer = map[int32]string{134: "EFTYPE"}

func TestErrNameAgreesWithUnix(t *testing.T) {
	for n := int32(-200); n <= 200; n++ {
		number := max(n, -n)
		want := unix.ErrnoName(syscall.Errno(number))
		if want == "" {
			want = cmp.Or(newer[number], "E?")
		} else if other := aliases[want]; other != "" {
			want = other
		}
		if got := goString(ErrName(n)); got != want {
			t.Errorf("ErrName(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestErrNameExtremes(t *testing.T) {
	for _, n := range []int32{0, 1<<31 - 1, -1 << 31, -1<<31 + 1, 4095, -4096} {
		if got := goString(ErrName(n)); got != "E?" {
			t.Errorf("ErrName(%d) = %q, want \"E?\"", n, got)
		}
	}
}
