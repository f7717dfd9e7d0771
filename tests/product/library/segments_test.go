// SPDX-License-Identifier: MIT

package library

import (
	"debug/elf"
	"os"
	"slices"
	"testing"
)

// sizeLimit limits the size of the stripped library.
const sizeLimit = 56 << 10

// sizeLimits are the limits of architectures that need more. On s390x all arguments of Go functions are
// on the stack, and each export saves eight floating-point registers. arm has unwind tables of two
// kinds.
var sizeLimits = map[string]uint64{"s390x": 60 << 10, "arm": 57 << 10}

func TestSegmentsKeepWriteAndExecuteApart(t *testing.T) {
	each(t, func(t *testing.T, l library) {
		for _, p := range l.Progs {
			if p.Flags&elf.PF_W != 0 && p.Flags&elf.PF_X != 0 {
				t.Errorf("%v at %#x is writable and executable", p.Type, p.Vaddr)
			}
			if p.Type == elf.PT_TLS || p.Type == elf.PT_INTERP {
				t.Errorf("the library must not have a %v", p.Type)
			}
		}
		stack := segments(l, elf.PT_GNU_STACK)
		if len(stack) != 1 || stack[0].Flags&elf.PF_X != 0 {
			t.Errorf("PT_GNU_STACK: %v", stack)
		}
	})
}

// After relocation, no page of the library is writable.
func TestWritableSegmentsAreReadOnlyAfterRelocation(t *testing.T) {
	each(t, func(t *testing.T, l library) {
		page := machines[l.arch].page
		relro := segments(l, elf.PT_GNU_RELRO)
		if len(relro) != 1 {
			t.Fatalf("the library has %d PT_GNU_RELRO, want 1", len(relro))
		}
		start, end := relro[0].Vaddr, relro[0].Vaddr+relro[0].Memsz
		for _, p := range segments(l, elf.PT_LOAD) {
			if p.Flags&elf.PF_W != 0 && (p.Vaddr < start || p.Vaddr+p.Memsz > end) {
				t.Errorf("%#x-%#x stays writable outside %#x-%#x", p.Vaddr, p.Vaddr+p.Memsz, start, end)
			}
		}
		// The loader rounds the end down to a page.
		if end%page != 0 {
			t.Errorf("RELRO ends at %#x, not at the end of a page of %#x", end, page)
		}
	})
}

func TestSegmentsFitTheLargestPage(t *testing.T) {
	each(t, func(t *testing.T, l library) {
		page := machines[l.arch].page
		last := uint64(0)
		for i, p := range segments(l, elf.PT_LOAD) {
			if p.Align < page || p.Vaddr%p.Align != p.Off%p.Align {
				t.Errorf("segment at %#x, offset %#x: alignment %#x, want at least %#x", p.Vaddr, p.Off, p.Align, page)
			}
			if i > 0 && p.Vaddr/page <= last/page {
				t.Errorf("segment at %#x shares a page with the previous one", p.Vaddr)
			}
			last = p.Vaddr + p.Memsz - 1
		}
	})
}

func TestRelocationsAreRelative(t *testing.T) {
	each(t, func(t *testing.T, l library) {
		for _, s := range l.Sections {
			if s.Type != elf.SHT_REL && s.Type != elf.SHT_RELA {
				continue
			}
			data, err := s.Data()
			if err != nil {
				t.Fatal(err)
			}
			for ; len(data) > 0; data = data[s.Entsize:] {
				place, kind := relocation(l, data)
				if !slices.Contains(machines[l.arch].rebase, kind) {
					t.Errorf("relocation of type %d at %#x", kind, place)
				}
				if !within(segments(l, elf.PT_GNU_RELRO), place) {
					t.Errorf("relocation at %#x, outside RELRO", place)
				}
			}
		}
	})
}

func relocation(l library, entry []byte) (place uint64, kind uint32) {
	if l.Class == elf.ELFCLASS32 {
		return uint64(l.ByteOrder.Uint32(entry)), l.ByteOrder.Uint32(entry[4:]) & 0xff
	}
	return l.ByteOrder.Uint64(entry), uint32(l.ByteOrder.Uint64(entry[8:]))
}

