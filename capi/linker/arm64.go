// SPDX-License-Identifier: MIT

package main

import (
	"debug/elf"
	"encoding/binary"
)

// AArch64: ELF for the Arm 64-bit Architecture. An address takes two
// instructions: ADRP for its page of 4 KiB, and ADD, LDR or STR for the rest.

var arm64 = &arch{
	machine: elf.EM_AARCH64,
	class:   elf.ELFCLASS64,
	order:   binary.LittleEndian,
	page:    0x10000,
	fill:    []byte{0, 0, 0, 0}, // UDF
	regABI:  true,

	absolute: uint32(elf.R_AARCH64_ABS64),
	relative: uint32(elf.R_AARCH64_RELATIVE),
	distance: uint32(elf.R_AARCH64_PREL32),
	typeName: func(typ uint32) string { return elf.R_AARCH64(typ).String() },
	apply:    applyARM64,
	scan:     scanARM64,
	mapping:  mapping{code: "$x", data: "$d", pools: poolsARM64},

	// The library supports BTI: indirect branches land only on BTI c.
	landing:  []byte{0x5f, 0x24, 0x03, 0xd5},
	property: property{typ: gnuPropertyAArch64Feature1And, bits: aarch64FeatureBTI},

	hashEntry: 4,
	dwarf:     dwarfRegs{sp: 31, ra: 30},
	// SAVE in trampoline_arm64.s: X19-X28, the low halves of V8-V15, X29, X30.
	frames:     []frame{{size: 224, saves: []save{{19, 10, 64, 8}, {72, 8, 144, 8}, {29, 2, 208, 8}}}},
	adaptFrame: adaptFrameARM64,
}

const (
	gnuPropertyAArch64Feature1And = 0xc0000000
	aarch64FeatureBTI             = 1 << 0
)

func applyARM64(f *fixup) error {
	S, A, P := f.S, f.A, f.P
	switch elf.R_AARCH64(f.typ) {
	case elf.R_AARCH64_CALL26, elf.R_AARCH64_JUMP26:
		return f.putARM64Branch(S + A - P)
	case elf.R_AARCH64_ADR_PREL_PG_HI21:
		return f.putADRP((S+A)>>12 - P>>12)
	case elf.R_AARCH64_ADD_ABS_LO12_NC, elf.R_AARCH64_LDST8_ABS_LO12_NC:
		return f.putARM64Offset(S+A, 1)
	case elf.R_AARCH64_LDST16_ABS_LO12_NC:
		return f.putARM64Offset(S+A, 2)
	case elf.R_AARCH64_LDST32_ABS_LO12_NC:
		return f.putARM64Offset(S+A, 4)
	case elf.R_AARCH64_LDST64_ABS_LO12_NC:
		return f.putARM64Offset(S+A, 8)
	}
	return f.unknown()
}

// putARM64Branch writes imm26 of B and BL, which counts instructions.
func (f *fixup) putARM64Branch(distance int64) error {
	if err := checkBits(distance, 28); err != nil {
		return err
	}
	if err := checkAlign(distance, 4); err != nil {
		return err
	}
	return f.putBits(0x3ffffff, uint32(distance>>2))
}

// putADRP writes immhi:immlo, a distance in pages.
func (f *fixup) putADRP(pages int64) error {
	if err := checkBits(pages, 21); err != nil {
		return err
	}
	return f.putBits(0x3<<29|0x7ffff<<5, uint32(pages)<<29|uint32(pages>>2)&0x7ffff<<5)
}

// putARM64Offset writes imm12, in units of the size that is loaded or stored.
func (f *fixup) putARM64Offset(addr, unit int64) error {
	if err := checkAlign(addr, unit); err != nil {
		return err
	}
	return f.putBits(0xfff<<10, uint32(addr&0xfff/unit)<<10)
}

func scanARM64(code []byte, fields fields) ([]branch, []fault) {
	variables := map[uint32]bool{} // registers that contain the address of a variable
	return nil, scanWords(code, binary.LittleEndian, poolsARM64(code), func(in uint32, off uint64) string {
		stores := storesARM64(in)
		store := stores && (fields[off] || variables[in>>5&31])
		if !stores {
			variables[in&31] = in&0xff800000 == 0x91000000 && fields[off] // ADD
			if in&0x3a400000 == 0x28400000 {                              // LDP
				delete(variables, in>>10&31)
			}
		}
		switch {
		case in&0xffdffc1f == 0xd61f0000, in&0xfffffc1f == 0xd65f0000 && in != arm64Return: // BR, BLR, RET
			return faultIndirect
		case in&0xffffffe0 == 0xd53bd040: // MRS TPIDR_EL0
			return faultTLS
		case store:
			return faultStore
		}
		return ""
	})
}

