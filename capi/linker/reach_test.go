// SPDX-License-Identifier: MIT

package main

import (
	"debug/elf"
	"errors"
	"slices"
	"strings"
	"testing"
)

// reachOf returns the kept atoms of an object.
func reachOf(t *testing.T, o *objectBuilder) (*library, error) {
	t.Helper()
	obj, err := readObject(o.write(t))
	if err != nil {
		t.Fatal(err)
	}
	lib := &library{object: obj}
	return lib, lib.reach()
}

func names(atoms []*atom) (names []string) {
	for _, a := range atoms {
		names = append(names, a.name)
	}
	return names
}

func checkReach(t *testing.T, o *objectBuilder, want ...string) *library {
	t.Helper()
	lib, err := reachOf(t, o)
	if err != nil {
		t.Fatal(err)
	}
	if got := names(lib.atoms); !slices.Equal(got, want) {
		t.Errorf("kept %q, want %q", got, want)
	}
	return lib
}

// Atoms keep the alignment of their addresses, up to that of their section.
func TestReachAlignment(t *testing.T) {
	o := &objectBuilder{arch: arm64}
	text := o.add(".text", elf.SHF_ALLOC|elf.SHF_EXECINSTR)
	text.data.u32(0)
	o.symbol("memfd_go_a", elf.STT_FUNC, 0)
	for _, name := range []string{"b", "c", "d"} {
		start := text.data.len()
		text.data.u32(0)
		o.symbol("memfd_go_"+name, elf.STT_FUNC, start)
	}
	text.data.pad(64)
	text.data.u32(0)
	o.symbol("memfd_go_e", elf.STT_FUNC, 64)
	lib := checkReach(t, o, "memfd_go_a", "memfd_go_b", "memfd_go_c", "memfd_go_d", "memfd_go_e")
	for i, want := range []uint64{16, 4, 8, 4, 16} {
		if got := lib.atoms[i].align; got != want {
			t.Errorf("%s is aligned to %d, want %d", lib.atoms[i].name, got, want)
		}
	}
}

// A string is as long as its header says. Equal strings are kept once, others even if they overlap.
func TestReachStrings(t *testing.T) {
	withLength := func(length uint64) *objectBuilder {
		o := smallObject("arm64")
		o.order.PutUint64(o.sections[1].data.data[8:], length)
		return o
	}
	for length, want := range map[uint64]string{0: `""`, 6: `"string"`, 10: `"stringmore"`} {
		lib := checkReach(t, withLength(length), "memfd_go_small", "main.small", "main.text", want)
		if got := lib.atoms[2].refs[0]; got.to != lib.atoms[3] || got.addend != 0 {
			t.Errorf("%s: the header refers to %v", want, got)
		}
	}
	for _, length := range []uint64{11, 1 << 63, ^uint64(0), ^uint64(3)} {
		if _, err := reachOf(t, withLength(length)); err == nil || !strings.Contains(err.Error(), notHeader) {
			t.Errorf("length %#x: %v", length, err)
		}
	}
	for size := uint64(8); size < 16; size++ {
		o := withLength(6)
		o.symbols[3].size = size // of the variable
		if _, err := reachOf(t, o); err == nil || !strings.Contains(err.Error(), notHeader) {
			t.Errorf("a header of %d bytes: %v", size, err)
		}
	}
	o := withLength(6)
	data := o.sections[1]
	data.data.word(0, 6, 0, 3) // two more headers in the same variable
	o.symbols[3].size = data.data.len()
	data.reloc(24, o.absolute, "go:string.*", 4)
	data.reloc(40, o.absolute, "go:string.*", 4)
	checkReach(t, o, "memfd_go_small", "main.small", "main.text", `"string"`, `"str"`)
}

