// SPDX-License-Identifier: MIT

//go:build 386 || arm

package core

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// System calls with 64-bit arguments, which take two registers each, low half first. On arm the
// pair begins with an even-numbered register (evenPairs): a padding argument precedes it if
// necessary.

const sysFcntl = unix.SYS_FCNTL64

//go:nosplit
//go:noinline
func ftruncate(fd int32, size uint64) int {
	if evenPairs {
		return blocking6(unix.SYS_FTRUNCATE64, uintptr(fd), 0, uintptr(size), uintptr(size>>32), 0, 0)
	}
	return blocking(unix.SYS_FTRUNCATE64, uintptr(fd), uintptr(size), uintptr(size>>32))
}

//go:nosplit
//go:noinline
func fallocate(fd int32, mode uintptr, off, length uint64) int {
	return blocking6(unix.SYS_FALLOCATE, uintptr(fd), mode, uintptr(off), uintptr(off>>32), uintptr(length), uintptr(length>>32))
}

//go:nosplit
func pwrite(fd int32, data unsafe.Pointer, length uintptr, off uint64) int {
	if evenPairs {
		return blockingAt2(unix.SYS_PWRITE64, uintptr(fd), data, length, 0, uintptr(off), uintptr(off>>32))
	}
	return blockingAt2(unix.SYS_PWRITE64, uintptr(fd), data, length, uintptr(off), uintptr(off>>32), 0)
}

// statfs64Size is the size of the kernel's struct statfs64, which is packed on arm; Go's type
// has padding.
const statfs64Size = 84

//go:nosplit
func fstatfs(fd int32, st unsafe.Pointer) int {
	return blockingAt3(unix.SYS_FSTATFS64, uintptr(fd), statfs64Size, st, 0)
}

// sendfile writes to the offset of to, and reads from *off.
//
//go:nosplit
func sendfile(to, from int32, off *uint64, length uintptr) int {
	return blockingAt3(unix.SYS_SENDFILE64, uintptr(to), uintptr(from), unsafe.Pointer(off), length)
}

//go:nosplit
//go:noinline
func pread(fd int32, to unsafe.Pointer, length uintptr, off uint64) int {
	if evenPairs {
		return blockingAt2(unix.SYS_PREAD64, uintptr(fd), to, length, 0, uintptr(off), uintptr(off>>32))
	}
	return blockingAt2(unix.SYS_PREAD64, uintptr(fd), to, length, uintptr(off), uintptr(off>>32), 0)
}

// mmapAt maps at addr, or where the kernel chooses if that is 0. The offset of mmap2 is in
// units of 4096 bytes, independent of the page size.
//
//go:nosplit
func mmapAt(addr, length, prot, flags uintptr, fd int32, off uint64) (at uintptr, errno syscall.Errno) {
	if off%4096 != 0 {
		return 0, unix.EINVAL
	}
	if off>>(12+32) != 0 {
		return 0, unix.EOVERFLOW
	}
	return blockingMap(unix.SYS_MMAP2, addr, length, prot, flags, uintptr(fd), uintptr(off>>12))
}

// copy4Words copies the words one by one: the compiler would copy a struct by duffcopy of the
// runtime, which is a kilobyte long.
//
//go:nosplit
func copy4Words(to, from unsafe.Pointer) {
	d, s := (*[4]uintptr)(to), (*[4]uintptr)(from)
	d[0], d[1], d[2], d[3] = s[0], s[1], s[2], s[3]
}