// storesARM64 reports whether an instruction is a STR, STUR or STP.
func storesARM64(in uint32) bool {
	return in&0x3ac00000 == 0x38000000 || in&0x3e400000 == 0x3c000000 || in&0x3a400000 == 0x28000000
}

// poolsARM64 finds the literals that LDR (literal) loads.
func poolsARM64(code []byte) (pools []span) {
	for off := uint64(0); off+4 <= uint64(len(code)); off += 4 {
		in := binary.LittleEndian.Uint32(code[off:])
		if in&0x3b000000 != 0x18000000 || inSpans(pools, off) {
			continue
		}
		size := uint64(4) << (in >> 30)
		if in>>26&1 == 0 && in>>30 == 2 { // LDRSW
			size = 4
		}
		start := off + uint64(int64(int32(in<<8)>>13)<<2)
		pools = append(pools, span{start, start + size})
	}
	return pools
}

const (
	arm64Nop       = 0xd503201f
	arm64Return    = 0xd65f03c0 // RET (R30)
	arm64StorePair = 0xa93ffa9d // STP (R29, R30), -8(R20)
	arm64SetSP     = 0x9100029f // MOVD R20, RSP
	arm64StoreLR   = 0xf90003fe // MOVD R30, (RSP)
)

// frameARM64 are the instructions with which Go chains frames through R29. They use the 24 bytes
// below SP.
var frameARM64 = []struct{ mask, from, to uint32 }{
	{0xffffffff, 0xf81f83fd, arm64Nop},   // MOVD R29, -8(RSP)
	{0xffffffff, 0xf85f83fd, arm64Nop},   // MOVD -8(RSP), R29
	{0xffffffff, 0xa97ffbfd, 0xf94003fe}, // LDP -8(RSP), (R29, R30): MOVD (RSP), R30
	{0xffffffff, 0xa93eeffd, arm64Nop},   // STP (R29, R27), -24(RSP), around runtime.duffzero
	{0xbfc003ff, 0x910003fd, arm64Nop},   // ADD or SUB $n, RSP, R29
}

// adaptFrameARM64 removes the changes of R29, which then points to the trampoline's frame record
// throughout the call. A frame of more than 240 bytes is set up by
//
//	SUB	$n, RSP, R20
//	STP	(R29, R30), -8(R20)
//	MOVD	R20, RSP
//
// where SP is now set before the store. Any other access below SP is refused.
func adaptFrameARM64(in instructions, steps []step) (faults []fault) {
	pools := poolsARM64(in.code)
	for i := range in.count() {
		if inSpans(pools, 4*uint64(i)) {
			continue
		}
		for _, f := range frameARM64 {
			if in.at(i)&f.mask == f.from {
				in.set(i, f.to)
			}
		}
		if in.at(i) == arm64StorePair && in.at(i+1) == arm64SetSP && moveStep(steps, i+1, i) {
			in.set(i, arm64SetSP)
			in.set(i+1, arm64StoreLR)
		}
	}
	for i := range in.count() {
		if !inSpans(pools, 4*uint64(i)) && belowSPARM64(in, i) {
			faults = append(faults, fault{4 * uint64(i), faultBelowSP})
		}
	}
	return faults
}

// belowSPARM64 reports whether an instruction may access memory below SP, or compute an address
// there. Pre- and post-indexed accesses move SP in the same instruction and are not counted.
func belowSPARM64(code instructions, i int) bool {
	const sp = 31
	in := code.at(i)
	dst, base := in&31, in>>5&31
	switch {
	case in&0x3b200c00 == 0x38000000: // LDUR, STUR
		return base == sp && in>>20&1 == 1
	case in&0x3a800000 == 0x28000000: // LDP, STP, LDNP, STNP
		return base == sp && in>>21&1 == 1
	case in&0xff800000 == 0xd1000000, in&0xffe00000 == 0xcb200000: // SUB
		return base == sp && dst != sp && code.at(i+1) != 0x9100001f|dst<<5
	case in&0xfffffc1f == 0x9100001f: // MOVD base, RSP
		return base != sp && code.at(i-1)&0xff8003ff != 0xd10003e0|base
	}
	return false
}
