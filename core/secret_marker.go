// SPDX-License-Identifier: MIT

package core

import "golang.org/x/sys/unix"

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

// canaryLen is the size of the canary, and canaryPlace where it is kept in the marker's page.
const (
	canaryLen   = 16
	canaryPlace = 16
)

// openMarker makes the page of the marker accessible, and returns its address.
//
//go:nosplit
func (b *areaBuilder) openMarker() (at uintptr, result int) {
	at = b.base + b.baseLen - b.page
	return at, blocking(unix.SYS_MPROTECT, at, b.page, unix.PROT_READ|unix.PROT_WRITE)
}

// mark writes the marker.
//
//go:nosplit
func (b *areaBuilder) mark() int {
	at, r := b.openMarker()
	if r < 0 {
		return r
	}
	marker := (*uint32)(pointer(at))
	*marker = wipedMarker
	r = madvise(at, b.page, unix.MADV_WIPEONFORK)
	if r == -int(unix.EINVAL) {
		fillRandom(at, 4)
		*marker |= 2
		r = madvise(at, b.page, unix.MADV_DONTFORK)
	}
	b.marker = *marker
	return r
}

// addCanary puts random bytes in front of data that is at the rear guard, to tell when it is freed
// whether somebody wrote there. They are kept in the page of the marker, which a child finds
// wiped where the data is.
//
//go:nosplit
func (b *areaBuilder) addCanary() int {
	n := min(b.padding(), canaryLen)
	if n == 0 {
		return 0
	}
	at, r := b.openMarker()
	if r < 0 {
		return r
	}
	if b.opts&OptForkShare == 0 && b.marker == noMarker {
		if r := madvise(at, b.page, unix.MADV_WIPEONFORK); r < 0 {
			return r
		}
	}
	fillRandom(at+canaryPlace, canaryLen)
	copyBytes(pointer(b.data+b.padding()-n), pointer(at+canaryPlace), n)
	return 0
}

// canaryIntact reports whether the canary is as it was made. The data pages must be readable.
//
//go:nosplit
func (s *SecretArea) canaryIntact() bool {
	start, _ := s.pages()
	n := min(s.Data-start, canaryLen)
	kept := s.Base + s.BaseLen - s.page() + canaryPlace
	return sameBytes(pointer(s.Data-n), pointer(kept), n) == 1
}

// fillRandom fills memory with random bytes. Where getrandom(2) is missing or has none yet, the
// first word is of the address, which the kernel chose at random.
//
//go:nosplit
func fillRandom(at, length uintptr) {
	*(*uint32)(pointer(at)) = uint32(at>>12) * 0x9e3779b1
	sys(unix.SYS_GETRANDOM, at, length, unix.GRND_NONBLOCK)
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
	munmap(s.Base, page)
	rear := page
	if uint32(s.Reserved[reservedMarker]) == wipedMarker {
		rear += page
	}
	munmap(s.Base+s.BaseLen-2*page, rear)
}
