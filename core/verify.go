// SPDX-License-Identifier: MIT

package core

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// verify checks the file of an untrusted descriptor and stores its size. The order matters: no
// result of a check can change after it.
//
//go:nosplit
func verify(fd int32, required uint32, maxLen uint64, opts uint32, size *uint64) int {
	if opts&^OptNoHoles != 0 {
		return -int(unix.EINVAL)
	}
	if required == 0 {
		required = unix.F_SEAL_WRITE
	}
	required |= unix.F_SEAL_SHRINK
	// Seals come first. They cannot be removed, so what is checked below stays true. A file
	// that does not support seals is refused here.
	seals := getSeals(fd)
	if seals < 0 {
		return seals
	}
	if uint32(seals)&required != required {
		return -int(unix.EKEYREJECTED)
	}
	if seals&byExec == byExec {
		if r := checkSealExec(); r < 0 {
			return r
		}
	}
	var st fileStat
	if r := stat(fd, &st); r < 0 {
		return r
	}
	if st.size == 0 {
		return -int(unix.ENODATA)
	}
	if st.size > maxLen {
		return -int(unix.EFBIG)
	}
	if st.size != uint64(uintptr(st.size)) {
		return -int(unix.EOVERFLOW)
	}
	if r := checkPages(fd, seals, opts, &st); r < 0 {
		return r
	}
	*size = st.size
	return 0
}

// byExec are the seals that F_SEAL_EXEC sets on an executable file, itself included.
//
// From Linux 6.3 to a fix of 2026 it sets them without checking for writable mappings. The mode
// does not show whether that happened, since it can change afterwards: by fchmod(2) on a file
// of huge pages, by an access control list on others. F_SEAL_FUTURE_WRITE does: if it is
// missing, the other seals were added explicitly, with the check.
const byExec = unix.F_SEAL_EXEC | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW |
	unix.F_SEAL_WRITE | unix.F_SEAL_FUTURE_WRITE

// checkSealExec succeeds if the kernel checks for writable mappings before F_SEAL_EXEC sets the
// other seals. It maps an empty file past its end, since any size may exceed RLIMIT_FSIZE.
//
//go:nosplit
//go:noinline
func checkSealExec() int {
	fd := create(unsafe.StringData(noPath), unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING|unix.MFD_EXEC)
	if fd == -int(unix.EACCES) || fd == -int(unix.EINVAL) { // vm.memfd_noexec=2: cannot be tried
		return -int(unix.EKEYREVOKED)
	}
	if fd < 0 {
		return fd
	}
	addr, errno := mmap(1, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED, int32(fd), 0)
	r := -int(errno)
	if errno == 0 {
		if addSeals(int32(fd), unix.F_SEAL_EXEC) != -int(unix.EBUSY) {
			r = -int(unix.EKEYREVOKED)
		}
		munmap(addr, 1)
	}
	closeFD(int32(fd))
	return r
}

// basePage is the smallest base page size of any architecture. Huge pages are larger.
const basePage = 4096

// checkPages refuses files in which reading a page may be SIGBUS. In a file of huge pages these
// are a partial page at the end, and any page that another process removes, if no huge page is
// free by then.
//
//go:nosplit
func checkPages(fd int32, seals int, opts uint32, st *fileStat) int {
	fixed := seals&(unix.F_SEAL_WRITE|unix.F_SEAL_FUTURE_WRITE) != 0
	partial := st.block > basePage && st.size&uint64(st.block-1) != 0
	if !fixed || partial {
		magic, r := fileSystem(fd)
		huge := magic == unix.HUGETLBFS_MAGIC
		switch {
		case r < 0:
			return r
		case huge && partial:
			return -int(unix.EINVAL)
		case !fixed && (huge || opts&OptNoHoles != 0):
			return -int(unix.EKEYREVOKED)
		}
	}
	if opts&OptNoHoles != 0 {
		return fillHoles(fd, st)
	}
	return 0
}

// fillHoles allocates the missing pages of a file. Neither SEEK_HOLE nor the number of blocks
// shows whether there are any: a page that was only read counts as present, but the kernel may
// drop it again. fallocate(2) makes such pages permanent, too. It needs a descriptor that is
// open for writing; seals do not forbid it.
//
//go:nosplit
func fillHoles(fd int32, st *fileStat) int {
	if accessOf(fd) != AccessRead {
		return allocate(fd, unix.FALLOC_FL_KEEP_SIZE, 0, st.size)
	}
	var path fdPath
	path.set(fd)
	r := path.openNow(unix.O_RDWR)
	if r == -int(unix.EAGAIN) { // a lease on the file; to a receiver, EAGAIN means no message
		return -int(unix.EACCES)
	}
	if r < 0 {
		return r
	}
	writer := int32(r)
	r = allocate(writer, unix.FALLOC_FL_KEEP_SIZE, 0, st.size)
	closeFD(writer)
	return r
}

// Verify checks the file of an untrusted descriptor like MapVerified, and stores its size
// unless size is nil.
//
//go:nosplit
func Verify(fd int32, required uint32, maxLen uint64, opts uint32, size *uint64) int {
	if size != nil && bad(unsafe.Pointer(size)) {
		return -int(unix.EFAULT)
	}
	var length uint64
	r := verify(fd, required, maxLen, opts, &length)
	if r == 0 && accessOf(fd)&AccessRead == 0 {
		r = -int(unix.EACCES)
	}
	if r == 0 && size != nil {
		*size = length
	}
	return r
}

// MapVerified maps the file of an untrusted descriptor, whole and read-only.
//
//go:nosplit
func MapVerified(fd int32, required uint32, maxLen uint64, opts uint32, addr, length *uintptr) int {
	if bad(unsafe.Pointer(addr)) || bad(unsafe.Pointer(length)) {
		return -int(unix.EFAULT)
	}
	var size uint64
	if r := verify(fd, required, maxLen, opts, &size); r < 0 {
		return r
	}
	if r := Map(fd, 0, 0, uintptr(size), addr); r < 0 {
		return r
	}
	*length = uintptr(size)
	return 0
}
