//go:build 386 || arm

package core

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// System calls with 64-bit arguments, which take two registers each, low half
// first. On arm the pair begins with an even-numbered register (evenPairs): an odd
// number of arguments in front is followed by one that does not count.

const sysFcntl = unix.SYS_FCNTL64

//go:nosplit
func ftruncate(fd int32, size uint64) int {
	if evenPairs {
		return sys6(unix.SYS_FTRUNCATE64, uintptr(fd), 0, uintptr(size), uintptr(size>>32), 0, 0)
	}
	return sys(unix.SYS_FTRUNCATE64, uintptr(fd), uintptr(size), uintptr(size>>32))
}

//go:nosplit
func fallocate(fd int32, off, length uint64) int {
	return sys6(unix.SYS_FALLOCATE, uintptr(fd), 0, uintptr(off), uintptr(off>>32), uintptr(length), uintptr(length>>32))
}

//go:nosplit
func pwrite(fd int32, data unsafe.Pointer, length uintptr, off uint64) int {
	if evenPairs {
		return sys6(unix.SYS_PWRITE64, uintptr(fd), uintptr(data), length, 0, uintptr(off), uintptr(off>>32))
	}
	return sys6(unix.SYS_PWRITE64, uintptr(fd), uintptr(data), length, uintptr(off), uintptr(off>>32), 0)
}

// mmap maps at an address of the kernel's choice. mmap2 counts the offset in units
// of 4096 bytes, whatever the page size.
//
//go:nosplit
func mmap(length, prot, flags uintptr, fd int32, off uint64) (addr uintptr, errno syscall.Errno) {
	if off%4096 != 0 {
		return 0, unix.EINVAL
	}
	if off>>(12+32) != 0 {
		return 0, unix.EOVERFLOW
	}
	addr, _, errno = syscall.RawSyscall6(unix.SYS_MMAP2, 0, length, prot, flags, uintptr(fd), uintptr(off>>12))
	return addr, errno
}
