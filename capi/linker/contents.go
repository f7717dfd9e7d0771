// SPDX-License-Identifier: MIT

package main

import (
	"debug/elf"
	"fmt"
)

// A section of the library. Sections are rendered twice: with zero addresses, to learn their
// size, and with the final addresses. Both must have the same size.
type section struct {
	name   string
	typ    elf.SectionType
	flags  elf.SectionFlag
	align  uint64
	entry  uint64 // sh_entsize
	link   *section
	info   uint32
	of     *section // for relocation sections: the relocated section
	relocs []placeReloc
	render func(b *buffer)
	atoms  []*atom // for sections of kept atoms, which have no render
	data   []byte
	size   uint64
	addr   uint64
	off    uint64
	index  int
}

// sections are the sections of the library, in the order of the file.
type sections struct {
	// Read-only.
	property, buildID                 *section
	gnuHash, hash, dynsym, dynstr     *section
	versym, verdef, rel, rodata       *section
	ehFrameHdr, ehFrame, extab, exidx *section
	// Executable.
	text *section
	// Read-only after relocation.
	relro, dynamic, padding *section
	// Not loaded.
	attributes, stackNote    *section
	symtab, strtab, shstrtab *section
	relocs, debug            []*section
}

// makeContents sorts the kept atoms into sections. Variables are constants: they are in .rodata,
// or in .data.rel.ro if they contain addresses.
func (lib *library) makeContents() {
	word := uint64(lib.wordSize())
	lib.text = &section{name: ".text", typ: elf.SHT_PROGBITS, flags: elf.SHF_ALLOC | elf.SHF_EXECINSTR, align: 16}
	lib.rodata = &section{name: ".rodata", typ: elf.SHT_PROGBITS, flags: elf.SHF_ALLOC, align: 1}
	lib.relro = &section{name: ".data.rel.ro", typ: elf.SHT_PROGBITS, flags: elf.SHF_ALLOC | elf.SHF_WRITE, align: word}
	for _, a := range lib.atoms {
		switch {
		case a.isFunc():
			lib.text.add(a)
		case lib.holdsAddress(a):
			lib.relro.add(a)
		default:
			lib.rodata.add(a)
		}
	}
}

func (lib *library) holdsAddress(a *atom) bool {
	for _, r := range a.refs {
		if r.typ == lib.absolute {
			return true
		}
	}
	return false
}

// add places a at the section's end, with its alignment in the object file.
func (s *section) add(a *atom) {
	s.align = max(s.align, a.align)
	a.out, a.addr = s, alignUp(s.size, a.align) // within the section, until layOut
	s.size = a.addr + a.size()
	s.atoms = append(s.atoms, a)
}

func alignUp(v, align uint64) uint64 { return (v + align - 1) &^ (align - 1) }

// relocate fills the sections of atoms, and renders the others with the final addresses.
func (lib *library) relocate() error {
	for _, s := range lib.all() {
		if s.atoms == nil {
			continue
		}
		s.data = make([]byte, s.size)
		if s == lib.text {
			for i := range s.data {
				s.data[i] = lib.fill[i%len(lib.fill)]
			}
		}
		for _, a := range s.atoms {
			copy(s.data[a.addr-s.addr:], a.section.data[a.start:a.end])
			for _, r := range a.refs {
				if err := lib.fix(a, r); err != nil {
					return fmt.Errorf("%s: %s: %s+%#x: %s against %s: %w",
						lib.name, a.section.name, a.name, r.off, lib.typeName(r.typ), r.sym.name, err)
				}
			}
		}
	}
	for _, s := range lib.all() {
		if s.render == nil {
			continue
		}
		b := &buffer{arch: lib.arch}
		s.render(b)
		if b.len() != s.size {
			return fmt.Errorf("internal error: %s has %d bytes instead of %d", s.name, b.len(), s.size)
		}
		s.data = b.data
	}
	return nil
}

// fix applies one relocation.
func (lib *library) fix(a *atom, r ref) error {
	start := a.addr - a.out.addr
	f := &fixup{
		typ: r.typ, loc: a.out.data[start+r.off : start+a.size()], order: lib.order,
		S: int64(lib.toc), A: r.addend, P: int64(a.addr + r.off),
		toc: int64(lib.toc), paired: lib.pairedIn(a),
	}
	if r.to != nil {
		f.S = int64(r.to.addr)
		if r.to.symbol != nil {
			f.other = r.to.symbol.other
		}
	}
	if lib.relocatable {
		f.clear()
		if lib.usesREL() {
			_, f.A = lib.placeOf(a, r)
		}
	}
	if r.typ != lib.absolute {
		return lib.apply(f)
	}
	// The dynamic linker adds the load address.
	b := &buffer{arch: lib.arch}
	b.word(uint64(f.S + f.A))
	copy(f.loc, b.data)
	return nil
}

// pairedIn returns fixup.paired for the relocations of a.
func (lib *library) pairedIn(a *atom) func(typ uint32, addr int64) (int64, error) {
	return func(typ uint32, addr int64) (int64, error) {
		for _, r := range a.refs {
			if r.typ == typ && int64(a.addr+r.off) == addr {
				return int64(r.to.addr) + r.addend - addr, nil
			}
		}
		return 0, fmt.Errorf("no %s at %#x", lib.typeName(typ), addr)
	}
}
