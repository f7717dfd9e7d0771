package main

import (
	"fmt"
)

// Stack frames, from what the object file tells about them.
//
// cmd/link writes .debug_frame from the depths of the stack that compiler and
// assembler track. For each function this boils down to a list: from here on SP
// lies so many bytes below where it was on entry. It does not tell which registers
// C's callee has saved where; the trampolines do that alone, and each
// architecture's table says how.

// dwarfRegs are an architecture's numbers of registers, and its habits.
type dwarfRegs struct {
	sp, ra    int
	codeAlign uint64 // what all instructions' lengths are a multiple of, if not 1
	// A call pushes the return address; pushed returns the register that the
	// instruction before end pushes or pops. Without pushed, the return address
	// arrives in the register ra, and Go functions with a frame keep it at 0(SP).
	pushed func(code []byte, end uint64) (reg int, ok bool)
	// linkLag is the length of the instruction by which a Go function stores ra
	// after it has moved SP.
	linkLag uint64
}

// A frame is what SAVE in a trampoline_<arch>.s makes.
type frame struct {
	size    uint64
	routine string // the function with SAVE, if not the export itself
	call    uint32 // the call instruction, if it has no relocation
	saves   []save
}

// A save is count registers, numbered from reg, in slots step bytes apart from
// off(SP) on.
type save struct {
	reg, count int
	off, step  int
}

// A step says that from pc on SP is depth bytes below its place on entry.
type step struct{ pc, depth uint64 }

// frameOf returns the frame of a routine that the trampolines share, or nil.
func (a *arch) frameOf(routine string) *frame {
	for i := range a.frames {
		if f := &a.frames[i]; f.routine == routine && routine != "" {
			return f
		}
	}
	return nil
}

// savesOf returns the frame by which a saves registers for C, if it does, and
// from where on all of it is in place. A trampoline is known by its name, its
// shape by its depth.
func (lib *library) savesOf(a *atom, steps []step) (*frame, uint64) {
	for i := range lib.frames {
		f := &lib.frames[i]
		if f.routine != a.name && !(f.routine == "" && a.isExport()) {
			continue
		}
		for _, s := range steps {
			if s.depth == f.size {
				return f, max(s.pc, lib.callIn(a, f))
			}
		}
	}
	return nil, 0
}

// callIn returns where a calls another function, or 0. What it saves it has saved
// by then, and what it changes it has not changed much before.
func (lib *library) callIn(a *atom, f *frame) uint64 {
	for _, r := range a.refs {
		if r.to != nil && r.to != a && r.to.isFunc() {
			return r.off
		}
	}
	for off := uint64(0); f.call != 0 && off < a.size(); off += 4 {
		if lib.order.Uint32(a.code()[off:]) == f.call {
			return off
		}
	}
	return 0
}

// Call frame instructions, of DWARF 4.
const (
	cfaAdvance     = 0x40 // | delta
	cfaOffset      = 0x80 // | register
	cfaRestore     = 0xc0 // | register
	cfaOperand     = 0x3f
	cfaNop         = 0x00
	cfaAdvance1    = 0x02
	cfaAdvance2    = 0x03
	cfaAdvance4    = 0x04
	cfaRestoreExt  = 0x06
	cfaSame        = 0x08
	cfaRemember    = 0x0a
	cfaRestoreAll  = 0x0b
	cfaDef         = 0x0c
	cfaDefOffset   = 0x0e
	cfaOffsetExtSF = 0x11
	cfaDefOffsetSF = 0x13
	cfaValOffset   = 0x14
	cfaOffsetExt   = 0x05
)

const dataAlign = -4 // in what cmd/link writes

// readFrames returns the steps of each kept function.
func (lib *library) readFrames() (map[*atom][]step, error) {
	if lib.debugFrame == nil {
		return nil, fmt.Errorf("%s has no .debug_frame: link without -w and -s", lib.name)
	}
	at := map[*symbol]*atom{}
	for _, a := range lib.text.atoms {
		at[a.symbol] = a
	}
	frames := map[*atom][]step{}
	data := lib.debugFrame.data
	for off := uint64(0); off+8 <= uint64(len(data)); {
		const isCIE = 0xffffffff
		end := off + 4 + uint64(lib.order.Uint32(data[off:]))
		if end > uint64(len(data)) {
			return nil, fmt.Errorf("%s: .debug_frame is cut off", lib.name)
		}
		if lib.order.Uint32(data[off+4:]) != isCIE {
			for _, r := range lib.debugFrame.relocsIn(off+8, off+9) {
				a := at[r.sym]
				if a == nil {
					continue
				}
				steps, err := lib.readSteps(data[off+8+2*uint64(lib.wordSize()) : end])
				if err != nil {
					return nil, fmt.Errorf("%s: .debug_frame: %s: %w", lib.name, a.name, err)
				}
				frames[a] = steps
			}
		}
		off = end
	}
	return frames, nil
}

// readSteps reads a function's call frame instructions.
func (lib *library) readSteps(program []byte) (steps []step, err error) {
	entryDepth := uint64(0)
	if lib.dwarf.pushed != nil {
		entryDepth = uint64(lib.wordSize())
	}
	p := &reader{program}
	pc := uint64(0)
	for len(p.data) > 0 && err == nil {
		switch op := p.u8(); {
		case op&^cfaOperand == cfaAdvance:
			pc += uint64(op & cfaOperand)
		case op == cfaAdvance1:
			pc += uint64(p.u8())
		case op == cfaAdvance2:
			pc += uint64(lib.order.Uint16(p.take(2)))
		case op == cfaAdvance4:
			pc += uint64(lib.order.Uint32(p.take(4)))
		case op == cfaDefOffsetSF:
			depth := uint64(p.sleb()*dataAlign) - entryDepth
			if n := len(steps); n == 0 && depth == 0 || n > 0 && steps[n-1].depth == depth {
				continue
			}
			steps = append(steps, step{pc, depth})
		case op == cfaOffsetExtSF: // where the return address is: see dwarfRegs
			p.sleb()
			p.sleb()
		case op == cfaSame:
			p.sleb()
		case op == cfaNop:
		default:
			err = fmt.Errorf("unknown call frame instruction %#x", op)
		}
	}
	return steps, err
}
