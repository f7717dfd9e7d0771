// SPDX-License-Identifier: MIT

package main

import (
	"encoding/binary"
	"testing"

	"golang.org/x/arch/riscv64/riscv64asm"
)

// TestCompressedInstructions compares the fields of all compressed instructions with those of the
// instructions to which an independent decoder expands them.
func TestCompressedInstructions(t *testing.T) {
	found := map[uint32]int{}
	for w := range uint32(1 << 16) {
		code := binary.LittleEndian.AppendUint16(nil, uint16(w))
		if w&3 == 3 {
			continue
		}
		in, err := riscv64asm.Decode(code)
		if err != nil || in.Op == riscv64asm.EBREAK || in.Op == riscv64asm.ADDI && in.Args[0] == riscv64asm.X0 {
			continue // reserved, or without effect on registers
		}
		want := expandedRISCV64(in)
		if got := eachRISCV64(code)[0]; got != want {
			t.Fatalf("%#04x, %v: %+v, want %+v", w, in, got, want)
		}
		found[want.opcode]++
	}
	for _, opcode := range []uint32{riscvJALR, riscvArithmetic, riscvImmediate, riscvStore} {
		if found[opcode] < 32 {
			t.Errorf("opcode %#x: only %d instructions", opcode, found[opcode])
		}
	}
}

// expandedRISCV64 returns the fields that the linker needs of an instruction.
func expandedRISCV64(in riscv64asm.Inst) (want instructionRISCV64) {
	reg := func(i int) uint32 { return uint32(in.Args[i].(riscv64asm.Reg) - riscv64asm.X0) }
	address := func() (uint32, int32) {
		a := in.Args[1].(riscv64asm.RegOffset)
		return uint32(a.OfsReg - riscv64asm.X0), a.Ofs.Imm
	}
	switch in.Op {
	case riscv64asm.JALR:
		want.opcode, want.rd = riscvJALR, reg(0)
		want.r1, want.offset = address()
	case riscv64asm.ADD: // C.MV has X0 for the source that the linker takes for rd
		want.opcode, want.rd, want.r1, want.r2 = riscvArithmetic, reg(0), reg(0), reg(2)
	case riscv64asm.ADDI:
		if reg(0) == reg(1) { // not C.LI or C.ADDI4SPN
			want.opcode, want.rd, want.r1 = riscvImmediate, reg(0), reg(1)
			want.offset = in.Args[2].(riscv64asm.Simm).Imm
		}
	case riscv64asm.SD, riscv64asm.SW, riscv64asm.FSD:
		switch base, offset := address(); {
		case base != riscvSP:
			want.opcode, want.r1 = riscvStore, base
		case in.Op == riscv64asm.SD:
			want.opcode, want.r1, want.r2, want.offset = riscvStore, base, reg(0), offset
		}
	}
	return want
}
