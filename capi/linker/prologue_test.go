// SPDX-License-Identifier: MIT

package main

import (
	"debug/elf"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

const (
	arm64Ret   = 0xd65f03c0
	ppc64BLR   = 0x4e800020
	ppc64BL    = 0x48000001
	ppc64NoTOC = 0x60000000 // NOP
)

// adapted are functions before and after adaptFrame, with their steps before and their rows after.
var adapted = []struct {
	name    string
	arch    *arch
	code    []uint32
	steps   []step
	want    []uint32
	rows    string
	refused uint64 // the offset plus 1, or 0 if it is accepted
}{
	{
		name: "a small frame",
		arch: arm64,
		code: []uint32{
			0xf81d0ffe,             // MOVD.W R30, -48(RSP)
			0xf81f83fd, 0xd10023fd, // MOVD R29, -8(RSP); SUB $8, RSP, R29
			0x94000000,             // CALL
			0xf85f83fd, 0xf84307fe, // MOVD -8(RSP), R29; MOVD.P 48(RSP), R30
			arm64Ret,
		},
		steps: []step{{4, 48}, {24, 0}},
		want:  []uint32{0xf81d0ffe, arm64Nop, arm64Nop, 0x94000000, arm64Nop, 0xf84307fe, arm64Ret},
		rows:  "[{0 0 []} {4 48 []} {5 48 [{30 48}]} {24 0 []}]",
	}, {
		name: "a large frame",
		arch: arm64,
		code: []uint32{
			0xd10543f4,             // SUB $336, RSP, R20
			0xa93ffa9d, 0x9100029f, // STP (R29, R30), -8(R20); MOVD R20, RSP
			0xd10023fd,             // SUB $8, RSP, R29
			0x94000000,             // CALL
			0xa97ffbfd, 0x910543ff, // LDP -8(RSP), (R29, R30); ADD $336, RSP
			arm64Ret,
		},
		steps: []step{{12, 336}, {28, 0}},
		want:  []uint32{0xd10543f4, 0x9100029f, 0xf90003fe, arm64Nop, 0x94000000, 0xf94003fe, 0x910543ff, arm64Ret},
		rows:  "[{0 0 []} {8 336 []} {9 336 [{30 336}]} {28 0 []}]",
	}, {
		name: "a leaf function",
		arch: arm64,
		code: []uint32{
			0xf81c0ffe, 0xf81f83fd, 0xd10023fd,
			0x9100e3fd, 0x910103ff, // ADD $56, RSP, R29; ADD $64, RSP
			arm64Ret,
		},
		steps: []step{{4, 64}, {20, 0}},
		want:  []uint32{0xf81c0ffe, arm64Nop, arm64Nop, arm64Nop, 0x910103ff, arm64Ret},
		rows:  "[{0 0 []} {4 64 []} {5 64 [{30 64}]} {20 0 []}]",
	}, {
		name: "around runtime.duffzero",
		arch: arm64,
		code: []uint32{0xa93eeffd, 0xd10063fd, 0x94000000, 0xd10023fd},
		want: []uint32{0xd503201f, 0xd503201f, 0x94000000, 0xd503201f},
		rows: "[{0 0 []}]",
	}, {
		name: "literals that look like instructions",
		arch: arm64,
		code: []uint32{0x580000a0, arm64Nop, arm64Nop, arm64Nop, arm64Ret, 0xf81f03e0, 0xd10023fd}, // LDR 20(PC), R0
		want: []uint32{0x580000a0, arm64Nop, arm64Nop, arm64Nop, arm64Ret, 0xf81f03e0, 0xd10023fd},
		rows: "[{0 0 []}]",
	}, {
		name: "accesses that are not below SP",
		arch: arm64,
		code: []uint32{0xf81f0020, 0xf80083e0}, // MOVD R0, -16(R1); MOVD R0, 8(RSP)
		want: []uint32{0xf81f0020, 0xf80083e0},
		rows: "[{0 0 []}]",
	}, {
		name:    "a large frame with a different register",
		arch:    arm64,
		code:    []uint32{0xd10543f3, 0xa93ffa7d, 0x9100027f}, // as above, but for R19
		steps:   []step{{12, 336}},
		refused: 1,
	}, {
		name:    "a large frame that .debug_frame has elsewhere",
		arch:    arm64,
		code:    []uint32{0xd10543f4, 0xa93ffa9d, 0x9100029f},
		steps:   []step{{8, 336}},
		refused: 1,
	}, {
		name:    "SP set from an unknown value",
		arch:    arm64,
		code:    []uint32{0x910003f4, 0xa93ffa9d, 0x9100027f}, // MOVD RSP, R20; STP; MOVD R19, RSP
		refused: 9,
	}, {
		name:    "a store below SP",
		arch:    arm64,
		code:    []uint32{arm64Nop, 0xf81f03e1}, // MOVD R1, -16(RSP)
		refused: 5,
	}, {
		name:    "a load of a vector from below SP",
		arch:    arm64,
		code:    []uint32{0xd503201f, 0x3cdf03e0}, // FMOVQ -16(RSP), F0
		refused: 5,
	}, {
		name:    "a pair stored below SP",
		arch:    arm64,
		code:    []uint32{0xa93f0be1}, // STP (R1, R2), -16(RSP)
		refused: 1,
	}, {
		name:    "a frame that takes a register to tell its size",
		arch:    arm64,
		code:    []uint32{0xd2846a1b, 0xcb3b63f4, 0xf900029e, 0xcb3b63ff}, // SUB R27, RSP, R20
		refused: 5,
	}, {
		name:    "an address below SP in an odd register",
		arch:    arm64,
		code:    []uint32{0xcb3b63f5}, // SUB R27, RSP, R21
		refused: 1,
	}, {
		name: "a frame",
		arch: ppc64le,
		code: []uint32{
			0x3c4c0000, 0x38420000, // the TOC pointer
			0x7fe802a6, 0xfbe1ffa9, 0xf8410018, // MFLR R31; STDU R31, -88(R1); STD R2, 24(R1)
			ppc64BL,
			0xebe10000, 0x7fe803a6, 0x38210058, ppc64BLR, // LD R31, 0(R1); MTLR R31; ADDI R1, R1, 88
			0xebe10000, 0x7fe803a6, 0x38210058, ppc64BLR,
		},
		steps: []step{{16, 88}, {36, 0}, {40, 88}, {52, 0}},
		want: []uint32{
			0x3c4c0000, 0x38420000,
			0x7fe802a6, 0xfbe10010, 0xf821ffa9, // MFLR R31; STD R31, 16(R1); STDU R1, -88(R1)
			ppc64BL,
			0xebe10068, 0x7fe803a6, 0x38210058, ppc64BLR, // LD R31, 104(R1)
			0xebe10068, 0x7fe803a6, 0x38210058, ppc64BLR,
		},
		rows: "[{0 0 []} {20 88 []} {21 88 [{65 -16}]} {36 0 []} {40 88 [{65 -16}]} {52 0 []}]",
	}, {
		name:  "a leaf function",
		arch:  ppc64le,
		code:  []uint32{0x7fe802a6, 0xfbe1ffc9, 0xf8610020, 0x38210038, ppc64BLR},
		steps: []step{{8, 56}, {16, 0}},
		want:  []uint32{0x7fe802a6, 0xf821ffc9, 0xf8610020, 0x38210038, ppc64BLR},
		rows:  "[{0 0 []} {8 56 []} {9 56 []} {16 0 []}]",
	}, {
		name: "no frame",
		arch: ppc64le,
		code: []uint32{0xf8610020, ppc64BLR}, // R1 is the caller's
		want: []uint32{0xf8610020, ppc64BLR},
		rows: "[{0 0 []}]",
	}, {
		name:    "a frame without a copy of the TOC pointer",
		arch:    ppc64le,
		code:    []uint32{0x7fe802a6, 0xfbe1ffa9, ppc64NoTOC, ppc64BL, 0xebe10000, 0x7fe803a6, 0x38210058, ppc64BLR},
		steps:   []step{{8, 88}, {28, 0}},
		refused: 17,
	}, {
		name:    "a load of the TOC pointer",
		arch:    ppc64le,
		code:    []uint32{0x7fe802a6, 0xfbe1ffa9, 0xf8410018, ppc64BL, 0xe8410018},
		steps:   []step{{8, 88}},
		refused: 17,
	}, {
		name:    "a different epilogue",
		arch:    ppc64le,
		code:    []uint32{0x7fe802a6, 0xfbe1ffa9, 0xf8410018, ppc64BL, 0xebe10000, 0x38210058, 0x7fe803a6, ppc64BLR},
		steps:   []step{{8, 88}, {24, 0}},
		refused: 17,
	}, {
		name:    "a frame that takes a register to tell its size",
		arch:    ppc64le,
		code:    []uint32{0x7fa802a6, 0x3be09000, 0x7fbf096a}, // MFLR R29; LI R31, n; STDUX R29, R31, R1
		steps:   []step{{12, 28672}},
		refused: 1,
	}, {
		name:    "a store below SP",
		arch:    ppc64le,
		code:    []uint32{0x7fe802a6, 0xfbe1ffa8, 0x3821ffa8}, // STD R31, -88(R1); ADDI R1, R1, -88
		steps:   []step{{12, 88}},
		refused: 5,
	}, {
		name:    "a load from below SP",
		arch:    loong64,
		code:    []uint32{0x03400000, 0x28ffe06c}, // NOP; MOVV -8(R3), R12
		refused: 5,
	},
}

func TestAdaptFrame(t *testing.T) {
	for _, test := range adapted {
		t.Run(test.arch.machine.String()+"/"+test.name, func(t *testing.T) {
			code := &buffer{arch: test.arch}
			code.u32(test.code...)
			steps := slices.Clone(test.steps)
			faults := test.arch.adaptFrame(instructions{code.data, test.arch.order}, steps)
			if test.refused > 0 {
				if len(faults) == 0 || faults[0].off != test.refused-1 {
					t.Errorf("faults %v, want one at %#x", faults, test.refused-1)
				}
				return
			}
			want := &buffer{arch: test.arch}
			want.u32(test.want...)
			if len(faults) > 0 || string(code.data) != string(want.data) {
				t.Errorf("faults %v, code\n% x, want\n% x", faults, code.data, want.data)
			}
			lib := &library{object: &object{arch: test.arch}}
			f := &atom{section: &objSection{data: code.data}, end: code.len()}
			if got := fmt.Sprint(lib.rowsOf(f, steps)); got != test.rows {
				t.Errorf("rows %s, want %s", got, test.rows)
			}
		})
	}
}

// TestRefuseFrame links a function that stores below SP.
func TestRefuseFrame(t *testing.T) {
	o := smallObject("arm64")
	arm64.order.PutUint32(o.sections[0].data.data[20:], 0xf81f03e0) // MOVD R0, -16(RSP)
	_, err := linkObject(t, o)
	if want := faultBelowSP + "\n\tmemfd_go_small -> main.small+0x4\n"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %q", err, want)
	}
}

