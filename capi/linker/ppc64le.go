package main

import (
	"debug/elf"
	"encoding/binary"
)

// Power, 64 bits, little endian: the ELFv2 ABI. Code addresses variables relative
// to the TOC pointer, R2, which a function's first two instructions set from R12,
// its own address. A call within the library skips them: it goes to the local
// entry, as far behind the symbol as st_other says.

var ppc64le = &arch{
	machine: elf.EM_PPC64,
	class:   elf.ELFCLASS64,
	order:   binary.LittleEndian,
	flags:   2, // ELFv2
	page:    0x10000,
	fill:    []byte{0, 0, 0, 0}, // an illegal instruction
	regABI:  true,

	absolute: uint32(elf.R_PPC64_ADDR64),
	relative: uint32(elf.R_PPC64_RELATIVE),
	typeName: func(typ uint32) string { return elf.R_PPC64(typ).String() },
	apply:    applyPPC64LE,
	tocName:  ".TOC.",

	hashEntry: 4,
	dwarf:     dwarfRegs{sp: 1, ra: 65},
	// SAVE in trampoline_ppc64le.s, which callGo alone uses: LR and CR in the
	// caller's frame, R14-R31, F14-F31, V20-V31. The call is BCTRL.
	frames: []frame{{size: 560, routine: "callGo", call: 0x4e800421, saves: []save{
		{65, 1, 560 + 16, 8}, {70, 1, 560 + 8, 8}, {14, 18, 80, 8}, {46, 18, 224, 8}, {97, 12, 368, 16},
	}}},
}

func applyPPC64LE(f *fixup) error {
	S, A, P := f.S, f.A, f.P
	switch elf.R_PPC64(f.typ) {
	case elf.R_PPC64_REL24:
		return f.putPPC64Branch(S + A + localEntry(f.other) - P)
	case elf.R_PPC64_REL16_HA:
		return f.putHA(S + A - P)
	case elf.R_PPC64_REL16_LO:
		return f.putLO(S + A - P)
	case elf.R_PPC64_TOC16_HA:
		return f.putHA(S + A - f.toc)
	case elf.R_PPC64_TOC16_LO:
		return f.putLO(S + A - f.toc)
	case elf.R_PPC64_TOC16_LO_DS:
		return f.putLODS(S + A - f.toc)
	}
	return f.unknown()
}

// localEntry decodes the top three bits of st_other: 2 to 6 stand for 4 to 64.
func localEntry(other byte) int64 { return 1 << (other >> 5) >> 2 << 2 }

// putPPC64Branch writes LI of B and BL.
func (f *fixup) putPPC64Branch(distance int64) error {
	if err := checkBits(distance, 26); err != nil {
		return err
	}
	if err := checkAlign(distance, 4); err != nil {
		return err
	}
	return f.putBits(0x3fffffc, uint32(distance))
}

// putHA writes the upper half, rounded since the other half is signed.
func (f *fixup) putHA(v int64) error {
	if err := checkBits(v+0x8000, 32); err != nil {
		return err
	}
	return f.putBits(0xffff, uint32((v+0x8000)>>16))
}

func (f *fixup) putLO(v int64) error { return f.putBits(0xffff, uint32(v)) }

// putLODS writes the lower half for an instruction that keeps two bits of it.
func (f *fixup) putLODS(v int64) error {
	if err := checkAlign(v, 4); err != nil {
		return err
	}
	return f.putBits(0xfffc, uint32(v))
}
