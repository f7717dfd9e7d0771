// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
)

// Reading stack frames from the object file.
//
// cmd/link writes .debug_frame from the stack depths that the compiler and the assembler track.
// For each function, it is a list of the depths of SP.

// A step is a change of SP: from pc on, it is depth bytes below its value on entry.
type step struct{ pc, depth uint64 }

// Call frame instructions, of DWARF 4.
const (
	cfaAdvance = 0x40 // | delta
	cfaOffset  = 0x80 // | register
	cfaRestore = 0xc0 // | register
	cfaOperand = 0x3f

	cfaNop           = 0x00
	cfaAdvance1      = 0x02
	cfaAdvance2      = 0x03
	cfaAdvance4      = 0x04
	cfaOffsetExt     = 0x05
	cfaRestoreExt    = 0x06
	cfaSame          = 0x08
	cfaRememberState = 0x0a
	cfaRestoreState  = 0x0b
	cfaDef           = 0x0c
	cfaDefOffset     = 0x0e
	cfaOffsetExtSF   = 0x11
	cfaDefOffsetSF   = 0x13
	cfaValOffset     = 0x14
)

const dataAlign = -4 // the data alignment factor that cmd/link uses

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
	for off := uint64(0); off+4 <= uint64(len(data)); {
		end := off + 4 + uint64(lib.order.Uint32(data[off:]))
		if end > uint64(len(data)) {
			return nil, fmt.Errorf("%s: .debug_frame is cut off", lib.name)
		}
		for _, r := range lib.debugFrame.relocsIn(off, end) {
			a := at[r.sym]
			if a == nil {
				continue // a dropped function, or an FDE's reference to the CIE
			}
			steps, err := lib.readSteps(data[off+8+2*uint64(lib.wordSize()) : end])
			if err != nil {
				return nil, fmt.Errorf("%s: .debug_frame: %s: %w", lib.name, a.name, err)
			}
			frames[a] = steps
		}
		off = end
	}
	return frames, nil
}

// readSteps reads a function's call frame instructions.
func (lib *library) readSteps(program []byte) (steps []step, err error) {
	p := &reader{program}
	var pc, depth uint64
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
			before := depth
			depth = uint64(p.sleb()*dataAlign) - uint64(lib.entryDepth())
			if depth != before {
				steps = append(steps, step{pc, depth})
			}
		case op == cfaOffsetExtSF: // where the return address is
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
