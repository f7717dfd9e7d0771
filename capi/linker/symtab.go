// SPDX-License-Identifier: MIT

package main

import (
	"debug/elf"
	"slices"
)

// .symtab, for debuggers, profilers and backtraces: the exports, as in .dynsym, and the names of
// everything else in the library.

// A symtabEntry is an entry of .symtab or .dynsym.
type symtabEntry struct {
	value, size uint64
	bind        elf.SymBind
	typ         elf.SymType
	other       byte
	section     *section
}

// entry returns the entry for a. On ppc64le, st_other contains the offset of the local entry
// point.
func (a *atom) entry(bind elf.SymBind) *symtabEntry {
	return &symtabEntry{a.addr, a.size(), bind, a.symbol.typ, a.symbol.other, a.out}
}

func (a *arch) symbolSize() uint64 {
	if a.class == elf.ELFCLASS64 {
		return elf.Sym64Size
	}
	return elf.Sym32Size
}

// symbol appends an Elf_Sym.
func (b *buffer) symbol(name uint32, e *symtabEntry) {
	index := uint16(0)
	if e.section != nil {
		index = uint16(e.section.index)
	}
	b.u32(name)
	if b.arch.class == elf.ELFCLASS32 {
		b.u32(uint32(e.value), uint32(e.size))
	}
	b.bytes(elf.ST_INFO(e.bind, e.typ), e.other)
	b.u16(index)
	if b.arch.class == elf.ELFCLASS64 {
		b.u64(e.value, e.size)
	}
}

func (lib *library) makeSymtab() {
	names := &strtab{}
	lib.strtab = &section{name: ".strtab", typ: elf.SHT_STRTAB, align: 1,
		render: func(b *buffer) { b.bytes(names.data...) }}
	lib.symtab = &section{name: ".symtab", typ: elf.SHT_SYMTAB, align: uint64(lib.wordSize()),
		entry: lib.symbolSize(), link: lib.strtab}
	lib.symtab.render = func(b *buffer) {
		b.symbol(0, &symtabEntry{})
		lib.symbolIndex = map[place]uint64{}
		add := func(p place, name string, e *symtabEntry) {
			lib.symbolIndex[p] = b.len() / lib.symtab.entry
			b.symbol(names.add(name), e)
		}
		if lib.relocatable {
			lib.placeSymbols(add)
		}
		lib.renderMapping(b, names)
		for _, a := range lib.atoms {
			if !a.isExport() && a.symbol != nil {
				add(place{atom: a}, a.name, a.entry(elf.STB_LOCAL))
			}
		}
		lib.symtab.info = uint32(b.len() / lib.symtab.entry) // index of the first symbol that is not local
		if lib.relocatable && lib.tocName != "" {
			add(place{}, lib.tocName, &symtabEntry{bind: elf.STB_GLOBAL})
		}
		for _, a := range lib.exports {
			b.symbol(names.add(a.name), a.entry(elf.STB_GLOBAL))
		}
	}
	lib.shstrtab = &section{name: ".shstrtab", typ: elf.SHT_STRTAB, align: 1}
	lib.shstrtab.render = func(b *buffer) { b.bytes(lib.sectionNames().data...) }
}

// renderMapping appends the mapping symbols, which distinguish code from data in .text.
func (lib *library) renderMapping(b *buffer, names *strtab) {
	if lib.mapping.code == "" {
		return
	}
	mark := func(name string, addr uint64) {
		b.symbol(names.add(name), &symtabEntry{value: addr, section: lib.text})
	}
	inData := true // a symbol marks each change
	for _, a := range lib.text.atoms {
		if inData {
			mark(lib.mapping.code, a.addr)
		}
		inData = false
		for _, pool := range joinSpans(lib.mapping.pools(a.code())) {
			mark(lib.mapping.data, a.addr+pool.start)
			inData = pool.end == a.size()
			if !inData {
				mark(lib.mapping.code, a.addr+pool.end)
			}
		}
	}
}

func inSpans(spans []span, off uint64) bool {
	return slices.ContainsFunc(spans, func(s span) bool { return s.start <= off && off < s.end })
}

// joinSpans sorts spans and joins those that touch.
func joinSpans(spans []span) (joined []span) {
	slices.SortFunc(spans, func(a, b span) int { return int(int64(a.start) - int64(b.start)) })
	for _, s := range spans {
		if n := len(joined); n > 0 && s.start <= joined[n-1].end {
			joined[n-1].end = max(joined[n-1].end, s.end)
		} else {
			joined = append(joined, s)
		}
	}
	return joined
}
