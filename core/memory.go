// SPDX-License-Identifier: MIT

package core

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

const wordSize = unsafe.Sizeof(uintptr(0))

// edge is the size of the ranges at both ends of the address space that never contain an
// object: the first page, and the values of MAP_FAILED and -errno.
const edge = 4096

// bad reports whether p is null or otherwise cannot be the address of an object. Nothing more
// can be checked without a system call.
//
//go:nosplit
func bad(p unsafe.Pointer) bool {
	return uintptr(p)-edge >= ^uintptr(2*edge-1)
}

// pointer converts an address to a pointer. The address is from the kernel or from C, never in
// Go's heap.
//
//go:nosplit
func pointer(addr uintptr) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Pointer(&addr))
}

// copyBytes copies memory that does not overlap. Not inlined, so that forgetCopied uses the same
// registers.
//
//go:nosplit
//go:noinline
func copyBytes(to, from unsafe.Pointer, length uintptr) {
	i := uintptr(0)
	if (uintptr(to)|uintptr(from))%wordSize == 0 {
		for ; i+4*wordSize <= length; i += 4 * wordSize {
			copy4Words(unsafe.Add(to, i), unsafe.Add(from, i))
		}
	}
	for ; i+4 <= length; i += 4 {
		copy4((*[4]byte)(unsafe.Add(to, i)), (*[4]byte)(unsafe.Add(from, i)))
	}
	for ; i < length; i++ {
		*(*byte)(unsafe.Add(to, i)) = *(*byte)(unsafe.Add(from, i))
	}
}

// forgetCopied overwrites the registers in which copyBytes may have left parts of a secret, by
// copying zeros with each of its loops.
//
//go:nosplit
func forgetCopied() {
	var zeros [6]uintptr
	copyBytes(unsafe.Pointer(&zeros), unsafe.Pointer(&zeros), 4*wordSize+5)
}

// copy4 copies four bytes at any address. The compiler combines them into one load and one
// store if the architecture allows unaligned access.
//
//go:nosplit
func copy4(to, from *[4]byte) {
	v := uint32(from[0]) | uint32(from[1])<<8 | uint32(from[2])<<16 | uint32(from[3])<<24
	to[0], to[1], to[2], to[3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
}

// Wipe overwrites memory with zeros. The compiler cannot remove the stores: it does not know
// whether the memory is read later.
//
//go:nosplit
//go:noinline
func Wipe(p unsafe.Pointer, length uintptr) {
	if p == nil {
		return
	}
	i := uintptr(0)
	for ; i < length && (uintptr(p)+i)%wordSize != 0; i++ {
		*(*byte)(unsafe.Add(p, i)) = 0
	}
	for ; i+4*wordSize <= length; i += 4 * wordSize {
		*(*[4]uintptr)(unsafe.Add(p, i)) = [4]uintptr{}
	}
	for ; i < length; i++ {
		*(*byte)(unsafe.Add(p, i)) = 0
	}
}

// Equal returns 1 if the length bytes at a and b are the same, otherwise 0. Its time and memory
// accesses do not depend on the bytes. A test in tests/product/library checks the instructions.
//
//go:nosplit
func Equal(a, b unsafe.Pointer, length uintptr) int {
	if length == 0 {
		return 1
	}
	if bad(a) || bad(b) {
		return 0
	}
	return sameBytes(a, b, length)
}

//go:nosplit
//go:noinline
func sameBytes(a, b unsafe.Pointer, length uintptr) int {
	differing := uint32(0)
	for i := uintptr(0); i < length; i++ {
		differing |= uint32(*(*byte)(unsafe.Add(a, i)) ^ *(*byte)(unsafe.Add(b, i)))
	}
	return int((differing - 1) >> 31) // the top bit of 0 - 1 is set; differing is at most 255
}

// pageSize finds the page size without /proc, libc or the auxiliary vector: mincore(2) refuses
// an address that is not a multiple of it.
//
//go:nosplit
//go:noinline
func pageSize() uintptr {
	size := uintptr(4096)
	for size < 1<<16 && sys(unix.SYS_MINCORE, size, 0, 0) == -int(unix.EINVAL) {
		size <<= 1
	}
	return size
}

// totalMemory returns the size of the system's memory, in bytes. The buffer is larger than
// struct sysinfo, because on some architectures the compiler calls the runtime to zero a
// variable of exactly that size.
//
//go:nosplit
//go:noinline
func totalMemory() uint64 {
	var info struct {
		unix.Sysinfo_t
		_ [96]byte
	}
	if _, errno := blockingAt1(unix.SYS_SYSINFO, unsafe.Pointer(&info), 0, 0); errno != 0 {
		return ^uint64(0)
	}
	return uint64(info.Totalram) * uint64(info.Unit)
}
