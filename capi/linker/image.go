// SPDX-License-Identifier: MIT

package main

import (
	"debug/elf"
	"errors"
	"os"
	"path/filepath"
)

// Writing the file: ELF header, program headers, sections, section headers.

func (lib *library) headerSizes() (file, segment, section uint64) {
	if lib.class == elf.ELFCLASS64 {
		return 64, 56, 64
	}
	return 52, 32, 40
}

// headersSize returns the size of the ELF header and the program headers.
func (lib *library) headersSize() uint64 {
	file, segment, _ := lib.headerSizes()
	return file + segment*uint64(len(lib.segments))
}

// image returns the contents of the library's file.
func (lib *library) image() []byte {
	sections := lib.present(lib.all()...)
	b := &buffer{arch: lib.arch}
	last := sections[len(sections)-1]
	headers := alignUp(last.off+last.size, 8)
	lib.fileHeader(b, headers, len(sections)+1)
	for _, s := range lib.segments {
		b.segment(s)
	}
	for _, s := range sections {
		b.padTo(s.off)
		b.bytes(s.data...)
	}
	b.padTo(headers)
	names := lib.sectionNames()
	b.section(0, &section{})
	for _, s := range sections {
		b.section(names.add(s.name), s)
	}
	if lib.buildID != nil {
		lib.stampBuildID(b.data)
	}
	return b.data
}

func (lib *library) fileHeader(b *buffer, sectionHeaders uint64, sections int) {
	order := elf.ELFDATA2LSB
	if lib.order.Uint16([]byte{0, 1}) == 1 {
		order = elf.ELFDATA2MSB
	}
	b.bytes([]byte(elf.ELFMAG)...)
	b.bytes(byte(lib.class), byte(order), byte(elf.EV_CURRENT))
	b.padTo(elf.EI_NIDENT)
	typ := elf.ET_DYN
	if lib.relocatable {
		typ = elf.ET_REL
	}
	b.u16(uint16(typ), uint16(lib.machine))
	b.u32(uint32(elf.EV_CURRENT))
	file, segment, section := lib.headerSizes()
	segments := file
	if lib.relocatable {
		segments, segment = 0, 0
	}
	b.word(0, segments, sectionHeaders) // no entry point
	b.u32(lib.flags)
	b.u16(uint16(file), uint16(segment), uint16(len(lib.segments)))
	b.u16(uint16(section), uint16(sections), uint16(lib.shstrtab.index))
}

// padTo appends zeros up to offset off.
func (b *buffer) padTo(off uint64) { b.bytes(make([]byte, off-b.len())...) }

// segment appends an Elf_Phdr.
func (b *buffer) segment(s *segment) {
	off, addr, fileSize, memSize := s.extent()
	if b.arch.class == elf.ELFCLASS64 {
		b.u32(uint32(s.typ), uint32(s.flags))
		b.word(off, addr, addr, fileSize, memSize, s.align)
		return
	}
	b.u32(uint32(s.typ))
	b.word(off, addr, addr, fileSize, memSize)
	b.u32(uint32(s.flags), uint32(s.align))
}

func (s *segment) extent() (off, addr, fileSize, memSize uint64) {
	if len(s.sections) == 0 {
		return 0, 0, 0, 0
	}
	first, last := s.sections[0], s.sections[len(s.sections)-1]
	if !s.headers {
		off, addr = first.off, first.addr
	}
	fileSize = last.off - off
	if last.typ != elf.SHT_NOBITS {
		fileSize += last.size
	}
	return off, addr, fileSize, last.addr + last.size - addr
}

// section appends an Elf_Shdr.
func (b *buffer) section(name uint32, s *section) {
	link, info := uint32(0), s.info
	if s.link != nil {
		link = uint32(s.link.index)
	}
	if s.of != nil {
		info = uint32(s.of.index)
	}
	b.u32(name, uint32(s.typ))
	b.word(uint64(s.flags), s.addr, s.off, s.size)
	b.u32(link, info)
	b.word(s.align, s.entry)
}

func (lib *library) sectionNames() *strtab {
	names := &strtab{}
	for _, s := range lib.present(lib.all()...) {
		names.add(s.name)
	}
	return names
}

// writeFile replaces a file atomically. If name is a device or a FIFO, or a symbolic link to one,
// it writes to it instead of replacing it.
func writeFile(name string, data []byte) error {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		return writeInto(name, data)
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".libmemfd_go-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails if it was renamed
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

func writeInto(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}
