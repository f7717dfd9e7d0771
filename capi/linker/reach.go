// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"cmp"
	"debug/elf"
	"fmt"
	"slices"
	"strings"
)

// Finding the functions and variables that are reachable from the exports.

const (
	exportPrefix = "memfd_go_"
	rootName     = "memfd_go_roots" // cmd/link's entry symbol; never called
)

// A library is the library being linked.
type library struct {
	*object
	atoms   []*atom // the kept ones, in the object file's order
	exports []*atom // in the order of .dynsym
	toc     uint64  // the address of arch.tocName

	sections
	segments []*segment

	relocatable bool // see relocatable.go
	symbolIndex map[place]uint64
}

// An atom is the unit that is kept or dropped: a function, a variable, or the bytes of one
// string.
type atom struct {
	name       string
	section    *objSection
	start, end uint64
	align      uint64
	symbol     *symbol // nil for constants, which need no name
	refs       []ref
	from       *atom  // the first atom that refers to it; of an export itself
	fromPC     uint64 // where from refers to it, in from's section

	out  *section
	addr uint64
}

// A ref is a relocation with its offset in the atom, and the atom that it refers to, which is nil
// for arch.tocName.
type ref struct {
	reloc
	to *atom
}

func (a *atom) size() uint64 { return a.end - a.start }
func (a *atom) code() []byte { return a.section.data[a.start:a.end] }

func (a *atom) isFunc() bool { return a.section.flags&elf.SHF_EXECINSTR != 0 }

func (a *atom) isExport() bool { return a.from == a }

// A reacher is the state of the traversal from the exports.
type reacher struct {
	*library
	bySymbol map[*symbol]*atom
	byString map[span]*atom
	queue    []*atom
	refused  refusals
}

// reach finds the atoms and exports. It refuses any that the library must not contain.
func (lib *library) reach() error {
	r := &reacher{library: lib, bySymbol: map[*symbol]*atom{}, byString: map[span]*atom{}}
	for _, sym := range lib.symbols {
		if sym.section != nil && sym.typ == elf.STT_FUNC && strings.HasPrefix(sym.name, exportPrefix) && sym.name != rootName {
			a := r.atomOf(sym)
			a.from = a
			lib.exports = append(lib.exports, a)
			r.queue = append(r.queue, a)
		}
	}
	if len(lib.exports) == 0 {
		return fmt.Errorf("%s: no function is named %s*", lib.name, exportPrefix)
	}
	// Breadth first, so that the reported chain of references is the shortest.
	for len(r.queue) > 0 {
		a := r.queue[0]
		r.queue = r.queue[1:]
		lib.atoms = append(lib.atoms, a)
		r.follow(a)
	}
	order := map[*objSection]int{}
	for i, s := range lib.object.sections {
		order[s] = i
	}
	slices.SortFunc(lib.atoms, func(a, b *atom) int {
		if a.section != b.section {
			return order[a.section] - order[b.section]
		}
		return int(int64(a.start) - int64(b.start))
	})
	return lib.locate(r.refused)
}

func (r *reacher) atomOf(sym *symbol) *atom {
	a := r.bySymbol[sym]
	if a == nil {
		a = &atom{name: sym.name, section: sym.section, start: sym.value, end: sym.value + sym.size, align: sym.section.align}
		if a.start != 0 { // the alignment of its address in the object file
			a.align = min(a.align, a.start&-a.start)
		}
		if !sym.isConstant() {
			a.symbol = sym
		}
		r.bySymbol[sym] = a
	}
	return a
}

// follow resolves the references of a.
func (r *reacher) follow(a *atom) {
	relocs := slices.Clone(a.section.relocsIn(a.start, a.end))
	if a.isFunc() {
		found, faults := r.scanFunc(a.section, a.start, a.end)
		relocs = append(relocs, found...)
		for _, f := range faults {
			if f.what == faultIndirect && r.frameOf(a.name) != nil {
				continue // its callers, the trampolines, refer to the targets
			}
			r.refused.add(a, a.start+f.off, fmt.Sprintf("%s+%#x", a.name, f.off), f.what)
		}
	}
	for _, reloc := range relocs {
		to, addend, why := r.resolve(a, reloc)
		if why != "" {
			r.refused.add(a, reloc.off, cmp.Or(reloc.sym.name, r.typeName(reloc.typ)), why)
			continue
		}
		if to != nil && to.from == nil {
			to.from, to.fromPC = a, reloc.off
			r.queue = append(r.queue, to)
		}
		reloc.off -= a.start
		reloc.addend += addend
		a.refs = append(a.refs, ref{reloc, to})
	}
}

