package main

import (
	"debug/elf"
	"encoding/binary"
)

// RISC-V, 64 bits: the RISC-V psABI. An address takes two instructions, AUIPC and
// one with the lower 12 bits. The second's relocation names the place of the
// first, whose relocation names the symbol.

var riscv64 = &arch{
	machine: elf.EM_RISCV,
	class:   elf.ELFCLASS64,
	order:   binary.LittleEndian,
	flags:   0x5, // compressed instructions, double float; go.o forgets the first
	page:    0x1000,
	fill:    []byte{0, 0}, // C.UNIMP
	regABI:  true,

	absolute: uint32(elf.R_RISCV_64),
	relative: uint32(elf.R_RISCV_RELATIVE),
	distance: uint32(elf.R_RISCV_32_PCREL),
	typeName: func(typ uint32) string { return elf.R_RISCV(typ).String() },
	apply:    applyRISCV64,

	hashEntry: 4,
	dwarf:     dwarfRegs{sp: 2, ra: 1},
	// SAVE in trampoline_riscv64.s: RA, S0-S1, S2-S11, FS0-FS1, FS2-FS11.
	frames: []frame{{size: 256, saves: []save{
		{1, 1, 0, 8}, {8, 2, 64, 8}, {18, 10, 80, 8}, {40, 2, 160, 8}, {50, 10, 176, 8},
	}}},
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

// putAUIPC writes imm[31:12], rounded since the other half is signed.
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
