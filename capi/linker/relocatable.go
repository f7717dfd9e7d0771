// SPDX-License-Identifier: MIT

package main

import (
	"debug/elf"
	"fmt"
	"slices"
)

// The relocatable file, for static linking: the same sections as in the shared
// library, but for those of the dynamic linker. Nothing has an address yet: what
// refers to a place keeps its relocation, for the program's linker to apply. So
// .text, .rodata and .data.rel.ro may end up anywhere.
//
// Symbols are local, but for the exports. What is in a section of ours is referred
// to by its symbol if it has one, since symbols know more than addresses: where a
// function's local entry is on ppc64le, that it is no Thumb code on arm.

// A place is what a relocation of the relocatable file refers to: an atom, or what
// is off bytes into a section, or, if it is neither, arch.tocName.
type place struct {
	atom    *atom
	section *section
	off     uint64
}

// A placeReloc asks for the address of a place in the field at off.
type placeReloc struct {
	off    uint64
	typ    uint32
	to     place
	addend int64
}

// placeOf returns what r in a refers to, when linking is up to others.
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

// makeRelocatable keeps the relocations of the sections of atoms. In a relocatable
// file atoms have their places within sections from the start.
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

// placeSymbols adds what the symbol table of a relocatable file needs besides the
// names of atoms: symbols for sections, and for places amid functions that relocations
// refer to.
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

// distance returns what the 32-bit field at off in s has to hold to tell how far
// from it addr is, in section to. In a relocatable file, a relocation of type typ
// asks for that.
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

// makeRelocSections makes the sections with the relocations of others. They are
// rendered last, when all relocations are known.
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
