// SPDX-License-Identifier: MIT

package core

import "golang.org/x/sys/unix"

// copyMissized copies src, which is not as long as it said. On file systems on which sizes are
// made up it is read up to its end: on /proc they are 0, on /sys 4096. Any other file is being
// changed.
//
//go:nosplit
func copyMissized(fd, src int32, maxLen uint64, huge bool) int {
	magic, r := fileSystem(src)
	if r < 0 {
		return r
	}
	if !makesSizesUp(magic) {
		return -int(unix.EAGAIN)
	}
	if r := ftruncate(fd, 0); r < 0 {
		return r
	}
	if r := rewind(fd); r < 0 {
		return r
	}
	return copyUnsized(fd, src, maxLen, huge, false)
}

// makesSizesUp reports whether files of a file system have no size before they are read.
//
//go:nosplit
func makesSizesUp(magic uint32) bool {
	return magic == unix.PROC_SUPER_MAGIC || magic == unix.SYSFS_MAGIC ||
		magic == unix.CGROUP_SUPER_MAGIC || magic == unix.CGROUP2_SUPER_MAGIC ||
		magic == unix.DEBUGFS_MAGIC || magic == unix.TRACEFS_MAGIC || magic == unix.SECURITYFS_MAGIC
}

// The first piece that is read is a multiple of any page, and each one is twice as long as the one
// before, up to the largest.
const (
	firstPiece   = 1 << 16
	largestPiece = 1 << 24
)

// copyUnsized copies src to the empty file fd, up to its end. It reads no more than maxLen bytes
// and one.
//
//go:nosplit
func copyUnsized(fd, src int32, maxLen uint64, huge, stream bool) int {
	page := uint64(1)
	piece := uint64(firstPiece)
	if huge {
		whole, r := wholePages(fd, 1)
		if r < 0 {
			return r
		}
		page = whole
		piece = max(piece, page)
	}
	total := uint64(0)
	for {
		want := piece
		if maxLen-total < want {
			want = maxLen - total + 1
		}
		n, r := appendPiece(fd, src, total, piece, want, stream, huge)
		if r < 0 {
			return r
		}
		total += n
		if total > maxLen {
			return -int(unix.EFBIG)
		}
		if n < want && huge {
			return ftruncate(fd, (total+page-1)&^(page-1))
		}
		if n < want {
			return 0
		}
		piece = min(2*piece, max(piece, largestPiece))
	}
}

// appendPiece makes fd, which is off bytes long, longer by what it reads of src, up to want bytes.
// Reading into a mapping of fd would save a copy. But a child that another thread forks in the
// meantime would have that mapping too, and then F_SEAL_WRITE fails. Files of huge pages have no
// write(2); they become piece bytes longer.
//
//go:nosplit
func appendPiece(fd, src int32, off, piece, want uint64, stream, huge bool) (n uint64, result int) {
	addr, r := mapPiece(fd, off, piece, huge)
	if r < 0 {
		return 0, r
	}
	got, r := readUpTo(src, addr, uintptr(want), off, stream)
	if r == 0 && !huge {
		r = fill(fd, pointer(addr), got, off)
	}
	if u := munmap(addr, uintptr(piece)); r == 0 {
		r = u
	}
	return uint64(got), r
}

// mapPiece maps memory for piece bytes: a buffer, or the next pages of fd if they are huge.
//
//go:nosplit
func mapPiece(fd int32, off, piece uint64, huge bool) (addr uintptr, result int) {
	if huge {
		return mapNew(fd, off, piece)
	}
	addr, errno := mmap(uintptr(piece), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS, -1, 0)
	return addr, -int(errno)
}
