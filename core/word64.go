//go:build !386 && !arm

package core

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// System calls with 64-bit arguments, where those fit a register. word32.go has the
// same where they don't.

const sysFcntl = unix.SYS_FCNTL

//go:nosplit
func ftruncate(fd int32, size uint64) int {
	return sys(unix.SYS_FTRUNCATE, uintptr(fd), uintptr(size), 0)
}

//go:nosplit
func fallocate(fd int32, off, length uint64) int {
	return sys6(unix.SYS_FALLOCATE, uintptr(fd), 0, uintptr(off), uintptr(length), 0, 0)
}

//go:nosplit
func pwrite(fd int32, data unsafe.Pointer, length uintptr, off uint64) int {
	return sys6(unix.SYS_PWRITE64, uintptr(fd), uintptr(data), length, uintptr(off), 0, 0)
}

// mmap maps at an address of the kernel's choice.
//
//go:nosplit
func mmap(length, prot, flags uintptr, fd int32, off uint64) (addr uintptr, errno syscall.Errno) {
	if mmapArray {
		args := [...]uintptr{0, length, prot, flags, uintptr(fd), uintptr(off)}
		addr, _, errno = syscall.RawSyscall6(unix.SYS_MMAP, uintptr(unsafe.Pointer(&args)), 0, 0, 0, 0, 0)
		return addr, errno
	}
	addr, _, errno = syscall.RawSyscall6(unix.SYS_MMAP, 0, length, prot, flags, uintptr(fd), uintptr(off))
	return addr, errno
}
