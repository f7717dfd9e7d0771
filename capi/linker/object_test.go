// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"debug/elf"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// An objectBuilder writes small relocatable files in the style of cmd/link.
type objectBuilder struct {
	*arch
	sections []*builtSection
	symbols  []builtSymbol
}

type builtSection struct {
	name   string
	typ    elf.SectionType
	flags  elf.SectionFlag
	data   *buffer
	relocs []builtReloc
}

type builtSymbol struct {
	name        string
	section     int // from 1; 0 is undefined
	value, size uint64
	typ         elf.SymType
}

type builtReloc struct {
	off    uint64
	typ    uint32
	symbol string
	addend int64
}

// add begins a section.
func (o *objectBuilder) add(name string, flags elf.SectionFlag) *builtSection {
	s := &builtSection{name: name, typ: elf.SHT_PROGBITS, flags: flags, data: &buffer{arch: o.arch}}
	o.sections = append(o.sections, s)
	return s
}

// symbol adds a symbol for the bytes of the last section from value.
func (o *objectBuilder) symbol(name string, typ elf.SymType, value uint64) {
	s := o.sections[len(o.sections)-1]
	o.symbols = append(o.symbols, builtSymbol{name, len(o.sections), value, s.data.len() - value, typ})
}

func (s *builtSection) reloc(off uint64, typ uint32, symbol string, addend int64) {
	s.relocs = append(s.relocs, builtReloc{off, typ, symbol, addend})
}

// write writes the file and returns its name.
func (o *objectBuilder) write(t *testing.T) string {
	t.Helper()
	strings := &strtab{}
	symtab := &buffer{arch: o.arch}
	symtab.symbol(0, &symtabEntry{})
	for _, s := range o.symbols {
		symtab.symbol(strings.add(s.name), &symtabEntry{s.value, s.size, elf.STB_LOCAL, s.typ, 0, &section{index: s.section}})
	}
	sections := []*section{}
	for _, s := range o.sections {
		sections = append(sections, &section{name: s.name, typ: s.typ, flags: s.flags, align: 16, data: s.data.data, index: len(sections) + 1})
	}
	table := &section{name: ".symtab", typ: elf.SHT_SYMTAB, entry: o.symbolSize(), data: symtab.data, index: len(sections) + 1}
	names := &section{name: ".strtab", typ: elf.SHT_STRTAB, data: strings.data, index: len(sections) + 2}
	table.link = names
	sections = append(sections, table, names)
	for i, s := range o.sections {
		if len(s.relocs) > 0 {
			sections = append(sections, o.relocSection(s, i+1, table))
		}
	}
	b := &buffer{arch: o.arch}
	o.writeELF(b, sections)
	name := filepath.Join(t.TempDir(), "go.o")
	if err := os.WriteFile(name, b.data, 0o666); err != nil {
		t.Fatal(err)
	}
	return name
}

func (o *objectBuilder) relocSection(s *builtSection, index int, symbols *section) *section {
	b := &buffer{arch: o.arch}
	typ, name := elf.SHT_RELA, ".rela"+s.name
	if o.usesREL() {
		typ, name = elf.SHT_REL, ".rel"+s.name
	}
	for _, r := range s.relocs {
		b.word(r.off)
		if o.class == elf.ELFCLASS64 {
			b.word(o.index(r.symbol)<<32 | uint64(r.typ))
		} else {
			b.word(o.index(r.symbol)<<8 | uint64(r.typ))
		}
		if !o.usesREL() {
			b.word(uint64(r.addend))
		}
	}
	return &section{name: name, typ: typ, link: symbols, info: uint32(index), data: b.data}
}

func (o *objectBuilder) index(symbol string) uint64 {
	for i, s := range o.symbols {
		if s.name == symbol {
			return uint64(i + 1)
		}
	}
	return 0
}

func (o *objectBuilder) writeELF(b *buffer, sections []*section) {
	names := &strtab{}
	shstrtab := &section{name: ".shstrtab", typ: elf.SHT_STRTAB, index: len(sections) + 1}
	sections = append(sections, shstrtab)
	for _, s := range sections {
		names.add(s.name)
	}
	shstrtab.data = names.data
	lib := &library{object: &object{arch: o.arch}}
	lib.shstrtab = shstrtab
	off := lib.headersSize()
	for _, s := range sections {
		off = alignUp(off, 16)
		s.off, s.size = off, uint64(len(s.data))
		off += s.size
	}
	lib.fileHeader(b, alignUp(off, 16), len(sections)+1)
	for _, s := range sections {
		b.padTo(s.off)
		b.bytes(s.data...)
	}
	b.pad(16)
	b.section(0, &section{})
	for _, s := range sections {
		b.section(names.add(s.name), s)
	}
}

