// SPDX-License-Identifier: MIT

package core

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// A struct that may grow comes with its size as the caller knows it, by the rules of
// openat2(2). maxStruct bounds that size, as the kernel's PAGE_SIZE does.
const maxStruct = 4096

// checkStruct checks the address and the size of a struct, of which the first version was
// least bytes long.
//
//go:nosplit
func checkStruct(p unsafe.Pointer, size, least uintptr) int {
	switch {
	case bad(p):
		return -int(unix.EFAULT)
	case size < least:
		return -int(unix.EINVAL)
	case size > maxStruct:
		return -int(unix.E2BIG)
	}
	return 0
}

// copyIn reads the caller's struct of size bytes at from into one of known bytes,
// zeroed, at to. Behind the known bytes there may be only zeros.
//
//go:nosplit
func copyIn(to, from unsafe.Pointer, size, known uintptr) int {
	for i := known; i < size; i++ {
		if *(*byte)(unsafe.Add(from, i)) != 0 {
			return -int(unix.E2BIG)
		}
	}
	copyBytes(to, from, min(size, known))
	return 0
}

// copyOut writes a struct of known bytes to the caller's of size bytes, whose tail
// becomes zero.
//
//go:nosplit
func copyOut(to, from unsafe.Pointer, size, known uintptr) {
	copyBytes(to, from, min(size, known))
	for i := known; i < size; i++ {
		*(*byte)(unsafe.Add(to, i)) = 0
	}
}
