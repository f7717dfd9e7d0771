// SPDX-License-Identifier: MIT

package main

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/arch/s390x/s390xasm"
)

// Instructions that store at a register plus an offset: those that the compiler and cmd/asm use,
// without atomic ones.
const storesInS390X = "sth stc st std ste stm mvi ni oi xi mvc nc oc xc stg strvg strv strvh sty sthy stcy mvhhi mvghi mvhi " +
	"vst stmg stmy mviy niy oiy xiy asi agsi alsi algsi stey stdy"

// TestDecodedS390X compares what the linker finds in single instructions with an independent
// decoder, for all opcodes.
func TestDecodedS390X(t *testing.T) {
	names, seen := strings.Fields(storesInS390X), map[string]bool{}
	for _, operands := range [][3]byte{{0x4f, 0xfe, 0x80}, {0xf4, 0x00, 0x7f}, {0x40, 0xff, 0xff}} {
		for code := range eachS390X(operands) {
			in, err := s390xasm.Decode(code)
			if err != nil {
				continue
			}
			name := in.Op.String()
			if got := lengthS390X(code[0]); got != in.Len {
				t.Fatalf("% x: %s: length %d, want %d", code, name, got, in.Len)
			}
			code = code[:in.Len]
			store := slices.Contains(names, name)
			if got := storesS390X(code); got != store {
				t.Fatalf("% x: %s: stores %t, want %t", code, name, got, store)
			}
			if store {
				seen[name] = true
			}
			relative := name != "brcth" && slices.ContainsFunc(in.Args[:], isRelativeArg)
			if got := isRelativeS390X(code); got != relative {
				t.Fatalf("% x: %s: relative %t, want %t", code, name, got, relative)
			}
			if r, ok := in.Args[0].(s390xasm.Reg); ok && r <= s390xasm.R15 && destinationS390X(code) != byte(r-s390xasm.R0) {
				t.Fatalf("% x: %s: destination %d, want %v", code, name, destinationS390X(code), r)
			}
			if got, want := addressOfS390X(code, 6), addressIn(in, code); got != want {
				t.Fatalf("% x: %s: %+v, want %+v", code, name, got, want)
			}
		}
	}
	if len(seen) != len(names) {
		t.Errorf("the decoder knows %d of %d stores: %v", len(seen), len(names), seen)
	}
}

// eachS390X returns an instruction for each opcode, which is the first byte, with the second or the
// last byte in some formats.
func eachS390X(operands [3]byte) func(yield func(code []byte) bool) {
	second := []byte{0x01, 0xa5, 0xa7, 0xb2, 0xb3, 0xb9, 0xc0, 0xc2, 0xc4, 0xc6, 0xc8, 0xcc, 0xe5}
	last := []byte{0xe3, 0xe6, 0xe7, 0xeb, 0xec, 0xed}
	return func(yield func(code []byte) bool) {
		for opcode := range 1 << 16 {
			first, more := byte(opcode>>8), byte(opcode)
			code := []byte{first, 0x5f, operands[0], operands[1], operands[2], 0}
			switch {
			case slices.Contains(second, first):
				code[1] = more
			case slices.Contains(last, first):
				code[5] = more
			case more != 0:
				continue
			}
			if !yield(code) {
				return
			}
		}
	}
}

func isRelativeArg(arg s390xasm.Arg) bool {
	_, ok := arg.(s390xasm.RegIm32)
	return ok
}

// addressIn returns the address with an offset of 20 bits in a decoded instruction at 6.
func addressIn(in s390xasm.Inst, code []byte) addressS390X {
	a := addressS390X{off: 6}
	for _, arg := range in.Args {
		if d, ok := arg.(s390xasm.Disp20); ok {
			a.op, a.reg, a.offset = int(code[0])<<8|int(code[5]), code[1]>>4, int32(d)
		}
	}
	if a.op == 0 {
		return a
	}
	for _, arg := range in.Args {
		switch arg := arg.(type) {
		case s390xasm.Base:
			a.onSP = a.onSP || arg == s390xasm.B15
		case s390xasm.Index:
			a.onSP = a.onSP || arg == s390xasm.X15
		}
	}
	return a
}
