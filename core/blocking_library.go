// SPDX-License-Identifier: MIT

//go:build memfd_go_library

package core

import (
	"syscall"
	"unsafe"
)

// System calls that may block, without a scheduler to notify: see blocking.go.

//go:nosplit
func blocking(number, a, b, c uintptr) int {
	return sys(number, a, b, c)
}

//go:nosplit
func blocking6(number, a, b, c, d, e, f uintptr) int {
	return sys6(number, a, b, c, d, e, f)
}

//go:nosplit
func blockingAt1(number uintptr, a unsafe.Pointer, b, c uintptr) (uintptr, syscall.Errno) {
	return blockingMap(number, uintptr(a), b, c, 0, 0, 0)
}

//go:nosplit
func blockingAt2(number, a uintptr, b unsafe.Pointer, c, d, e, f uintptr) int {
	return sys6(number, a, uintptr(b), c, d, e, f)
}

//go:nosplit
func blockingAt3(number, a, b uintptr, c unsafe.Pointer, d uintptr) int {
	return sys6(number, a, b, uintptr(c), d, 0, 0)
}

// blockingAt5 is not sys6, to keep the chain of nosplit functions short.
//
//go:nosplit
func blockingAt5(number, a, b, c, d uintptr, e unsafe.Pointer) int {
	r, _, errno := syscall.RawSyscall6(number, a, b, c, d, uintptr(e), 0)
	if errno != 0 {
		return -int(errno)
	}
	return int(r)
}

//go:nosplit
func blockingMap(number, a, b, c, d, e, f uintptr) (uintptr, syscall.Errno) {
	r, _, errno := syscall.RawSyscall6(number, a, b, c, d, e, f)
	return r, errno
}
