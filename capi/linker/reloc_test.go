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

// limits are relocations at the ends of their range. want is the relocated field, or 0 for an
// error.
var limits = []struct {
	arch  *arch
	typ   fmt.Stringer
	field uint32
	value int64 // S + A - P, or S + A where there is no P
	want  uint32
}{
	{amd64, elf.R_X86_64_PC32, 0, 1<<31 - 1, 0x7fffffff},
	{amd64, elf.R_X86_64_PC32, 0, 1 << 31, 0},
	{amd64, elf.R_X86_64_PC32, 0, -1 << 31, 0x80000000},
	{amd64, elf.R_X86_64_PC32, 0, -1<<31 - 1, 0},

	// All addresses are in range: sums wrap around.
	{i386, elf.R_386_PC32, 0, 1<<31 - 1, 0x7fffffff},
	{i386, elf.R_386_PC32, 0, 1 << 31, 0x80000000},
	{i386, elf.R_386_PC32, 0, 1<<32 - 1, 0xffffffff},
	{i386, elf.R_386_PC32, 0, -1 << 31, 0x80000000},
	{i386, elf.R_386_PC32, 0, -1<<31 - 1, 0x7fffffff},

	{arm64, elf.R_AARCH64_CALL26, 0x94000000, 1<<27 - 4, 0x95ffffff},
	{arm64, elf.R_AARCH64_CALL26, 0x94000000, 1 << 27, 0},
	{arm64, elf.R_AARCH64_CALL26, 0x94000000, -1 << 27, 0x96000000},
	{arm64, elf.R_AARCH64_CALL26, 0x94000000, -1<<27 - 4, 0},
	{arm64, elf.R_AARCH64_CALL26, 0x94000000, 2, 0},
	{arm64, elf.R_AARCH64_JUMP26, 0x14000000, 1<<27 - 4, 0x15ffffff},
	{arm64, elf.R_AARCH64_JUMP26, 0x14000000, 1 << 27, 0},
	{arm64, elf.R_AARCH64_ADR_PREL_PG_HI21, 0x90000000, 1<<32 - 1, 0xf07fffe0},
	{arm64, elf.R_AARCH64_ADR_PREL_PG_HI21, 0x90000000, 1 << 32, 0},
	{arm64, elf.R_AARCH64_ADR_PREL_PG_HI21, 0x90000000, -1 << 32, 0x90800000},
	{arm64, elf.R_AARCH64_ADR_PREL_PG_HI21, 0x90000000, -1<<32 - 1, 0},
	{arm64, elf.R_AARCH64_ADD_ABS_LO12_NC, 0x91000000, 0x12fff, 0x913ffc00},
	{arm64, elf.R_AARCH64_LDST8_ABS_LO12_NC, 0x39400000, 0x12fff, 0x397ffc00},
	{arm64, elf.R_AARCH64_LDST16_ABS_LO12_NC, 0x79400000, 0x12ffe, 0x795ffc00},
	{arm64, elf.R_AARCH64_LDST16_ABS_LO12_NC, 0x79400000, 0x12fff, 0},
	{arm64, elf.R_AARCH64_LDST32_ABS_LO12_NC, 0xb9400000, 0x12ffc, 0xb94ffc00},
	{arm64, elf.R_AARCH64_LDST32_ABS_LO12_NC, 0xb9400000, 0x12ffe, 0},
	{arm64, elf.R_AARCH64_LDST64_ABS_LO12_NC, 0xf9400000, 0x12ff8, 0xf947fc00},
	{arm64, elf.R_AARCH64_LDST64_ABS_LO12_NC, 0xf9400000, 0x12ffc, 0},

	{arm, elf.R_ARM_CALL, 0xeb000000, 1<<25 - 4, 0xeb7fffff},
	{arm, elf.R_ARM_CALL, 0xeb000000, 1 << 25, 0},
	{arm, elf.R_ARM_CALL, 0xeb000000, -1 << 25, 0xeb800000},
	{arm, elf.R_ARM_CALL, 0xeb000000, -1<<25 - 4, 0},
	{arm, elf.R_ARM_CALL, 0xeb000000, 2, 0},
	{arm, elf.R_ARM_JUMP24, 0x0a000000, 1<<25 - 4, 0x0a7fffff},
	{arm, elf.R_ARM_JUMP24, 0x0a000000, 1 << 25, 0},
	{arm, elf.R_ARM_REL32, 0, 1<<32 - 1, 0xffffffff},

	{riscv64, elf.R_RISCV_JAL, 0x000000ef, 1<<20 - 2, 0x7ffff0ef},
	{riscv64, elf.R_RISCV_JAL, 0x000000ef, 0x800, 0x001000ef},
	{riscv64, elf.R_RISCV_JAL, 0x000000ef, 1 << 20, 0},
	{riscv64, elf.R_RISCV_JAL, 0x000000ef, -1 << 20, 0x800000ef},
	{riscv64, elf.R_RISCV_JAL, 0x000000ef, -1<<20 - 2, 0},
	{riscv64, elf.R_RISCV_JAL, 0x000000ef, 1, 0},
	{riscv64, elf.R_RISCV_PCREL_HI20, 0x00000097, 0x7ffff7ff, 0x7ffff097},
	{riscv64, elf.R_RISCV_PCREL_HI20, 0x00000097, 0x7ffff800, 0},
	{riscv64, elf.R_RISCV_PCREL_HI20, 0x00000097, -0x80000800, 0x80000097},
	{riscv64, elf.R_RISCV_PCREL_HI20, 0x00000097, -0x80000801, 0},

	{ppc64le, elf.R_PPC64_REL24, 0x48000001, 1<<25 - 4, 0x49fffffd},
	{ppc64le, elf.R_PPC64_REL24, 0x48000001, 1 << 25, 0},
	{ppc64le, elf.R_PPC64_REL24, 0x48000001, -1 << 25, 0x4a000001},
	{ppc64le, elf.R_PPC64_REL24, 0x48000001, -1<<25 - 4, 0},
	{ppc64le, elf.R_PPC64_REL24, 0x48000001, 2, 0},
	{ppc64le, elf.R_PPC64_REL16_HA, 0x3c4c0000, 0x7fff7fff, 0x3c4c7fff},
	{ppc64le, elf.R_PPC64_REL16_HA, 0x3c4c0000, 0x7fff8000, 0},
	{ppc64le, elf.R_PPC64_REL16_HA, 0x3c4c0000, -0x80008000, 0x3c4c8000},
	{ppc64le, elf.R_PPC64_REL16_HA, 0x3c4c0000, -0x80008001, 0},
	{ppc64le, elf.R_PPC64_REL16_LO, 0x38420000, 0x1234ffff, 0x3842ffff},
	{ppc64le, elf.R_PPC64_TOC16_HA, 0x3c620000, 0x7fff7fff, 0x3c627fff},
	{ppc64le, elf.R_PPC64_TOC16_HA, 0x3c620000, 0x7fff8000, 0},
	{ppc64le, elf.R_PPC64_TOC16_HA, 0x3c620000, -0x80008001, 0},
	{ppc64le, elf.R_PPC64_TOC16_LO, 0x38630000, -1, 0x3863ffff},
	{ppc64le, elf.R_PPC64_TOC16_LO_DS, 0xe8630002, 0x1234fffc, 0xe863fffe},
	{ppc64le, elf.R_PPC64_TOC16_LO_DS, 0xe8630002, 0x1234fffe, 0},

	{s390x, elf.R_390_PC32DBL, 0, 1<<32 - 2, 0x7fffffff},
	{s390x, elf.R_390_PC32DBL, 0, 1 << 32, 0},
	{s390x, elf.R_390_PC32DBL, 0, -1 << 32, 0x80000000},
	{s390x, elf.R_390_PC32DBL, 0, -1<<32 - 2, 0},
	{s390x, elf.R_390_PC32DBL, 0, 1, 0},

	{loong64, elf.R_LARCH_B26, 0x54000000, 1<<27 - 4, 0x57fffdff},
	{loong64, elf.R_LARCH_B26, 0x54000000, 1 << 27, 0},
	{loong64, elf.R_LARCH_B26, 0x54000000, -1 << 27, 0x54000200},
	{loong64, elf.R_LARCH_B26, 0x54000000, -1<<27 - 4, 0},
	{loong64, elf.R_LARCH_B26, 0x54000000, 2, 0},
	{loong64, elf.R_LARCH_PCALA_HI20, 0x1a000000, 0x7ffff7ff, 0x1affffe0},
	{loong64, elf.R_LARCH_PCALA_HI20, 0x1a000000, 0x7ffff800, 0},
	{loong64, elf.R_LARCH_PCALA_HI20, 0x1a000000, -0x80000800, 0x1b000000},
	{loong64, elf.R_LARCH_PCALA_HI20, 0x1a000000, -0x80000801, 0},
	{loong64, elf.R_LARCH_PCALA_LO12, 0x02c00000, 0x12fff, 0x02fffc00},
	{loong64, elf.R_LARCH_PCALA_LO12, 0x02c00000, 0x12345, 0x02cd1400},
}

