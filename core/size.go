package core

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// OptReserve is SetSize's option: allocate the memory of the whole file.
const OptReserve uint32 = 1 << 0

// noPath makes statx look at the descriptor itself.
var noPath = "\x00"

// stat fills st from the descriptor. statx(2) is the one call for it that every
// architecture has.
//
//go:nosplit
func stat(fd int32, st *unix.Statx_t) int {
	if fd < 0 { // AT_FDCWD would be the working directory
		return -int(unix.EBADF)
	}
	return sys6(unix.SYS_STATX, uintptr(fd), uintptr(unsafe.Pointer(unsafe.StringData(noPath))),
		unix.AT_EMPTY_PATH, unix.STATX_BASIC_STATS, uintptr(unsafe.Pointer(st)), 0)
}

// GetSize stores the size of a file at size.
//
//go:nosplit
func GetSize(fd int32, size *uint64) int {
	if bad(unsafe.Pointer(size)) {
		return -int(unix.EFAULT)
	}
	var st unix.Statx_t
	if r := stat(fd, &st); r < 0 {
		return r
	}
	*size = st.Size
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
