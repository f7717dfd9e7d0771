package core

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// GetSize stores the size of a file at size.
//
//go:nosplit
func GetSize(fd int32, size *uint64) int {
	if bad(unsafe.Pointer(size)) {
		return -int(unix.EFAULT)
	}
	var st fileStat
	if r := stat(fd, &st); r < 0 {
		return r
	}
	*size = st.size
	return 0
}

// SetSize makes a file longer or shorter.
//
//go:nosplit
func SetSize(fd int32, opts uint32, size uint64) int {
	if opts&^OptReserve != 0 || tooLarge(size) {
		return -int(unix.EINVAL)
	}
	if opts&OptReserve != 0 && size != 0 {
		// Allocates and grows in one step, or does neither.
		if r := fallocate(fd, 0, size); r < 0 {
			return r
		}
	}
	return ftruncate(fd, size)
}
