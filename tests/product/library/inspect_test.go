// SPDX-License-Identifier: MIT

// Package library tests the ELF files of the eight built libraries: what loaders, linkers, debuggers and
// security audits read. tests/contract compares the exports with the header.
package library

import (
	"debug/elf"
	"path/filepath"
	"slices"
	"testing"

	"libmemfd_go/internal/testenv"
)

// machines holds the expected values of the headers.
var machines = map[string]struct {
	machine elf.Machine
	flags   uint32
	page    uint64   // the largest page size
	rebase  []uint32 // the only allowed relocations: base + addend
}{
	"amd64":   {elf.EM_X86_64, 0, 0x1000, []uint32{uint32(elf.R_X86_64_RELATIVE)}},
	"arm64":   {elf.EM_AARCH64, 0, 0x10000, []uint32{uint32(elf.R_AARCH64_RELATIVE)}},
	"386":     {elf.EM_386, 0, 0x1000, []uint32{uint32(elf.R_386_RELATIVE)}},
	"arm":     {elf.EM_ARM, 0x05000000, 0x10000, []uint32{uint32(elf.R_ARM_RELATIVE)}}, // EABI 5; no floats, so soft or hard
	"riscv64": {elf.EM_RISCV, 5, 0x1000, []uint32{uint32(elf.R_RISCV_RELATIVE)}},       // compressed, double float
	"ppc64le": {elf.EM_PPC64, 2, 0x10000, []uint32{uint32(elf.R_PPC64_RELATIVE)}},      // ELF version 2
	"s390x":   {elf.EM_S390, 0, 0x1000, []uint32{uint32(elf.R_390_RELATIVE)}},
	"loong64": {elf.EM_LOONGARCH, 0x43, 0x10000, []uint32{uint32(elf.R_LARCH_RELATIVE)}}, // double float, objects v1
}

type library struct {
	*elf.File
	arch string
	path string
}

// each runs a test for every built library.
func each(t *testing.T, test func(t *testing.T, l library)) {
	for _, arch := range testenv.Tested() {
		t.Run(arch.GOARCH, func(t *testing.T) {
			product, err := testenv.Product(arch.GOARCH)
			if err != nil {
				testenv.Unavailable(t, err)
			}
			path := filepath.Join(product, "libmemfd_go.so.1")
			file, err := elf.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			test(t, library{file, arch.GOARCH, path})
		})
	}
}

func TestFileHeader(t *testing.T) {
	each(t, func(t *testing.T, l library) {
		want := machines[l.arch]
		if l.Machine != want.machine || l.Type != elf.ET_DYN || l.OSABI != elf.ELFOSABI_NONE {
			t.Errorf("%v %v %v, want %v ET_DYN ELFOSABI_NONE", l.Machine, l.Type, l.OSABI, want.machine)
		}
		if flags := flagsOf(l, fileBytes(t, l)); flags != want.flags {
			t.Errorf("e_flags is %#x, want %#x", flags, want.flags)
		}
	})
}

// flagsOf reads e_flags, which debug/elf does not export.
func flagsOf(l library, file []byte) uint32 {
	offset := 36
	if l.Class == elf.ELFCLASS64 {
		offset = 48
	}
	return l.ByteOrder.Uint32(file[offset:])
}

func TestNames(t *testing.T) {
	each(t, func(t *testing.T, l library) {
		soname, err := l.DynString(elf.DT_SONAME)
		if err != nil || !slices.Equal(soname, []string{"libmemfd_go.so.1"}) {
			t.Errorf("soname %q, %v", soname, err)
		}
		versions, err := l.DynamicVersions()
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, v := range versions {
			names = append(names, v.Name)
		}
		if want := []string{"libmemfd_go.so.1", "MEMFD_GO_1.0"}; !slices.Equal(names, want) {
			t.Errorf("symbol versions %q, want %q", names, want)
		}
	})
}

// The library has no constructors, and no dependencies.
func TestDynamicSectionHasNothingToDo(t *testing.T) {
	unwanted := []elf.DynTag{
		elf.DT_NEEDED, elf.DT_INIT, elf.DT_FINI, elf.DT_INIT_ARRAY, elf.DT_FINI_ARRAY, elf.DT_PREINIT_ARRAY,
		elf.DT_TEXTREL, elf.DT_JMPREL, elf.DT_RPATH, elf.DT_RUNPATH, elf.DT_VERNEED,
	}
	each(t, func(t *testing.T, l library) {
		for _, tag := range unwanted {
			if values, err := l.DynValue(tag); err != nil || len(values) != 0 {
				t.Errorf("%v is %#x, %v; want none", tag, values, err)
			}
		}
		flags, err := l.DynValue(elf.DT_FLAGS)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range flags {
			if bad := elf.DynFlag(f) & (elf.DF_TEXTREL | elf.DF_STATIC_TLS | elf.DF_SYMBOLIC); bad != 0 {
				t.Errorf("DT_FLAGS has %v", bad)
			}
		}
		if imports, err := l.ImportedSymbols(); err != nil || len(imports) != 0 {
			t.Errorf("imports %v, %v", imports, err)
		}
	})
}

func TestSymbolsAreFunctions(t *testing.T) {
	each(t, func(t *testing.T, l library) {
		symbols, err := l.DynamicSymbols()
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range symbols {
			if s.Name == "MEMFD_GO_1.0" {
				continue // the symbol of the version
			}
			if elf.ST_TYPE(s.Info) != elf.STT_FUNC || elf.ST_BIND(s.Info) != elf.STB_GLOBAL ||
				elf.ST_VISIBILITY(s.Other) != elf.STV_DEFAULT || s.Size == 0 {
				t.Errorf("%s: info %#x, other %#x, size %d; want a global function", s.Name, s.Info, s.Other, s.Size)
			}
			if s.Section >= elf.SectionIndex(len(l.Sections)) || l.Sections[s.Section].Flags&elf.SHF_EXECINSTR == 0 {
				t.Errorf("%s is not in an executable section", s.Name)
			}
		}
	})
}