// Constants of the compiler are kept without a name, whatever package named them.
func TestReachConstants(t *testing.T) {
	for name, allowed := range map[string]bool{"$i64.0123456789abcdef": true, "runtime..stmp_1": true, "runtime.number": false} {
		o := smallObject("arm64")
		o.add(".rodata", elf.SHF_ALLOC).data.word(1)
		o.symbol(name, elf.STT_OBJECT, 0)
		o.sections[0].relocs[1].symbol = name
		lib, err := reachOf(t, o)
		if allowed != (err == nil) {
			t.Errorf("%s: %v", name, err)
		} else if allowed && (len(lib.atoms) != 3 || lib.atoms[2].symbol != nil) {
			t.Errorf("%s: kept %q", name, names(lib.atoms))
		}
	}
}

// Assembly calls a Go function through a wrapper, which is left out, except where it is the
// function itself.
func TestReachUnwraps(t *testing.T) {
	for _, test := range []struct {
		arch  *arch
		calls string   // by main.f.abi0
		want  []string // memfd_go_a calls the last one
	}{
		{amd64, "main.f", []string{"memfd_go_a", "main.f"}},
		{amd64, "main.other", []string{"memfd_go_a", "main.other", "main.f.abi0"}},
		{arm64, "main.f", []string{"memfd_go_a", "main.f"}},
		{arm64, "main.other", []string{"memfd_go_a", "main.other", "main.f.abi0"}},
		{i386, "main.f", []string{"memfd_go_a", "main.f", "main.f.abi0"}},
	} {
		o := &objectBuilder{arch: test.arch}
		text := o.add(".text", elf.SHF_ALLOC|elf.SHF_EXECINSTR)
		for i, name := range []string{"memfd_go_a", "main.f", "main.other", "main.f.abi0"} {
			at := uint64(16 * i)
			switch {
			case i != 0 && i != 3 && test.arch == arm64:
				text.data.u32(arm64Return)
			case i != 0 && i != 3:
				text.data.bytes(0xc3)
			case test.arch == arm64:
				text.data.u32(0x94000000) // BL
				text.reloc(at, uint32(elf.R_AARCH64_CALL26), map[int]string{0: "main.f.abi0", 3: test.calls}[i], 0)
			default: // CALL
				target := map[int]int{0: 48, 3: map[string]int{"main.f": 16, "main.other": 32}[test.calls]}[i]
				text.data.bytes(0xe8)
				text.data.u32(uint32(target - int(at) - 5))
			}
			o.symbol(name, elf.STT_FUNC, at)
			text.data.pad(16)
		}
		lib := checkReach(t, o, test.want...)
		if got := lib.atoms[0].refs; len(got) != 1 || got[0].to != lib.atoms[len(lib.atoms)-1] {
			t.Errorf("%v: memfd_go_a refers to %v", test.arch.machine, got)
		}
	}
}

// A label is a place in the same function. Labels elsewhere are refused.
func TestReachLabels(t *testing.T) {
	for value, allowed := range map[uint64]bool{0: true, 4: true, 8: true, 11: true, 12: false, 16: false} {
		o := smallObject("riscv64")
		o.symbols = append(o.symbols, builtSymbol{".L", 1, value, 0, elf.STT_NOTYPE})
		o.symbols[0].size = 12
		o.sections[0].reloc(4, uint32(elf.R_RISCV_PCREL_LO12_I), ".L", 0)
		lib, err := reachOf(t, o)
		if allowed != (err == nil) {
			t.Errorf("a label at %d: %v", value, err)
		}
		if allowed {
			ref := lib.atoms[0].refs[1]
			if ref.to != lib.atoms[0] || ref.addend != int64(value) {
				t.Errorf("a label at %d: %v", value, ref)
			}
		}
	}
}

// Offsets of labels are from the start of their function.
func TestReachLabelOffset(t *testing.T) {
	o := smallObject("riscv64")
	o.symbols = append(o.symbols, builtSymbol{".L", 1, 20, 0, elf.STT_NOTYPE})
	o.sections[0].reloc(20, uint32(elf.R_RISCV_PCREL_LO12_I), ".L", 0)
	lib := checkReach(t, o, "memfd_go_small", "main.small", "main.text", `"string"`)
	if got := lib.atoms[1].refs[1]; got.off != 4 || got.to != lib.atoms[1] || got.addend != 4 {
		t.Errorf("%v", got)
	}
}

