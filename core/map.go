// SPDX-License-Identifier: MIT

package core

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Map maps length bytes from offset off and stores the address at addr.
//
//go:nosplit
func Map(fd int32, opts uint32, off uint64, length uintptr, addr *uintptr) int {
	if bad(unsafe.Pointer(addr)) {
		return -int(unix.EFAULT)
	}
	if opts&^(OptWrite|OptPrivate|OptExec|OptPopulate) != 0 || tooLarge(off) {
		return -int(unix.EINVAL)
	}
	if tooLarge(uint64(length)) || tooLarge(off+uint64(length)) {
		return -int(unix.EOVERFLOW)
	}
	at, r := mapFile(0, length, opts, fd, off)
	if r == 0 {
		*addr = at
	}
	return r
}

// mapFile maps a file at the reserved range at, or where the kernel chooses if that is 0.
//
//go:nosplit
//go:noinline
func mapFile(at, length uintptr, opts uint32, fd int32, off uint64) (addr uintptr, result int) {
	prot, flags := mapArgs(opts)
	addr, r := mapOver(at, length, prot, flags, fd, off)
	if r == -int(unix.EPERM) && opts&(OptWrite|OptPrivate) == 0 && sealedWrite(fd) {
		addr, r = mapOver(at, length, prot, flags&^unix.MAP_SHARED|unix.MAP_PRIVATE, fd, off)
	}
	return addr, r
}

//go:nosplit
func mmap(length, prot, flags uintptr, fd int32, off uint64) (addr uintptr, errno syscall.Errno) {
	return mmapAt(0, length, prot, flags, fd, off)
}

// mapOver replaces the reserved range at by a mapping, or maps where the kernel chooses if that is
// 0. mmap(2) with MAP_FIXED would do it in one call, but some kernels remove the old mapping before
// the new one fails, for example over RLIMIT_MEMLOCK. Another thread may then map something there,
// which the caller would unmap or replace. So all that can fail happens elsewhere, and mremap(2)
// moves the result.
//
//go:nosplit
//go:noinline
func mapOver(at, length, prot, flags uintptr, fd int32, off uint64) (addr uintptr, result int) {
	addr, errno := mmap(length, prot, flags, fd, off)
	if errno != 0 || at == 0 {
		return addr, -int(errno)
	}
	if flags&unix.MAP_HUGETLB != 0 {
		// Before Linux 5.16 mremap(2) does not move huge pages, and fails only after removing what
		// is at the target. So the first target is one that nothing else depends on.
		stop, errno := mmap(length, unix.PROT_NONE, flags|unix.MAP_NORESERVE, fd, off)
		if errno != 0 || move(addr, stop, length) != 0 {
			_, errno = mmapAt(at, length, prot, flags|unix.MAP_FIXED, fd, off)
			munmap(addr, length)
			return at, -int(errno)
		}
		addr = stop
	}
	if errno = move(addr, at, length); errno != 0 {
		munmap(addr, length)
	}
	return at, -int(errno)
}

//go:nosplit
//go:noinline
func move(from, to, length uintptr) syscall.Errno {
	_, errno := blockingMap(unix.SYS_MREMAP, from, length, length, unix.MREMAP_MAYMOVE|unix.MREMAP_FIXED, to, 0)
	return errno
}

// mapArgs returns mmap(2)'s prot and flags.
//
//go:nosplit
func mapArgs(opts uint32) (prot, flags uintptr) {
	prot, flags = unix.PROT_READ, unix.MAP_SHARED
	if opts&OptWrite != 0 {
		prot |= unix.PROT_WRITE
	}
	if opts&OptExec != 0 {
		prot |= unix.PROT_EXEC
	}
	if opts&OptPrivate != 0 {
		flags = unix.MAP_PRIVATE
	}
	if opts&OptPopulate != 0 {
		flags |= unix.MAP_POPULATE
	}
	if opts&optHuge != 0 { // the kernel refuses it for a file of other pages
		flags |= unix.MAP_HUGETLB
	}
	return prot, flags
}

// sealedWrite reports whether the contents of a file cannot change. A private mapping then
// shows the same bytes as a shared one, which kernels before 6.7 refuse if the descriptor is
// open for writing.
//
//go:nosplit
func sealedWrite(fd int32) bool {
	seals := getSeals(fd)
	return seals >= 0 && seals&unix.F_SEAL_WRITE != 0
}

//go:nosplit
//go:noinline
func munmap(addr, length uintptr) int {
	return blocking(unix.SYS_MUNMAP, addr, length, 0)
}

// Unmap removes the mappings of a range of pages.
//
//go:nosplit
func Unmap(addr, length uintptr) int {
	if bad(pointer(addr)) {
		return -int(unix.EFAULT)
	}
	r := munmap(addr, length)
	if r == -int(unix.EINVAL) && addr%basePage == 0 && length != 0 {
		return unmapHuge(addr, length)
	}
	return r
}

// unmapHuge removes mappings of huge pages if length is not a multiple of their size: mmap(2)
// rounds a length up to whole huge pages, but munmap(2) does not. To find the page size, it
// tries those that addr is a multiple of, the smallest first. One that is too small would split
// a page, which the kernel refuses without unmapping anything.
//
//go:nosplit
func unmapHuge(addr, length uintptr) int {
	for log := uint32(smallestHuge); log <= largestHuge; log++ {
		mask := uint64(1)<<log - 1
		whole := (uint64(length) + mask) &^ mask
		if uint64(addr)&mask != 0 || whole != uint64(uintptr(whole)) {
			break
		}
		if r := munmap(addr, uintptr(whole)); r != -int(unix.EINVAL) {
			return r
		}
	}
	return -int(unix.EINVAL)
}
