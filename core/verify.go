package core

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// verify checks that nothing can happen to the file of an untrusted descriptor, and
// stores its size. Its order matters: what is checked cannot be undone afterwards.
//
//go:nosplit
func verify(fd int32, required uint32, maxLen uint64, size *uint64) int {
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
	if r := checkHoles(fd, seals); r < 0 {
		return r
	}
	var st fileStat
	if r := stat(fd, &st); r < 0 {
		return r
	}
	// From 6.3 on, F_SEAL_EXEC on an executable file set the other seals without a look
	// for who could still write. The mode cannot change once F_SEAL_EXEC is set; if it
	// was not set above, the other seals came by themselves.
	if seals&unix.F_SEAL_EXEC != 0 && st.mode&0o111 != 0 {
		return -int(unix.EKEYREJECTED)
	}
	if st.size == 0 {
		return -int(unix.ENODATA)
	}
	if st.size > maxLen {
		return -int(unix.EFBIG)
	}
	*size = st.size
	return 0
}

// checkHoles refuses a file of huge pages that is not sealed against writing: its pages can
// be taken out again, and touching where one was is SIGBUS if there is no free one.
//
//go:nosplit
func checkHoles(fd int32, seals int) int {
	if seals&(unix.F_SEAL_WRITE|unix.F_SEAL_FUTURE_WRITE) != 0 {
		return 0
	}
	magic, r := fileSystem(fd)
	if r == 0 && magic == unix.HUGETLBFS_MAGIC {
		r = -int(unix.EKEYREJECTED)
	}
	return r
}

// MapVerified maps the file of an untrusted descriptor, whole and read-only.
//
//go:nosplit
func MapVerified(fd int32, required uint32, maxLen uint64, addr, length *uintptr) int {
	if bad(unsafe.Pointer(addr)) || bad(unsafe.Pointer(length)) {
		return -int(unix.EFAULT)
	}
	var size uint64
	if r := verify(fd, required, maxLen, &size); r < 0 {
		return r
	}
	if size != uint64(uintptr(size)) {
		return -int(unix.EOVERFLOW)
	}
	if r := Map(fd, 0, 0, uintptr(size), addr); r < 0 {
		return r
	}
	*length = uintptr(size)
	return 0
}