// The TOC base is neither a function nor a variable.
func TestReachTOC(t *testing.T) {
	for goarch, allowed := range map[string]bool{"ppc64le": true, "riscv64": false} {
		o := smallObject(goarch)
		o.symbols = append(o.symbols, builtSymbol{".TOC.", 0, 0, 0, elf.STT_NOTYPE})
		o.sections[0].relocs[1].symbol = ".TOC."
		lib, err := reachOf(t, o)
		if allowed != (err == nil) {
			t.Errorf("%s: %v", goarch, err)
		}
		if !allowed {
			continue
		}
		if got := lib.atoms[1].refs[0]; got.to != nil || got.addend != 0 {
			t.Errorf("%s: %v", goarch, got)
		}
	}
}

// Only the routine that the trampolines of ppc64le share may make an indirect call, and nothing
// else that is refused.
func TestReachSharedRoutine(t *testing.T) {
	for name, allowed := range map[string]bool{"callGo": true, "main.other": false} {
		o := &objectBuilder{arch: ppc64le}
		text := o.add(".text", elf.SHF_ALLOC|elf.SHF_EXECINSTR)
		text.data.u32(0x48000001) // BL
		o.symbol("memfd_go_a", elf.STT_FUNC, 0)
		text.reloc(0, uint32(elf.R_PPC64_REL24), name, 0)
		text.data.u32(0x4e800421) // BCTRL
		o.symbol(name, elf.STT_FUNC, 4)
		lib, err := reachOf(t, o)
		if allowed != (err == nil) {
			t.Errorf("%s: %v, kept %q", name, err, names(lib.atoms))
		}
		o.order.PutUint32(text.data.data[4:], 0xe86d0008) // LD R3, 8(R13)
		if _, err := reachOf(t, o); err == nil || !strings.Contains(err.Error(), faultTLS) {
			t.Errorf("%s uses the thread pointer: %v", name, err)
		}
	}
}

// Branches without a relocation refer to the function at their target.
func TestReachBranches(t *testing.T) {
	o := smallObject("amd64")
	o.order.PutUint32(o.sections[0].data.data[5:], 0x100)
	if _, err := reachOf(t, o); err == nil || !strings.Contains(err.Error(), faultTarget+"\n\tmemfd_go_small+0x5") {
		t.Error(err)
	}
	lib := checkReach(t, smallObject("amd64"), "memfd_go_small", "main.small", "main.text", `"string"`)
	if got := lib.atoms[0].refs[0]; got.off != 5 || got.addend != -4 || got.to != lib.atoms[1] {
		t.Errorf("the call is at %d, to %s%+d", got.off, got.to.name, got.addend)
	}
	if got := lib.atoms[1].refs[0]; got.off != 3 || got.to != lib.atoms[2] {
		t.Errorf("the address is at %d, of %s", got.off, got.to.name)
	}
	o = smallObject("amd64")
	copy(o.sections[0].data.data[23:], "\xe8\x00\x10\x00\x00") // a call in main.small, which begins at 16
	o.symbols[1].size = 12
	var refused refusals
	if _, err := reachOf(t, o); !errors.As(err, &refused) || len(refused) != 1 || refused[0].pc != 24 {
		t.Errorf("%v: %v, want a refusal at 24", err, refused)
	}
	o = smallObject("amd64")
	o.order.PutUint32(o.sections[0].data.data[5:], 8) // to main.small+1
	if got := checkReach(t, o, "memfd_go_small", "main.small", "main.text", `"string"`).atoms[0].refs[0]; got.addend != -3 {
		t.Errorf("a branch into the middle of a function has the addend %d", got.addend)
	}
}
