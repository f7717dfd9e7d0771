// SPDX-License-Identifier: MIT

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
	scan:     scanLoong64,
	unset:    []string{"runtime.loong64HasLSX"}, // vectors, for zeroing 192 bytes and more

	hashEntry: 4,
	dwarf:     dwarfRegs{sp: 3, ra: 1},
	// SAVE in trampoline_loong64.s: R1, R21-R31, F24-F31.
	frames:     []frame{{size: 208, saves: []save{{1, 1, 0, 8}, {21, 11, 56, 8}, {56, 8, 144, 8}}}},
	adaptFrame: adaptFrameLoong64,
}

func applyLoong64(f *fixup) error {
	S, A, P := f.S, f.A, f.P
	switch elf.R_LARCH(f.typ) {
	case elf.R_LARCH_B26:
		return f.putB26(S + A - P)
	case elf.R_LARCH_PCALA_HI20:
		return f.putPages((S+A+0x800)>>12 - P>>12)
	case elf.R_LARCH_PCALA_LO12:
		return f.putBits(0xfff<<10, uint32(S+A)<<10)
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

// registersLoong64 returns the registers rj and rk of an instruction.
func registersLoong64(in uint32) (rj, rk uint32) { return in >> 5 & 31, in >> 10 & 31 }

func scanLoong64(code []byte, fields fields) ([]branch, []fault) {
	return nil, scanWords(code, binary.LittleEndian, nil, func(in uint32, off uint64) string {
		switch {
		case in>>26 == 0x13 && in != 0x4c000020: // JIRL, except for RET
			return faultIndirect
		case usesTPLoong64(in):
			return faultTLS
		case storesLoong64(in) && fields[off]: // a relocated address
			return faultStore
		}
		return ""
	})
}

// usesTPLoong64 reports whether an integer instruction, a load or a store uses R2,
// the thread pointer.
func usesTPLoong64(in uint32) bool {
	const tp = 2
	rj, rk := registersLoong64(in)
	switch {
	case in>>24 == 0: // arithmetic on registers
		return rj == tp || in>>22 == 0 && rk == tp
	case in>>26 == 0x0e: // loads and stores at rj + rk
		return rj == tp || rk == tp
	case in>>25 == 1, in>>26 == 4, in>>29 == 1: // with an immediate; other loads and stores
		return rj == tp
	}
	return false
}

// storesLoong64 reports whether an instruction stores at rj + si12.
func storesLoong64(in uint32) bool {
	op := in >> 24
	return op == 0x29 || (op == 0x2b || op == 0x2c) && in>>22&1 == 1 // of integer, other registers
}

// adaptFrameLoong64 changes nothing: the return address is stored below SP, SP moves, and the
// address is stored again. Any other access below SP is refused.
func adaptFrameLoong64(in instructions, _ []step) (faults []fault) {
	const (
		sp      = 3
		storeLR = 0x29c00061 // MOVV R1, n(R3)
		addSP   = 0x02c00063 // ADDV $n, R3
		n       = 0xfff << 10
	)
	for i := range in.count() {
		word := in.at(i)
		rj, _ := registersLoong64(word)
		negative := word>>21&1 == 1 // si12
		memory := word>>27 == 5
		moves := word>>22 == addSP>>22 && word&31 != sp
		twice := word&^n == storeLR && in.at(i+1) == addSP|word&n && in.at(i+2) == storeLR
		if rj == sp && negative && (memory || moves) && !twice {
			faults = append(faults, fault{4 * uint64(i), faultBelowSP})
		}
	}
	return faults
}
