// SPDX-License-Identifier: MIT

package core

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// HugeFlags stores the flags for a file of huge pages of pageSize bytes.
//
//go:nosplit
func HugeFlags(pageSize uint64, mfdFlags *uint32) int {
	if bad(unsafe.Pointer(mfdFlags)) {
		return -int(unix.EFAULT)
	}
	if pageSize&(pageSize-1) != 0 || pageSize == 1 { // the logarithm 0 selects the default
		return -int(unix.EINVAL)
	}
	log := uint32(0)
	for ; pageSize > 1; pageSize >>= 1 {
		log++
	}
	*mfdFlags = unix.MFD_HUGETLB | log<<unix.MFD_HUGE_SHIFT
	return 0
}

// wholePages rounds size up to whole pages of fd, a file of huge pages.
//
//go:nosplit
func wholePages(fd int32, size uint64) (whole uint64, result int) {
	var st fileStat
	r := stat(fd, &st)
	mask := uint64(st.block) - 1
	return (size + mask) &^ mask, r
}
