package core

import (
	"math"
	"syscall"
	"unsafe"
)

// sys makes a system call of up to three arguments. Its result is the kernel's:
// -errno, or a value >= 0.
//
//go:nosplit
func sys(number, a, b, c uintptr) int {
	return sys6(number, a, b, c, 0, 0, 0)
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

// edge is the size of the regions at both ends of the address space that never
// hold an object: the first page, and the values that MAP_FAILED and -errno have.
const edge = 4096

// bad reports whether p is null or otherwise can't be an object's address. It is
// all that can be told without a system call.
//
//go:nosplit
func bad(p unsafe.Pointer) bool {
	return uintptr(p)-edge >= ^uintptr(2*edge-1)
}

// tooLarge reports whether size can't be the size of a file.
//
//go:nosplit
func tooLarge(size uint64) bool {
	return size > math.MaxInt64
}

// pointer turns an address that the kernel gave into a pointer. No Go heap exists
// that it could be mistaken for.
//
//go:nosplit
func pointer(addr uintptr) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Pointer(&addr))
}

// copyBytes copies memory that does not overlap. Four words at a time are two thirds of
// memmove's speed, which the runtime keeps to itself; they need both addresses aligned.
//
//go:nosplit
func copyBytes(to, from unsafe.Pointer, length uintptr) {
	i := uintptr(0)
	if (uintptr(to)|uintptr(from))%wordSize == 0 {
		for ; i+4*wordSize <= length; i += 4 * wordSize {
			d, s := (*[4]uintptr)(unsafe.Add(to, i)), (*[4]uintptr)(unsafe.Add(from, i))
			d[0], d[1], d[2], d[3] = s[0], s[1], s[2], s[3]
		}
	}
	for ; i+4 <= length; i += 4 {
		copy4((*[4]byte)(unsafe.Add(to, i)), (*[4]byte)(unsafe.Add(from, i)))
	}
	for ; i < length; i++ {
		*(*byte)(unsafe.Add(to, i)) = *(*byte)(unsafe.Add(from, i))
	}
}

// forgetCopied removes from the registers what copyBytes, whose caller may have copied a
// secret, left there: it copies zeros, by each of its loops.
//
//go:nosplit
func forgetCopied() {
	var zeros [6]uintptr
	copyBytes(unsafe.Pointer(&zeros), unsafe.Pointer(&zeros), 4*wordSize+5)
}

// copy4 copies four bytes at any address. The compiler makes one load and one store of it
// where the architecture can.
//
//go:nosplit
func copy4(to, from *[4]byte) {
	v := uint32(from[0]) | uint32(from[1])<<8 | uint32(from[2])<<16 | uint32(from[3])<<24
	to[0], to[1], to[2], to[3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
}
