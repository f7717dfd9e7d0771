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
	page, mark, r := filePage(fd)
	if r < 0 {
		return r
	}
	opts |= mark
	if length&(page-1) != 0 {
		return -int(unix.EINVAL)
	}
	at, r := reserveAligned(2*length, page)
	if r < 0 {
		return r
	}
	_, r = mapFile(at, length, opts, fd, off)
	if r == 0 {
		_, r = mapFile(at+length, length, opts, fd, off)
	}
	if r < 0 {
		munmap(at, 2*length)
		return r
	}
	*addr = at
	return 0
}

// filePage returns the page size of mappings of a file, and optHuge if these are huge pages.
//
//go:nosplit
func filePage(fd int32) (size uintptr, mark uint32, result int) {
	magic, r := fileSystem(fd)
	if r < 0 {
		return 0, 0, r
	}
	if magic != unix.HUGETLBFS_MAGIC {
		return pageSize(), 0, 0
	}
	var st fileStat
	r = stat(fd, &st)
	return st.block, optHuge, r
}

// reserveAligned reserves address space at a multiple of page.
//
//go:nosplit
func reserveAligned(length, page uintptr) (at uintptr, result int) {
	const flags = unix.MAP_PRIVATE | unix.MAP_ANONYMOUS | unix.MAP_NORESERVE
	extra := page - basePage
	start, errno := mmap(length+extra, unix.PROT_NONE, flags, -1, 0)
	if errno != 0 {
		return 0, -int(errno)
	}
	at = (start + extra) &^ (page - 1)
	if at != start {
		munmap(start, at-start)
	}
	if end := start + extra; at != end {
		munmap(at+length, end-at)
	}
	return at, 0
}
