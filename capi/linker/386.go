// SPDX-License-Identifier: MIT

package main

import (
	"debug/elf"
	"encoding/binary"

	"golang.org/x/arch/x86/x86asm"
)

// i386: the System V psABI. There is no PC-relative addressing of data: Go gets the PC from
// __x86.get_pc_thunk.*, and adds the distance from there.

var i386 = &arch{
	machine: elf.EM_386,
	class:   elf.ELFCLASS32,
	order:   binary.LittleEndian,
	page:    0x1000,
	fill:    []byte{0xcc}, // INT3

	absolute: uint32(elf.R_386_32),
	relative: uint32(elf.R_386_RELATIVE),
	distance: uint32(elf.R_386_PC32),
	pcrel:    uint32(elf.R_386_PC32),
	typeName: func(typ uint32) string { return elf.R_386(typ).String() },
	addend:   implicit32,
	apply:    apply386,
	scan:     scan386,
	thunk:    "__x86.get_pc_thunk.",

	hashEntry: 4,
	dwarf:     dwarfRegs{sp: 4, ra: 8, pushed: pushed386},
}

func apply386(f *fixup) error {
	S, A, P := f.S, f.A, f.P
	switch elf.R_386(f.typ) {
	case elf.R_386_PC32:
		return f.put32(wrap32(S + A - P))
	}
	return f.unknown()
}

func scan386(code []byte, fields fields) ([]branch, []fault) {
	return scanX86(code, fields, 32)
}

func pushed386(code []byte, end uint64) (reg int, ok bool) {
	r, ok := pushedRegister(code, end, 32)
	if !ok || r < x86asm.EAX || r > x86asm.EDI {
		return 0, false
	}
	return int(r - x86asm.EAX), true
}
