// SPDX-License-Identifier: MIT

package main

import "debug/elf"

// A buffer collects the bytes of a section in the architecture's byte order.
type buffer struct {
	arch   *arch
	data   []byte
	relocs []placeReloc
}

func (b *buffer) len() uint64 { return uint64(len(b.data)) }

func (b *buffer) bytes(v ...byte) { b.data = append(b.data, v...) }

func (b *buffer) u16(vs ...uint16) {
	for _, v := range vs {
		b.data = b.arch.order.AppendUint16(b.data, v)
	}
}

func (b *buffer) u32(vs ...uint32) {
	for _, v := range vs {
		b.data = b.arch.order.AppendUint32(b.data, v)
	}
}

func (b *buffer) u64(vs ...uint64) {
	for _, v := range vs {
		b.data = b.arch.order.AppendUint64(b.data, v)
	}
}

// word appends words of the class's size.
func (b *buffer) word(vs ...uint64) {
	for _, v := range vs {
		if b.arch.class == elf.ELFCLASS64 {
			b.u64(v)
		} else {
			b.u32(uint32(v))
		}
	}
}

// uleb appends an unsigned LEB128 number.
func (b *buffer) uleb(v uint64) {
	for ; v >= 0x80; v >>= 7 {
		b.bytes(byte(v) | 0x80)
	}
	b.bytes(byte(v))
}

// sleb appends a signed LEB128 number.
func (b *buffer) sleb(v int64) {
	for ; v < -0x40 || v >= 0x40; v >>= 7 {
		b.bytes(byte(v)&0x7f | 0x80)
	}
	b.bytes(byte(v) & 0x7f)
}

// pad appends zeros up to a multiple of align.
func (b *buffer) pad(align int) {
	for len(b.data)%align != 0 {
		b.bytes(0)
	}
}

// A strtab is a string table of an ELF file.
type strtab struct {
	data []byte
	at   map[string]uint32
}

// add returns the offset of name in the table.
func (t *strtab) add(name string) uint32 {
	if t.at == nil {
		t.data, t.at = []byte{0}, map[string]uint32{"": 0}
	}
	off, ok := t.at[name]
	if !ok {
		off = uint32(len(t.data))
		t.at[name] = off
		t.data = append(append(t.data, name...), 0)
	}
	return off
}

// A reader takes bytes from the front of data, and zeros after its end.
type reader struct{ data []byte }

func (r *reader) take(n int) []byte {
	got := make([]byte, n)
	r.data = r.data[copy(got, r.data):]
	return got
}

func (r *reader) u8() byte { return r.take(1)[0] }

// sleb takes a signed LEB128 number.
func (r *reader) sleb() (v int64) {
	for shift := 0; ; shift += 7 {
		b := r.u8()
		v |= int64(b&0x7f) << shift
		if b < 0x80 {
			return v << (57 - shift) >> (57 - shift)
		}
	}
}
