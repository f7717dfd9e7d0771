// SPDX-License-Identifier: MIT

package main

import (
	"debug/elf"
	"encoding/binary"
	"slices"
)

// Arm, 32 bits: ELF for the Arm Architecture, EABI version 5. The distance to a variable is in a
// literal pool after the function's code.

var arm = &arch{
	machine: elf.EM_ARM,
	class:   elf.ELFCLASS32,
	order:   binary.LittleEndian,
	flags:   0x5000000, // EABI version 5, for soft and hard float alike
	page:    0x10000,
	fill:    []byte{0xf0, 0x00, 0xf0, 0xe7}, // UDF

	absolute: uint32(elf.R_ARM_ABS32),
	relative: uint32(elf.R_ARM_RELATIVE),
	distance: uint32(elf.R_ARM_REL32),
	typeName: func(typ uint32) string { return elf.R_ARM(typ).String() },
	addend:   addendARM,
	apply:    applyARM,
	scan:     scanARM,
	mapping:  mapping{code: "$a", data: "$d", pools: poolsARM},

	hashEntry: 4,
	dwarf:     dwarfRegs{sp: 13, ra: 14},
	// trampoline_arm.s: SAVE saves R14, R4-R11 and D8-D15; a plain system call saves R7.
	frames: []frame{
		{size: 136, saves: []save{{14, 1, 0, 4}, {4, 8, 40, 4}, {armD0 + 8, 8, 72, 8}}},
		{size: 4, saves: []save{{7, 1, 0, 4}}},
	},
	prel31: uint32(elf.R_ARM_PREL31),

	attributes: attributesARM(tagARMv7, tagVFPv3D16),
	variant:    variantARM,
}

// variantARM returns the table for the GOARM of the object file, which cmd/link writes into a
// variable of the runtime.
func variantARM(obj *object) *arch {
	a := *obj.arch
	goarm := obj.named["runtime.goarm"]
	if goarm == nil {
		return &a
	}
	switch goarm.section.data[goarm.value] {
	case 5: // trampoline_arm.s does not save D8-D15
		a.attributes = attributesARM(tagARMv5T, tagNoVFP)
		a.frames = slices.Clone(a.frames)
		a.frames[0].saves = a.frames[0].saves[:2]
	case 6:
		a.attributes = attributesARM(tagARMv6, tagVFPv2)
	}
	return &a
}

// Values of Tag_CPU_arch and Tag_FP_arch.
const (
	tagARMv5T = 3
	tagARMv6  = 6
	tagARMv7  = 10

	tagNoVFP    = 0
	tagVFPv2    = 2
	tagVFPv3D16 = 4 // with 16 registers
)

// attributesARM returns the build attributes, by which linkers check compatibility (Addenda to,
// and Errata in, the ABI for the Arm Architecture). No function has floating-point parameters or
// results, so the code is compatible with soft and hard float.
func attributesARM(cpu, vfp byte) attributes {
	return attributes{".ARM.attributes", elf.SHT_LOPROC + 3, []byte{
		'A', 27, 0, 0, 0, 'a', 'e', 'a', 'b', 'i', 0, // length 27, vendor "aeabi"
		1, 17, 0, 0, 0, // Tag_File, length 17
		6, cpu, // Tag_CPU_arch
		8, 1, // Tag_ARM_ISA_use: ARM instructions
		10, vfp, // Tag_FP_arch
		24, 1, // Tag_ABI_align_needed: 8 bytes
		25, 1, // Tag_ABI_align_preserved: 8 bytes
		28, 3, // Tag_ABI_VFP_args: compatible with both
	}}
}

// armD0 is the DWARF number of the first 64-bit register.
const armD0 = 256

func addendARM(typ uint32, field []byte) int64 {
	switch elf.R_ARM(typ) {
	case elf.R_ARM_CALL, elf.R_ARM_JUMP24: // imm24 counts instructions
		return int64(int32(binary.LittleEndian.Uint32(field)) << 8 >> 6)
	}
	return implicit32(typ, field)
}

func applyARM(f *fixup) error {
	S, A, P := f.S, f.A, f.P
	switch elf.R_ARM(f.typ) {
	case elf.R_ARM_CALL, elf.R_ARM_JUMP24:
		return f.putARMBranch(wrap32(S + A - P))
	case elf.R_ARM_REL32:
		return f.put32(wrap32(S + A - P))
	}
	return f.unknown()
}

// putARMBranch writes imm24 of B and BL. All code is ARM code, so no BL has to become BLX.
func (f *fixup) putARMBranch(distance int64) error {
	if err := checkBits(distance, 26); err != nil {
		return err
	}
	if err := checkAlign(distance, 4); err != nil {
		return err
	}
	return f.putBits(0xffffff, uint32(distance>>2))
}

func scanARM(code []byte, _ fields) ([]branch, []fault) {
	const addPC = 0xe08fb00b // ADD PC, R11: the address of a variable is now in R11
	var last uint32
	return nil, scanWords(code, binary.LittleEndian, poolsARM(code), func(in uint32, _ uint64) string {
		before := last
		last = in
		switch {
		case before == addPC && storesToR11(in):
			return faultStore
		case in&0x0fff0fff == 0x0e1d0f70: // MRC TPIDRURO
			return faultTLS
		case jumpsARM(in) && !slices.Contains(returnsARM, in):
			return faultIndirect
		}
		return ""
	})
}

var returnsARM = []uint32{
	0xe12fff1e, // BX LR
	0xe28ef000, // ADD $0, LR, PC
}

// storesToR11 reports whether an instruction stores at R11: STR and STRB, STRH and STRD, or VSTR.
func storesToR11(in uint32) bool {
	return in&0x0c1f0000 == 0x040b0000 || in&0x0e1f0090 == 0x000b0090 || in&0x0e1f0000 == 0x0c0b0000
}

// jumpsARM reports whether an instruction sets the PC from another register or from memory,
// except for a load from the stack, which is a return.
func jumpsARM(in uint32) bool {
	switch {
	case in&0x0fffffd0 == 0x012fff10: // BX, BLX
		return true
	case in&0x0c10f000 == 0x0410f000: // LDR
		return in>>16&15 != 13
	case in&0x0e108000 == 0x08108000: // LDM
		return in>>16&15 != 13
	case in&0x0c00f000 == 0x0000f000: // arithmetic, except for comparisons and hints
		return in&0x01800000 != 0x01000000 && (in>>25&1 == 1 || in&0x90 != 0x90)
	}
	return false
}

// poolsARM finds the literals that LDR loads relative to the PC, which is two instructions ahead.
func poolsARM(code []byte) (pools []span) {
	for off := uint64(0); off+4 <= uint64(len(code)); off += 4 {
		in := binary.LittleEndian.Uint32(code[off:])
		if in&0x0f7f0000 != 0x051f0000 || inSpans(pools, off) {
			continue
		}
		start := off + 8
		if up := in>>23&1 == 1; up {
			start += uint64(in & 0xfff)
		} else {
			start -= uint64(in & 0xfff)
		}
		pools = append(pools, span{start, start + 4})
	}
	return pools
}
