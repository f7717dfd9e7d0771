package main

import (
	"debug/elf"
	"encoding/binary"
)

// LoongArch, 64 bits: the LoongArch psABI. An address takes two instructions:
// PCALAU12I for its page of 4 KiB, and one with the rest, which is signed.

var loong64 = &arch{
	machine: elf.EM_LOONGARCH,
	class:   elf.ELFCLASS64,
	order:   binary.LittleEndian,
	flags:   0x43, // double float, object file ABI version 1
	page:    0x10000,
	fill:    []byte{0, 0, 0x2a, 0}, // BREAK
	regABI:  true,

	absolute: uint32(elf.R_LARCH_64),
	relative: uint32(elf.R_LARCH_RELATIVE),
	distance: uint32(elf.R_LARCH_32_PCREL),
	typeName: func(typ uint32) string { return elf.R_LARCH(typ).String() },
	apply:    applyLoong64,
	unset:    []string{"runtime.loong64HasLSX"}, // vectors, to zero 192 bytes and more

	hashEntry: 4,
	dwarf:     dwarfRegs{sp: 3, ra: 1},
	// SAVE in trampoline_loong64.s: R1, R21-R31, F24-F31.
	frames: []frame{{size: 208, saves: []save{{1, 1, 0, 8}, {21, 11, 56, 8}, {56, 8, 144, 8}}}},
}

func applyLoong64(f *fixup) error {
	S, A, P := f.S, f.A, f.P
	switch elf.R_LARCH(f.typ) {
	case elf.R_LARCH_B26:
		return f.putB26(S + A - P)
	case elf.R_LARCH_PCALA_HI20:
		return f.putPages((S+A+0x800)>>12 - P>>12)
	case elf.R_LARCH_PCALA_LO12:
		return f.putBits(0xfff<<10, uint32(S+A)&0xfff<<10)
	}
	return f.unknown()
}

// putB26 writes offs[15:0] and offs[25:16] of B and BL, which count instructions.
func (f *fixup) putB26(distance int64) error {
	if err := checkBits(distance, 28); err != nil {
		return err
	}
	if err := checkAlign(distance, 4); err != nil {
		return err
	}
	v := uint32(distance >> 2)
	return f.putBits(0x3ffffff, v&0xffff<<10|v>>16&0x3ff)
}

// putPages writes si20 of PCALAU12I.
func (f *fixup) putPages(pages int64) error {
	if err := checkBits(pages, 20); err != nil {
		return err
	}
	return f.putBits(0xfffff<<5, uint32(pages)<<5)
}
