// SPDX-License-Identifier: MIT

package main

import (
	"debug/elf"
	"slices"
)

// Layout of the file and of memory.
//
// Three segments are loaded: read-only, executable, and RELRO, which the dynamic linker writes to
// once. In the file they follow each other without gaps. In memory each begins on a new page of
// the largest size that a kernel may have, at the same offset within the page as in the file. A
// page of the file that contains parts of two segments is mapped twice.
//
// The dynamic linker makes whole pages of RELRO read-only, of the kernel's page size, and leaves
// out a partial page at the end. So RELRO extends to a multiple of the largest page size. The
// padding takes no space in the file.

// A segment is a program header. Its sections follow each other.
type segment struct {
	typ      elf.ProgType
	flags    elf.ProgFlag
	align    uint64
	sections []*section
	headers  bool // it begins with the file's headers
}

// all returns the sections of the library in the order of the file.
func (lib *library) all() []*section {
	return slices.DeleteFunc(slices.Concat(lib.read(), lib.execute(), lib.written(), lib.unloaded()),
		func(s *section) bool { return s == nil })
}

// present drops sections that are nil or empty: the dynamic linker and lint tools reject empty
// ones. Three are kept: two get their size last, and one is empty by definition.
func (lib *library) present(sections ...*section) []*section {
	return slices.DeleteFunc(sections, func(s *section) bool {
		return s == nil || s.size == 0 && s != lib.shstrtab && s != lib.padding && s != lib.stackNote
	})
}

func (s *sections) read() []*section {
	return []*section{s.property, s.buildID, s.gnuHash, s.hash, s.dynsym, s.dynstr, s.versym, s.verdef,
		s.rel, s.rodata, s.ehFrameHdr, s.ehFrame, s.extab, s.exidx}
}

func (s *sections) execute() []*section { return []*section{s.text} }

func (s *sections) written() []*section { return []*section{s.relro, s.dynamic, s.padding} }

func (s *sections) unloaded() []*section {
	return slices.Concat([]*section{s.attributes, s.stackNote, s.symtab, s.strtab}, s.relocs, s.debug, []*section{s.shstrtab})
}

// layOut gives each section that is not empty its index, offset and address.
func (lib *library) layOut() {
	for _, s := range lib.all() {
		if s.render != nil && s != lib.shstrtab {
			b := &buffer{arch: lib.arch}
			s.render(b)
			s.size, s.relocs = b.len(), b.relocs
		}
	}
	unplaced := lib.all() // sections without an address
	end := lib.headersSize()
	if !lib.relocatable {
		lib.padding = &section{name: ".padding", typ: elf.SHT_NOBITS, flags: elf.SHF_ALLOC | elf.SHF_WRITE, align: 1}
		lib.makeSegments()
		unplaced = lib.unloaded()
		end = lib.place(lib.headersSize(), lib.read(), lib.execute(), lib.written())
	}
	for i, s := range lib.present(lib.all()...) {
		s.index = i + 1
	}
	lib.shstrtab.size = uint64(len(lib.sectionNames().data))
	for _, s := range lib.present(unplaced...) {
		s.off = alignUp(end, s.align)
		end = s.off + s.size
	}
}

func (lib *library) makeSegments() {
	const r, w, x = elf.PF_R, elf.PF_W, elf.PF_X
	word := uint64(lib.wordSize())
	add := func(typ elf.ProgType, flags elf.ProgFlag, align uint64, sections ...*section) *segment {
		seg := &segment{typ: typ, flags: flags, align: align, sections: lib.present(sections...)}
		if len(seg.sections) > 0 || typ == elf.PT_GNU_STACK {
			lib.segments = append(lib.segments, seg)
		}
		return seg
	}
	add(elf.PT_LOAD, r, lib.page, lib.read()...).headers = true
	add(elf.PT_LOAD, r|x, lib.page, lib.execute()...)
	add(elf.PT_LOAD, r|w, lib.page, lib.written()...)
	add(elf.PT_DYNAMIC, r|w, word, lib.dynamic)
	add(elf.PT_NOTE, r, 8, lib.property)
	add(elf.PT_GNU_PROPERTY, r, 8, lib.property)
	add(elf.PT_NOTE, r, 4, lib.buildID)
	add(elf.PT_GNU_EH_FRAME, r, 4, lib.ehFrameHdr)
	add(elf.PT_ARM_EXIDX, r, 4, lib.exidx)
	add(elf.PT_GNU_RELRO, r, 1, lib.written()...)
	add(elf.PT_GNU_STACK, r|w, 16)
}

// place assigns file offsets, from off, and addresses to the sections of the loaded segments. It
// returns the end in the file.
func (lib *library) place(off uint64, loaded ...[]*section) uint64 {
	addr := off
	for i, sections := range loaded {
		sections = lib.present(sections...)
		if i > 0 {
			off = alignUp(off, maxAlign(sections))
			addr = alignUp(addr, lib.page) + off%lib.page
			lib.toc = addr + 0x8000 // finally of the last segment; offsets are signed 16 bits
		}
		for _, s := range sections {
			skip := alignUp(addr, s.align) - addr
			addr, off = addr+skip, off+skip
			s.addr, s.off = addr, off
			for _, a := range s.atoms {
				a.addr += s.addr
			}
			if s == lib.padding {
				s.size = alignUp(addr, lib.page) - addr
			} else {
				off += s.size
			}
			addr += s.size
		}
	}
	return off
}

// loadedEnd returns the end of the loaded part of the file.
func (lib *library) loadedEnd() (end uint64) {
	for _, s := range lib.present(lib.written()...) {
		if s.typ != elf.SHT_NOBITS {
			end = s.off + s.size
		}
	}
	return end
}

func maxAlign(sections []*section) uint64 {
	align := uint64(1)
	for _, s := range sections {
		align = max(align, s.align)
	}
	return align
}
