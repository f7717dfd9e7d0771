// SPDX-License-Identifier: MIT

//go:build !memfd_go_library

package core

import (
	"syscall"
	"unsafe"
)

// In an ordinary Go program, a system call that may block has to notify the scheduler, as
// syscall.Syscall6 does. Otherwise the garbage collector waits for it, and with the collector
// all goroutines. blocking_library.go has the same functions for the library, which has no
// scheduler.
//
// Notifying the scheduler needs more stack than a chain of nosplit functions has left. So these
// functions alone are not nosplit: the chain ends here, and the goroutine's stack may move. The
// runtime then updates pointers, but not integers, so the address of a variable has to be
// passed as a pointer.

// blocking is sys for a system call that may block. No argument may be the address of a
// variable.
//
//go:noinline
func blocking(number, a, b, c uintptr) int {
	return outcome(syscall.Syscall6(number, a, b, c, 0, 0, 0))
}

// blocking6 is sys6 for a system call that may block. No argument may be the address of a
// variable.
//
//go:noinline
func blocking6(number, a, b, c, d, e, f uintptr) int {
	return outcome(syscall.Syscall6(number, a, b, c, d, e, f))
}

// blockingAt1 is blocking6 with an address as the first argument.
//
//go:noinline
func blockingAt1(number uintptr, a unsafe.Pointer, b, c uintptr) (uintptr, syscall.Errno) {
	r, _, errno := syscall.Syscall6(number, uintptr(a), b, c, 0, 0, 0)
	return r, errno
}

// blockingAt2 is blocking6 with an address as the second argument.
//
//go:noinline
func blockingAt2(number, a uintptr, b unsafe.Pointer, c, d, e, f uintptr) int {
	return outcome(syscall.Syscall6(number, a, uintptr(b), c, d, e, f))
}

// blockingAt3 is blocking6 with an address as the third argument.
//
//go:noinline
func blockingAt3(number, a, b uintptr, c unsafe.Pointer, d uintptr) int {
	return outcome(syscall.Syscall6(number, a, b, uintptr(c), d, 0, 0))
}

// blockingAt5 is blocking6 with an address as the fifth argument.
//
//go:noinline
func blockingAt5(number, a, b, c, d uintptr, e unsafe.Pointer) int {
	return outcome(syscall.Syscall6(number, a, b, c, d, uintptr(e), 0))
}

// blockingMap is for mmap(2), whose result may be an address in the upper half, which is not
// an error.
//
//go:noinline
func blockingMap(number, a, b, c, d, e, f uintptr) (uintptr, syscall.Errno) {
	r, _, errno := syscall.Syscall6(number, a, b, c, d, e, f)
	return r, errno
}

func outcome(r, _ uintptr, errno syscall.Errno) int {
	if errno != 0 {
		return -int(errno)
	}
	return int(r)
}
