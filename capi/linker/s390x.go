// SPDX-License-Identifier: MIT

package main

import (
	"debug/elf"
	"encoding/binary"
	"slices"
)

// IBM Z, 64 bits: the s390x ELF ABI. Relative addresses count halfwords from the start of the
// instruction; the field is two bytes into it. cmd/link leaves no relocations for branches
// within .text.

var s390x = &arch{
	machine: elf.EM_S390,
	class:   elf.ELFCLASS64,
	order:   binary.BigEndian,
	page:    0x1000,
	fill:    []byte{0, 0}, // an illegal instruction

	absolute: uint32(elf.R_390_64),
	relative: uint32(elf.R_390_RELATIVE),
	distance: uint32(elf.R_390_PC32),
	pcrel:    uint32(elf.R_390_PC32DBL),
	typeName: func(typ uint32) string { return elf.R_390(typ).String() },
	apply:    applyS390X,
	scan:     scanS390X,

	adaptFrame: adaptFrameS390X,

	hashEntry: 8,
	dwarf:     dwarfRegs{sp: 15, ra: 14},
	// SAVE in trampoline_s390x.s: R6-R14 in the caller's frame, then F8-F15. DWARF numbers
	// these in the order 8 10 12 14 9 11 13 15.
	frames: []frame{{size: 128, saves: []save{{6, 9, 128 + 48, 8}, {24, 4, 64, 16}, {28, 4, 72, 16}}}},
}

func applyS390X(f *fixup) error {
	S, A, P := f.S, f.A, f.P
	switch elf.R_390(f.typ) {
	case elf.R_390_PC32DBL:
		return f.putHalfwords(S + A - P)
	}
	return f.unknown()
}

func (f *fixup) putHalfwords(distance int64) error {
	if err := checkAlign(distance, 2); err != nil {
		return err
	}
	return f.put32(distance >> 1)
}

// scanS390X finds instructions of format RIL with a relative address.
func scanS390X(code []byte, fields fields) (branches []branch, faults []fault) {
	within := 0
	variables := map[byte]bool{} // registers that contain the address of a variable
	for off := uint64(0); off < uint64(len(code)); {
		next := off + uint64(lengthS390X(code[off]))
		if next > uint64(len(code)) {
			return branches, append(faults, fault{off, faultDecode})
		}
		for field := off; field+4 <= next; field++ {
			if fields[field] {
				within++
			}
		}
		in := code[off:next]
		if isRelativeS390X(in) && !fields[off+2] {
			target := int64(off) + 2*int64(int32(binary.BigEndian.Uint32(in[2:])))
			if target < 0 || target >= int64(len(code)) {
				branches = append(branches, branch{off + 2, target, 2})
			}
		} else if what := faultS390X(in, fields[off+2]); what != "" {
			faults = append(faults, fault{off, what})
		}
		if !storesS390X(in) {
			larl := in[0] == 0xc0 && in[1]&0xf == 0
			variables[destinationS390X(in)] = larl && fields[off+2]
		} else if variables[in[2]>>4] {
			faults = append(faults, fault{off, faultStore})
		}
		off = next
	}
	if within != len(fields) {
		faults = append(faults, fault{0, faultField})
	}
	return branches, faults
}

func isRelativeS390X(in []byte) bool {
	switch extension := in[1] & 0xf; in[0] {
	case 0xc0: // LARL, BRCL, BRASL
		return extension == 0 || extension == 4 || extension == 5
	case 0xc4, 0xc6: // loads, stores and compares
		return true
	}
	return false
}

// faultS390X returns the fault of an instruction, or "".
func faultS390X(in []byte, relocated bool) string {
	r1, r2, extension := in[1]>>4, in[1]&0xf, in[1]&0xf
	switch {
	case in[0] == 0xb2 && in[1] == 0x4f: // EAR: A0:A1 is the thread pointer
		return faultTLS
	case in[0] == 0x07 && r1 != 0 && r2 != 0 && r2 != 14, // BCR, except for BR R14
		(in[0] == 0x0b || in[0] == 0x0c || in[0] == 0x0d) && r2 != 0, // BSM, BASSM, BASR
		in[0] == 0x47 && r1 != 0, in[0] == 0x4d, in[0] == 0x45:       // BC, BAS, BAL
		return faultIndirect
	case in[0] == 0xc4 && (extension == 0x7 || extension == 0xb || extension == 0xf) && relocated: // STHRL, STGRL, STRL
		return faultStore
	}
	return ""
}

