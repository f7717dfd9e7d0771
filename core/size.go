// SPDX-License-Identifier: MIT

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

// SetSize sets the size of a file.
//
//go:nosplit
func SetSize(fd int32, opts uint32, size uint64) int {
	if opts&^OptReserve != 0 || tooLarge(size) {
		return -int(unix.EINVAL)
	}
	if opts&OptReserve != 0 && size != 0 {
		return reserve(fd, size)
	}
	return ftruncate(fd, size)
}

// Discard frees the memory of a range of a file, which then reads as zeros.
//
//go:nosplit
func Discard(fd int32, opts uint32, off, length uint64) int {
	if opts != 0 {
		return -int(unix.EINVAL)
	}
	return discard(fd, off, length)
}

//go:nosplit
//go:noinline
func discard(fd int32, off, length uint64) int {
	for {
		r := fallocate(fd, unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, off, length)
		if r != -int(unix.EINTR) {
			return r
		}
	}
}

// reserve allocates the first size bytes of a file, and then sets its size. After an error the
// size is unchanged, and memory allocated past the end is freed.
//
//go:nosplit
func reserve(fd int32, size uint64) int {
	r := allocate(fd, unix.FALLOC_FL_KEEP_SIZE, 0, size)
	if r == 0 {
		r = ftruncate(fd, size)
	}
	if r < 0 {
		freePastEnd(fd, size)
	}
	return r
}

// freePastEnd frees the blocks of a file between its end and size bytes, including a last
// partial one. It does so for regular files only: a block device reports size 0, and would lose
// its contents.
//
//go:nosplit
func freePastEnd(fd int32, size uint64) {
	var st fileStat
	if stat(fd, &st) == 0 && st.mode&unix.S_IFMT == unix.S_IFREG && st.size < size {
		discard(fd, st.size, size-st.size+uint64(st.block))
	}
}

// allocate allocates a file from offset off to end; mode is fallocate(2)'s. A signal makes
// the kernel undo an unfinished fallocate(2), so the next call asks for half as much.
// leastChunk is finished long before a periodic timer fires again.
//
//go:nosplit
func allocate(fd int32, mode uintptr, off, end uint64) int {
	const leastChunk = 1 << 16
	chunk := end - off
	for off < end {
		n := min(chunk, end-off)
		r := fallocate(fd, mode, off, n)
		if r == -int(unix.EINTR) {
			chunk = max(chunk/2, leastChunk)
			continue
		}
		if r < 0 {
			return r
		}
		off += n
	}
	return 0
}