// snippets are instructions of small functions: a call, the address of a variable, a return. The
// fields are the offsets of their relocations, if any.
var snippets = map[string]struct {
	call, load, ret      string
	callField, loadField uint64
	callType, loadType   uint32
}{
	"amd64": {call: "\xf3\x0f\x1e\xfa\xe8\x07\x00\x00\x00", load: "\x48\x8d\x05\x00\x00\x00\x00", ret: "\xc3",
		loadField: 3, loadType: uint32(elf.R_X86_64_PC32)},
	"386": {call: "\xe8\x0b\x00\x00\x00", load: "\x8d\x81\x00\x00\x00\x00", ret: "\xc3",
		loadField: 2, loadType: uint32(elf.R_386_PC32)},
	"arm64": {"\x5f\x24\x03\xd5\x00\x00\x00\x94", "\x00\x00\x00\x90", "\xc0\x03\x5f\xd6",
		4, 0, uint32(elf.R_AARCH64_CALL26), uint32(elf.R_AARCH64_ADR_PREL_PG_HI21)},
	"arm": {"\xfe\xff\xff\xeb", "\x00\x00\x00\x00", "\x1e\xff\x2f\xe1",
		0, 0, uint32(elf.R_ARM_CALL), uint32(elf.R_ARM_REL32)},
	"riscv64": {"\xef\x00\x00\x00", "\x17\x05\x00\x00", "\x67\x80\x00\x00",
		0, 0, uint32(elf.R_RISCV_JAL), uint32(elf.R_RISCV_PCREL_HI20)},
	"ppc64le": {"\x01\x00\x00\x48", "\x00\x00\x62\x3c", "\x20\x00\x80\x4e",
		0, 0, uint32(elf.R_PPC64_REL24), uint32(elf.R_PPC64_TOC16_HA)},
	"s390x": {call: "\xc0\xe5\x00\x00\x00\x08", load: "\xc0\x10\x00\x00\x00\x00", ret: "\x07\xfe",
		loadField: 2, loadType: uint32(elf.R_390_PC32DBL)},
	"loong64": {"\x00\x00\x00\x54", "\x04\x00\x00\x1a", "\x20\x00\x00\x4c",
		0, 0, uint32(elf.R_LARCH_B26), uint32(elf.R_LARCH_PCALA_HI20)},
}

// smallObject returns an object with an export, a Go function with a variable, and a string.
func smallObject(goarch string) *objectBuilder {
	snippet := snippets[goarch]
	o := &objectBuilder{arch: goarches[goarch]}
	text := o.add(".text", elf.SHF_ALLOC|elf.SHF_EXECINSTR)
	text.data.bytes([]byte(snippet.call + snippet.ret)...)
	o.symbol("memfd_go_small", elf.STT_FUNC, 0)
	text.data.pad(16)
	text.data.bytes([]byte(snippet.load + snippet.ret)...)
	o.symbol("main.small", elf.STT_FUNC, 16)
	text.data.pad(16)
	text.data.bytes([]byte(snippet.ret)...)
	o.symbol("runtime.unused", elf.STT_FUNC, 32)
	if snippet.callType != 0 {
		text.reloc(snippet.callField, snippet.callType, "main.small", 0)
	}
	text.reloc(16+snippet.loadField, snippet.loadType, "main.text", 0)
	data := o.add(".data", elf.SHF_ALLOC|elf.SHF_WRITE)
	word := uint64(o.wordSize())
	data.data.word(0, 6)
	if o.usesREL() {
		o.order.PutUint32(data.data.data, 4) // the addend
	}
	o.symbol("main.text", elf.STT_OBJECT, 0)
	data.reloc(0, o.absolute, "go:string.*", 4)
	data.data.word(7)
	o.symbol("main.unused", elf.STT_OBJECT, 2*word)
	o.add(".rodata", elf.SHF_ALLOC).data.bytes([]byte("....stringmore")...)
	o.symbols = append(o.symbols, builtSymbol{"go:string.*", len(o.sections), 0, 0, elf.STT_OBJECT})
	o.frames(o.add(".debug_frame", 0), "memfd_go_small", "main.small", "runtime.unused")
	return o
}

// frames adds entries for functions without a frame.
func (o *objectBuilder) frames(s *builtSection, functions ...string) {
	s.data.u32(8, 0xffffffff, 3, 0)
	for _, f := range functions {
		s.data.u32(uint32(4+2*o.wordSize()), 0)
		s.reloc(s.data.len(), o.absolute, f, 0)
		s.data.word(0, 0)
	}
}