// scanFunc scans a function. It returns relocations for the branches that have none.
func (obj *object) scanFunc(section *objSection, start, end uint64) (found []reloc, faults []fault) {
	fields := fields{}
	for _, reloc := range section.relocsIn(start, end) {
		fields[reloc.off-start] = true
	}
	branches, faults := obj.scan(section.data[start:end], fields)
	for _, b := range branches {
		target := start + uint64(b.target)
		sym := section.symbolAt(target)
		if sym == nil {
			faults = append(faults, fault{b.field, faultTarget})
			continue
		}
		found = append(found, reloc{
			off: start + b.field, typ: obj.pcrel, sym: sym, addend: int64(target-sym.value) + b.bias,
		})
	}
	return found, faults
}

// resolve returns the atom that reloc in a refers to, and a correction of the addend if the atom
// does not begin at the symbol. If the reference is not allowed, why is the reason.
func (r *reacher) resolve(a *atom, reloc reloc) (to *atom, addend int64, why string) {
	sym := reloc.sym
	switch {
	case reloc.typ == r.absolute && a.isFunc():
		return nil, 0, "an absolute address in code, which would need a text relocation"
	case sym.section == nil && sym.name == r.tocName && sym.name != "":
		return nil, 0, ""
	case sym.section == nil:
		return nil, 0, "an undefined symbol"
	case sym.section == a.section && sym.size == 0 && a.start <= sym.value && sym.value < a.end:
		return a, int64(sym.value - a.start), "" // a label
	case sym.size == 0 && sym.section.isConstant() && reloc.typ == r.absolute:
		to, why = r.stringAt(a, reloc)
		return to, -reloc.addend, why
	}
	sym = r.shortcut(r.unwrap(sym))
	if why := r.forbids(sym); why != "" {
		return nil, 0, why
	}
	return r.atomOf(sym), 0, ""
}

// unwrap returns f if sym is f.abi0, the wrapper through which assembly calls a Go function f on
// architectures with a register ABI. The wrapper takes arguments from the stack, and on some
// architectures g from thread-local storage; the trampolines load the registers for f itself.
//
// There may also be a wrapper f for the other direction, through which Go calls an assembly
// function f.abi0. Then f.abi0 does not refer to f.
func (r *reacher) unwrap(sym *symbol) *symbol {
	name, wrapper := strings.CutSuffix(sym.name, ".abi0")
	f := r.named[name]
	if !r.regABI || !wrapper || f == nil {
		return sym
	}
	relocs := sym.section.relocsIn(sym.value, sym.value+sym.size)
	branches, _ := r.scanFunc(sym.section, sym.value, sym.value+sym.size)
	for _, reloc := range slices.Concat(relocs, branches) {
		if reloc.sym == f {
			return f
		}
	}
	return sym
}

// shortcut returns Syscall6 if sym is RawSyscall6, which only calls it with the same arguments.
// Processors mispredict returns after a system call, so each level of calls costs measurable
// time.
func (r *reacher) shortcut(sym *symbol) *symbol {
	if sym.name != systemCall[0] {
		return sym
	}
	for _, name := range systemCall[1:] {
		if direct := r.named[name]; direct != nil {
			return direct
		}
	}
	return sym
}

const notHeader = "a pointer into string data outside a string header"

// stringAt returns the bytes of the string whose header has reloc in its first word. The length
// is in the second word; the carrier symbol, mostly go:string.*, does not show it.
func (r *reacher) stringAt(a *atom, reloc reloc) (*atom, string) {
	word := uint64(r.wordSize())
	header := a.section.data[reloc.off:a.end]
	if uint64(len(header)) < 2*word {
		return nil, notHeader
	}
	start := reloc.sym.value + uint64(reloc.addend)
	at := span{start, start + r.word(header[word:])}
	data := reloc.sym.section.data
	if at.start > at.end || at.end > uint64(len(data)) {
		return nil, notHeader
	}
	s := r.byString[at]
	if s == nil {
		s = &atom{name: fmt.Sprintf("%q", data[at.start:at.end]), section: reloc.sym.section, start: at.start, end: at.end, align: 1}
		r.byString[at] = s
	}
	return s, ""
}

// checkExports checks what the property note declares.
func (lib *library) checkExports() error {
	for _, a := range lib.exports {
		if !bytes.HasPrefix(a.code(), lib.landing) {
			return fmt.Errorf("%s does not begin with the landing pad of an indirect call, % x", a.name, lib.landing)
		}
	}
	return nil
}
