// SPDX-License-Identifier: MIT

package core

import (
	"math"
	"syscall"
)

// sys makes a system call with up to three arguments and returns its result: -errno, or a value
// >= 0. If it were inlined, each caller would pass the three zeros.
//
//go:nosplit
//go:noinline
func sys(number, a, b, c uintptr) int {
	r, _, errno := syscall.RawSyscall6(number, a, b, c, 0, 0, 0)
	if errno != 0 {
		return -int(errno)
	}
	return int(r)
}

// sys6 is sys with up to six arguments.
//
//go:nosplit
func sys6(number, a, b, c, d, e, f uintptr) int {
	r, _, errno := syscall.RawSyscall6(number, a, b, c, d, e, f)
	if errno != 0 {
		return -int(errno)
	}
	return int(r)
}

// tooLarge reports whether size is more than a file can have.
//
//go:nosplit
func tooLarge(size uint64) bool {
	return size > math.MaxInt64
}
