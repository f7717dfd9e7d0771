package core

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// A forked child has the structs of its parent's areas, but not all of the areas: without
// OptForkShare the data pages of a secret file are left out, and something else may be at
// their address soon. A stored process ID would not tell (in a new PID namespace, or when
// numbers are used again), nor is the child of vfork(2) without the area: it shares the
// parent's memory. So a page behind the area tells, the marker, which the kernel zeroes in
// each child: MADV_WIPEONFORK. Areas that every child has, with other contents perhaps, have no
// marker.
//
// Linux before 4.14 cannot zero the page, but leave it out as well. Then there is another
// number in each marker, so that whatever else is at the address is not taken for it.

// reservedMarker is the index in SecretArea.Reserved of what the marker should hold.
const reservedMarker = 0

// Any other number is that of a marker that children do not have.
const (
	noMarker    uint32 = 0
	wipedMarker uint32 = 1
)

// mark writes the marker.
//
//go:nosplit
func (b *areaBuilder) mark() int {
	at := b.base + b.baseLen - b.page
	if r := blocking6(unix.SYS_MPROTECT, at, b.page, unix.PROT_READ|unix.PROT_WRITE, 0, 0, 0); r < 0 {
		return r
	}
	marker := (*uint32)(pointer(at))
	*marker = wipedMarker
	r := madvise(at, b.page, unix.MADV_WIPEONFORK)
	if r == -int(unix.EINVAL) {
		*marker = uint32(randomWord(at)) | 2
		r = madvise(at, b.page, unix.MADV_DONTFORK)
	}
	b.marker = *marker
	return r
}

// randomWord returns random bits, or, where getrandom(2) is missing or has none yet, bits of the
// address at, which the kernel chose at random.
//
//go:nosplit
//go:noinline
func randomWord(at uintptr) uint64 {
	word := uint64(at) * 0x9e3779b97f4a7c15
	blockingAt1(unix.SYS_GETRANDOM, unsafe.Pointer(&word), unsafe.Sizeof(word), unix.GRND_NONBLOCK)
	return word
}

// isElsewhere reports whether an area is in this process's parent, but not here.
//
//go:nosplit
func (s *SecretArea) isElsewhere() bool {
	at := s.Base + s.BaseLen - s.page()
	marker := uint32(s.Reserved[reservedMarker])
	switch marker {
	case noMarker:
		return false
	case wipedMarker:
		return *(*uint32)(pointer(at)) == 0
	}
	r := sys6(unix.SYS_FUTEX, at, futexCmpRequeuePrivate, 0, 0, at, uintptr(marker))
	return r == -int(unix.EAGAIN) || r == -int(unix.EFAULT)
}

// unmapInherited removes what a child has of an area that is not there: the guards, and a
// marker that was zeroed. It cannot be told what is between them.
//
//go:nosplit
func (s *SecretArea) unmapInherited() {
	page := s.page()
	Unmap(s.Base, page)
	rear := page
	if uint32(s.Reserved[reservedMarker]) == wipedMarker {
		rear += page
	}
	Unmap(s.Base+s.BaseLen-2*page, rear)
}
