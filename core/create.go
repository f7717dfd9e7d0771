// SPDX-License-Identifier: MIT

package core

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

//go:nosplit
//go:noinline
func closeFD(fd int32) {
	blocking(unix.SYS_CLOSE, uintptr(fd), 0, 0)
}

//go:nosplit
func create(name *byte, mfdFlags uint32) int {
	return sys(unix.SYS_MEMFD_CREATE, uintptr(unsafe.Pointer(name)), uintptr(mfdFlags), 0)
}

// createAnywhere is create, but accepts the flags of Linux 6.3 on older kernels too.
//
//go:nosplit
func createAnywhere(name *byte, mfdFlags uint32) int {
	a := CreateArgs{Flags: mfdFlags}
	if !a.valid() {
		return -int(unix.EINVAL)
	}
	r := a.create(name)
	if r < 0 {
		return r
	}
	if e := a.apply(int32(r)); e < 0 {
		closeFD(int32(r))
		return e
	}
	return r
}

// CreateSealed creates a sealed file with a copy of the length bytes at data.
//
//go:nosplit
func CreateSealed(name *byte, mfdFlags, seals uint32, data *byte, length uintptr) int {
	if tooLarge(uint64(length)) {
		return -int(unix.EINVAL)
	}
	r := createAnywhere(name, mfdFlags|unix.MFD_ALLOW_SEALING)
	if r < 0 {
		return r
	}
	fd := int32(r)
	if length == 0 {
		r = 0
	} else if mfdFlags&unix.MFD_HUGETLB != 0 {
		r = fillHuge(fd, unsafe.Pointer(data), length)
	} else {
		r = fill(fd, unsafe.Pointer(data), length, 0)
	}
	return finish(fd, seals, r)
}

// finish seals a new file and returns its descriptor. If filling it has failed (r < 0), or
// sealing fails, it closes the file.
//
//go:nosplit
func finish(fd int32, seals uint32, r int) int {
	if seals == 0 {
		seals = SealsImmutable
	}
	if r == 0 {
		r = sealNew(fd, seals)
	}
	if r < 0 {
		closeFD(fd)
		return r
	}
	return int(fd)
}

// sealNew seals a file that no other process has. -EBUSY then means that the kernel held a
// reference to a page, perhaps to migrate it, for as long as F_ADD_SEALS waits (about 0.1 s).
//
//go:nosplit
func sealNew(fd int32, seals uint32) int {
	const attempts = 10
	r := addSeals(fd, seals)
	for n := 1; r == -int(unix.EBUSY) && n < attempts; n++ {
		r = addSeals(fd, seals)
	}
	return r
}

// fill writes length bytes at offset off. The offset of the file description stays 0.
//
//go:nosplit
func fill(fd int32, data unsafe.Pointer, length uintptr, off uint64) int {
	for done := uintptr(0); done < length; {
		r := pwrite(fd, unsafe.Add(data, done), length-done, off+uint64(done))
		if r == -int(unix.EINTR) {
			continue
		}
		if r < 0 {
			return r
		}
		if r == 0 {
			return -int(unix.EIO) // rather than loop forever
		}
		done += uintptr(r)
	}
	return 0
}

// fillHuge fills a file of huge pages, which does not support write(2).
//
//go:nosplit
func fillHuge(fd int32, data unsafe.Pointer, length uintptr) int {
	if bad(data) {
		return -int(unix.EFAULT)
	}
	whole, r := wholePages(fd, uint64(length))
	if r < 0 {
		return r
	}
	addr, r := mapNew(fd, 0, whole)
	if r < 0 {
		return r
	}
	copyBytes(pointer(addr), data, length)
	forgetCopied()
	return munmap(addr, uintptr(whole))
}

// mapNew extends a file of off bytes by size bytes, and maps these for writing. They are
// allocated, so touching them cannot be SIGBUS. They are mapped with MAP_POPULATE, so copying a
// secret takes no page fault: on loong64, Linux restores the temporary registers of the last
// fault or interrupt after each system call.
//
//go:nosplit
func mapNew(fd int32, off, size uint64) (addr uintptr, result int) {
	if tooLarge(size) || size != uint64(uintptr(size)) {
		return 0, -int(unix.ENOMEM)
	}
	if r := allocate(fd, 0, off, off+size); r < 0 {
		return 0, r
	}
	addr, errno := mmap(uintptr(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE, fd, off)
	return addr, -int(errno)
}
