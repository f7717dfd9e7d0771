// SPDX-License-Identifier: MIT

package core

import "golang.org/x/sys/unix"

// copyPseudo copies src, whose size is not its length, if it is on a pseudo file system. There
// the size is a constant (0 in /proc, 4096 in /sys), and the file is read to its end. On any
// other file system, the file is being changed.
//
//go:nosplit
func copyPseudo(fd, src int32, maxLen uint64, huge bool) int {
	magic, r := fileSystem(src)
	if r < 0 {
		return r
	}
	if !isPseudo(magic) {
		return -int(unix.EAGAIN)
	}
	if r := ftruncate(fd, 0); r < 0 {
		return r
	}
	if r := rewind(fd); r < 0 {
		return r
	}
	return copyUnsized(fd, src, 0, maxLen, huge, false)
}

// isPseudo reports whether a file system generates the contents of its files on reading, so
// that their size is unknown.
//
//go:nosplit
func isPseudo(magic uint32) bool {
	for i := range pseudoMagics {
		if magic == pseudoMagics[i] {
			return true
		}
	}
	return false
}

// pseudoMagics are procfs, sysfs, and what systems mount below /proc and /sys.
var pseudoMagics = [...]uint32{
	unix.PROC_SUPER_MAGIC, unix.SYSFS_MAGIC,
	unix.CGROUP_SUPER_MAGIC, unix.CGROUP2_SUPER_MAGIC,
	unix.DEBUGFS_MAGIC, unix.TRACEFS_MAGIC,
	unix.SECURITYFS_MAGIC, unix.SELINUX_MAGIC, unix.SMACK_MAGIC,
	unix.BINFMTFS_MAGIC, unix.RDTGROUP_SUPER_MAGIC,
	configfsMagic, fusectlMagic, nfsdMagic,
}

// Magic numbers that x/sys/unix lacks.
const (
	configfsMagic = 0x62656570
	fusectlMagic  = 0x65735543
	nfsdMagic     = 0x6e667364
)

// firstPiece is a multiple of any base page size. Each following piece is twice as long, up to
// largestPiece.
const (
	firstPiece   = 1 << 16
	largestPiece = 1 << 24
)

// copyUnsized copies src, up to its end, to the first bytes of fd. It returns otherSize if these
// are fewer than minLen or more than maxLen. Of a stream it takes at most maxLen + 1 bytes. Other
// files are read in whole pieces, because O_DIRECT requires it.
//
//go:nosplit
func copyUnsized(fd, src int32, minLen, maxLen uint64, huge, stream bool) int {
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
		if stream && maxLen-total < want {
			want = maxLen - total + 1
		}
		n, r := appendPiece(fd, src, total, piece, want, stream, huge)
		if r < 0 {
			return r
		}
		total += n
		if total > maxLen || n < want && total < minLen {
			return otherSize
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

// appendPiece reads up to want bytes of src and appends them to fd, which has off bytes.
//
// Reading into a mapping of fd would save a copy. But if another thread forks in the meantime,
// the child inherits the mapping, and F_SEAL_WRITE fails. Files of huge pages have no write(2),
// so they need the mapping, and grow by piece bytes.
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

// mapPiece maps piece bytes: an anonymous buffer, or the next huge pages of fd.
//
//go:nosplit
func mapPiece(fd int32, off, piece uint64, huge bool) (addr uintptr, result int) {
	if huge {
		return mapNew(fd, off, piece)
	}
	addr, errno := mmap(uintptr(piece), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS, -1, 0)
	return addr, -int(errno)
}
