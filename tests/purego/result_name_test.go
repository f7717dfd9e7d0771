// SPDX-License-Identifier: MIT

package purego_test

import (
	"cmp"
	"math"
	"syscall"
	"testing"

	"libmemfd_go/internal/leaks"

	"golang.org/x/sys/unix"
)

// aliases are names of x/sys/unix for which the library returns another name.
var aliases = map[string]string{"ENOTSUP": "EOPNOTSUPP", "EFSCORRUPTED": "EUCLEAN"}

// newer are the numbers that x/sys/unix lacks.
var newer = map[int32]string{134: "EFTYPE"}

func TestResultName(t *testing.T) {
	leaks.Check(t)
	want, got := make(map[int32]string), make(map[int32]string)
	for n := int32(1); n <= 150; n++ {
		name := unix.ErrnoName(syscall.Errno(n))
		if name == "" {
			name = cmp.Or(newer[n], "E?")
		} else if other, found := aliases[name]; found {
			name = other
		}
		want[-n], got[-n] = name, lib.ResultName(-n)
	}
	for _, r := range []int32{-4096, -4095, math.MinInt32, math.MinInt32 + 1} {
		want[r], got[r] = "E?", lib.ResultName(r)
	}
	for _, r := range []int32{0, 1, 4096, math.MaxInt32} {
		want[r], got[r] = "OK", lib.ResultName(r)
	}
	same(t, "names", want, got)
}