// linkObject links and returns the library.
func linkObject(t *testing.T, o *objectBuilder) (*elf.File, error) {
	t.Helper()
	image, err := link(o.write(t), shared)
	if err != nil {
		return nil, err
	}
	return parse(t, image), nil
}

// parse reads an ELF file in memory.
func parse(t *testing.T, image []byte) *elf.File {
	t.Helper()
	f, err := elf.NewFile(bytes.NewReader(image))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestLinkErrors tests errors of damaged or unexpected object files.
func TestLinkErrors(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(o *objectBuilder)
		want   string
	}{
		{"no exports", func(o *objectBuilder) { o.symbols[0].name = "main.other" },
			"go.o: no function is named memfd_go_*"},
		{"unknown relocation", func(o *objectBuilder) { o.sections[0].relocs[0].typ = uint32(elf.R_AARCH64_TSTBR14) },
			"go.o: .text: memfd_go_small+0x4: R_AARCH64_TSTBR14 against main.small: unknown relocation"},
		{"out of range", func(o *objectBuilder) { o.sections[0].relocs[0].addend = 1 << 27 },
			"go.o: .text: memfd_go_small+0x4: R_AARCH64_CALL26 against main.small: value 0x800000c is out of range [-0x8000000, 0x7ffffff]"},
		{"address in code", func(o *objectBuilder) { o.sections[0].relocs[0].typ = o.absolute },
			"an absolute address in code, which would need a text relocation\n\tmemfd_go_small -> main.small"},
		{"undefined symbol", func(o *objectBuilder) { o.symbols[1].section = 0 },
			"an undefined symbol\n\tmemfd_go_small -> main.small"},
		{"section after the last", func(o *objectBuilder) { o.symbols[1].section = 11 },
			"an undefined symbol\n\tmemfd_go_small -> main.small"},
		{"section without code or data", func(o *objectBuilder) { o.symbols[1].section = 10 },
			"an undefined symbol\n\tmemfd_go_small -> main.small"},
		{"symbol after the end of its section", func(o *objectBuilder) { o.symbols[1].value = 1 << 63 },
			"an undefined symbol\n\tmemfd_go_small -> main.small"},
		{"symbol that is too long", func(o *objectBuilder) { o.symbols[1].size = 21 },
			"an undefined symbol\n\tmemfd_go_small -> main.small"},
		{"string without length", func(o *objectBuilder) { o.sections[1].data.data = o.sections[1].data.data[:8]; o.symbols[3].size = 8 },
			"a pointer into string data outside a string header\n\tmemfd_go_small -> main.small -> main.text -> go:string.*"},
		{"string too long", func(o *objectBuilder) { o.sections[1].data.data[8] = 200 },
			"a pointer into string data outside a string header\n\tmemfd_go_small -> main.small -> main.text -> go:string.*"},
		{"no landing pad", func(o *objectBuilder) { o.sections[0].data.data[0]++ },
			"memfd_go_small does not begin with the landing pad of an indirect call, 5f 24 03 d5"},
		{"no frames", func(o *objectBuilder) { o.sections[3].name = ".other" },
			"go.o has no .debug_frame: link without -w and -s"},
		{"a function without frame", func(o *objectBuilder) { o.sections[3].relocs = o.sections[3].relocs[:1] },
			"go.o: no entry in .debug_frame for main.small"},
		{"frames cut off", func(o *objectBuilder) { o.order.PutUint32(o.sections[3].data.data, 1000) },
			"go.o: .debug_frame is cut off"},
		{"relocation outside", func(o *objectBuilder) { o.sections[0].relocs[0].off = 0x1000 },
			"go.o: .rela.text: invalid relocation at 0x1000"},
		{"thread-local variable", func(o *objectBuilder) { o.symbols[3].typ = elf.STT_TLS },
			"access to thread-local storage\n\tmemfd_go_small -> main.small -> main.text"},
	} {
		o := smallObject("arm64")
		test.change(o)
		if _, err := linkObject(t, o); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %s", test.name, err, test.want)
		}
	}
	for _, test := range []struct {
		name   string
		change func(f *elf.File, image []byte)
		want   string
	}{
		{"code after the end", func(f *elf.File, image []byte) { moveSection(f, image, ".text") }, "EOF"},
		{"relocations after the end", func(f *elf.File, image []byte) { moveSection(f, image, ".rela.text") }, "EOF"},
		{"symbols after the end", func(f *elf.File, image []byte) { moveSection(f, image, ".symtab") }, "cannot load symbol section"},
		{"a symbol after the last", func(f *elf.File, image []byte) {
			info := image[f.Section(".rela.text").Offset+8:]
			f.ByteOrder.PutUint32(info[4:], uint32(f.Section(".symtab").Size/elf.Sym64Size))
		}, "go.o: .rela.text: invalid relocation at 0x4"},
	} {
		if _, err := link(changeFile(t, smallObject("arm64").write(t), test.change), shared); err == nil ||
			!strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %s", test.name, err, test.want)
		}
	}
	if _, err := link(filepath.Join(t.TempDir(), "none.o"), shared); err == nil {
		t.Error("a missing object file: no error")
	}
	o := smallObject("arm64")
	o.add(".debug_info", 0).data.u16(1)
	if _, err := link(o.write(t), debug); err == nil {
		t.Error("damaged debug information: no error")
	}
	o.symbols[1].section = 0 // the position of this refusal is not found
	if _, err := link(o.write(t), shared); err == nil || errors.As(err, &refusals{}) {
		t.Errorf("damaged debug information and an undefined symbol: %v", err)
	}
	o = smallObject("arm64")
	other := *arm64
	other.machine = elf.EM_MIPS
	o.arch = &other
	if _, err := linkObject(t, o); err == nil || !strings.Contains(err.Error(), "unsupported architecture: EM_MIPS") {
		t.Errorf("an object file for EM_MIPS: %v", err)
	}
}