// TestFrames checks the built libraries: on arm64 nothing is below SP, and on ppc64le each frame
// has a back chain.
func TestFrames(t *testing.T) {
	for _, goarch := range []string{"arm64", "ppc64le"} {
		t.Run(goarch, func(t *testing.T) {
			f, arch := openProduct(t, goarch), goarches[goarch]
			symbols, err := f.Symbols()
			if err != nil {
				t.Fatal(err)
			}
			text, data := f.Section(".text"), sectionData(t, f, ".text")
			frames := 0
			for _, s := range symbols {
				if elf.ST_TYPE(s.Info) != elf.STT_FUNC {
					continue
				}
				start := s.Value - text.Addr
				in := instructions{data[start : start+s.Size], arch.order}
				for i := range in.count() {
					switch word := in.at(i); {
					case goarch == "arm64" && belowSPARM64(in, i):
						t.Errorf("%s+%#x: %#x", s.Name, 4*i, word)
					case goarch == "arm64" && word == arm64StoreLR, word&0xffff0003 == ppc64PushR1:
						frames++
					case goarch == "ppc64le" && word&0xffff0003 == ppc64PushR31:
						t.Errorf("%s+%#x: no back chain", s.Name, 4*i)
					}
				}
			}
			if frames == 0 {
				t.Error("no frames found")
			}
		})
	}
}

// TestRefuseFrameAt checks where a refused instruction is.
func TestRefuseFrameAt(t *testing.T) {
	o := smallObject("arm64")
	copy(o.sections[0].data.data[20:], "\xe0\x83\x1f\xf8") // STUR X0, [SP, -8]
	_, err := linkObject(t, o)
	var refused refusals
	if !errors.As(err, &refused) || len(refused) != 1 {
		t.Fatalf("%v, want one refusal", err)
	}
	if got := refused[0]; got.atom.name != "main.small" || got.pc != 20 || got.what != faultBelowSP {
		t.Errorf("%s in %s at %d", got.what, got.atom.name, got.pc)
	}
}
