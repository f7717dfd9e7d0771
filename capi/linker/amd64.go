// SPDX-License-Identifier: MIT

package main

import (
	"debug/elf"
	"encoding/binary"

	"golang.org/x/arch/x86/x86asm"
)

// x86-64: the System V psABI. Addresses are relative to the next instruction, so addends are -4
// or less.

var amd64 = &arch{
	machine: elf.EM_X86_64,
	class:   elf.ELFCLASS64,
	order:   binary.LittleEndian,
	page:    0x1000,
	fill:    []byte{0xcc}, // INT3
	regABI:  true,

	absolute: uint32(elf.R_X86_64_64),
	relative: uint32(elf.R_X86_64_RELATIVE),
	distance: uint32(elf.R_X86_64_PC32),
	pcrel:    uint32(elf.R_X86_64_PC32),
	typeName: func(typ uint32) string { return elf.R_X86_64(typ).String() },
	apply:    applyAMD64,
	scan:     scanAMD64,

	// The library supports IBT and shadow stacks: indirect branches land only on ENDBR64, and
	// each return matches a call.
	landing:  endbr64,
	property: property{typ: gnuPropertyX86Feature1And, bits: x86FeatureIBT | x86FeatureSHSTK},

	hashEntry: 4,
	dwarf:     dwarfRegs{sp: 7, ra: 16, pushed: pushedAMD64},
}

const (
	gnuPropertyX86Feature1And = 0xc0000002
	x86FeatureIBT             = 1 << 0
	x86FeatureSHSTK           = 1 << 1
)

func applyAMD64(f *fixup) error {
	S, A, P := f.S, f.A, f.P
	switch elf.R_X86_64(f.typ) {
	case elf.R_X86_64_PC32:
		return f.put32(S + A - P)
	}
	return f.unknown()
}

func scanAMD64(code []byte, fields fields) ([]branch, []fault) {
	return scanX86(code, fields, 64)
}

// pushedAMD64 returns the number of the register in DWARF, where the first eight are in a
// different order.
func pushedAMD64(code []byte, end uint64) (reg int, ok bool) {
	r, ok := pushedRegister(code, end, 64)
	if !ok || r < x86asm.RAX || r > x86asm.R15 {
		return 0, false
	}
	return []int{0, 2, 1, 3, 7, 6, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15}[r-x86asm.RAX], true
}
