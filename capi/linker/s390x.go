package main

import (
	"debug/elf"
	"encoding/binary"
)

// IBM Z, 64 bits: the s390x ELF ABI. Addresses count halfwords from the
// instruction, whose field lies two bytes in. cmd/link leaves no relocation for a
// branch from .text to .text.

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
	inspect:  inspectS390X,

	hashEntry: 8,
	dwarf:     dwarfRegs{sp: 15, ra: 14},
	// SAVE in trampoline_s390x.s: R6-R14 in the caller's frame, then F8-F15, which
	// DWARF numbers in the order 8 10 12 14 9 11 13 15.
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

// inspectS390X looks for the instructions of format RIL with a relative address.
// The first two bits of an instruction tell its length.
func inspectS390X(code []byte, fields fields) (branches []branch, faults []fault) {
	within := 0
	for off := uint64(0); off < uint64(len(code)); {
		next := off + []uint64{2, 4, 4, 6}[code[off]>>6]
		if next > uint64(len(code)) {
			return branches, append(faults, fault{off, faultDecode})
		}
		for field := off; field+4 <= next; field++ {
			if fields[field] {
				within++
			}
		}
		if in := code[off:next]; isRelativeS390X(in) && !fields[off+2] {
			target := int64(off) + 2*int64(int32(binary.BigEndian.Uint32(in[2:])))
			if target < 0 || target >= int64(len(code)) {
				branches = append(branches, branch{off + 2, target, 2})
			}
		} else if in[0] == 0xb2 && in[1] == 0x4f { // EAR: TLS starts at A0:A1
			faults = append(faults, fault{off, faultTLS})
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
