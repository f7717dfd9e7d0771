// SPDX-License-Identifier: MIT

package main

import (
	"debug/elf"
	"encoding/binary"
	"slices"
)

// .ARM.exidx and .ARM.extab, the only unwind tables that unwinders on arm read (Exception Handling
// ABI for the Arm Architecture).
//
// The index maps ranges of addresses to unwind instructions of one byte, which move a virtual SP
// up through the frame and load registers. Compilers write one entry for each function, which is
// enough for exceptions. Here each row has one, so that a signal handler can unwind from any
// instruction.
//
// Up to three instructions fit into the index. More are in the table, in the format of the ABI's
// second personality routine.

const (
	exidxCantUnwind = 1
	exidxRoutine0   = 0x80 // up to three instructions follow
	extabRoutine1   = 0x81 // the number of additional words follows

	unwindFinish = 0xb0
)

// lookBack is what unwinders subtract from an address before they look it up, because most are
// return addresses.
const lookBack = 2

// An unwindEntry is an entry of the index, for code from off in .text on.
type unwindEntry struct {
	off uint64
	ops []byte
}

func (lib *library) makeExidx(rows map[*atom][]row) {
	var entries []unwindEntry
	for _, a := range lib.text.atoms {
		for _, r := range rows[a] {
			// Code addresses are even. Nothing precedes the first function.
			off := max(a.addr+r.pc&^1, lookBack) - lookBack
			if n := len(entries); n > 0 && entries[n-1].off == off {
				entries = entries[:n-1]
			}
			entries = append(entries, unwindEntry{off, unwindOps(r)})
		}
	}
	table := &buffer{arch: lib.arch}
	places := map[string]uint64{} // in the table
	for _, e := range entries {
		if _, ok := places[string(e.ops)]; !ok && len(e.ops) > 3 {
			places[string(e.ops)] = table.len()
			table.extab(e.ops)
		}
	}
	lib.extab = &section{name: ".ARM.extab", typ: elf.SHT_PROGBITS, flags: elf.SHF_ALLOC, align: 4,
		render: func(b *buffer) { b.bytes(table.data...) }}
	index := &section{name: ".ARM.exidx", typ: elf.SectionType(elf.PT_ARM_EXIDX), flags: elf.SHF_ALLOC | elf.SHF_LINK_ORDER,
		align: 4, link: lib.text}
	index.render = func(b *buffer) {
		// prel31 is an address relative to the word that contains it.
		prel31 := func(to *section, addr uint64) {
			b.u32(lib.distance(b, index, b.len(), to, addr, lib.prel31) & 0x7fffffff)
		}
		for _, e := range entries {
			prel31(lib.text, lib.text.addr+e.off)
			if place, ok := places[string(e.ops)]; ok {
				prel31(lib.extab, lib.extab.addr+place)
			} else {
				b.unwindWords(append([]byte{exidxRoutine0}, e.ops...))
			}
		}
		if !lib.relocatable { // otherwise code of other files may follow, with its own index
			prel31(lib.text, lib.text.addr+lib.text.size)
			b.u32(exidxCantUnwind)
		}
	}
	lib.exidx = index
}

// unwindWords appends whole words of instructions. The first of each is in the highest byte.
func (b *buffer) unwindWords(ops []byte) {
	for len(ops)%4 != 0 {
		ops = append(ops, unwindFinish)
	}
	for word := range slices.Chunk(ops, 4) {
		b.u32(binary.BigEndian.Uint32(word))
	}
}

// extab appends an entry of the table: a word with two instructions, additional words with four
// each, and an empty list of handlers.
func (b *buffer) extab(ops []byte) {
	more := (len(ops) + 1) / 4
	b.unwindWords(append([]byte{extabRoutine1, byte(more)}, ops...))
	b.u32(0)
}

// unwindOps returns the instructions that unwind a frame.
func unwindOps(r row) (ops []byte) {
	at := 0 // the virtual SP
	skipTo := func(off int) {
		for at < off { // 00xxxxxx: add 4 + 4x
			n := min(off-at, 0x100)
			ops = append(ops, byte(n/4-1))
			at += n
		}
	}
	depth := int(r.depth)
	saved := slices.SortedFunc(slices.Values(r.saved), func(a, b slot) int { return b.below - a.below })
	for len(saved) > 0 {
		skipTo(depth - saved[0].below)
		n := 1 // registers with consecutive numbers and slots
		size := slotSize(saved[0].reg)
		for n < len(saved) && saved[n].reg == saved[0].reg+n && saved[n].below == saved[0].below-n*size {
			n++
		}
		ops = append(ops, popOps(saved[0].reg, n)...)
		at += n * size
		saved = saved[n:]
	}
	skipTo(depth)
	return ops
}

func slotSize(reg int) int {
	if reg >= armD0 {
		return 8
	}
	return 4
}

// popOps loads count registers.
func popOps(reg, count int) []byte {
	if slotSize(reg) == 8 { // 11010nnn: D8 to D(8+n)
		return []byte{0xd0 | byte(count-1)}
	}
	mask := uint16(1<<count-1) << (reg - 4) // 1000iiii iiiiiiii: from R4 on
	return []byte{0x80 | byte(mask>>8), byte(mask)}
}
