// SPDX-License-Identifier: MIT

package main

import (
	"debug/elf"
	"fmt"
	"path/filepath"
	"slices"
	"sort"
)

// An object is the relocatable file that cmd/link passes to its external linker: the whole
// program, runtime included, in one file, with relocations.
type object struct {
	*arch
	name       string
	path       string
	sections   []*objSection
	symbols    []*symbol // by their index in the file
	named      map[string]*symbol
	debugFrame *objSection
}

// An objSection is a section of the object file.
type objSection struct {
	name    string
	typ     elf.SectionType
	flags   elf.SectionFlag
	align   uint64
	data    []byte
	relocs  []reloc   // by offset
	symbols []*symbol // those with a size, by value
}

// A symbol of the object file. cmd/link gives each a size, except for section symbols and for
// carrier symbols such as go:string.*, which represent many symbols without names of their own.
type symbol struct {
	name        string
	section     *objSection // nil when undefined
	value, size uint64
	typ         elf.SymType
	other       byte
}

// A reloc is a relocation of the field at off: the address of a symbol, plus addend.
type reloc struct {
	off    uint64
	typ    uint32
	sym    *symbol
	addend int64
}

func readObject(name string) (*object, error) {
	f, err := elf.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	obj := &object{name: filepath.Base(name), path: name, named: map[string]*symbol{}}
	if obj.arch, err = archOf(f); err != nil {
		return nil, err
	}
	for _, s := range f.Sections {
		section := &objSection{name: s.Name, typ: s.Type, flags: s.Flags, align: max(s.Addralign, 1)}
		switch s.Type {
		case elf.SHT_PROGBITS:
			if section.data, err = s.Data(); err != nil {
				return nil, err
			}
		case elf.SHT_NOBITS:
			section.data = make([]byte, s.Size)
		}
		obj.sections = append(obj.sections, section)
		if s.Name == ".debug_frame" {
			obj.debugFrame = section
		}
	}
	if err := obj.readSymbols(f); err != nil {
		return nil, err
	}
	if obj.variant != nil {
		obj.arch = obj.variant(obj)
	}
	return obj, obj.readRelocs(f)
}

func (obj *object) readSymbols(f *elf.File) error {
	symbols, err := f.Symbols()
	if err != nil {
		return err
	}
	obj.symbols = []*symbol{{}} // index 0 means none
	for _, s := range symbols {
		sym := &symbol{name: s.Name, value: s.Value, size: s.Size, typ: elf.ST_TYPE(s.Info), other: s.Other}
		obj.symbols = append(obj.symbols, sym)
		if s.Section == elf.SHN_UNDEF || int(s.Section) >= len(obj.sections) {
			continue
		}
		if end := uint64(len(obj.sections[s.Section].data)); s.Value > end || s.Size > end-s.Value {
			continue // outside the section, or in one that is not read
		}
		sym.section = obj.sections[s.Section]
		if s.Size > 0 {
			obj.named[s.Name] = sym
			sym.section.symbols = append(sym.section.symbols, sym)
		}
	}
	for _, section := range obj.sections {
		slices.SortStableFunc(section.symbols, func(a, b *symbol) int {
			return int(int64(a.value) - int64(b.value))
		})
	}
	return nil
}

func (obj *object) readRelocs(f *elf.File) error {
	for _, s := range f.Sections {
		if s.Type != elf.SHT_RELA && s.Type != elf.SHT_REL {
			continue
		}
		section := obj.sections[s.Info]
		if section.data == nil || section.flags&elf.SHF_ALLOC == 0 && section != obj.debugFrame {
			continue
		}
		data, err := s.Data()
		if err != nil {
			return err
		}
		entry := 2 * obj.wordSize()
		if s.Type == elf.SHT_RELA {
			entry += obj.wordSize()
		}
		for ; len(data) >= entry; data = data[entry:] {
			r, err := obj.readReloc(section, data[:entry])
			if err != nil {
				return fmt.Errorf("%s: %s: %w", obj.name, s.Name, err)
			}
			section.relocs = append(section.relocs, r)
		}
		slices.SortStableFunc(section.relocs, func(a, b reloc) int {
			return int(int64(a.off) - int64(b.off))
		})
	}
	return nil
}

// readReloc decodes a REL or RELA entry. The addend of REL is in the relocated field.
func (obj *object) readReloc(section *objSection, entry []byte) (reloc, error) {
	size := obj.wordSize()
	r := reloc{off: obj.word(entry)}
	info := obj.word(entry[size:])
	var sym uint64
	if obj.class == elf.ELFCLASS64 {
		sym, r.typ = info>>32, uint32(info)
	} else {
		sym, r.typ = info>>8, uint32(info&0xff)
	}
	if sym >= uint64(len(obj.symbols)) || r.off+4 > uint64(len(section.data)) {
		return r, fmt.Errorf("invalid relocation at %#x", r.off)
	}
	r.sym = obj.symbols[sym]
	if len(entry) > 2*size {
		r.addend = int64(obj.word(entry[2*size:]))
	} else {
		r.addend = obj.addend(r.typ, section.data[r.off:])
	}
	return r, nil
}

// relocsIn returns the relocations of fields in [start, end).
func (s *objSection) relocsIn(start, end uint64) []reloc {
	at := func(off uint64) int {
		return sort.Search(len(s.relocs), func(i int) bool { return s.relocs[i].off >= off })
	}
	return s.relocs[at(start):at(end)]
}

// symbolAt returns the symbol that covers off, or nil.
func (s *objSection) symbolAt(off uint64) *symbol {
	i := sort.Search(len(s.symbols), func(i int) bool { return s.symbols[i].value > off })
	if i == 0 {
		return nil
	}
	if sym := s.symbols[i-1]; off < sym.value+sym.size {
		return sym
	}
	return nil
}
