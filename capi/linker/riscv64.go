// SPDX-License-Identifier: MIT

package main

import (
	"debug/elf"
	"encoding/binary"
)

// RISC-V, 64 bits: the RISC-V psABI. An address takes two instructions, AUIPC and one with the
// lower 12 bits. The relocation of the second refers to the address of the first, and only the
// relocation there refers to the symbol.

var riscv64 = &arch{
	machine: elf.EM_RISCV,
	class:   elf.ELFCLASS64,
	order:   binary.LittleEndian,
	flags:   0x5, // compressed instructions, double float; go.o lacks the first
	page:    0x1000,
	fill:    []byte{0, 0}, // C.UNIMP
	regABI:  true,

	absolute: uint32(elf.R_RISCV_64),
	relative: uint32(elf.R_RISCV_RELATIVE),
	distance: uint32(elf.R_RISCV_32_PCREL),
	typeName: func(typ uint32) string { return elf.R_RISCV(typ).String() },
	apply:    applyRISCV64,
	scan:     scanRISCV64,

	hashEntry: 4,
	dwarf:     dwarfRegs{sp: 2, ra: 1},
	// SAVE in trampoline_riscv64.s: RA, S0-S1, S2-S11, FS0-FS1, FS2-FS11.
	frames: []frame{{size: 256, saves: []save{
		{1, 1, 0, 8}, {8, 2, 64, 8}, {18, 10, 80, 8}, {40, 2, 160, 8}, {50, 10, 176, 8},
	}}},
	adaptFrame: adaptFrameRISCV64,
}

func applyRISCV64(f *fixup) error {
	S, A, P := f.S, f.A, f.P
	switch elf.R_RISCV(f.typ) {
	case elf.R_RISCV_JAL:
		return f.putJAL(S + A - P)
	case elf.R_RISCV_PCREL_HI20:
		return f.putAUIPC(S + A - P)
	case elf.R_RISCV_PCREL_LO12_I, elf.R_RISCV_PCREL_LO12_S:
		distance, err := f.paired(uint32(elf.R_RISCV_PCREL_HI20), S+A)
		if err != nil {
			return err
		}
		if elf.R_RISCV(f.typ) == elf.R_RISCV_PCREL_LO12_S {
			return f.putSType(distance)
		}
		return f.putIType(distance)
	}
	return f.unknown()
}

// putJAL writes imm[20|10:1|11|19:12].
func (f *fixup) putJAL(distance int64) error {
	if err := checkBits(distance, 21); err != nil {
		return err
	}
	if err := checkAlign(distance, 2); err != nil {
		return err
	}
	v := uint32(distance)
	return f.putBits(0xfffff000, v>>20&1<<31|v>>1&0x3ff<<21|v>>11&1<<20|v>>12&0xff<<12)
}

// putAUIPC writes imm[31:12], rounded because the lower part is signed.
func (f *fixup) putAUIPC(distance int64) error {
	if err := checkBits(distance+0x800, 32); err != nil {
		return err
	}
	return f.putBits(0xfffff000, uint32(distance+0x800))
}

// putIType writes imm[11:0] of a load or ADDI.
func (f *fixup) putIType(distance int64) error {
	return f.putBits(0xfff00000, uint32(distance)<<20)
}

// putSType writes imm[11:5|4:0] of a store.
func (f *fixup) putSType(distance int64) error {
	v := uint32(distance)
	return f.putBits(0xfe000f80, v>>5&0x7f<<25|v&0x1f<<7)
}

// An instructionRISCV64 has the fields of a 32-bit instruction. Compressed instructions are
// expanded only as far as necessary; their loads and stores have no negative offsets.
type instructionRISCV64 struct {
	off        uint64
	opcode     uint32
	rd, r1, r2 uint32
	offset     int32 // of a load, a store, an addition or a jump
}

const (
	riscvLoad, riscvLoadFP   = 0x03, 0x07
	riscvStore, riscvStoreFP = 0x23, 0x27
	riscvImmediate           = 0x13
	riscvImmediate32         = 0x1b
	riscvArithmetic          = 0x33
	riscvArithmetic32        = 0x3b
	riscvJALR                = 0x67

	riscvLR, riscvSP, riscvTP = 1, 2, 4
)

