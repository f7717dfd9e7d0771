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
	size := st.size
	if size > maxLen {
		return -int(unix.EFBIG)
	}
	r := create(name, mfdFlags|unix.MFD_ALLOW_SEALING)
	if r < 0 {
		return r
	}
	fd := int32(r)
	r = copyFile(fd, src, size, mfdFlags&unix.MFD_HUGETLB != 0)
	if r == 0 {
		r = endsAt(src, size)
	}
	return finish(fd, seals, r)
}

// copyFile copies size bytes from src to the empty file fd. sendfile(2) is the
// fastest way, where it is one: copy_file_range(2) knows no way from another file
// system into a memfd. Reading into a mapping of fd does for huge pages and all else.
//
//go:nosplit
func copyFile(fd, src int32, size uint64, huge bool) int {
	if size == 0 {
		return 0
	}
	if huge {
		whole, r := wholePages(fd, size)
		if r < 0 {
			return r
		}
		return readInto(fd, src, size, whole)
	}
	r := sendWhole(fd, src, size)
	if r == -int(unix.EINVAL) || r == -int(unix.ENOSYS) || r == -int(unix.EPERM) {
		r = readInto(fd, src, size, size)
	}
	if r == 0 { // sendfile(2) moved the offset
		r = sys(unix.SYS_LSEEK, uintptr(fd), 0, unix.SEEK_SET)
	}
	return r
}

// sendWhole copies by sendfile(2).
//
//go:nosplit
func sendWhole(fd, src int32, size uint64) int {
	for off := uint64(0); off < size; {
		r := sendfile(fd, src, &off, chunk(size-off))
		if r == 0 { // the file is shorter than it was
			return -int(unix.EAGAIN)
		}
		if r < 0 && r != -int(unix.EINTR) {
			return r
		}
	}
	return 0
}

// readInto copies by pread(2) into a mapping of fd, which becomes whole bytes long.
//
//go:nosplit
func readInto(fd, src int32, size, whole uint64) int {
	addr, r := mapNew(fd, whole)
	if r < 0 {
		return r
	}
	for off := uint64(0); off < size && r == 0; {
		n := pread(src, unsafe.Add(pointer(addr), uintptr(off)), chunk(size-off), off)
		switch {
		case n > 0:
			off += uint64(n)
		case n == 0:
			r = -int(unix.EAGAIN)
		case n != -int(unix.EINTR):
			r = n
		}
	}
	if u := Unmap(addr, uintptr(whole)); r == 0 {
		r = u
	}
	return r
}

// chunk bounds a transfer to what one system call takes on any architecture.
//
//go:nosplit
func chunk(size uint64) uintptr {
	return uintptr(min(size, 1<<30))
}

// endsAt fails if a file is not size bytes long, or not by what it says: files of /proc
// say 0.
//
//go:nosplit
func endsAt(fd int32, size uint64) int {
	var st fileStat
	if r := stat(fd, &st); r < 0 {
		return r
	}
	var b byte
	r := pread(fd, unsafe.Pointer(&b), 1, size)
	if r > 0 || st.size != size {
		return -int(unix.EAGAIN)
	}
	return r
}
