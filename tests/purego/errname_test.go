package purego_test

import (
	"cmp"
	"math"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// aliases are the numbers of which x/sys/unix gives the other one of two names.
var aliases = map[string]string{"ENOTSUP": "EOPNOTSUPP", "EFSCORRUPTED": "EUCLEAN"}

// newer are the numbers that x/sys/unix does not know yet.
var newer = map[int32]string{134: "EFTYPE"}

func TestErrname(t *testing.T) {
	want, got := make(map[int32]string), make(map[int32]string)
	for n := int32(-150); n <= 150; n++ {
		number := max(n, -n)
		name := unix.ErrnoName(syscall.Errno(number))
		if name == "" {
			name = cmp.Or(newer[number], "E?")
		} else if other, found := aliases[name]; found {
			name = other
		}
		want[n], got[n] = name, lib.Errname(n)
	}
	for _, n := range []int32{-4096, -4095, 4095, 4096, math.MinInt32, math.MinInt32 + 1, math.MaxInt32} {
		want[n], got[n] = "E?", lib.Errname(n)
	}
	same(t, "names", want, got)
}
