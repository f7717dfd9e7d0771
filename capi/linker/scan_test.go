// SPDX-License-Identifier: MIT

package main

import (
	"debug/elf"
	"slices"
	"strings"
	"testing"
)

// TestScanRuntime scans every function of a whole Go program, runtime included, on architectures
// where branches have no relocations. The target of each is the start of a function, or in the
// middle of one of the few that the runtime enters there.
func TestScanRuntime(t *testing.T) {
	for _, goarch := range []string{"amd64", "386", "s390x"} {
		t.Run(goarch, func(t *testing.T) {
			t.Parallel()
			obj, err := readObject(productOf(t, goarch).object)
			if err != nil {
				t.Fatal(err)
			}
			functions, branches, unknown := 0, 0, 0
			for _, sym := range obj.symbols {
				if sym.section == nil || sym.typ != elf.STT_FUNC || sym.size <= 1 {
					continue
				}
				functions++
				found, faults := obj.scanFunc(sym.section, sym.value, sym.value+sym.size)
				branches += len(found)
				for _, r := range found {
					checkBranch(t, obj, sym, r)
				}
				for _, f := range faults {
					switch f.what {
					case faultDecode:
						t.Logf("%s+%#x: %s", sym.name, f.off, f.what)
						unknown++
					case faultField, faultTarget:
						t.Errorf("%s+%#x: %s", sym.name, f.off, f.what)
					}
				}
			}
			// x86asm lacks a few of the vector instructions in the runtime's assembly.
			if unknown > 10 {
				t.Errorf("%d functions have instructions that the linker cannot decode", unknown)
			}
			if functions < 1000 || branches < 5000 {
				t.Errorf("only %d functions with %d branches", functions, branches)
			}
		})
	}
}

func checkBranch(t *testing.T, obj *object, from *symbol, r reloc) {
	t.Helper()
	bias := int64(-4) // on x86 the field is at the end of the instruction
	if obj.machine == elf.EM_S390 {
		bias = 2
	}
	into := r.addend - bias
	middle := strings.HasPrefix(r.sym.name, "runtime.duff") || strings.HasPrefix(r.sym.name, "runtime.systemstack_switch")
	if into != 0 && !middle || into < 0 || uint64(into) >= r.sym.size {
		t.Errorf("%s+%#x: a branch to %s%+d", from.name, r.off-from.value, r.sym.name, into)
	}
}

// TestFaults tests one instruction of each kind that must not be in the library.
func TestFaults(t *testing.T) {
	for _, test := range []struct {
		name  string
		arch  *arch
		code  []byte
		field []uint64
		want  []string
	}{
		{"call *%rax", amd64, []byte{0xff, 0xd0}, nil, []string{faultIndirect}},
		{"jmp *8(%rax)", amd64, []byte{0xff, 0x60, 8}, nil, []string{faultIndirect}},
		{"mov %fs:0, %eax", amd64, []byte{0x64, 0x8b, 4, 0x25, 0, 0, 0, 0}, nil, []string{faultTLS}},
		{"mov %gs:0, %eax", i386, []byte{0x65, 0xa1, 0, 0, 0, 0}, nil, []string{faultTLS}},
		{"movl $1, 0(%rip)", amd64, []byte{0xc7, 5, 0, 0, 0, 0, 1, 0, 0, 0}, []uint64{2}, []string{faultStore}},
		{"cmpl $1, 0(%rip)", amd64, []byte{0x83, 0x3d, 0, 0, 0, 0, 1}, []uint64{2}, nil},
		{"lea 0(%rip), %rax", amd64, []byte{0x48, 0x8d, 5, 0, 0, 0, 0}, []uint64{3}, nil},
		{"a field beyond the instruction", amd64, []byte{0x48, 0x8d, 5, 0, 0, 0, 0, 0xc3}, []uint64{4}, []string{faultField}},
		{"a field in two instructions", i386, []byte{0x90, 0x90, 0x90, 0x90}, []uint64{0}, []string{faultField}},
		{"half an instruction", amd64, []byte{0x90, 0xe8, 0, 0}, nil, []string{faultDecode}},
		{"an unknown instruction", amd64, []byte{0x0f, 0xff}, nil, []string{faultDecode}},
		{"endbr64", amd64, endbr64, nil, nil},
		{"lcall *(%rax)", amd64, []byte{0xff, 0x18}, nil, []string{faultIndirect}},
		{"jmp to outside", amd64, []byte{0xeb, 0x10}, nil, []string{faultDecode}},
		{"jmp to outside, 16 bits", i386, []byte{0x66, 0xe9, 0x10, 0}, nil, []string{faultDecode}},
		{"jmp to outside, 32 bits, with a field", amd64, []byte{0xe9, 0x10, 0, 0, 0}, []uint64{1}, nil},
		{"call *%eax", i386, []byte{0xff, 0xd0}, nil, []string{faultIndirect}},
		{"br x16", arm64, []byte{0x00, 0x02, 0x1f, 0xd6}, nil, []string{faultIndirect}},
		{"blr x1", arm64, []byte{0x20, 0x00, 0x3f, 0xd6}, nil, []string{faultIndirect}},
		{"ret", arm64, []byte{0xc0, 0x03, 0x5f, 0xd6}, nil, nil},
		{"mrs x0, tpidr_el0", arm64, []byte{0x40, 0xd0, 0x3b, 0xd5}, nil, []string{faultTLS}},
		{"a literal like mrs", arm64, []byte{0x20, 0, 0, 0x18, 0x40, 0xd0, 0x3b, 0xd5}, nil, nil},
		{"mrc 15, 0, r0, cr13, cr0, {3}", arm, []byte{0x70, 0x0f, 0x1d, 0xee}, nil, []string{faultTLS}},
		{"ear %r0, %a0", s390x, []byte{0xb2, 0x4f, 0, 0}, nil, []string{faultTLS}},
		{"half a brasl", s390x, []byte{0xc0, 0xe5, 0, 0}, nil, []string{faultDecode}},
		{"a field in two instructions", s390x, []byte{0x07, 0, 0x07, 0}, []uint64{0}, []string{faultField}},
	} {
		fields := fields{}
		for _, f := range test.field {
			fields[f] = true
		}
		branches, faults := test.arch.scan(test.code, fields)
		if len(branches) > 0 {
			t.Errorf("%v: %s: %v", test.arch.machine, test.name, branches)
		}
		var got []string
		for _, f := range faults {
			got = append(got, f.what)
			if f.what == faultField && f.off != 0 {
				t.Errorf("%v: %s: at %d, want the start of the function", test.arch.machine, test.name, f.off)
			}
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%v: %s: %q, want %q", test.arch.machine, test.name, got, test.want)
		}
	}
}

