// SPDX-License-Identifier: MIT

package core

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Clone creates a sealed copy of the regular file src.
//
//go:nosplit
func Clone(name *byte, mfdFlags, seals uint32, src int32, maxLen uint64) int {
	var st fileStat
	if r := stat(src, &st); r < 0 {
		return r
	}
	if st.mode&unix.S_IFMT != unix.S_IFREG {
		return -int(unix.EINVAL)
	}
	sized := st.size <= maxLen
	if !sized {
		if r := endsAt(src, maxLen); r == otherSize {
			return -int(unix.EFBIG)
		} else if r < 0 {
			return r
		}
	}
	r := createAnywhere(name, mfdFlags|unix.MFD_ALLOW_SEALING)
	if r < 0 {
		return r
	}
	fd := int32(r)
	huge := mfdFlags&unix.MFD_HUGETLB != 0
	if sized {
		r = copySized(fd, src, st.size, huge)
	}
	if !sized || r == otherSize {
		r = copyPseudo(fd, src, maxLen, huge)
	}
	return finishCopy(fd, seals, r)
}

// CloneStream creates a sealed copy of everything that can be read from src.
//
//go:nosplit
func CloneStream(name *byte, mfdFlags, seals uint32, src int32, maxLen uint64) int {
	r := createAnywhere(name, mfdFlags|unix.MFD_ALLOW_SEALING)
	if r < 0 {
		return r
	}
	fd := int32(r)
	r = copyUnsized(fd, src, 0, maxLen, mfdFlags&unix.MFD_HUGETLB != 0, true)
	return finishCopy(fd, seals, r)
}

// otherSize is the result of the functions below if src does not have the size that statx(2)
// reported, or is longer than allowed. No errno has this value.
const otherSize = -5001

//go:nosplit
func finishCopy(fd int32, seals uint32, r int) int {
	if r == otherSize {
		r = -int(unix.EFBIG)
	}
	return finish(fd, seals, r)
}

// copySized copies a file of size bytes to the empty file fd. sendfile(2) is the fastest way;
// copy_file_range(2) does not work from another file system. Not every source supports
// sendfile(2), and huge pages do not.
//
//go:nosplit
func copySized(fd, src int32, size uint64, huge bool) int {
	if size == 0 {
		return endsAt(src, 0)
	}
	if huge {
		return readHuge(fd, src, size)
	}
	r := sendWhole(fd, src, size)
	if r == -int(unix.EINVAL) || r == -int(unix.ENOSYS) || r == -int(unix.EPERM) {
		r = copyUnsized(fd, src, size, size, false, false)
	}
	if r == 0 { // sendfile(2) moved the offset
		r = rewind(fd)
	}
	return r
}

// endsAt returns otherSize if a file has more than size bytes.
//
//go:nosplit
func endsAt(fd int32, size uint64) int {
	var b byte
	r := readAt(fd, unsafe.Pointer(&b), 1, size)
	if r > 0 || r == -int(unix.EINVAL) && isDirect(fd) {
		return otherSize
	}
	return r
}

// isDirect reports whether a file was opened with O_DIRECT. Many file systems then refuse unaligned
// reads with EINVAL, but only before the end of the file.
//
//go:nosplit
func isDirect(fd int32) bool {
	flags := sys(sysFcntl, uintptr(fd), unix.F_GETFL, 0)
	return flags&unix.O_DIRECT != 0
}

//go:nosplit
func rewind(fd int32) int {
	return sys(unix.SYS_LSEEK, uintptr(fd), 0, unix.SEEK_SET)
}

// sendWhole copies by sendfile(2). It asks for a byte more than the file has: the kernel then looks
// for the end, which saves a system call.
//
//go:nosplit
func sendWhole(fd, src int32, size uint64) int {
	for off := uint64(0); ; {
		want := chunk(size + 1 - off)
		r := sendfile(fd, src, &off, want)
		switch {
		case r == -int(unix.EINTR):
		case r < 0:
			return r
		case off == size && uintptr(r) < want:
			return 0
		case off > size || r == 0:
			return otherSize
		}
	}
}

// readHuge copies by pread(2) into a mapping of fd, a file of huge pages.
//
//go:nosplit
func readHuge(fd, src int32, size uint64) int {
	whole, r := wholePages(fd, size)
	if r < 0 {
		return r
	}
	addr, r := mapNew(fd, 0, whole)
	if r < 0 {
		return r
	}
	// With O_DIRECT, size may be no valid length of a read. Fewer bytes than whole are up to the end.
	n, r := readUpTo(src, addr, uintptr(whole), 0, false)
	if r == 0 && n != uintptr(size) {
		r = otherSize
	}
	if u := munmap(addr, uintptr(whole)); r == 0 {
		r = u
	}
	if r == 0 && size == whole {
		r = endsAt(src, size)
	}
	return r
}

// readUpTo reads length bytes to addr, or fewer at the end of src: from offset off, or the next
// bytes of a stream. A signal interrupts reading a stream, which may never end.
//
//go:nosplit
func readUpTo(src int32, addr, length uintptr, off uint64, stream bool) (n uintptr, result int) {
	for n < length {
		to, room := pointer(addr+n), chunk(uint64(length-n))
		var r int
		if stream {
			r = blocking(unix.SYS_READ, uintptr(src), uintptr(to), room)
		} else {
			r = readAt(src, to, room, off+uint64(n))
		}
		if r <= 0 {
			return n, r
		}
		n += uintptr(r)
	}
	return n, 0
}

// readAt is pread(2), but is not interrupted by signals.
//
//go:nosplit
//go:noinline
func readAt(src int32, to unsafe.Pointer, length uintptr, off uint64) int {
	for {
		if r := pread(src, to, length, off); r != -int(unix.EINTR) {
			return r
		}
	}
}

// chunk limits a transfer to a size that one system call accepts on any architecture.
//
//go:nosplit
func chunk(size uint64) uintptr {
	return uintptr(min(size, 1<<30))
}
