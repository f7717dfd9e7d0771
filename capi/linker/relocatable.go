// SPDX-License-Identifier: MIT

package main

import (
	"debug/elf"
	"fmt"
	"slices"
)

// The relocatable file, for static linking. It has the sections of the shared library, except
// those for the dynamic linker. Sections have no addresses, and all relocations are kept for the
// program's linker.
//
// Symbols are local, except for the exports. Relocations refer to a function or variable by its
// symbol, if it has one, rather than by section and offset: the symbol also has the local entry
// point on ppc64le, and shows on arm that the function is not Thumb code.

// A place is the target of a relocation of the relocatable file: an atom, or an offset in a
// section, or if both are nil arch.tocName.
type place struct {
	atom    *atom
	section *section
	off     uint64
}

// A placeReloc is a relocation of the field at off: the address of a place, plus addend.
type placeReloc struct {
	off    uint64
	typ    uint32
	to     place
	addend int64
}

// placeOf returns the target of r in a, in the relocatable file.
func (lib *library) placeOf(a *atom, r ref) (to place, addend int64) {
	switch {
	case r.to == nil:
		return place{}, r.addend
	case r.to == a && r.sym.size == 0: // a label
		return place{section: a.out, off: a.addr + uint64(r.addend)}, 0
	case r.to.symbol != nil && !r.to.isExport():
		return place{atom: r.to}, r.addend
	}
	return place{section: r.to.out}, int64(r.to.addr) + r.addend
}

// makeRelocatable keeps the relocations of the sections of atoms. The addresses of atoms are
// offsets in their sections here.
func (lib *library) makeRelocatable() {
	for _, s := range []*section{lib.text, lib.relro} {
		for _, a := range s.atoms {
			for _, r := range a.refs {
				to, addend := lib.placeOf(a, r)
				s.relocs = append(s.relocs, placeReloc{a.addr + r.off, r.typ, to, addend})
			}
		}
	}
}

// placeSymbols adds the symbols for relocations of a relocatable file that are not atoms: sections,
// and labels within functions.
func (lib *library) placeSymbols(add func(p place, name string, e *symtabEntry)) {
	for _, s := range lib.present(lib.rodata, lib.extab, lib.text, lib.relro) {
		add(place{section: s}, "", &symtabEntry{typ: elf.STT_SECTION, section: s})
	}
	var labels []place
	for _, r := range lib.text.relocs {
		if l := r.to; l.section == lib.text && !slices.Contains(labels, l) {
			labels = append(labels, l)
			add(l, fmt.Sprintf(".L%x", l.off), &symtabEntry{value: l.off, section: l.section})
		}
	}
}

// distance returns the value of a PC-relative 32-bit field at off in s that refers to addr in
// section to. In a relocatable file, it adds a relocation of type typ.
func (lib *library) distance(b *buffer, s *section, off uint64, to *section, addr uint64, typ uint32) uint32 {
	if !lib.relocatable {
		return uint32(addr - (s.addr + off))
	}
	b.relocs = append(b.relocs, placeReloc{off, typ, place{section: to}, int64(addr)})
	if lib.usesREL() {
		return uint32(addr)
	}
	return 0
}

// makeRelocSections creates the relocation sections. They are rendered last, when all relocations
// are known.
func (lib *library) makeRelocSections() {
	word := uint64(lib.wordSize())
	for _, of := range []*section{lib.text, lib.relro, lib.ehFrame, lib.exidx} {
		if of == nil {
			continue
		}
		s := &section{name: ".rela" + of.name, typ: elf.SHT_RELA, flags: elf.SHF_INFO_LINK, align: word, entry: 3 * word,
			link: lib.symtab, of: of}
		if lib.usesREL() {
			s.name, s.typ, s.entry = ".rel"+of.name, elf.SHT_REL, 2*word
		}
		s.render = func(b *buffer) {
			for _, r := range of.relocs {
				b.placeReloc(r, lib.symbolIndex[r.to])
			}
		}
		lib.relocs = append(lib.relocs, s)
	}
}

// placeReloc appends an Elf_Rel or Elf_Rela.
func (b *buffer) placeReloc(r placeReloc, symbol uint64) {
	b.word(r.off)
	if b.arch.class == elf.ELFCLASS64 {
		b.word(symbol<<32 | uint64(r.typ))
	} else {
		b.word(symbol<<8 | uint64(r.typ))
	}
	if !b.arch.usesREL() {
		b.word(uint64(r.addend))
	}
}