func eachRISCV64(code []byte) (all []instructionRISCV64) {
	order := binary.LittleEndian
	for off := 0; off+2 <= len(code); {
		in := instructionRISCV64{off: uint64(off)}
		if code[off]&3 == 3 && off+4 <= len(code) {
			w := order.Uint32(code[off:])
			in.opcode, in.rd, in.r1, in.r2, in.offset = w&0x7f, w>>7&31, w>>15&31, w>>20&31, int32(w)>>20
			if in.opcode == riscvStore || in.opcode == riscvStoreFP {
				in.offset = in.offset&^31 | int32(in.rd)
			}
			off += 4
		} else {
			in.expand(uint32(order.Uint16(code[off:])))
			off += 2
		}
		all = append(all, in)
	}
	return all
}

// expand decodes the compressed instructions that jump to a register, copy or add registers,
// add a constant to a register, or store.
func (in *instructionRISCV64) expand(w uint32) {
	full, rs2 := w>>7&31, w>>2&31
	switch {
	case w&0xe003 == 0x8002 && rs2 == 0 && full != 0: // C.JR, C.JALR
		in.opcode, in.rd, in.r1 = riscvJALR, w>>12&1, full
	case w&0xe003 == 0x8002: // C.MV, C.ADD
		in.opcode, in.rd, in.r1, in.r2 = riscvArithmetic, full, full, rs2
	case w&0xe003 == 0x6001 && full == riscvSP: // C.ADDI16SP
		in.opcode, in.rd, in.r1 = riscvImmediate, riscvSP, riscvSP
		in.offset = -int32(w>>12&1)<<9 | int32(w>>3&3<<7|w>>5&1<<6|w>>2&1<<5|w>>6&1<<4)
	case w&0xe003 == 0x0001: // C.ADDI
		in.opcode, in.rd, in.r1 = riscvImmediate, full, full
		in.offset = -int32(w>>12&1)<<5 | int32(w>>2&31)
	case w&0xe003 == 0xe002: // C.SDSP
		in.opcode, in.r1, in.r2, in.offset = riscvStore, riscvSP, rs2, int32(w>>7&7<<6|w>>10&7<<3)
	case w&3 == 0 && w>>13 >= 5: // C.FSD, C.SW, C.SD
		in.opcode, in.r1 = riscvStore, 8+w>>7&7
	}
}

func scanRISCV64(code []byte, fields fields) (_ []branch, faults []fault) {
	variable := uint32(0) // the register that the last instruction set to a variable's address, or X0
	for _, in := range eachRISCV64(code) {
		stores := in.opcode == riscvStore || in.opcode == riscvStoreFP
		switch {
		case in.opcode == riscvJALR && !(in.rd == 0 && in.r1 == riscvLR && in.offset == 0): // not RET
			faults = append(faults, fault{in.off, faultIndirect})
		case in.usesTP():
			faults = append(faults, fault{in.off, faultTLS})
		case stores && (fields[in.off] || in.r1 == variable && variable != 0):
			faults = append(faults, fault{in.off, faultStore})
		}
		variable = 0
		if in.opcode == riscvImmediate && fields[in.off] {
			variable = in.rd
		}
	}
	return nil, faults
}

// usesTP reports whether an instruction computes with the thread pointer, or loads
// or stores relative to it.
func (in *instructionRISCV64) usesTP() bool {
	switch in.opcode {
	case riscvLoad, riscvLoadFP, riscvStore, riscvStoreFP, riscvImmediate, riscvImmediate32:
		return in.r1 == riscvTP
	case riscvArithmetic, riscvArithmetic32:
		return in.r1 == riscvTP || in.r2 == riscvTP
	}
	return false
}

// adaptFrameRISCV64 changes nothing: the return address is stored below SP, SP moves, and the
// address is stored again. Any other access below SP is refused.
func adaptFrameRISCV64(code instructions, _ []step) (faults []fault) {
	all := eachRISCV64(code.code)
	for i, in := range all {
		below := false
		switch in.opcode {
		case riscvLoad, riscvLoadFP, riscvStore, riscvStoreFP:
			below = in.r1 == riscvSP && in.offset < 0
		case riscvImmediate:
			below = in.r1 == riscvSP && in.offset < 0 && in.rd != riscvSP
		}
		if below && !storesTwiceRISCV64(all[i:], in.offset) {
			faults = append(faults, fault{in.off, faultBelowSP})
		}
	}
	return faults
}

// storesTwiceRISCV64 reports whether the instructions are such a prologue.
func storesTwiceRISCV64(in []instructionRISCV64, offset int32) bool {
	stores := func(in instructionRISCV64, offset int32) bool {
		return in.opcode == riscvStore && in.r1 == riscvSP && in.r2 == riscvLR && in.offset == offset
	}
	return len(in) > 2 && stores(in[0], offset) && stores(in[2], 0) &&
		in[1].opcode == riscvImmediate && in[1].rd == riscvSP && in[1].r1 == riscvSP && in[1].offset == offset
}
