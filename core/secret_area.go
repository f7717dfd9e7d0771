// SPDX-License-Identifier: MIT

package core

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// What a secret area is made of, as in the header.
const (
	AreaSecretmem uint32 = 1 + iota
	AreaMlock
	AreaUnlocked
)

// SecretArea is struct memfd_go_secret_area. Its pointers are integers here, since a store of
// a pointer would be a write barrier.
type SecretArea struct {
	Kind, Opts    uint32
	Data, Len     uintptr
	Base, BaseLen uintptr
	FD            int32
	Protection    uint32
	Reserved      [4]uint64 // reservedMarker, and zeros
}

// SecretAlloc allocates length bytes for secrets.
//
//go:nosplit
//go:noinline
func SecretAlloc(s *SecretArea, length uintptr, opts uint32) int {
	if bad(unsafe.Pointer(s)) {
		return -int(unix.EFAULT)
	}
	var b areaBuilder
	r := b.alloc(length, opts)
	b.store(s)
	return r
}

// alloc makes an area, or leaves b without one.
//
//go:nosplit
func (b *areaBuilder) alloc(length uintptr, opts uint32) int {
	const all = OptKeepFD | OptForkShare | OptAlignEnd | OptRequire | OptNoSecretmem | OptAllowUnlocked
	const ofSecretmem = OptRequire | OptKeepFD
	if opts&^all != 0 || opts&OptNoSecretmem != 0 && opts&ofSecretmem != 0 {
		return -int(unix.EINVAL)
	}
	if r := b.reserve(length, opts); r < 0 {
		return r
	}
	r := -int(unix.ENOSYS)
	if opts&OptNoSecretmem == 0 {
		r = b.secretmem(-1)
	}
	if r < 0 && opts&OptRequire == 0 && fallsBack(r, opts) {
		r = b.anonymous()
	}
	if r == 0 {
		r = b.addCanary()
	}
	return b.finish(r)
}

// fallsBack reports whether the failure r of memfd_secret(2) leads on to anonymous memory.
// Filters answer EPERM where they should say ENOSYS. Other errors are final, except EAGAIN (a
// limit on locked memory) when unlocked memory is allowed.
//
//go:nosplit
func fallsBack(r int, opts uint32) bool {
	return r == -int(unix.ENOSYS) || r == -int(unix.EPERM) ||
		r == -int(unix.EAGAIN) && opts&OptAllowUnlocked != 0
}

// SecretAllocFrom allocates memory for a secret, and moves it there.
//
//go:nosplit
func SecretAllocFrom(s *SecretArea, data unsafe.Pointer, length uintptr, opts uint32) int {
	if bad(unsafe.Pointer(s)) {
		return -int(unix.EFAULT)
	}
	if bad(data) {
		Wipe(unsafe.Pointer(s), unsafe.Sizeof(*s))
		return -int(unix.EFAULT)
	}
	if r := SecretAlloc(s, length, opts); r < 0 {
		return r
	}
	copyBytes(pointer(s.Data), data, length)
	forgetCopied()
	Wipe(data, length)
	return 0
}

// SecretAttach maps a secret file that somebody else made.
//
//go:nosplit
func SecretAttach(s *SecretArea, fd int32, maxLen uint64, opts uint32) int {
	if bad(unsafe.Pointer(s)) {
		return -int(unix.EFAULT)
	}
	var b areaBuilder
	r := b.attach(fd, maxLen, opts)
	b.store(s)
	return r
}

