// SPDX-License-Identifier: MIT

package core

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Structs that may grow are passed with the caller's sizeof, as in openat2(2). maxStruct limits
// it, as PAGE_SIZE does in the kernel.
const maxStruct = 4096

// checkStruct checks the address and the size of a struct whose first version had least bytes.
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

// copyIn copies the caller's struct of size bytes to a zeroed one of known bytes. Members that
// this version does not know must be zero.
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

// copyOut copies a struct of known bytes to the caller's struct of size bytes. Members that
// this version does not know become zero.
//
//go:nosplit
func copyOut(to, from unsafe.Pointer, size, known uintptr) {
	copyBytes(to, from, min(size, known))
	for i := known; i < size; i++ {
		*(*byte)(unsafe.Add(to, i)) = 0
	}
}