func TestStrippedSize(t *testing.T) {
	each(t, func(t *testing.T, l library) {
		size := uint64(0)
		for _, p := range l.Progs {
			size = max(size, p.Off+p.Filesz)
		}
		sections, header := uint64(0), uint64(64)
		if l.Class == elf.ELFCLASS32 {
			header = 40
		}
		for _, s := range l.Sections {
			if s.Flags&elf.SHF_ALLOC != 0 {
				sections += header + uint64(len(s.Name)) + 1
			}
		}
		t.Logf("%d bytes loaded, %d for section headers", size, sections)
		if most := max(sizeLimit, sizeLimits[l.arch]); size+sections > most {
			t.Errorf("%d bytes stripped, want at most %d", size+sections, most)
		}
	})
}

// The notes hold a build ID, and on amd64 and arm64 the property that hosts with CET or BTI require.
func TestNotes(t *testing.T) {
	const (
		gnuBuildID  = 3
		gnuProperty = 5
		x86Feature  = 0xc0000002 // with IBT = 1, SHSTK = 2
		armFeature  = 0xc0000000 // with BTI = 1
	)
	features := map[string]struct{ property, bits uint32 }{"amd64": {x86Feature, 3}, "arm64": {armFeature, 1}}
	each(t, func(t *testing.T, l library) {
		if id := note(t, l, gnuBuildID); len(id) < 8 {
			t.Errorf("build ID %x", id)
		}
		want, ok := features[l.arch]
		if !ok {
			return
		}
		if len(segments(l, elf.PT_GNU_PROPERTY)) != 1 {
			t.Error("no PT_GNU_PROPERTY")
		}
		property := note(t, l, gnuProperty)
		if len(property) < 12 || l.ByteOrder.Uint32(property) != want.property || l.ByteOrder.Uint32(property[8:]) != want.bits {
			t.Errorf("property note %x, want property %#x with bits %#x", property, want.property, want.bits)
		}
	})
}

// Exports begin with the landing pad for indirect calls.
func TestExportsAreIndirectTargets(t *testing.T) {
	marks := map[string][]byte{
		"amd64": {0xf3, 0x0f, 0x1e, 0xfa}, // ENDBR64
		"arm64": {0x5f, 0x24, 0x03, 0xd5}, // BTI c
	}
	each(t, func(t *testing.T, l library) {
		mark, ok := marks[l.arch]
		if !ok {
			return // the architecture has no such instruction
		}
		symbols, err := l.DynamicSymbols()
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range symbols {
			if elf.ST_TYPE(s.Info) != elf.STT_FUNC {
				continue
			}
			code := make([]byte, len(mark))
			section := l.Sections[s.Section]
			if _, err := section.ReadAt(code, int64(s.Value-section.Addr)); err != nil || !slices.Equal(code, mark) {
				t.Errorf("%s begins with %x, %v; want %x", s.Name, code, err, mark)
			}
		}
	})
}

// note returns the contents of a GNU note.
func note(t *testing.T, l library, kind uint32) []byte {
	for _, p := range segments(l, elf.PT_NOTE) {
		data := make([]byte, p.Filesz)
		if _, err := p.ReadAt(data, 0); err != nil {
			t.Fatal(err)
		}
		align := int(max(p.Align, 4))
		for len(data) >= 12 {
			name, size := 12+roundUp(int(l.ByteOrder.Uint32(data)), 4), int(l.ByteOrder.Uint32(data[4:]))
			if l.ByteOrder.Uint32(data[8:]) == kind && string(data[12:15]) == "GNU" {
				return data[name : name+size]
			}
			data = data[min(len(data), roundUp(name+size, align)):]
		}
	}
	return nil
}

func roundUp(n, align int) int { return (n + align - 1) / align * align }

func segments(l library, kind elf.ProgType) []*elf.Prog {
	var found []*elf.Prog
	for _, p := range l.Progs {
		if p.Type == kind {
			found = append(found, p)
		}
	}
	return found
}

func within(ps []*elf.Prog, address uint64) bool {
	return slices.ContainsFunc(ps, func(p *elf.Prog) bool {
		return p.Vaddr <= address && address < p.Vaddr+p.Memsz
	})
}

func fileBytes(t *testing.T, l library) []byte {
	data, err := os.ReadFile(l.path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
