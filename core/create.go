package core

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

//go:nosplit
func closeFD(fd int32) {
	sys(unix.SYS_CLOSE, uintptr(fd), 0, 0)
}

//go:nosplit
func create(name *byte, mfdFlags uint32) int {
	return sys(unix.SYS_MEMFD_CREATE, uintptr(unsafe.Pointer(name)), uintptr(mfdFlags), 0)
}

// CreateSealed creates a file with a copy of length bytes at data, sealed.
//
//go:nosplit
func CreateSealed(name *byte, mfdFlags, seals uint32, data *byte, length uintptr) int {
	if tooLarge(uint64(length)) {
		return -int(unix.EINVAL)
	}
	if seals == 0 {
		seals = SealsImmutable
	}
	r := create(name, mfdFlags|unix.MFD_ALLOW_SEALING)
	if r < 0 {
		return r
	}
	fd := int32(r)
	if length == 0 {
		r = 0
	} else if mfdFlags&unix.MFD_HUGETLB != 0 {
		r = fillHuge(fd, unsafe.Pointer(data), length)
	} else {
		r = fill(fd, unsafe.Pointer(data), length)
	}
	if r == 0 {
		r = addSeals(fd, seals)
	}
	if r < 0 {
		closeFD(fd)
		return r
	}
	return int(fd)
}

// fill writes length bytes to the start of a file. The file's offset stays 0.
//
//go:nosplit
func fill(fd int32, data unsafe.Pointer, length uintptr) int {
	for done := uintptr(0); done < length; {
		r := pwrite(fd, unsafe.Add(data, done), length-done, uint64(done))
		if r == -int(unix.EINTR) {
			continue
		}
		if r < 0 {
			return r
		}
		if r == 0 {
			return -int(unix.EIO) // else it would never end
		}
		done += uintptr(r)
	}
	return 0
}

// fillHuge does the same to a file of huge pages, which has no write(2) and must
// be a multiple of its page size long.
//
//go:nosplit
func fillHuge(fd int32, data unsafe.Pointer, length uintptr) int {
	if bad(data) {
		return -int(unix.EFAULT)
	}
	var st unix.Statx_t
	if r := stat(fd, &st); r < 0 {
		return r
	}
	mask := uintptr(st.Blksize) - 1
	whole := (length + mask) &^ mask
	if whole < length || tooLarge(uint64(whole)) {
		return -int(unix.ENOMEM)
	}
	// Allocating first turns what would be SIGBUS into an error.
	if r := fallocate(fd, 0, uint64(whole)); r < 0 {
		return r
	}
	addr, errno := mmap(whole, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED, fd, 0)
	if errno != 0 {
		return -int(errno)
	}
	copyBytes(pointer(addr), data, length)
	return Unmap(addr, whole)
}

// copyBytes copies words where both addresses are aligned for it.
//
//go:nosplit
func copyBytes(to, from unsafe.Pointer, length uintptr) {
	const size = unsafe.Sizeof(uintptr(0))
	i := uintptr(0)
	if (uintptr(to)|uintptr(from))%size == 0 {
		for ; i+size <= length; i += size {
			*(*uintptr)(unsafe.Add(to, i)) = *(*uintptr)(unsafe.Add(from, i))
		}
	}
	for ; i < length; i++ {
		*(*byte)(unsafe.Add(to, i)) = *(*byte)(unsafe.Add(from, i))
	}
}
