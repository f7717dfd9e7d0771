// SPDX-License-Identifier: MIT

package main

import (
	"cmp"
	"debug/elf"
	"slices"
)

// Sections for the dynamic linker: the gABI's dynamic section and symbol table, GNU symbol
// versioning, and relative relocations.

const (
	soname  = "libmemfd_go.so.1"
	version = "MEMFD_GO_1.0"
)

// Indexes of symbol versions. By convention the first entry of .gnu.version_d is the base
// definition, with the name of the library.
const (
	versionBase = 1
	versionOurs = 2
)

// A dynReloc is a word to which the dynamic linker adds the load address.
type dynReloc struct {
	atom *atom
	ref  ref
}

func (lib *library) makeDynamic() {
	slices.SortFunc(lib.exports, func(a, b *atom) int {
		return cmp.Or(cmp.Compare(lib.bucket(a), lib.bucket(b)), cmp.Compare(a.name, b.name))
	})
	word := uint64(lib.wordSize())
	names := &strtab{}
	for _, a := range lib.exports {
		names.add(a.name)
	}
	names.add(soname)
	names.add(version)

	const alloc = elf.SHF_ALLOC
	lib.dynstr = &section{name: ".dynstr", typ: elf.SHT_STRTAB, flags: alloc, align: 1,
		render: func(b *buffer) { b.bytes(names.data...) }}
	lib.dynsym = &section{name: ".dynsym", typ: elf.SHT_DYNSYM, flags: alloc, align: word,
		entry: lib.symbolSize(), link: lib.dynstr, info: 1,
		render: func(b *buffer) {
			b.symbol(0, &symtabEntry{})
			for _, a := range lib.exports {
				b.symbol(names.add(a.name), a.entry(elf.STB_GLOBAL))
			}
		}}
	lib.makeHashes()
	lib.versym = &section{name: ".gnu.version", typ: elf.SHT_GNU_VERSYM, flags: alloc, align: 2,
		entry: 2, link: lib.dynsym,
		render: func(b *buffer) {
			b.u16(0)
			for range lib.exports {
				b.u16(versionOurs)
			}
		}}
	lib.verdef = &section{name: ".gnu.version_d", typ: elf.SHT_GNU_VERDEF, flags: alloc, align: 4,
		link: lib.dynstr, info: 2,
		render: func(b *buffer) {
			const base = 1 // VER_FLG_BASE
			b.versionDef(versionBase, base, soname, names, false)
			b.versionDef(versionOurs, 0, version, names, true)
		}}
	lib.makeRelocs()
	lib.dynamic = &section{name: ".dynamic", typ: elf.SHT_DYNAMIC, flags: alloc | elf.SHF_WRITE, align: word,
		entry: 2 * word, link: lib.dynstr,
		render: func(b *buffer) { lib.renderDynamic(b, names) }}
}

// versionDef appends an Elf_Verdef and the Elf_Verdaux with its name.
func (b *buffer) versionDef(index, flags uint16, name string, names *strtab, last bool) {
	const verdef, verdaux = 20, 8 // their sizes
	next := uint32(verdef + verdaux)
	if last {
		next = 0
	}
	b.u16(1, flags, index, 1)
	b.u32(sysvHash(name), verdef, next)
	b.u32(names.add(name), 0)
}

func (lib *library) makeRelocs() {
	var relocs []dynReloc
	for _, a := range lib.relro.atoms {
		for _, r := range a.refs {
			if r.typ == lib.absolute {
				relocs = append(relocs, dynReloc{a, r})
			}
		}
	}
	word := uint64(lib.wordSize())
	lib.rel = &section{name: ".rela.dyn", typ: elf.SHT_RELA, flags: elf.SHF_ALLOC, align: word, entry: 3 * word, link: lib.dynsym}
	if lib.usesREL() {
		lib.rel.name, lib.rel.typ, lib.rel.entry = ".rel.dyn", elf.SHT_REL, 2*word
	}
	lib.rel.render = func(b *buffer) {
		for _, r := range relocs {
			b.word(r.atom.addr+r.ref.off, uint64(lib.relative))
			if !lib.usesREL() { // the addend of REL is in the word itself
				b.word(r.ref.to.addr + uint64(r.ref.addend))
			}
		}
	}
}

// usesREL reports whether relocations have their addend in the relocated field.
func (a *arch) usesREL() bool { return a.addend != nil }

func (lib *library) renderDynamic(b *buffer, names *strtab) {
	tag := func(tag elf.DynTag, v uint64) { b.word(uint64(tag), v) }
	tag(elf.DT_SONAME, uint64(names.add(soname)))
	tag(elf.DT_GNU_HASH, lib.gnuHash.addr)
	tag(elf.DT_HASH, lib.hash.addr)
	tag(elf.DT_STRTAB, lib.dynstr.addr)
	tag(elf.DT_SYMTAB, lib.dynsym.addr)
	tag(elf.DT_STRSZ, lib.dynstr.size)
	tag(elf.DT_SYMENT, lib.dynsym.entry)
	if count := lib.rel.size / lib.rel.entry; count > 0 {
		tags := []elf.DynTag{elf.DT_RELA, elf.DT_RELASZ, elf.DT_RELAENT, elf.DT_RELACOUNT}
		if lib.usesREL() {
			tags = []elf.DynTag{elf.DT_REL, elf.DT_RELSZ, elf.DT_RELENT, elf.DT_RELCOUNT}
		}
		tag(tags[0], lib.rel.addr)
		tag(tags[1], lib.rel.size)
		tag(tags[2], lib.rel.entry)
		tag(tags[3], count)
	}
	tag(elf.DT_VERSYM, lib.versym.addr)
	tag(elf.DT_VERDEF, lib.verdef.addr)
	tag(elf.DT_VERDEFNUM, uint64(lib.verdef.info))
	tag(elf.DT_FLAGS, uint64(elf.DF_BIND_NOW))
	tag(elf.DT_FLAGS_1, uint64(elf.DF_1_NOW))
	tag(elf.DT_NULL, 0)
}
