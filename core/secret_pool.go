// SPDX-License-Identifier: MIT

package core

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// SecretPool is struct memfd_go_secret_pool.
type SecretPool struct {
	Slots, Used     uint32
	Free            uint32 // the first free slot, or noSlot
	Unused          uint32
	SlotLen, Stride uintptr
	Reserved        [2]uint64
	Area            SecretArea
}

// slotHeader precedes each slot. Its mark contains the slot's number, which identifies a slot
// among all addresses without a division, and detects an overrun.
type slotHeader struct {
	mark  uint32 // markOf the slot
	next  uint32 // of a free slot: the next free slot, or noSlot
	taken uint32
	_     uint32
}

const (
	noSlot       = ^uint32(0)
	maxSlots     = 1 << 20
	slotAlign    = 16 // enough for any C type
	slotOverhead = unsafe.Sizeof(slotHeader{})
)

// markOf returns the mark of slot i. Its first byte, which an overrun reaches first, is nonzero
// in either byte order, because many overruns write only the NUL of a string.
//
//go:nosplit
func markOf(i uint32) uint32 {
	return 0xa00000a5 | i<<8
}

// PoolInit allocates a pool of slots.
//
//go:nosplit
func PoolInit(p *SecretPool, slotLen uintptr, slots, opts uint32) int {
	if bad(unsafe.Pointer(p)) {
		return -int(unix.EFAULT)
	}
	Wipe(unsafe.Pointer(p), unsafe.Sizeof(*p))
	if slotLen == 0 || tooLarge(uint64(slotLen)) || slots == 0 || slots > maxSlots || opts&OptAlignEnd != 0 {
		return -int(unix.EINVAL)
	}
	stride := (uint64(slotLen)+slotAlign-1)&^(slotAlign-1) + uint64(slotOverhead)
	if stride > ^uint64(0)/maxSlots {
		return -int(unix.EINVAL)
	}
	total := stride * uint64(slots)
	if total != uint64(uintptr(total)) {
		return -int(unix.EINVAL)
	}
	if r := SecretAlloc(&p.Area, uintptr(total), opts); r < 0 {
		return r
	}
	p.Slots, p.SlotLen, p.Stride = slots, slotLen, uintptr(stride)
	for i := range slots {
		h := p.header(i)
		h.mark, h.next = markOf(i), i+1
		if i+1 == slots {
			h.next = noSlot
		}
	}
	return 0
}

// header returns the header of a slot that exists.
//
//go:nosplit
func (p *SecretPool) header(i uint32) *slotHeader {
	return (*slotHeader)(pointer(p.Area.Data + uintptr(i)*p.Stride))
}

// intact reports whether slot i exists and its mark is unchanged.
//
//go:nosplit
func (p *SecretPool) intact(i uint32) bool {
	return i < p.Slots && p.header(i).mark == markOf(i)
}

// check returns an error if slots can be neither taken nor given back.
//
//go:nosplit
//go:noinline
func (p *SecretPool) check() int {
	r := p.Area.check()
	if r == 0 && p.Area.Protection != AccessReadWrite {
		r = -int(unix.EACCES)
	}
	return r
}

// PoolTake takes a free slot.
//
//go:nosplit
func PoolTake(p *SecretPool, slot *uintptr) int {
	if bad(unsafe.Pointer(p)) || bad(unsafe.Pointer(slot)) {
		return -int(unix.EFAULT)
	}
	if r := p.check(); r < 0 {
		return r
	}
	if p.Free == noSlot {
		return -int(unix.ENOSPC)
	}
	h := p.header(p.Free)
	if !p.intact(p.Free) || h.taken != 0 {
		return -int(unix.EINVAL)
	}
	p.Free = h.next
	p.Used++
	h.taken = 1
	*slot = uintptr(unsafe.Pointer(h)) + slotOverhead
	return 0
}

// PoolGive wipes a slot and gives it back.
//
//go:nosplit
func PoolGive(p *SecretPool, slot uintptr) int {
	if bad(unsafe.Pointer(p)) {
		return -int(unix.EFAULT)
	}
	if r := p.check(); r < 0 {
		return r
	}
	off := slot - slotOverhead - p.Area.Data
	if off%slotAlign != 0 || off > p.Area.Len-p.Stride {
		return -int(unix.EINVAL)
	}
	h := (*slotHeader)(pointer(slot - slotOverhead))
	i := h.mark >> 8 & (maxSlots - 1)
	if !p.intact(i) || p.header(i) != h || h.taken != 1 {
		return -int(unix.EINVAL)
	}
	if i+1 < p.Slots && !p.intact(i+1) { // an overrun out of this slot
		return -int(unix.EINVAL)
	}
	Wipe(pointer(slot), p.Stride-slotOverhead)
	h.taken = 0
	h.next = p.Free
	p.Free = i
	p.Used--
	return 0
}

// PoolProtect sets the permitted access to all slots of a pool.
//
//go:nosplit
func PoolProtect(p *SecretPool, access uint32) int {
	if bad(unsafe.Pointer(p)) {
		return -int(unix.EFAULT)
	}
	return SecretProtect(&p.Area, access)
}

// PoolRelock locks the memory of a pool again.
//
//go:nosplit
func PoolRelock(p *SecretPool) int {
	if bad(unsafe.Pointer(p)) {
		return -int(unix.EFAULT)
	}
	return SecretRelock(&p.Area)
}

// PoolFree wipes and frees a pool.
//
//go:nosplit
func PoolFree(p *SecretPool) int {
	if bad(unsafe.Pointer(p)) {
		return -int(unix.EFAULT)
	}
	if r := SecretFree(&p.Area); r < 0 {
		return r
	}
	p.Slots, p.Used, p.Free = 0, 0, noSlot
	return 0
}
