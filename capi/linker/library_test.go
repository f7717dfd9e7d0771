// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"debug/elf"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func openProduct(t *testing.T, goarch string) *elf.File {
	t.Helper()
	f, err := elf.Open(productOf(t, goarch).library)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func sectionData(t *testing.T, f *elf.File, name string) []byte {
	t.Helper()
	s := f.Section(name)
	if s == nil {
		t.Fatalf("no section %s", name)
	}
	data, err := s.Data()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestSegments checks how the kernel and the dynamic linker map the file with pages of any size up
// to the largest.
func TestSegments(t *testing.T) {
	eachArch(t, func(t *testing.T, goarch string) {
		f := openProduct(t, goarch)
		var loads []*elf.Prog
		relro, stack := false, false
		for _, p := range f.Progs {
			switch p.Type {
			case elf.PT_LOAD:
				loads = append(loads, p)
			case elf.PT_GNU_RELRO:
				relro = true
				if end := p.Vaddr + p.Memsz; end%goarches[goarch].page != 0 {
					t.Errorf("RELRO ends at %#x, within a page", end)
				}
			case elf.PT_GNU_STACK:
				stack = p.Flags == elf.PF_R|elf.PF_W
			case elf.PT_TLS, elf.PT_INTERP:
				t.Errorf("there is a %v", p.Type)
			}
		}
		if !relro || !stack || len(loads) != 3 {
			t.Errorf("relro %v, stack not executable %v, %d segments", relro, stack, len(loads))
		}
		for page := uint64(0x1000); page <= goarches[goarch].page; page *= 2 {
			end := uint64(0)
			for _, p := range loads {
				if p.Flags&elf.PF_W != 0 && p.Flags&elf.PF_X != 0 {
					t.Errorf("the segment at %#x is writable and executable", p.Vaddr)
				}
				if p.Vaddr%page != p.Off%page || p.Align%page != 0 {
					t.Errorf("the segment at %#x cannot be mapped in pages of %#x", p.Vaddr, page)
				}
				if p.Vaddr&^(page-1) < end {
					t.Errorf("the segment at %#x shares a page of %#x", p.Vaddr, page)
				}
				end = alignUp(p.Vaddr+p.Memsz, page)
			}
		}
	})
}

func TestDynamicSection(t *testing.T) {
	eachArch(t, func(t *testing.T, goarch string) {
		f := openProduct(t, goarch)
		if names, err := f.DynString(elf.DT_SONAME); err != nil || !slices.Equal(names, []string{soname}) {
			t.Errorf("soname %q, %v", names, err)
		}
		for _, tag := range []elf.DynTag{elf.DT_NEEDED, elf.DT_TEXTREL, elf.DT_INIT, elf.DT_FINI, elf.DT_INIT_ARRAY,
			elf.DT_FINI_ARRAY, elf.DT_RPATH, elf.DT_RUNPATH, elf.DT_JMPREL} {
			if values, err := f.DynValue(tag); err != nil || len(values) > 0 {
				t.Errorf("%v: %v, %v", tag, values, err)
			}
		}
		symbols, err := f.DynamicSymbols()
		if err != nil {
			t.Fatal(err)
		}
		if len(symbols) < 16 {
			t.Errorf("only %d symbols", len(symbols))
		}
		for _, s := range symbols {
			if !strings.HasPrefix(s.Name, exportPrefix) || s.Version != version || s.VersionIndex.Index() != versionOurs ||
				elf.ST_BIND(s.Info) != elf.STB_GLOBAL || elf.ST_TYPE(s.Info) != elf.STT_FUNC || s.Size == 0 ||
				f.Sections[s.Section].Name != ".text" {
				t.Errorf("unexpected symbol %+v", s)
			}
		}
	})
}

// TestRelocationsOfTheProduct checks that all dynamic relocations are relative ones in RELRO.
func TestRelocationsOfTheProduct(t *testing.T) {
	eachArch(t, func(t *testing.T, goarch string) {
		f, arch := openProduct(t, goarch), goarches[goarch]
		name, entry := ".rela.dyn", 3*arch.wordSize()
		if arch.usesREL() {
			name, entry = ".rel.dyn", 2*arch.wordSize()
		}
		relro := f.Section(".data.rel.ro")
		relocs := sectionData(t, f, name)
		if len(relocs) == 0 || len(relocs)%entry != 0 {
			t.Fatalf("%s has %d bytes", name, len(relocs))
		}
		last := uint64(0)
		for ; len(relocs) > 0; relocs = relocs[entry:] {
			addr, typ := arch.word(relocs), arch.word(relocs[arch.wordSize():])
			if typ != uint64(arch.relative) || addr <= last || addr < relro.Addr || addr >= relro.Addr+relro.Size {
				t.Errorf("relocation %d at %#x", typ, addr)
			}
			last = addr
			word := make([]byte, arch.wordSize())
			if _, err := relro.ReadAt(word, int64(addr-relro.Addr)); err != nil {
				t.Fatal(err)
			}
			if !arch.usesREL() && arch.word(relocs[2*arch.wordSize():]) != arch.word(word) {
				t.Errorf("the word at %#x differs from its addend", addr)
			}
			if arch.word(word) >= relro.Addr+relro.Size {
				t.Errorf("the word at %#x points to %#x", addr, arch.word(word))
			}
		}
	})
}

// TestPointers links a variable with pointers to a byte, to the second word of another variable,
// and to a word.
func TestPointers(t *testing.T) {
	o := smallObject("amd64")
	const data, pointers = 2, 0x30 // a section, and an offset in it
	o.sections[data-1].data.bytes(5, 0, 0, 0, 0, 0, 0, 0)
	o.sections[data-1].data.word(6, 0, 0, 0, 0)
	o.symbols = append(o.symbols,
		builtSymbol{"main.byte", data, 0x18, 1, elf.STT_OBJECT},
		builtSymbol{"main.word", data, 0x20, 8, elf.STT_OBJECT},
		builtSymbol{"main.pointers", data, pointers, 24, elf.STT_OBJECT})
	o.sections[data-1].reloc(pointers, o.absolute, "main.byte", 0)
	o.sections[data-1].reloc(pointers+8, o.absolute, "main.text", 8)
	o.sections[data-1].reloc(pointers+16, o.absolute, "main.word", 0)
	o.sections[0].relocs[0].symbol = "main.pointers"
	f, err := linkObject(t, o)
	if err != nil {
		t.Fatal(err)
	}
	want := "\x05" + strings.Repeat("\x00", 15) + "\x06" + strings.Repeat("\x00", 7) + "string"
	if got := string(sectionData(t, f, ".rodata")); got != want {
		t.Errorf("constants %q, want %q", got, want)
	}
	constants, variables := f.Section(".rodata").Addr, f.Section(".data.rel.ro").Addr // main.text, main.pointers
	relocs := &buffer{arch: o.arch}
	for _, r := range [][2]uint64{{0, constants + 24}, {16, constants}, {24, variables + 8}, {32, constants + 16}} {
		relocs.word(variables+r[0], uint64(o.relative), r[1])
	}
	if got := sectionData(t, f, ".rela.dyn"); !bytes.Equal(got, relocs.data) {
		t.Errorf("relocations % x, want % x", got, relocs.data)
	}
	for i, addr := range []uint64{constants + 24, 6, constants, variables + 8, constants + 16} {
		if got := o.word(sectionData(t, f, ".data.rel.ro")[8*i:]); got != addr {
			t.Errorf("word %d is %#x, want %#x", i, got, addr)
		}
	}
}

// TestWithoutPointers links code without variables: no relocations for the dynamic linker.
func TestWithoutPointers(t *testing.T) {
	o := smallObject("arm64")
	o.sections[0].relocs = o.sections[0].relocs[:1]
	f, err := linkObject(t, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, tag := range []elf.DynTag{elf.DT_RELA, elf.DT_RELASZ, elf.DT_RELAENT, elf.DT_RELACOUNT} {
		if values, err := f.DynValue(tag); err != nil || len(values) > 0 {
			t.Errorf("%v: %v, %v", tag, values, err)
		}
	}
	if s := f.Section(".rela.dyn"); s != nil {
		t.Errorf("%s has %d bytes", s.Name, s.Size)
	}
}

// userSettings are settings of Go that must not change the library.
var userSettings = []string{
	"GOAMD64=v3", "GO386=softfloat", "GOARM=5", "GOARM64=v9.0,crypto", "GOPPC64=power10", "GORISCV64=rva22u64",
	"GOEXPERIMENT=nodwarf5", "GOFLAGS=-tags=other -gcflags=all=-N -trimpath=false -ldflags=-w", "GOFIPS140=latest",
	"CGO_ENABLED=1", "GOOS=plan9", "GOARCH=mips",
}

// TestReproducible builds in a different folder, with the user's settings in the environment or
// from go env -w.
func TestReproducible(t *testing.T) {
	want := map[string][]byte{}
	for goarch := range goarches {
		image, err := os.ReadFile(productOf(t, goarch).library)
		if err != nil {
			t.Fatal(err)
		}
		want[goarch] = image
	}
	dir := filepath.Join(t.TempDir(), "it's \"here\"")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, from := range []string{"go.mod", "go.sum", "core", "capi"} {
		copySource(t, filepath.Join("..", "..", from), filepath.Join(dir, from))
	}
	written := filepath.Join(t.TempDir(), "env")
	if err := os.WriteFile(written, []byte(strings.Join(userSettings, "\n")+"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	t.Run("environment", func(t *testing.T) {
		for _, setting := range userSettings {
			name, value, _ := strings.Cut(setting, "=")
			t.Setenv(name, value)
		}
		t.Setenv("GO_EXTLINK_ENABLED", "0")
		t.Setenv("GOCOMPILEDEBUG", "disablenil=1")
		isReproduced(t, dir, want)
	})
	t.Run("go env -w", func(t *testing.T) {
		t.Setenv("GOENV", written)
		isReproduced(t, dir, want)
	})
}

func isReproduced(t *testing.T, dir string, want map[string][]byte) {
	t.Helper()
	for goarch := range goarches {
		out := filepath.Join(t.TempDir(), "out")
		if err := testRecipe(t, goarch, dir, "./capi").build(out); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(out, soname))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want[goarch]) {
			t.Errorf("%s: the library differs when built in a different folder with different settings", goarch)
		}
		if bytes.Contains(got, []byte(dir)) {
			t.Errorf("%s: the library names the folder it was built in", goarch)
		}
	}
}

// copySource copies a file, or the files of a folder.
func copySource(t *testing.T, from, to string) {
	t.Helper()
	info, err := os.Stat(from)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{""}
	if info.IsDir() {
		if err := os.Mkdir(to, 0o777); err != nil {
			t.Fatal(err)
		}
		entries, err := os.ReadDir(from)
		if err != nil {
			t.Fatal(err)
		}
		names = nil
		for _, e := range entries {
			if !e.IsDir() {
				names = append(names, e.Name())
			}
		}
	}
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, name), data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}
