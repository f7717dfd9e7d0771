// SPDX-License-Identifier: MIT

package main

import (
	"debug/elf"
	"encoding/binary"
)

// Power, 64 bits, little endian: the ELFv2 ABI. Code addresses variables relative to the TOC
// pointer, R2, which a function's first two instructions set from R12, its own address. A call
// within the library skips them: it goes to the local entry point, whose offset is in st_other.

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
	distance: uint32(elf.R_PPC64_REL32),
	typeName: func(typ uint32) string { return elf.R_PPC64(typ).String() },
	apply:    applyPPC64LE,
	scan:     scanPPC64LE,
	tocName:  ".TOC.",

	hashEntry: 4,
	dwarf:     dwarfRegs{sp: 1, ra: 65, savedAt: savedLRPPC64LE},
	// SAVE in trampoline_ppc64le.s, which only callGo uses: LR and CR in the caller's
	// frame, R14-R31, F14-F31, V20-V31. The call is BCTRL.
	frames: []frame{{size: 560, routine: "callGo", call: 0x4e800421, saves: []save{
		{65, 1, 560 + 16, 8}, {70, 1, 560 + 8, 8}, {14, 18, 80, 8}, {46, 18, 224, 8}, {97, 12, 368, 16},
	}}},
	adaptFrame: adaptFramePPC64LE,
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

// putHA writes the upper half, rounded because the lower half is signed.
func (f *fixup) putHA(v int64) error {
	if err := checkBits(v+0x8000, 32); err != nil {
		return err
	}
	return f.putBits(0xffff, uint32((v+0x8000)>>16))
}

func (f *fixup) putLO(v int64) error { return f.putBits(0xffff, uint32(v)) }

// putLODS writes the lower half into an instruction of form DS, whose last two bits are part of
// the opcode.
func (f *fixup) putLODS(v int64) error {
	if err := checkAlign(v, 4); err != nil {
		return err
	}
	return f.putBits(0xfffc, uint32(v))
}

func scanPPC64LE(code []byte, fields fields) ([]branch, []fault) {
	variables := map[uint32]bool{} // registers that contain the address of a variable
	return nil, scanWords(code, binary.LittleEndian, nil, func(in uint32, off uint64) string {
		rt, ra := in>>21&31, in>>16&31
		stores := storesPPC64(in)
		store := stores && (fields[off] || variables[ra])
		if !stores { // rt or, in logical instructions, ra is the destination
			delete(variables, rt)
			if in>>26 == 31 {
				delete(variables, ra)
			}
			if in>>26 == 14 && fields[off] {
				variables[rt] = true
			}
		}
		switch {
		case in&0xfc0007fe == 0x4c000420, in&0xfc0007ff == 0x4c000021: // BCTR, BCTRL, BLRL
			return faultIndirect
		case usesTPPPC64(in):
			return faultTLS
		case store:
			return faultStore
		}
		return ""
	})
}

// usesTPPPC64 reports whether an instruction computes with R13, the thread pointer,
// or loads or stores relative to it.
func usesTPPPC64(in uint32) bool {
	const tp = 13
	rs, ra, rb := in>>21&31, in>>16&31, in>>11&31
	op := in >> 26
	switch {
	case op == 14 || op == 15 || 32 <= op && op <= 58 || op == 61 || op == 62: // with an immediate
		return ra == tp
	case op != 31:
		return false
	}
	switch in >> 1 & 0x3ff {
	case 21, 23, 87, 149, 151, 215, 279, 341, 343, 407: // loads and stores
		return ra == tp || rb == tp
	case 10, 40, 266: // ADDC, SUBF, ADD
		return ra == tp || rb == tp
	case 28, 316, 444: // AND, XOR, OR
		return rs == tp || rb == tp
	}
	return false
}

// storesPPC64 reports whether an instruction stores at a register plus an offset.
func storesPPC64(in uint32) bool {
	op := in >> 26
	return 36 <= op && op <= 39 || op == 44 || op == 45 || op == 47 || 52 <= op && op <= 55 ||
		op == 61 && in&7 != 1 || op == 62 // 61 is also LXV
}

// Instructions of Go's and C's frames, with n = 0.
const (
	ppc64MoveLRToR31 = 0x7fe802a6 // MFLR R31
	ppc64MoveR31ToLR = 0x7fe803a6 // MTLR R31
	ppc64PushR31     = 0xfbe10001 // STDU R31, n(R1)
	ppc64PushR1      = 0xf8210001 // STDU R1, n(R1)
	ppc64StoreR31    = 0xfbe10000 // STD R31, n(R1)
	ppc64LoadR31     = 0xebe10000 // LD R31, n(R1)
	ppc64StoreTOC    = 0xf8410018 // STD R2, 24(R1)
	ppc64AddR1       = 0x38210000 // ADDI R1, R1, n

	ppc64SavedLR = 16 // in the header of the caller's frame
)

// adaptFramePPC64LE converts frames to the ELFv2 ABI: the first word of a frame is the back
// chain, a pointer to the caller's frame, and LR is saved in the header of that frame. Go saves
// LR in the first word, and a copy of the TOC pointer that is never read. Its instruction is
// replaced:
//
//	MFLR  R31                       MFLR  R31
//	STDU  R31, -n(R1)               STD   R31, 16(R1)
//	STD   R2, 24(R1)                STDU  R1, -n(R1)
//	...                             ...
//	LD    R31, 0(R1)                LD    R31, n+16(R1)
//	MTLR  R31                       MTLR  R31
//	ADDI  R1, R1, n                 ADDI  R1, R1, n
//
// A leaf function has no third instruction and does not load LR. Any other access to the header
// is refused.
func adaptFramePPC64LE(in instructions, steps []step) (faults []fault) {
	if len(steps) == 0 {
		return nil
	}
	size := uint32(steps[0].depth)
	down := uint32(uint16(-size))
	push, leaf, framed := ppc64PushR31|down, false, false
	for i := range in.count() {
		switch word := in.at(i); {
		case word == push && !framed && in.at(i-1) == ppc64MoveLRToR31:
			framed, leaf = true, in.at(i+1) != ppc64StoreTOC
			if leaf {
				in.set(i, ppc64PushR1|down)
			} else if moveStep(steps, i, i+1) {
				in.set(i, ppc64StoreR31|ppc64SavedLR)
				in.set(i+1, ppc64PushR1|down)
			}
		case word == ppc64LoadR31 && !leaf && in.at(i+1) == ppc64MoveR31ToLR && in.at(i+2) == ppc64AddR1|size:
			in.set(i, word|(size+ppc64SavedLR))
		case inHeaderPPC64(word) && !(framed && word == ppc64PushR1|down):
			faults = append(faults, fault{4 * uint64(i), faultHeader})
		}
	}
	if !framed {
		faults = append(faults, fault{0, faultHeader})
	}
	return faults
}

// inHeaderPPC64 reports whether an instruction accesses the header of the frame, or memory below
// it.
func inHeaderPPC64(in uint32) bool {
	const header = 32
	op, base, offset := in>>26, in>>16&31, int16(in)
	memory := op >= 32 && op <= 62 && op != 59 && op != 60
	return memory && base == 1 && offset < header
}

// savedLRPPC64LE returns where a function adapted by adaptFramePPC64LE saves LR.
func savedLRPPC64LE(code []byte) (below int, ok bool) {
	in := instructions{code, binary.LittleEndian}
	for i := range in.count() {
		if in.at(i) == ppc64StoreR31|ppc64SavedLR {
			return -ppc64SavedLR, true
		}
	}
	return 0, false
}
