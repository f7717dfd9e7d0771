// SPDX-License-Identifier: MIT

package core

import "golang.org/x/sys/unix"

// A forked child inherits the structs of its parent's areas, but not all of the areas: without
// OptForkShare it lacks the data pages of a secret file, and may map something else at their
// address. Comparing process IDs would not detect this: they are reused, they repeat in a new
// PID namespace, and a child of vfork(2) does have the area. So such an area is followed by a
// page with a marker, which the kernel zeroes in each child (MADV_WIPEONFORK). Areas that every
// child has, even if with other contents, have no marker.
//
// Linux before 4.14 cannot zero the page in the child, but can leave it out (MADV_DONTFORK).
// Each marker then holds a different number, so that other memory at its address is not taken
// for it.

// reservedMarker is the index in SecretArea.Reserved of the expected marker.
const reservedMarker = 0

// Any other value is a marker whose page is left out of children.
const (
	noMarker    uint32 = 0
	wipedMarker uint32 = 1
)

// canaryLen is the size of the canary, and canaryPlace the offset of its copy in the marker's
// page.
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

// addCanary puts random bytes in front of data that ends at the rear guard. SecretFree compares
// them with a copy in the marker's page to detect an underrun. In a child that has zeros in
// place of the data, the copy is zeroed too.
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

// canaryIntact reports whether the canary is unchanged. The data pages must be readable.
//
//go:nosplit
func (s *SecretArea) canaryIntact() bool {
	start, _ := s.pages()
	n := min(s.Data-start, canaryLen)
	kept := s.Base + s.BaseLen - s.page() + canaryPlace
	return sameBytes(pointer(s.Data-n), pointer(kept), n) == 1
}

// fillRandom fills memory with random bytes. If getrandom(2) is missing or not seeded yet, the
// first word is derived from the address, which the kernel randomizes.
//
//go:nosplit
func fillRandom(at, length uintptr) {
	*(*uint32)(pointer(at)) = uint32(at>>12) * 0x9e3779b1
	sys(unix.SYS_GETRANDOM, at, length, unix.GRND_NONBLOCK)
}

// isElsewhere reports whether this process inherited the struct of an area, but not the area.
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

// unmapInherited removes the parts of such an area that a child does inherit: the guards, and a
// zeroed marker. Memory that is mapped between the guards belongs to something else.
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
