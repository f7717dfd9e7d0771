// SPDX-License-Identifier: MIT

package main

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
	"strings"
)

// An arch describes an architecture. Each has its own file, with this table and the relocations
// that cmd/link emits for it.
type arch struct {
	machine elf.Machine
	class   elf.Class
	order   byteOrder
	flags   uint32 // e_flags
	page    uint64 // the largest page size of its kernels
	fill    []byte // a trap instruction, between functions
	regABI  bool   // Go passes arguments in registers

	// Types of relocations.
	absolute uint32 // an address in a data word
	relative uint32 // the same for the dynamic linker: load address + addend
	pcrel    uint32 // for branches that scan finds
	distance uint32 // a PC-relative data word of 32 bits
	typeName func(typ uint32) string
	addend   func(typ uint32, field []byte) int64 // reads the addend; REL only
	apply    func(f *fixup) error

	// scan reads the instructions of a function (scan.go). Where cmd/link resolves
	// branches within .text without leaving a relocation, it returns those that leave
	// the function.
	scan    func(code []byte, fields fields) (branches []branch, faults []fault)
	tocName string // the symbol of the TOC base, a fixed offset into the data
	thunk   string // prefix of functions that cmd/link adds
	// unset are flags for CPU features that compiled code tests and only the runtime sets.
	// Here they are the constant false, so the code takes the path without the feature.
	unset []string

	// variant returns the table for a variant of the architecture, if the object file is
	// for one.
	variant func(obj *object) *arch

	landing    []byte // the landing pad that each export must begin with
	attributes attributes
	property   property
	mapping    mapping

	hashEntry int // bytes in an entry of .hash
	dwarf     dwarfRegs
	frames    []frame
	// adaptFrame adapts the stack frame of a Go function to C; see prologue.go.
	adaptFrame func(code instructions, steps []step) []fault
	// prel31 is the type of relocations in .ARM.exidx, or 0 without that section.
	prel31 uint32
}

type byteOrder interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

var arches = []*arch{amd64, arm64, i386, arm, riscv64, ppc64le, s390x, loong64}

func archOf(f *elf.File) (*arch, error) {
	for _, a := range arches {
		if f.Machine == a.machine && f.Class == a.class && f.ByteOrder == a.order.(binary.ByteOrder) {
			return a, nil
		}
	}
	return nil, fmt.Errorf("unsupported architecture: %v, %v, %v", f.Machine, f.Class, f.Data)
}

func (a *arch) wordSize() int {
	if a.class == elf.ELFCLASS64 {
		return 8
	}
	return 4
}

// word reads a word of the class's size.
func (a *arch) word(b []byte) uint64 {
	if a.class == elf.ELFCLASS64 {
		return a.order.Uint64(b)
	}
	return uint64(a.order.Uint32(b))
}

// isThunk reports whether name is a function that cmd/link adds. These have no frame and no
// entry in .debug_frame.
func (a *arch) isThunk(name string) bool {
	return a.thunk != "" && strings.HasPrefix(name, a.thunk)
}

// A fixup is a field to be relocated, in the notation of the psABIs: S is the address of the
// symbol, A the addend, P the address of the field.
type fixup struct {
	typ     uint32
	loc     []byte // from the field to the end of its function or variable
	S, A, P int64
	order   binary.ByteOrder

	other byte  // the symbol's st_other
	toc   int64 // the address of arch.tocName
	// paired returns the value of the relocation of type typ at addr.
	paired func(typ uint32, addr int64) (int64, error)
}

// clear makes f write zero into the field. With RELA, most linkers ignore its contents, but tcc
// adds them, and disassemblers show them.
func (f *fixup) clear() {
	*f = fixup{typ: f.typ, loc: f.loc, order: f.order, paired: func(uint32, int64) (int64, error) { return 0, nil }}
}

func (f *fixup) unknown() error { return fmt.Errorf("unknown relocation") }

// check fails unless lo <= v <= hi.
func check(v, lo, hi int64) error {
	if v < lo || v > hi {
		return fmt.Errorf("value %#x is out of range [%#x, %#x]", v, lo, hi)
	}
	return nil
}

// checkBits fails unless v is a signed number of the given width.
func checkBits(v int64, bits int) error {
	return check(v, -1<<(bits-1), 1<<(bits-1)-1)
}

// checkAlign fails unless v is a multiple of align.
func checkAlign(v, align int64) error {
	if v%align != 0 {
		return fmt.Errorf("value %#x is not a multiple of %d", v, align)
	}
	return nil
}

// put32 writes a signed 32-bit value.
func (f *fixup) put32(v int64) error {
	if err := checkBits(v, 32); err != nil {
		return err
	}
	f.order.PutUint32(f.loc, uint32(v))
	return nil
}

// putBits replaces the bits of the instruction that mask selects.
func (f *fixup) putBits(mask, bits uint32) error {
	f.order.PutUint32(f.loc, f.order.Uint32(f.loc)&^mask|bits&mask)
	return nil
}

// wrap32 wraps v around like an address of a 32-bit architecture.
func wrap32(v int64) int64 { return int64(int32(v)) }
