package main

import (
	"debug/elf"
	"fmt"
)

// .eh_frame and .eh_frame_hdr: how to walk from any instruction of the library
// into the caller, with the registers that the caller had (LSB Core, chapter 10,
// and DWARF 4, section 6.4).
//
// Go functions keep no register for their caller. All that their rules have to
// tell is where SP was and where the return address is. What C's registers were,
// the trampoline's rules tell.

const (
	pcrel4  = 0x1b // DW_EH_PE_pcrel | DW_EH_PE_sdata4
	datrel4 = 0x3b // DW_EH_PE_datarel | DW_EH_PE_sdata4
	udata4  = 0x03 // DW_EH_PE_udata4
)

func (lib *library) makeUnwind() error {
	steps, err := lib.readFrames()
	if err != nil {
		return err
	}
	for _, a := range lib.text.atoms {
		if _, ok := steps[a]; !ok && !lib.isThunk(a.name) {
			return fmt.Errorf("%s: nothing in .debug_frame for %s", lib.name, a.name)
		}
	}
	lib.ehFrame = &section{name: ".eh_frame", typ: elf.SHT_PROGBITS, flags: elf.SHF_ALLOC, align: uint64(lib.wordSize()),
		render: func(b *buffer) { lib.renderEHFrame(b, steps) }}
	// The header is a table sorted by address for a binary search. The kept
	// functions have that order already.
	places := lib.renderEHFrame(&buffer{arch: lib.arch}, steps)
	hdr := &section{name: ".eh_frame_hdr", typ: elf.SHT_PROGBITS, flags: elf.SHF_ALLOC, align: 4}
	hdr.render = func(b *buffer) {
		b.bytes(1, pcrel4, udata4, datrel4)
		b.u32(uint32(lib.ehFrame.addr-(hdr.addr+4)), uint32(len(places)))
		for i, a := range lib.text.atoms {
			b.u32(uint32(a.addr-hdr.addr), uint32(lib.ehFrame.addr+places[i]-hdr.addr))
		}
	}
	lib.ehFrameHdr = hdr
	if lib.hasExidx {
		lib.makeExidx(steps)
	}
	return nil
}

// renderEHFrame returns where the description of each function is.
func (lib *library) renderEHFrame(b *buffer, steps map[*atom][]step) (places []uint64) {
	lib.commonInfo(b)
	for _, a := range lib.text.atoms {
		places = append(places, b.len())
		lib.functionInfo(b, a, steps[a])
	}
	b.u32(0)
	return places
}

// commonInfo appends the CIE: what holds on entry to every function.
func (lib *library) commonInfo(b *buffer) {
	d := lib.dwarf
	body := &buffer{arch: lib.arch}
	body.u32(0) // a CIE
	body.bytes(1, 'z', 'R', 0)
	body.uleb(lib.codeAlign())
	body.sleb(-int64(lib.wordSize()))
	body.uleb(uint64(d.ra))
	body.bytes(1, pcrel4)
	body.bytes(cfaDef)
	body.uleb(uint64(d.sp))
	body.uleb(lib.entryDepth())
	if d.pushed != nil {
		body.bytes(cfaOffset|byte(d.ra), 1)
	} else {
		// SP is the frame's address, which is not every ABI's custom.
		body.bytes(cfaValOffset)
		body.uleb(uint64(d.sp))
		body.uleb(0)
	}
	b.entry(body)
}

// functionInfo appends a's FDE.
func (lib *library) functionInfo(b *buffer, a *atom, steps []step) {
	body := &buffer{arch: lib.arch}
	body.u32(uint32(b.len() + 4))                               // distance to the CIE
	body.u32(uint32(a.addr - (lib.ehFrame.addr + b.len() + 8))) // relative to this field
	body.u32(uint32(a.size()))
	body.bytes(0)
	rules := &rules{buffer: body, library: lib}
	if frame, from := lib.savesOf(a, steps); frame != nil {
		rules.saved(frame, steps, from)
	} else if lib.dwarf.pushed != nil {
		rules.pushes(a, steps)
	} else {
		rules.link(steps)
	}
	b.entry(body)
}

