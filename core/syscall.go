// SPDX-License-Identifier: MIT

package core

import (
	"math"
	"syscall"
)

// sys makes a system call of up to three arguments. Its result is the kernel's:
// -errno, or a value >= 0. Inlined, each call would pass zeros for the other three.
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

// sys6 is sys for up to six arguments.
//
//go:nosplit
func sys6(number, a, b, c, d, e, f uintptr) int {
	r, _, errno := syscall.RawSyscall6(number, a, b, c, d, e, f)
	if errno != 0 {
		return -int(errno)
	}
	return int(r)
}

// tooLarge reports whether size can't be the size of a file.
//
//go:nosplit
func tooLarge(size uint64) bool {
	return size > math.MaxInt64
}
