// SPDX-License-Identifier: MIT

package main

import (
	"crypto/sha256"
	"debug/elf"
)

// Notes: the build ID, and the control-flow protection that the code supports.

// A property is an architecture's feature word in .note.gnu.property.
type property struct{ typ, bits uint32 }

// attributes are a section of relocatable files by which linkers check compatibility.
type attributes struct {
	section string
	typ     elf.SectionType
	data    []byte
}

const (
	noteBuildID  = 3 // NT_GNU_BUILD_ID
	noteProperty = 5 // NT_GNU_PROPERTY_TYPE_0

	buildIDSize = 20
)

func (lib *library) makeNotes() {
	if lib.relocatable {
		lib.makeObjectNotes()
	} else {
		lib.buildID = &section{name: ".note.gnu.build-id", typ: elf.SHT_NOTE, flags: elf.SHF_ALLOC, align: 4,
			// stampBuildID sets it when the rest of the file is complete.
			render: func(b *buffer) { b.note(noteBuildID, make([]byte, buildIDSize)) }}
	}
	lib.property = &section{name: ".note.gnu.property", typ: elf.SHT_NOTE, flags: elf.SHF_ALLOC, align: 8,
		render: func(b *buffer) {
			if lib.arch.property.typ == 0 {
				return
			}
			desc := &buffer{arch: lib.arch}
			desc.u32(lib.arch.property.typ, 4, lib.arch.property.bits)
			desc.pad(8)
			b.note(noteProperty, desc.data)
		}}
}

// makeObjectNotes creates the sections that take the place of the headers of a shared library: the
// stack need not be executable, and the attributes.
func (lib *library) makeObjectNotes() {
	lib.stackNote = &section{name: ".note.GNU-stack", typ: elf.SHT_PROGBITS, align: 1}
	a := lib.arch.attributes
	lib.attributes = &section{name: a.section, typ: a.typ, align: 1, render: func(b *buffer) { b.bytes(a.data...) }}
}

func (b *buffer) note(typ uint32, desc []byte) {
	const owner = "GNU\x00"
	b.u32(uint32(len(owner)), uint32(len(desc)), typ)
	b.bytes([]byte(owner)...)
	b.bytes(desc...)
}

// stampBuildID sets the build ID to a hash of the loaded part of the file. The file with debug
// information has the same, by which debuggers find it.
func (lib *library) stampBuildID(image []byte) {
	header, _, _ := lib.headerSizes() // excluded: the offset of the section headers differs
	hash := sha256.Sum256(image[header:lib.loadedEnd()])
	end := lib.buildID.off + lib.buildID.size
	copy(image[end-buildIDSize:end], hash[:])
}
