// SPDX-License-Identifier: MIT

//go:build !386 && !arm

package core

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// System calls with 64-bit arguments, each in one register. word32.go has the same functions
// for architectures where they take two.

const sysFcntl = unix.SYS_FCNTL

//go:nosplit
//go:noinline
func ftruncate(fd int32, size uint64) int {
	return blocking(unix.SYS_FTRUNCATE, uintptr(fd), uintptr(size), 0)
}

//go:nosplit
func fallocate(fd int32, mode uintptr, off, length uint64) int {
	return blocking6(unix.SYS_FALLOCATE, uintptr(fd), mode, uintptr(off), uintptr(length), 0, 0)
}

//go:nosplit
func pwrite(fd int32, data unsafe.Pointer, length uintptr, off uint64) int {
	return blockingAt2(unix.SYS_PWRITE64, uintptr(fd), data, length, uintptr(off), 0, 0)
}

//go:nosplit
func fstatfs(fd int32, st unsafe.Pointer) int {
	return blockingAt2(unix.SYS_FSTATFS, uintptr(fd), st, 0, 0, 0, 0)
}

// sendfile writes to the offset of to, and reads from *off.
//
//go:nosplit
func sendfile(to, from int32, off *uint64, length uintptr) int {
	return blockingAt3(unix.SYS_SENDFILE, uintptr(to), uintptr(from), unsafe.Pointer(off), length)
}

//go:nosplit
func pread(fd int32, to unsafe.Pointer, length uintptr, off uint64) int {
	return blockingAt2(unix.SYS_PREAD64, uintptr(fd), to, length, uintptr(off), 0, 0)
}

// mmapAt maps at addr, or where the kernel chooses if that is 0.
//
//go:nosplit
func mmapAt(addr, length, prot, flags uintptr, fd int32, off uint64) (at uintptr, errno syscall.Errno) {
	if mmapArray {
		args := [...]uintptr{addr, length, prot, flags, uintptr(fd), uintptr(off)}
		return blockingAt1(unix.SYS_MMAP, unsafe.Pointer(&args), 0, 0)
	}
	return blockingMap(unix.SYS_MMAP, addr, length, prot, flags, uintptr(fd), uintptr(off))
}

// copy4Words copies a struct, which the compiler does by the widest instructions that the
// architecture has. It would copy an array by memmove, because arrays may overlap.
//
//go:nosplit
func copy4Words(to, from unsafe.Pointer) {
	type words struct{ words [4]uintptr }
	*(*words)(to) = *(*words)(from)
}
