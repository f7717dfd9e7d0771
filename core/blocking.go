// SPDX-License-Identifier: MIT

//go:build !memfd_go_library

package core

import (
	"syscall"
	"unsafe"
)

// In an ordinary Go program, system calls that may take long tell the scheduler, or else
// they would hold up the collector and with it all goroutines. blocking_library.go has
// the same for the library, which has no scheduler.
//
// What tells the scheduler uses too much stack for a chain of nosplit functions. So these
// functions alone are not nosplit: the chain ends here, and the goroutine's stack may move.
// The address of a variable therefore has to be passed as a pointer: whoever has it as an
// integer has the old one then.

// blocking is sys for a system call that may take long. No argument may be the address of a
// variable.
//
//go:noinline
func blocking(number, a, b, c uintptr) int {
	return outcome(syscall.Syscall6(number, a, b, c, 0, 0, 0))
}

// blocking6 is sys6 for a system call that may take long. No argument may be the address
// of a variable.
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

// blockingMap is for mmap(2), whose result may be any address.
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