// changeFile changes the bytes of a file.
func changeFile(t *testing.T, name string, change func(f *elf.File, image []byte)) string {
	t.Helper()
	image, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	change(parse(t, image), image)
	if err := os.WriteFile(name, image, 0o666); err != nil {
		t.Fatal(err)
	}
	return name
}

// moveSection moves a section of a 64-bit file behind the end of the file.
func moveSection(f *elf.File, image []byte, name string) {
	const shoff, entry, offset = 0x28, 0x40, 0x18 // of Elf64_Ehdr.e_shoff, an Elf64_Shdr, its sh_offset
	i := slices.IndexFunc(f.Sections, func(s *elf.Section) bool { return s.Name == name })
	header := f.ByteOrder.Uint64(image[shoff:]) + uint64(i)*entry
	f.ByteOrder.PutUint64(image[header+offset:], uint64(len(image)))
}

// TestReadObject reads symbols that are out of order, one without a size, and relocations of
// sections that are not loaded, which do not matter.
func TestReadObject(t *testing.T) {
	o := &objectBuilder{arch: arm64}
	text := o.add(".text", elf.SHF_ALLOC|elf.SHF_EXECINSTR)
	text.data.bytes(make([]byte, 64)...)
	o.symbols = []builtSymbol{{"second", 1, 32, 16, elf.STT_FUNC}, {"label", 1, 20, 0, elf.STT_NOTYPE}, {"first", 1, 16, 8, elf.STT_FUNC},
		{"end", 1, 64, 0, elf.STT_NOTYPE}}
	text.reloc(60, uint32(elf.R_AARCH64_CALL26), "first", 4) // the last four bytes
	text.reloc(16, uint32(elf.R_AARCH64_CALL26), "second", 0)
	o.add(".debug_info", 0).reloc(0x1000, o.absolute, "first", 0)
	obj, err := readObject(o.write(t))
	if err != nil {
		t.Fatal(err)
	}
	first, second := obj.symbols[3], obj.symbols[1]
	if end := obj.symbols[4]; end.section != obj.sections[1] {
		t.Errorf("the label at the end is in %v", end.section)
	}
	if obj.named["first"] != first || obj.named["second"] != second || obj.named["label"] != nil {
		t.Errorf("named symbols: %v", obj.named)
	}
	section := obj.sections[1]
	for off, want := range map[uint64]*symbol{0: nil, 15: nil, 16: first, 23: first, 24: nil, 31: nil, 32: second, 47: second, 48: nil} {
		if got := section.symbolAt(off); got != want {
			t.Errorf("the symbol at %d is %v, want %v", off, got, want)
		}
	}
	want := []reloc{{16, uint32(elf.R_AARCH64_CALL26), second, 0}, {60, uint32(elf.R_AARCH64_CALL26), first, 4}}
	if !slices.Equal(section.relocs, want) {
		t.Errorf("relocations %v, want %v", section.relocs, want)
	}
	if none, text := obj.sections[0].align, section.align; none != 1 || text != 16 {
		t.Errorf("alignments %d and %d, want 1 and 16", none, text)
	}
}