func TestRelocationLimits(t *testing.T) {
	const P = 0x10000 // a page, on all architectures
	for _, test := range limits {
		f := &fixup{typ: typeNumber(t, test.typ), order: test.arch.order, loc: make([]byte, 4)}
		f.order.PutUint32(f.loc, test.field)
		name := test.typ.String()
		switch {
		case strings.Contains(name, "TOC16"):
			f.toc, f.S, f.A = P, P+test.value-12, 12
		case strings.Contains(name, "LO12"):
			f.P, f.S, f.A = P, test.value-12, 12
		default:
			f.P, f.S, f.A = P, P+test.value-12, 12
		}
		err := test.arch.apply(f)
		got := f.order.Uint32(f.loc)
		switch {
		case err != nil && test.want != 0:
			t.Errorf("%s with %#x: %v", name, test.value, err)
		case err == nil && (test.want == 0 || got != test.want):
			t.Errorf("%s with %#x: %#x, want %#x (0: an error)", name, test.value, got, test.want)
		case err != nil && got != test.field:
			t.Errorf("%s with %#x: wrote %#x despite an error", name, test.value, got)
		}
	}
}

// typeNumber converts a relocation type of any architecture to its number.
func typeNumber(t *testing.T, typ fmt.Stringer) uint32 {
	t.Helper()
	var n uint32
	if _, err := fmt.Sscan(fmt.Sprintf("%d", typ), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestLowHalvesOnRISCV(t *testing.T) {
	for _, test := range []struct {
		typ      elf.R_RISCV
		field    uint32
		distance int64
		want     uint32
	}{
		{elf.R_RISCV_PCREL_LO12_I, 0x00000013, 0x127ff, 0x7ff00013},
		{elf.R_RISCV_PCREL_LO12_I, 0x00000013, 0x12800, 0x80000013},
		{elf.R_RISCV_PCREL_LO12_I, 0x00000013, -1, 0xfff00013},
		{elf.R_RISCV_PCREL_LO12_S, 0x00000023, 0x127ff, 0x7e000fa3},
		{elf.R_RISCV_PCREL_LO12_S, 0x00000023, 0x12800, 0x80000023},
		{elf.R_RISCV_PCREL_LO12_S, 0x00000023, -1, 0xfe000fa3},
	} {
		f := &fixup{typ: uint32(test.typ), order: riscv64.order, loc: make([]byte, 4), S: 0x4000, A: 8}
		f.order.PutUint32(f.loc, test.field)
		f.paired = func(typ uint32, addr int64) (int64, error) {
			if typ != uint32(elf.R_RISCV_PCREL_HI20) || addr != 0x4008 {
				t.Errorf("paired with %v at %#x", elf.R_RISCV(typ), addr)
			}
			return test.distance, nil
		}
		if err := riscv64.apply(f); err != nil || f.order.Uint32(f.loc) != test.want {
			t.Errorf("%v with %#x: %#x, %v, want %#x", test.typ, test.distance, f.order.Uint32(f.loc), err, test.want)
		}
		want := errors.New("no such relocation")
		f.paired = func(uint32, int64) (int64, error) { return 0, want }
		if err := riscv64.apply(f); err != want {
			t.Errorf("%v without the upper half: error %v, want %v", test.typ, err, want)
		}
	}
}

func TestLocalEntry(t *testing.T) {
	for other, want := range map[byte]int64{0: 0, 1 << 5: 0, 2 << 5: 4, 3 << 5: 8, 4 << 5: 16, 5 << 5: 32, 6 << 5: 64} {
		if got := localEntry(other); got != want {
			t.Errorf("st_other %#x: the local entry point is at %d, want %d", other, got, want)
		}
	}
	f := &fixup{typ: uint32(elf.R_PPC64_REL24), order: ppc64le.order, loc: []byte{1, 0, 0, 0x48}, S: 0x100, other: 3 << 5}
	if err := ppc64le.apply(f); err != nil || f.order.Uint32(f.loc) != 0x48000109 {
		t.Errorf("a call of a function with a local entry: %#x, %v", f.order.Uint32(f.loc), err)
	}
}

// A clear field is zero where the relocation writes, and is otherwise unchanged. This is tested
// with the relocations of limits, whose fields are zero there, and with the low halves of riscv64.
func TestClear(t *testing.T) {
	fixups := []*fixup{
		{typ: uint32(elf.R_RISCV_PCREL_LO12_I), order: riscv64.order, loc: []byte{0x13, 0, 0, 0}},
		{typ: uint32(elf.R_RISCV_PCREL_LO12_S), order: riscv64.order, loc: []byte{0x23, 0, 0, 0}},
	}
	of := []*arch{riscv64, riscv64}
	for _, test := range limits {
		f := &fixup{typ: typeNumber(t, test.typ), order: test.arch.order, loc: make([]byte, 4)}
		f.order.PutUint32(f.loc, test.field)
		fixups, of = append(fixups, f), append(of, test.arch)
	}
	for i, f := range fixups {
		want := slices.Clone(f.loc)
		f.S, f.A, f.P, f.toc, f.other = 0x12345, 1, 0x54320, 0x4321, 3<<5
		f.paired = func(uint32, int64) (int64, error) { return 0x123, nil }
		f.clear()
		if err := of[i].apply(f); err != nil || !slices.Equal(f.loc, want) {
			t.Errorf("%s: % x, %v, want % x", of[i].typeName(f.typ), f.loc, err, want)
		}
	}
}

func TestUnknownRelocation(t *testing.T) {
	for _, arch := range arches {
		f := &fixup{typ: 0xee, order: arch.order, loc: make([]byte, 8)}
		if err := arch.apply(f); err == nil || err.Error() != "unknown relocation" {
			t.Errorf("%v: relocation 0xee: %v", arch.machine, err)
		}
		if !strings.Contains(arch.typeName(arch.absolute), "R_") {
			t.Errorf("%v: the name of %d is %q", arch.machine, arch.absolute, arch.typeName(arch.absolute))
		}
	}
}