// entry appends a CIE or FDE with its length, which keeps the next one aligned.
func (b *buffer) entry(body *buffer) {
	for (body.len()+4)%uint64(b.arch.wordSize()) != 0 {
		body.bytes(cfaNop)
	}
	b.u32(uint32(body.len()))
	b.bytes(body.data...)
}

func (a *arch) codeAlign() uint64 { return max(a.dwarf.codeAlign, 1) }

// entryDepth is how far below the frame's address SP is on entry.
func (a *arch) entryDepth() uint64 {
	if a.dwarf.pushed != nil {
		return uint64(a.wordSize())
	}
	return 0
}

// rules are a function's call frame instructions.
type rules struct {
	*buffer
	*library
	pc uint64
}

// at makes what follows apply from pc on.
func (r *rules) at(pc uint64) {
	delta := (pc - r.pc) / r.codeAlign()
	r.pc = pc
	switch {
	case delta == 0:
	case delta <= cfaOperand:
		r.bytes(cfaAdvance | byte(delta))
	case delta <= 0xff:
		r.bytes(cfaAdvance1, byte(delta))
	default:
		r.bytes(cfaAdvance2)
		r.u16(uint16(delta))
	}
}

// depth says where SP is.
func (r *rules) depth(depth uint64) {
	r.bytes(cfaDefOffset)
	r.uleb(r.entryDepth() + depth)
}

// savedAt says that reg has been saved below bytes below the frame's address.
func (r *rules) savedAt(reg int, below int64) {
	factored := below / int64(r.wordSize())
	switch {
	case factored < 0:
		r.bytes(cfaOffsetExtSF)
		r.uleb(uint64(reg))
		r.sleb(factored)
	case reg <= cfaOperand:
		r.bytes(cfaOffset | byte(reg))
		r.uleb(uint64(factored))
	default:
		r.bytes(cfaOffsetExt)
		r.uleb(uint64(reg))
		r.uleb(uint64(factored))
	}
}

// restored says that reg is what it was on entry.
func (r *rules) restored(reg int) {
	if reg <= cfaOperand {
		r.bytes(cfaRestore | byte(reg))
		return
	}
	r.bytes(cfaRestoreExt)
	r.uleb(uint64(reg))
}

// saved are the rules of a trampoline: within its frame, from where all is in
// place up to where the frame is dropped, everything is saved.
func (r *rules) saved(f *frame, steps []step, from uint64) {
	for _, s := range steps {
		r.at(s.pc)
		if s.depth == 0 {
			r.bytes(cfaRestoreAll)
			continue
		}
		r.bytes(cfaRemember)
		r.depth(s.depth)
		r.at(from)
		for _, s := range f.saves {
			for i := range s.count {
				r.savedAt(s.reg+i, int64(f.size)-int64(s.off+i*s.step))
			}
		}
	}
}

// pushes are the rules where registers are saved by pushing them. Go functions
// do so too, with the frame pointer.
func (r *rules) pushes(a *atom, steps []step) {
	last := uint64(0)
	for _, s := range steps {
		r.at(s.pc)
		r.depth(s.depth)
		if reg, ok := r.dwarf.pushed(a.code(), s.pc); ok && a.isExport() {
			if s.depth > last {
				r.savedAt(reg, int64(s.depth+r.entryDepth()))
			} else {
				r.restored(reg)
			}
		}
		last = s.depth
	}
}

// link are the rules of a Go function whose return address arrives in a register.
func (r *rules) link(steps []step) {
	for i, s := range steps {
		r.at(s.pc)
		r.depth(s.depth)
		if s.depth == 0 {
			r.restored(r.dwarf.ra)
			continue
		}
		if i == 0 { // later steps are code behind a return in the middle
			r.at(s.pc + r.dwarf.linkLag)
		}
		r.savedAt(r.dwarf.ra, int64(s.depth))
	}
}