// storesS390X reports whether an instruction stores at a register plus an offset.
func storesS390X(in []byte) bool {
	last := in[len(in)-1]
	switch in[0] {
	case 0x40, 0x42, 0x50, 0x60, 0x70, 0x90, // STH, STC, ST, STD, STE, STM
		0x92, 0x94, 0x96, 0x97, // MVI, NI, OI, XI
		0xd2, 0xd4, 0xd6, 0xd7: // MVC, NC, OC, XC
		return true
	case 0xe3: // STG, STRVG, STRV, STRVH, STY, STHY, STCY
		return slices.Contains([]byte{0x24, 0x2f, 0x3e, 0x3f, 0x50, 0x70, 0x72}, last)
	case 0xe5: // MVHHI, MVGHI, MVHI
		return slices.Contains([]byte{0x44, 0x48, 0x4c}, in[1])
	case 0xe7: // VST
		return last == 0x0e
	case 0xeb: // STMG, STMY, MVIY, NIY, OIY, XIY, ASI, AGSI, ALSI, ALGSI
		return slices.Contains([]byte{0x24, 0x90, 0x52, 0x54, 0x56, 0x57, 0x6a, 0x7a, 0x6e, 0x7e}, last)
	case 0xed: // STEY, STDY
		return last == 0x66 || last == 0x67
	}
	return false
}

// destinationS390X returns the register that an instruction sets, if it sets one.
func destinationS390X(in []byte) byte {
	if in[0] == 0xb2 || in[0] == 0xb3 || in[0] == 0xb9 { // formats RRE and RRF
		return in[3] >> 4
	}
	return in[1] >> 4
}

// adaptFrameS390X changes nothing: the return address is stored below SP, SP moves, and the
// address is stored again. Any other access below SP is refused.
func adaptFrameS390X(code instructions, _ []step) (faults []fault) {
	var all []addressS390X
	for off := 0; off < len(code.code); {
		next := off + lengthS390X(code.code[off])
		all = append(all, addressOfS390X(code.code[off:next], uint64(off)))
		off = next
	}
	for i, in := range all {
		moves := in.is(opLAY, 15)
		twice := i+2 < len(all) && in.is(opSTG, 14) && all[i+1].is(opLAY, 15) && all[i+1].offset == in.offset &&
			all[i+2].is(opSTG, 14) && all[i+2].offset == 0
		if in.onSP && in.offset < 0 && !moves && !twice {
			faults = append(faults, fault{in.off, faultBelowSP})
		}
	}
	return faults
}

// Opcodes with an offset of 20 bits: the first byte and the last.
const (
	opSTG = 0xe324
	opLAY = 0xe371
)

// An addressS390X is the address operand of the instruction at off, if it has a signed offset of
// 20 bits. Offsets of 12 bits are unsigned.
type addressS390X struct {
	off    uint64
	op     int
	reg    byte
	onSP   bool
	offset int32
}

func addressOfS390X(in []byte, off uint64) addressS390X {
	indexed := in[0] == 0xe3 || in[0] == 0xed && in[5]&^3 == 0x64 // LEY, LDY, STEY, STDY
	if !indexed && in[0] != 0xeb {
		return addressS390X{off: off}
	}
	const sp = 15
	return addressS390X{
		off: off, op: int(in[0])<<8 | int(in[5]), reg: in[1] >> 4, onSP: in[2]>>4 == sp || indexed && in[1]&15 == sp,
		offset: int32(int8(in[4]))<<12 | int32(in[2]&15)<<8 | int32(in[3]),
	}
}

func (a addressS390X) is(op int, reg byte) bool { return a.op == op && a.reg == reg && a.onSP }

// lengthS390X returns the length of an instruction, which is in the first two bits.
func lengthS390X(first byte) int { return []int{2, 4, 4, 6}[first>>6] }