// attach makes an area of a file, or leaves b without one.
//
//go:nosplit
func (b *areaBuilder) attach(fd int32, maxLen uint64, opts uint32) int {
	if opts&^(OptKeepFD|OptForkShare|OptAlignEnd) != 0 {
		return -int(unix.EINVAL)
	}
	magic, r := fileSystem(fd)
	if r < 0 {
		return r
	}
	if magic != unix.SECRETMEM_MAGIC {
		return -int(unix.EINVAL)
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
	if r := b.reserve(uintptr(st.size), opts|optAttached); r < 0 {
		return r
	}
	if b.length != b.dataLen { // the file begins at a page, and has to be seen there
		b.opts &^= OptAlignEnd
	}
	return b.finish(b.secretmem(fd))
}

// areaBuilder is a secret area in the making: the front guard, the data pages, the rear guard
// and the page of the marker.
type areaBuilder struct {
	page          uintptr
	base, baseLen uintptr
	data, dataLen uintptr // the data pages
	length        uintptr // as asked for
	kind, opts    uint32
	fd            int32
	marker        uint32
}

// reserve takes the address space for length bytes and what surrounds them. None of it can be
// touched yet, nor counts as memory.
//
//go:nosplit
func (b *areaBuilder) reserve(length uintptr, opts uint32) int {
	b.page = pageSize()
	b.dataLen = (length + b.page - 1) &^ (b.page - 1)
	b.baseLen = b.dataLen + 3*b.page
	if length == 0 || b.dataLen < length || b.baseLen < b.dataLen || tooLarge(uint64(b.baseLen)) {
		return -int(unix.EINVAL)
	}
	// Locking more than all memory does not fail where there is no limit, as for root, before
	// the kernel has killed processes to make room.
	if uint64(b.dataLen) > totalMemory() {
		return -int(unix.ENOMEM)
	}
	b.length, b.opts, b.fd = length, opts, -1
	const flags = unix.MAP_PRIVATE | unix.MAP_ANONYMOUS | unix.MAP_NORESERVE
	base, errno := mmap(b.baseLen, unix.PROT_NONE, flags, -1, 0)
	if errno != 0 {
		return -int(errno)
	}
	b.base = base
	b.data = base + b.page
	return 0
}

// secretmem puts a secret file over the data pages: fd, or if that is -1 a new one.
//
//go:nosplit
func (b *areaBuilder) secretmem(fd int32) int {
	if fd < 0 {
		r := Secret(unix.O_CLOEXEC)
		if r < 0 {
			return r
		}
		fd = int32(r)
		b.fd = fd
		if r := ftruncate(fd, uint64(b.dataLen)); r < 0 {
			return r
		}
	} else if b.opts&OptKeepFD != 0 {
		r := sys(sysFcntl, uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
		if r < 0 {
			return r
		}
		b.fd = int32(r)
	}
	if r := b.cover(unix.MAP_SHARED, fd); r < 0 {
		return r
	}
	if b.opts&OptForkShare == 0 {
		if r := b.leaveOutOfChild(); r < 0 {
			return r
		}
	}
	if r := b.touch(); r < 0 {
		return r
	}
	b.kind = AreaSecretmem
	if b.opts&OptKeepFD == 0 {
		b.closeFD()
	}
	return 0
}

// anonymous puts locked anonymous memory over the data pages.
//
//go:nosplit
func (b *areaBuilder) anonymous() int {
	b.closeFD()
	b.marker = 0
	share := uintptr(unix.MAP_PRIVATE)
	if b.opts&OptForkShare != 0 {
		share = unix.MAP_SHARED
	}
	if r := b.cover(share|unix.MAP_ANONYMOUS, -1); r < 0 {
		return r
	}
	if r := madvise(b.data, b.dataLen, unix.MADV_DONTDUMP); r < 0 {
		return r
	}
	if b.opts&OptForkShare == 0 {
		if r := b.hideFromChild(); r < 0 {
			return r
		}
	}
	// For anonymous memory a load would only map the shared page of zeros; mlock(2)
	// makes pages of its own. Unlocked memory promises nothing.
	b.kind = AreaMlock
	if r := blocking(unix.SYS_MLOCK, b.data, b.dataLen, 0); r < 0 {
		if b.opts&OptAllowUnlocked == 0 {
			return r
		}
		b.kind = AreaUnlocked
	}
	return 0
}

// hideFromChild lets a forked child see zeros, or nothing before Linux 4.14.
//
//go:nosplit
func (b *areaBuilder) hideFromChild() int {
	r := madvise(b.data, b.dataLen, unix.MADV_WIPEONFORK)
	if r == -int(unix.EINVAL) {
		r = b.leaveOutOfChild()
	}
	return r
}

// leaveOutOfChild lets a forked child have no data pages, and marks the area: the child will
// still have the caller's struct, and perhaps something else at this address.
//
//go:nosplit
func (b *areaBuilder) leaveOutOfChild() int {
	if r := madvise(b.data, b.dataLen, unix.MADV_DONTFORK); r < 0 {
		return r
	}
	return b.mark()
}

// cover maps over the data pages alone, so that the guards do not count as locked.
//
//go:nosplit
func (b *areaBuilder) cover(flags uintptr, fd int32) int {
	_, errno := mmapAt(b.data, b.dataLen, unix.PROT_READ|unix.PROT_WRITE, flags|unix.MAP_FIXED, fd, 0)
	return -int(errno)
}

// touch makes all pages present. A load is enough, and harms nobody else's data. Newer
// kernels than Linux 6.18 apply RLIMIT_MEMLOCK here and not in mmap(2), and then a load
// is SIGBUS: futex(2) tries it first, for which that is EFAULT. It looks at one word,
// compares it, and wakes nobody.
//
//go:nosplit
func (b *areaBuilder) touch() int {
	for i := uintptr(0); i < b.dataLen; i += b.page {
		at := b.data + i
		if blocking6(unix.SYS_FUTEX, at, futexCmpRequeuePrivate, 0, 0, at, 0) == -int(unix.EFAULT) {
			return -int(unix.EAGAIN)
		}
		load((*byte)(pointer(at)))
	}
	return 0
}

// futexCmpRequeuePrivate is FUTEX_CMP_REQUEUE | FUTEX_PRIVATE_FLAG of linux/futex.h.
const futexCmpRequeuePrivate = 4 | 128

//go:nosplit
//go:noinline
func load(p *byte) byte {
	return *p
}

//go:nosplit
func (b *areaBuilder) closeFD() {
	if b.fd >= 0 {
		closeFD(b.fd)
		b.fd = -1
	}
}

// finish removes everything again if r is an error, and returns r.
//
//go:nosplit
func (b *areaBuilder) finish(r int) int {
	if r < 0 {
		b.closeFD()
		munmap(b.base, b.baseLen)
		b.base = 0
	}
	return r
}

// store hands the area to the caller. Without an area the struct becomes zero: it may hold an
// old one, which is not to be freed again.
//
//go:nosplit
func (b *areaBuilder) store(s *SecretArea) {
	const lasting = OptForkShare | OptAlignEnd | OptKeepFD | optAttached
	Wipe(unsafe.Pointer(s), unsafe.Sizeof(*s))
	if b.base == 0 {
		return
	}
	s.Kind = b.kind
	s.Data = b.data + b.padding()
	s.Len = b.length
	s.Base = b.base
	s.BaseLen = b.baseLen
	s.FD = b.fd
	s.Protection = AccessReadWrite
	s.Opts = b.opts & lasting
	s.Reserved[reservedMarker] = uint64(b.marker)
}

// padding returns the number of bytes between the front guard and the data.
//
//go:nosplit
func (b *areaBuilder) padding() uintptr {
	if b.opts&OptAlignEnd != 0 {
		return b.dataLen - b.length
	}
	return 0
}

//go:nosplit
//go:noinline
func madvise(addr, length, advice uintptr) int {
	return blocking(unix.SYS_MADVISE, addr, length, advice)
}

// page returns the size of a page, which the place of the data tells: it is next to the front
// guard, or else to the rear guard, behind which is the page of the marker.
//
//go:nosplit
func (s *SecretArea) page() uintptr {
	if s.Opts&OptAlignEnd != 0 {
		return (s.Base + s.BaseLen - (s.Data + s.Len)) / 2
	}
	return s.Data - s.Base
}

// pages returns the data pages of an area.
//
//go:nosplit
//go:noinline
func (s *SecretArea) pages() (start, length uintptr) {
	page := s.page()
	return s.Base + page, s.BaseLen - 3*page
}

// check reports why an area cannot be used: there is none in the struct, or not in this process.
//
//go:nosplit
//go:noinline
func (s *SecretArea) check() int {
	if bad(unsafe.Pointer(s)) {
		return -int(unix.EFAULT)
	}
	if s.Base == 0 {
		return -int(unix.EINVAL)
	}
	if s.isElsewhere() {
		return -int(unix.ENXIO)
	}
	return 0
}

// SecretProtect sets what may be done with an area.
//
//go:nosplit
func SecretProtect(s *SecretArea, access uint32) int {
	if r := s.check(); r < 0 {
		return r
	}
	if access > AccessReadWrite || access == AccessWrite {
		return -int(unix.EINVAL)
	}
	start, length := s.pages()
	r := blocking(unix.SYS_MPROTECT, start, length, uintptr(access)) // the bits are the same
	if r == 0 {
		s.Protection = access
	}
	return r
}

// SecretRelock locks an area again, whose lock a forked child does not inherit, and corrects its
// kind. The pages of a secret file need no lock.
//
//go:nosplit
func SecretRelock(s *SecretArea) int {
	if r := s.check(); r < 0 {
		return r
	}
	if s.Kind == AreaSecretmem {
		return 0
	}
	// mlock(2) fails for memory that cannot be read, but leaves it marked as locked.
	if s.Protection == AccessNone {
		return -int(unix.EACCES)
	}
	start, length := s.pages()
	r := blocking(unix.SYS_MLOCK, start, length, 0)
	s.Kind = AreaMlock
	if r < 0 {
		sys(unix.SYS_MUNLOCK, start, length, 0)
		s.Kind = AreaUnlocked
	}
	return r
}

// SecretFree wipes an area and unmaps it. It reports an underrun after that.
//
//go:nosplit
func SecretFree(s *SecretArea) int {
	if bad(unsafe.Pointer(s)) {
		return -int(unix.EFAULT)
	}
	if s.Base == 0 {
		return 0
	}
	result := 0
	if s.isElsewhere() {
		s.unmapInherited()
	} else {
		result = s.wipeAndUnmap()
	}
	if result < 0 && s.Base != 0 {
		return result
	}
	if s.FD >= 0 {
		closeFD(s.FD)
	}
	Wipe(unsafe.Pointer(s), unsafe.Sizeof(*s))
	s.FD = -1
	return result
}

// wipeAndUnmap removes an area that is in this process.
//
//go:nosplit
func (s *SecretArea) wipeAndUnmap() int {
	intact := true
	if s.Opts&optAttached == 0 {
		start, length := s.pages()
		if r := blocking(unix.SYS_MPROTECT, start, length, unix.PROT_READ|unix.PROT_WRITE); r < 0 {
			return r
		}
		intact = s.canaryIntact()
		Wipe(pointer(start), length)
	}
	if r := munmap(s.Base, s.BaseLen); r < 0 {
		return r
	}
	s.Base = 0
	if !intact {
		return -int(unix.EUCLEAN)
	}
	return 0
}
