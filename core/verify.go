// SPDX-License-Identifier: MIT

package core

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// verify checks that nothing can happen to the file of an untrusted descriptor, and
// stores its size. Its order matters: what is checked cannot be undone afterwards.
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
	// The seals come first. A seal never goes away, so what follows holds for good;
	// and a descriptor that takes no seals gets no further than this.
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

// byExec are the seals that F_SEAL_EXEC gives an executable file, itself included.
//
// Linux from 6.3 to the fix of 2026 sets them without a look for who could still write.
// The mode does not tell whether that happened, since it can change afterwards: on files of
// huge pages by fchmod(2), on others by an access control list. F_SEAL_FUTURE_WRITE does:
// where it is missing the other seals were added one by one, and by the rules.
const byExec = unix.F_SEAL_EXEC | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW |
	unix.F_SEAL_WRITE | unix.F_SEAL_FUTURE_WRITE

// checkSealExec succeeds if the kernel looks for writable mappings before F_SEAL_EXEC sets
// the other seals. It maps an empty file past its end: a size might be over RLIMIT_FSIZE.
//
//go:nosplit
//go:noinline
func checkSealExec() int {
	fd := create(unsafe.StringData(noPath), unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING|unix.MFD_EXEC)
	if fd == -int(unix.EACCES) || fd == -int(unix.EINVAL) { // vm.memfd_noexec forbids to try
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

// basePage is the smallest size of a page; those of files of huge pages are larger.
const basePage = 4096

// checkPages refuses files of which a page may be missing when it is read. Files of huge
// pages lack one behind the last whole page, where touching a hole is SIGBUS, and wherever
// somebody takes pages out, if then there is no free one.
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

// fillHoles allocates the pages that a file lacks. Neither SEEK_HOLE nor the number of
// blocks tells whether there are any: pages that were only read count as there until they
// are dropped again. fallocate(2) makes those stay, too. It needs a descriptor that is
// open for writing, and seals do not forbid it.
//
//go:nosplit
func fillHoles(fd int32, st *fileStat) int {
	if accessOf(fd) != AccessRead {
		return allocate(fd, 0, st.size)
	}
	var path fdPath
	path.set(fd)
	r := path.openNow(unix.O_RDWR)
	if r < 0 {
		return r
	}
	writer := int32(r)
	r = allocate(writer, 0, st.size)
	closeFD(writer)
	return r
}

// Verify checks the file of an untrusted descriptor as MapVerified does, and stores its
// size unless that is nil.
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