func TestBranches(t *testing.T) {
	for _, test := range []struct {
		name string
		arch *arch
		code []byte
		want []branch
	}{
		{"call", amd64, []byte{0x90, 0xe8, 0xfa, 0xff, 0xff, 0xff}, nil},
		{"call back", amd64, []byte{0x90, 0xe8, 0xf9, 0xff, 0xff, 0xff}, []branch{{2, -1, -4}}},
		{"call to the start", amd64, []byte{0xe8, 0xfb, 0xff, 0xff, 0xff}, nil},
		{"jmp back", amd64, []byte{0x90, 0xeb, 0xfd}, nil},
		{"jmp back, 16 bits", i386, []byte{0x90, 0x66, 0xe9, 0xfb, 0xff}, nil},
		{"call to the end", amd64, []byte{0x90, 0xe8, 0, 0, 0, 0}, []branch{{2, 6, -4}}},
		{"jne", i386, []byte{0x0f, 0x85, 0x10, 0, 0, 0}, []branch{{2, 0x16, -4}}},
		{"lea of a function", amd64, []byte{0x48, 0x8d, 5, 0x20, 0, 0, 0}, []branch{{3, 0x27, -4}}},
		{"brasl", s390x, []byte{0x07, 0, 0xc0, 0xe5, 0, 0, 0, 0x10}, []branch{{4, 0x22, 2}}},
		{"larl within", s390x, []byte{0xc0, 0, 0, 0, 0, 3, 0x07, 0}, nil},
		{"larl outside", s390x, []byte{0xc0, 0x10, 0, 0, 0, 0x10}, []branch{{2, 0x20, 2}}},
		{"brcl to the start", s390x, []byte{0xc0, 0xf4, 0, 0, 0, 0}, nil},
		{"brcl to the end", s390x, []byte{0xc0, 0xf4, 0, 0, 0, 3}, []branch{{2, 6, 2}}},
		{"brcl back", s390x, []byte{0xc0, 0xf4, 0xff, 0xff, 0xff, 0xff}, []branch{{2, -2, 2}}},
	} {
		got, faults := test.arch.scan(test.code, fields{})
		if !slices.Equal(got, test.want) || len(faults) > 0 {
			t.Errorf("%v: %s: %v %v, want %v", test.arch.machine, test.name, got, faults, test.want)
		}
	}
}

func TestPools(t *testing.T) {
	for _, test := range []struct {
		name string
		arch *arch
		code []byte
		want []span
	}{
		{"ldr w0, .+8", arm64, []byte{0x40, 0, 0, 0x18}, []span{{8, 12}}},
		{"ldr x0, .+8", arm64, []byte{0x40, 0, 0, 0x58}, []span{{8, 16}}},
		{"ldrsw x0, .+8", arm64, []byte{0x40, 0, 0, 0x98}, []span{{8, 12}}},
		{"ldr q0, .+16", arm64, []byte{0x80, 0, 0, 0x9c}, []span{{16, 32}}},
		{"nop; ldr w1, .+8", arm64, []byte{0x1f, 0x20, 0x03, 0xd5, 0x41, 0, 0, 0x18}, []span{{12, 16}}},
		{"ldr r0, [pc, #4]", arm, []byte{0x04, 0, 0x9f, 0xe5}, []span{{12, 16}}},
		{"ldr r0, [pc, #1]", arm, []byte{0x01, 0, 0x9f, 0xe5}, []span{{9, 13}}},
		{"nop; nop; ldr r0, [pc, #-8]", arm, []byte{0, 0xf0, 0x20, 0xe3, 0, 0xf0, 0x20, 0xe3, 0x08, 0, 0x1f, 0xe5}, []span{{8, 12}}},
		{"ldr r0, [r1, #4]", arm, []byte{0x04, 0, 0x91, 0xe5}, nil},
	} {
		if got := test.arch.mapping.pools(test.code); !slices.Equal(got, test.want) {
			t.Errorf("%v: %s: %v, want %v", test.arch.machine, test.name, got, test.want)
		}
	}
	joined := joinSpans([]span{{8, 12}, {0, 4}, {4, 8}, {20, 24}, {20, 22}})
	if want := []span{{0, 12}, {20, 24}}; !slices.Equal(joined, want) {
		t.Errorf("joined: %v, want %v", joined, want)
	}
}
