// SPDX-License-Identifier: MIT

package main

import (
	"debug/elf"
	"slices"
	"strings"
	"testing"

	"golang.org/x/arch/ppc64/ppc64asm"
)

// Instructions without an offset that may compute an address from the thread pointer: those that
// cmd/asm and the compiler use for it.
const addressesPPC64 = "addi addis ldx lwzx lbzx stdx stwx stbx lhzx lwax lhax sthx add subf addc and or xor"

// TestDecodedPPC64 compares what the linker finds in single instructions with an independent
// decoder, for all opcodes.
func TestDecodedPPC64(t *testing.T) {
	const rs, ra, rb = 1 << 21, 1 << 16, 1 << 11
	addresses := strings.Fields(addressesPPC64)
	stores, headers, threads := 0, 0, map[string]bool{}
	for _, registers := range []uint32{
		13*rs + 4*ra + 5*rb, 3*rs + 13*ra + 5*rb, 3*rs + 4*ra + 13*rb, 3*rs + 1*ra, 3*rs + 1*ra + 31*rb,
	} {
		for word := range eachPPC64(registers) {
			in, err := ppc64asm.Decode(ppc64le.order.AppendUint32(nil, word), ppc64le.order)
			name := strings.TrimSuffix(in.Op.String(), ".")
			if err != nil || strings.HasPrefix(name, "hash") { // version 3.1 as well
				continue
			}
			offset, base := memoryPPC64(in)
			store := base >= 0 && strings.HasPrefix(name, "st")
			if got := storesPPC64(word); got != store {
				t.Fatalf("%#x: %v: stores %t, want %t", word, in, got, store)
			}
			header := base == 1 && offset < 32
			if got := inHeaderPPC64(word); got != header {
				t.Fatalf("%#x: %v: in the header %t, want %t", word, in, got, header)
			}
			thread := (base >= 0 || slices.Contains(addresses, name)) && slices.Contains(in.Args[1:], ppc64asm.Arg(ppc64asm.R13))
			if got := usesTPPPC64(word); got != thread {
				t.Fatalf("%#x: %v: uses the thread pointer %t, want %t", word, in, got, thread)
			}
			if thread {
				threads[name] = true
			}
			stores, headers = stores+btoi(store), headers+btoi(header)
		}
	}
	if stores == 0 || headers == 0 || len(threads) < 30 {
		t.Errorf("%d stores, %d accesses to the header, uses of the thread pointer by %v", stores, headers, threads)
	}
}

// eachPPC64 returns an instruction for each primary and extended opcode, except for those of
// version 3.1 of the architecture (paired vectors and prefixes).
func eachPPC64(registers uint32) func(yield func(word uint32) bool) {
	return func(yield func(word uint32) bool) {
		for low := range uint32(1 << 11) {
			for op := range uint32(1 << 6) {
				if op != 1 && op != 6 && !yield(op<<26|registers|low) {
					return
				}
			}
		}
	}
}

// memoryPPC64 returns the offset and the number of the base register of an operand in memory, or
// -1 without such an operand.
func memoryPPC64(in ppc64asm.Inst) (offset int64, base int) {
	for i, arg := range in.Args {
		if d, ok := arg.(ppc64asm.Offset); ok {
			return int64(d), int(in.Args[i+1].(ppc64asm.Reg) - ppc64asm.R0)
		}
	}
	return 0, -1
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// The address of a variable is in a register until the register is overwritten. The first
// instruction has the relocation.
func TestVariablesOnPPC64(t *testing.T) {
	for _, test := range []struct {
		text string
		code string
		want []fault
	}{
		{"addi 3,3,variable; std 5,8(3)", "000063380800a3f8", []fault{{4, faultStore}}},
		{"addi 3,3,variable; nop; std 5,8(3)", "00006338000000600800a3f8", []fault{{8, faultStore}}},
		{"addi 3,3,variable; ld 5,8(3); std 5,8(3)", "000063380800a3e80800a3f8", []fault{{8, faultStore}}},
		{"addi 3,3,variable; std 3,8(4); std 5,8(3)", "00006338080064f80800a3f8", []fault{{8, faultStore}}},
		{"addi 3,3,variable; std 5,8(4)", "000063380800a4f8", nil},
		{"addi 3,3,variable; addi 4,3,8; std 5,8(4)", "00006338080083380800a4f8", nil},
		{"addi 3,3,variable; ld 5,8(3)", "000063380800a3e8", nil},
		{"addi 3,3,variable; ld 3,8(3); std 5,8(3)", "00006338080063e80800a3f8", nil},
		{"addi 3,3,variable; mr 3,4; std 5,8(3)", "000063387823837c0800a3f8", nil},
		{"ld 3,variable(3); std 5,8(3)", "000063e80800a3f8", nil},
	} {
		if _, faults := scanPPC64LE(decoded(t, test.code), fields{0: true}); !slices.Equal(faults, test.want) {
			t.Errorf("%s: %v, want %v", test.text, faults, test.want)
		}
	}
}

// The lower halves of sums and differences, with bits that are not in the mask.
func TestLowHalvesOnPPC64(t *testing.T) {
	for _, test := range []struct {
		typ    elf.R_PPC64
		P, toc int64
		field  uint32
		want   uint32
	}{
		{elf.R_PPC64_REL16_LO, 0x1230, 0, 0x38420000, 0x38424444},    // ADDI R2, R2, n
		{elf.R_PPC64_TOC16_LO, 0, 0x1230, 0x38630000, 0x38634444},    // ADDI R3, R3, n
		{elf.R_PPC64_TOC16_LO_DS, 0, 0x1230, 0xe8630000, 0xe8634444}, // LD R3, n(R3)
		{elf.R_PPC64_TOC16_LO_DS, 0, 0x1230, 0xe8630001, 0xe8634445}, // LDU R3, n(R3)
		{elf.R_PPC64_TOC16_LO_DS, 0, 0x1230, 0xe8630002, 0xe8634446}, // LWA R3, n(R3)
	} {
		f := &fixup{typ: uint32(test.typ), order: ppc64le.order, loc: make([]byte, 4), S: 0x5670, A: 4, P: test.P, toc: test.toc}
		f.order.PutUint32(f.loc, test.field)
		if err := applyPPC64LE(f); err != nil || f.order.Uint32(f.loc) != test.want {
			t.Errorf("%v: %#x, %v, want %#x", test.typ, f.order.Uint32(f.loc), err, test.want)
		}
	}
}
