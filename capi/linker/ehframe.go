// SPDX-License-Identifier: MIT

package main

import (
	"debug/elf"
	"fmt"
	"slices"
)

// .eh_frame and .eh_frame_hdr: how to unwind from any instruction of the library to the caller and
// restore its registers (LSB Core, chapter 10, and DWARF 4, section 6.4).
const (
	pcrel4  = 0x1b // DW_EH_PE_pcrel | DW_EH_PE_sdata4
	datrel4 = 0x3b // DW_EH_PE_datarel | DW_EH_PE_sdata4
	udata4  = 0x03 // DW_EH_PE_udata4
)

func (lib *library) makeUnwind(frames map[*atom][]step) error {
	rows := map[*atom][]row{}
	for _, a := range lib.text.atoms {
		if _, ok := frames[a]; !ok && !lib.isThunk(a.name) {
			return fmt.Errorf("%s: no entry in .debug_frame for %s", lib.name, a.name)
		}
		rows[a] = lib.rowsOf(a, frames[a])
	}
	lib.ehFrame = &section{name: ".eh_frame", typ: elf.SHT_PROGBITS, flags: elf.SHF_ALLOC, align: uint64(lib.wordSize()),
		render: func(b *buffer) { lib.renderEHFrame(b, rows) }}
	if lib.prel31 != 0 {
		lib.makeExidx(rows)
	}
	if !lib.relocatable {
		lib.makeEHFrameHdr(rows)
	}
	return nil
}

func (lib *library) makeEHFrameHdr(rows map[*atom][]row) {
	// The header is a table for binary search. The kept functions are sorted by address already.
	places := lib.renderEHFrame(&buffer{arch: lib.arch}, rows)
	hdr := &section{name: ".eh_frame_hdr", typ: elf.SHT_PROGBITS, flags: elf.SHF_ALLOC, align: 4}
	hdr.render = func(b *buffer) {
		b.bytes(1, pcrel4, udata4, datrel4)
		b.u32(uint32(lib.ehFrame.addr-(hdr.addr+4)), uint32(len(places)))
		for i, a := range lib.text.atoms {
			b.u32(uint32(a.addr-hdr.addr), uint32(lib.ehFrame.addr+places[i]-hdr.addr))
		}
	}
	lib.ehFrameHdr = hdr
}

// renderEHFrame returns the offset of each function's FDE.
func (lib *library) renderEHFrame(b *buffer, rows map[*atom][]row) (places []uint64) {
	lib.commonInfo(b)
	for _, a := range lib.text.atoms {
		places = append(places, b.len())
		lib.functionInfo(b, a, rows[a])
	}
	if !lib.relocatable {
		b.u32(0)
	}
	return places
}

// commonInfo appends the CIE: the state on entry to every function.
func (lib *library) commonInfo(b *buffer) {
	d := lib.dwarf
	body := &buffer{arch: lib.arch}
	body.u32(0) // a CIE
	body.bytes(1, 'z', 'R', 0)
	body.uleb(1) // the code alignment factor
	body.sleb(-int64(lib.wordSize()))
	body.uleb(uint64(d.ra))
	body.bytes(1, pcrel4)
	body.bytes(cfaDef)
	body.uleb(uint64(d.sp))
	body.uleb(uint64(lib.entryDepth()))
	if d.pushed != nil {
		body.bytes(cfaOffset|byte(d.ra), 1)
	} else {
		// The caller's SP is the CFA, which unwinders do not assume on every architecture.
		body.bytes(cfaValOffset, byte(d.sp), 0)
	}
	b.entry(body)
}

// functionInfo appends a's FDE.
func (lib *library) functionInfo(b *buffer, a *atom, rows []row) {
	body := &buffer{arch: lib.arch}
	body.u32(uint32(b.len() + 4)) // distance to the CIE
	body.u32(lib.distance(b, lib.ehFrame, b.len()+8, lib.text, a.addr, lib.arch.distance))
	body.u32(uint32(a.size()))
	body.bytes(0)
	for i := range rows[1:] {
		lib.changeRow(body, &rows[i], &rows[i+1])
	}
	b.entry(body)
}

// entry appends a CIE or FDE with its length, padded so that the next one is aligned.
func (b *buffer) entry(body *buffer) {
	word := b.arch.wordSize()
	b.u32(uint32(alignUp(body.len()+4, uint64(word)) - 4))
	b.bytes(body.data...)
	b.pad(word) // with cfaNop, which is 0
}

// entryDepth returns how far SP is below the CFA on entry.
func (a *arch) entryDepth() int {
	if a.dwarf.pushed != nil {
		return a.wordSize()
	}
	return 0
}

// changeRow appends the call frame instructions from one row to the next. It remembers the state
// on entry, to restore it later.
func (lib *library) changeRow(b *buffer, from, to *row) {
	b.advance(to.pc - from.pc)
	if to.entryState() {
		b.bytes(cfaRestoreState)
		return
	}
	if from.entryState() {
		b.bytes(cfaRememberState)
	}
	if to.depth != from.depth {
		b.bytes(cfaDefOffset)
		b.uleb(to.depth + uint64(lib.entryDepth()))
	}
	for _, s := range from.saved {
		if !slices.Contains(to.saved, s) {
			b.restored(s.reg)
		}
	}
	for _, s := range to.saved {
		if !slices.Contains(from.saved, s) {
			b.savedAt(s.reg, s.below+lib.entryDepth())
		}
	}
}

// advance advances the location by delta bytes.
func (b *buffer) advance(delta uint64) {
	switch {
	case delta <= cfaOperand:
		b.bytes(cfaAdvance | byte(delta))
	case delta <= 0xff:
		b.bytes(cfaAdvance1, byte(delta))
	case delta <= 0xffff:
		b.bytes(cfaAdvance2)
		b.u16(uint16(delta))
	default:
		b.bytes(cfaAdvance4)
		b.u32(uint32(delta))
	}
}

// savedAt appends the rule that reg is saved below bytes below the CFA.
func (b *buffer) savedAt(reg, below int) {
	words := below / b.arch.wordSize()
	switch {
	case words < 0:
		b.bytes(cfaOffsetExtSF)
		b.uleb(uint64(reg))
		b.sleb(int64(words))
	case reg <= cfaOperand:
		b.bytes(cfaOffset | byte(reg))
		b.uleb(uint64(words))
	default:
		b.bytes(cfaOffsetExt)
		b.uleb(uint64(reg))
		b.uleb(uint64(words))
	}
}

// restored appends the rule that reg has its value on entry.
func (b *buffer) restored(reg int) {
	if reg <= cfaOperand {
		b.bytes(cfaRestore | byte(reg))
		return
	}
	b.bytes(cfaRestoreExt)
	b.uleb(uint64(reg))
}
