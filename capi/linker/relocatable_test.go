// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"debug/elf"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// memberOf returns the object file in an archive.
func memberOf(archive []byte) []byte { return archive[bytes.Index(archive, []byte(elf.ELFMAG)):] }

// objectOf makes the archive for goarch and returns the name of its object file.
func objectOf(t *testing.T, goarch string) string {
	t.Helper()
	archive, err := link(productOf(t, goarch).object, static)
	if err != nil {
		t.Fatal(err)
	}
	object := filepath.Join(t.TempDir(), memberName)
	if err := os.WriteFile(object, memberOf(archive), 0o666); err != nil {
		t.Fatal(err)
	}
	return object
}

// TestRelocatable acts as a program's linker: it places the sections of the object file at their
// addresses in the shared library and applies the relocations. The result equals the sections of
// the shared library.
func TestRelocatable(t *testing.T) {
	eachArch(t, func(t *testing.T, goarch string) {
		f := openProduct(t, goarch)
		obj, err := readObject(objectOf(t, goarch))
		if err != nil {
			t.Fatal(err)
		}
		addr := map[*objSection]uint64{}
		for _, s := range obj.sections {
			if there := f.Section(s.name); there != nil {
				addr[s] = there.Addr
			}
		}
		for _, s := range obj.sections {
			if s.data == nil || s.flags&elf.SHF_ALLOC == 0 {
				continue
			}
			relocateAt(t, obj, s, addr, tocOf(f))
			want := sectionData(t, f, s.name)
			if s.name == ".eh_frame" {
				want = want[:len(want)-4] // the terminator, which the linker adds
			}
			if !bytes.Equal(s.data, want) {
				t.Errorf("%s differs from that of the shared library", s.name)
			}
		}
	})
}

// tocOf returns the address that layOut assigns to .TOC.
func tocOf(f *elf.File) (toc uint64) {
	for _, p := range f.Progs {
		if p.Type == elf.PT_LOAD {
			toc = p.Vaddr + 0x8000
		}
	}
	return toc
}

func relocateAt(t *testing.T, obj *object, s *objSection, addr map[*objSection]uint64, toc uint64) {
	t.Helper()
	value := func(r reloc) int64 {
		if r.sym.section == nil {
			return int64(toc)
		}
		return int64(addr[r.sym.section] + r.sym.value)
	}
	for _, r := range s.relocs {
		fix := &fixup{typ: r.typ, loc: s.data[r.off:], order: obj.order, other: r.sym.other, toc: int64(toc),
			S: value(r), A: r.addend, P: int64(addr[s] + r.off)}
		fix.paired = func(typ uint32, at int64) (int64, error) {
			for _, r := range s.relocs {
				if r.typ == typ && int64(addr[s]+r.off) == at {
					return value(r) + r.addend - at, nil
				}
			}
			return 0, fmt.Errorf("no relocation at %#x", at)
		}
		var err error
		switch {
		case r.typ == obj.absolute:
			b := &buffer{arch: obj.arch}
			b.word(uint64(fix.S + fix.A))
			copy(fix.loc, b.data)
		case r.typ == obj.distance:
			fix.order.PutUint32(fix.loc, uint32(fix.S+fix.A-fix.P))
		default:
			err = obj.apply(fix)
		}
		if err != nil {
			t.Errorf("%s+%#x: %s: %v", s.name, r.off, obj.typeName(r.typ), err)
		}
	}
}

// TestFieldsAreClear finds the bits that a relocation writes by applying it with several
// addresses. With RELA, these bits are zero in the object file.
func TestFieldsAreClear(t *testing.T) {
	eachArch(t, func(t *testing.T, goarch string) {
		if goarches[goarch].usesREL() {
			t.Skip("the fields hold the addends")
		}
		obj, err := readObject(objectOf(t, goarch))
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range obj.sections {
			for _, r := range s.relocs {
				field := s.data[r.off:min(r.off+8, uint64(len(s.data)))]
				for i, bits := range bitsOf(t, obj, r, field) {
					if field[i]&bits != 0 {
						t.Errorf("%s+%#x: %s: % x, want zeros in the bits % x",
							s.name, r.off, obj.typeName(r.typ), field, bitsOf(t, obj, r, field))
						break
					}
				}
			}
		}
	})
}

// bitsOf returns the bits of a field that a relocation writes.
func bitsOf(t *testing.T, obj *object, r reloc, field []byte) []byte {
	t.Helper()
	bits := make([]byte, len(field))
	for _, value := range []int64{0, 8, 0x5550, -8, 0x1234568, -0x2468ac8} {
		got := slices.Clone(field)
		fix := &fixup{typ: r.typ, loc: got, S: value, order: obj.order,
			paired: func(uint32, int64) (int64, error) { return value, nil }}
		switch r.typ {
		case obj.absolute:
			for i := range obj.wordSize() {
				got[i] = ^field[i]
			}
		case obj.distance:
			fix.order.PutUint32(got, ^fix.order.Uint32(got))
		default:
			if err := obj.apply(fix); err != nil {
				continue // out of range
			}
		}
		for i := range bits {
			bits[i] |= got[i] ^ field[i]
		}
	}
	return bits
}

// TestLabels checks that the second half of an address on riscv64 refers to a label at the first
// half, and that each label has one symbol.
func TestLabels(t *testing.T) {
	const first, second, third = 16, 20, 24
	o := smallObject("riscv64")
	o.symbols[1].size = 16
	o.symbols = append(o.symbols, builtSymbol{"label", 1, first, 0, elf.STT_NOTYPE})
	text := o.sections[0]
	copy(text.data.data[second:], "\x13\x05\x05\x00\x13\x05\x05\x00\x67\x80\x00\x00") // ADDI, ADDI, RET
	text.reloc(second, uint32(elf.R_RISCV_PCREL_LO12_I), "label", 0)
	text.reloc(third, uint32(elf.R_RISCV_PCREL_LO12_I), "label", 0)
	archive, err := link(o.write(t), static)
	if err != nil {
		t.Fatal(err)
	}
	f := parse(t, memberOf(archive))
	symbols, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	var labels []int
	for i, s := range symbols {
		if strings.HasPrefix(s.Name, ".L") {
			labels = append(labels, i+1)
			if s.Value != first || s.Size != 0 || f.Sections[s.Section].Name != ".text" {
				t.Errorf("%+v, want a label at %#x", s, first)
			}
		}
	}
	if len(labels) != 1 {
		t.Fatalf("%d labels, want 1", len(labels))
	}
	seen := 0
	for data := sectionData(t, f, ".rela.text"); len(data) > 0; data = data[24:] {
		off, info, addend := riscv64.word(data), riscv64.word(data[8:]), riscv64.word(data[16:])
		if off != second && off != third {
			continue
		}
		seen++
		if want := uint64(labels[0])<<32 | uint64(elf.R_RISCV_PCREL_LO12_I); info != want || addend != 0 {
			t.Errorf("relocation at %#x: %#x with addend %d, want %#x", off, info, addend, want)
		}
	}
	if seen != 2 {
		t.Errorf("%d relocations, want 2", seen)
	}
}
