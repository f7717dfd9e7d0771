// SPDX-License-Identifier: MIT

package core

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Kinds of secret areas, as in the header.
const (
	AreaSecretmem uint32 = 1 + iota
	AreaMlock
	AreaUnlocked
)

// SecretArea is struct memfd_go_secret_area. Its pointers are integers here, because storing a
// pointer is a write barrier.
type SecretArea struct {
	Kind, Opts    uint32
	Data, Len     uintptr
	Base, BaseLen uintptr
	FD            int32
	Protection    uint32
	Reserved      [4]uint64 // see reservedMarker; the rest is zero
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

// alloc creates an area. After an error b has none.
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

// fallsBack reports whether anonymous memory is used after memfd_secret(2) has failed with r:
// where it does not exist (ENOSYS) or a seccomp filter forbids it (usually EPERM). Other errors
// are final, except EAGAIN (RLIMIT_MEMLOCK) when unlocked memory is allowed.
//
//go:nosplit
func fallsBack(r int, opts uint32) bool {
	return r == -int(unix.ENOSYS) || r == -int(unix.EPERM) ||
		r == -int(unix.EAGAIN) && opts&OptAllowUnlocked != 0
}

// SecretAllocFrom allocates an area and moves the length bytes at data into it.
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

// SecretAttach maps a secret file that another process created.
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

// attach creates an area from a file. After an error b has none.
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
	if b.length != b.dataLen { // its contents begin at the start of a page
		b.opts &^= OptAlignEnd
	}
	return b.finish(b.secretmem(fd))
}

// areaBuilder builds a secret area. It consists of the front guard, the data pages, the rear
// guard and the marker's page.
type areaBuilder struct {
	page          uintptr
	base, baseLen uintptr
	data, dataLen uintptr // the data pages
	length        uintptr // as requested
	kind, opts    uint32
	fd            int32
	marker        uint32
}

// reserve maps the address space of an area with length bytes, inaccessible and not accounted as
// memory.
//
//go:nosplit
func (b *areaBuilder) reserve(length uintptr, opts uint32) int {
	b.page = pageSize()
	b.dataLen = (length + b.page - 1) &^ (b.page - 1)
	b.baseLen = b.dataLen + 3*b.page
	if length == 0 || b.dataLen < length || b.baseLen < b.dataLen || tooLarge(uint64(b.baseLen)) {
		return -int(unix.EINVAL)
	}
	// Without RLIMIT_MEMLOCK, as for root, locking more than the system's memory does not fail:
	// the kernel kills processes to make room.
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

// secretmem maps a secret file at the data pages: fd, or a new one if fd is -1.
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
	if r := b.mapData(unix.MAP_SHARED, fd); r < 0 {
		return r
	}
	if b.opts&OptForkShare == 0 {
		if r := b.dontFork(); r < 0 {
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

// anonymous maps locked anonymous memory at the data pages.
//
//go:nosplit
func (b *areaBuilder) anonymous() int {
	b.closeFD()
	b.marker = 0
	share := uintptr(unix.MAP_PRIVATE)
	if b.opts&OptForkShare != 0 {
		share = unix.MAP_SHARED
	}
	if r := b.mapData(share|unix.MAP_ANONYMOUS, -1); r < 0 {
		return r
	}
	if r := madvise(b.data, b.dataLen, unix.MADV_DONTDUMP); r < 0 {
		return r
	}
	if b.opts&OptForkShare == 0 {
		if r := b.wipeOnFork(); r < 0 {
			return r
		}
	}
	// mlock(2) also allocates the pages. touch would not: a load of anonymous memory only maps
	// the shared zero page. Unlocked memory need not be present.
	kind, r := lock(b.data, b.dataLen)
	b.kind = kind
	if b.opts&OptAllowUnlocked != 0 {
		return 0
	}
	return r
}

// lock locks memory, and returns the kind it then is. If mlock(2) fails because a page cannot be
// allocated, it leaves the memory marked as locked.
//
//go:nosplit
func lock(addr, length uintptr) (kind uint32, result int) {
	r := blocking(unix.SYS_MLOCK, addr, length, 0)
	if r < 0 {
		sys(unix.SYS_MUNLOCK, addr, length, 0)
		return AreaUnlocked, r
	}
	return AreaMlock, 0
}

// wipeOnFork gives forked children zeros in place of the data, or before Linux 4.14 no data pages.
//
//go:nosplit
func (b *areaBuilder) wipeOnFork() int {
	r := madvise(b.data, b.dataLen, unix.MADV_WIPEONFORK)
	if r == -int(unix.EINVAL) {
		r = b.dontFork()
	}
	return r
}

// dontFork excludes the data pages from forked children, and marks the area, because the
// child still has the caller's struct and may map something else at this address.
//
//go:nosplit
func (b *areaBuilder) dontFork() int {
	if r := madvise(b.data, b.dataLen, unix.MADV_DONTFORK); r < 0 {
		return r
	}
	return b.mark()
}

// mapData maps the data pages. The guards keep the reserved mapping: as pages of a secret file,
// they would count as locked memory.
//
//go:nosplit
func (b *areaBuilder) mapData(flags uintptr, fd int32) int {
	_, r := mapOver(b.data, b.dataLen, unix.PROT_READ|unix.PROT_WRITE, flags, fd, 0)
	return r
}

// touch makes all pages present. A load is enough, and does not change another process's data.
// Linux 7.2 and newer stable kernels check RLIMIT_MEMLOCK here instead of in mmap(2), and a load
// beyond the limit is SIGBUS. So futex(2) accesses the page first, and returns EFAULT instead.
// FUTEX_CMP_REQUEUE compares one word and wakes no waiter.
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

// futexCmpRequeuePrivate is FUTEX_CMP_REQUEUE | FUTEX_PRIVATE_FLAG.
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

// finish removes the area again if r is an error. It returns r.
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

// store writes the area to the caller's struct, or zeros if there is none: the struct may hold
// an earlier area, which must not be freed a second time.
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

// page derives the page size from the position of the data: it begins at the front guard, or
// with OptAlignEnd ends at the rear guard, which the marker's page follows.
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

// check returns an error if the struct holds no area, or one that is not in this process.
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

// SecretProtect sets the permitted access to an area.
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
	r := blocking(unix.SYS_MPROTECT, start, length, uintptr(access)) // ACCESS_* equal PROT_*
	if r == 0 {
		s.Protection = access
	}
	return r
}

// SecretRelock locks an area again, since a forked child does not inherit the lock, and corrects
// its kind. The pages of a secret file are never swapped.
//
//go:nosplit
func SecretRelock(s *SecretArea) int {
	if r := s.check(); r < 0 {
		return r
	}
	if s.Kind == AreaSecretmem {
		return 0
	}
	if s.Protection == AccessNone {
		return -int(unix.EACCES)
	}
	start, length := s.pages()
	kind, r := lock(start, length)
	s.Kind = kind
	return r
}

// SecretFree wipes and unmaps an area. An underrun that it finds does not prevent that.
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
