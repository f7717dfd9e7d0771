// SPDX-License-Identifier: MIT

package core

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// MapRing maps length bytes of a file twice in a row, and stores the address at addr.
//
//go:nosplit
func MapRing(fd int32, opts uint32, off uint64, length uintptr, addr *uintptr) int {
	if bad(unsafe.Pointer(addr)) {
		return -int(unix.EFAULT)
	}
	if opts&^(OptWrite|OptPopulate) != 0 || length == 0 || tooLarge(off) {
		return -int(unix.EINVAL)
	}
	if length > ^uintptr(0)/2 || tooLarge(2*uint64(length)) || tooLarge(off+uint64(length)) {
		return -int(unix.EOVERFLOW)
	}
	page, r := filePage(fd)
	if r < 0 {
		return r
	}
	if length&(page-1) != 0 {
		return -int(unix.EINVAL)
	}
	at, r := reserveAligned(2*length, page)
	if r < 0 {
		return r
	}
	r = mapOver(at, length, opts, fd, off)
	if r == 0 {
		r = mapOver(at+length, length, opts, fd, off)
	}
	if r < 0 {
		munmap(at, 2*length)
		return r
	}
	*addr = at
	return 0
}

// mapOver maps a file at a reserved address, with the same fallback as Map.
//
//go:nosplit
func mapOver(at, length uintptr, opts uint32, fd int32, off uint64) int {
	prot, flags := mapArgs(opts)
	_, errno := mmapAt(at, length, prot, flags|unix.MAP_FIXED, fd, off)
	if errno == unix.EPERM && opts&OptWrite == 0 && sealedWrite(fd) {
		_, errno = mmapAt(at, length, prot, flags&^unix.MAP_SHARED|unix.MAP_PRIVATE|unix.MAP_FIXED, fd, off)
	}
	return -int(errno)
}

// filePage returns the page size of mappings of a file.
//
//go:nosplit
func filePage(fd int32) (size uintptr, result int) {
	magic, r := fileSystem(fd)
	if r < 0 {
		return 0, r
	}
	if magic != unix.HUGETLBFS_MAGIC {
		return pageSize(), 0
	}
	var st fileStat
	r = stat(fd, &st)
	return uintptr(st.block), r
}

// reserveAligned reserves address space at a multiple of page.
//
//go:nosplit
func reserveAligned(length, page uintptr) (at uintptr, result int) {
	const flags = unix.MAP_PRIVATE | unix.MAP_ANONYMOUS | unix.MAP_NORESERVE
	at, errno := mmap(length, unix.PROT_NONE, flags, -1, 0)
	if errno != 0 || at&(page-1) == 0 {
		return at, -int(errno)
	}
	munmap(at, length)
	start, errno := mmap(length+page, unix.PROT_NONE, flags, -1, 0)
	if errno != 0 {
		return 0, -int(errno)
	}
	at = (start + page - 1) &^ (page - 1)
	if at != start {
		munmap(start, at-start)
	}
	munmap(at+length, start+page-at)
	return at, 0
}
