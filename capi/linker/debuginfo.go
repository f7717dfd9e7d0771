// SPDX-License-Identifier: MIT

package main

import (
	"debug/dwarf"
	"debug/elf"
	"fmt"
	"io"
	"slices"
	"sort"
)

// Reading debug information, for the separate file with lines and inlined calls.
//
// go.o has debug information for the whole program, variables and types included. Lines and
// inlined calls of the kept functions are read from it, and dwarf.go writes them. They need no
// relocations, since the addresses are final by then.

// A debugUnit is the compilation unit of a package. Its files are numbered from 1.
type debugUnit struct {
	name, producer string
	files          []string
	functions      []*debugFunction
	origins        []*origin // of calls that were inlined in the unit

	lineTable, tree uint32 // offsets in .debug_line and .debug_info
}

// A debugFunction is a kept function.
type debugFunction struct {
	*atom
	file, line int64 // 0: unknown
	external   bool
	lines      []debugLine
	inlined    []*inlinedCall
}

// A debugLine is a row of the line table: code from pc on is from a line.
type debugLine struct {
	pc                uint64
	file, line        int64
	stmt, prologueEnd bool
}

// An inlinedCall is the code of a call that was inlined. Spans are offsets in the function that
// contains it.
type inlinedCall struct {
	origin     *origin
	code       []span
	file, line int64
	inlined    []*inlinedCall
}

// An origin is a function that was inlined (DW_AT_abstract_origin).
type origin struct {
	at   dwarf.Offset
	name string
	line int64
	ref  uint32 // the offset of its entry in the unit that is written
}

// debugReader reads the debug information of an object file.
type debugReader struct {
	*dwarf.Data
	lib  *library
	unit *debugUnit
}

// readDebugInfo returns the debug information of the kept functions, or nil if the object file has
// none.
func (lib *library) readDebugInfo(object string) ([]*debugUnit, error) {
	f, err := elf.Open(object)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if f.Section(".debug_info") == nil {
		return nil, nil
	}
	units, err := lib.readUnits(f)
	if err != nil {
		return nil, fmt.Errorf("%s: debug information: %w", lib.name, err)
	}
	return units, nil
}

func (lib *library) readUnits(f *elf.File) (units []*debugUnit, err error) {
	data, err := f.DWARF()
	if err != nil {
		return nil, err
	}
	for r := data.Reader(); ; {
		entry, err := r.Next()
		if entry == nil {
			return units, err
		}
		d := &debugReader{data, lib, &debugUnit{}}
		if err := d.readUnit(entry, r); err != nil {
			return nil, err
		}
		if len(d.unit.functions) > 0 {
			units = append(units, d.unit)
		}
	}
}

func (d *debugReader) readUnit(entry *dwarf.Entry, r *dwarf.Reader) error {
	d.unit.name, d.unit.producer = text(entry, dwarf.AttrName), text(entry, dwarf.AttrProducer)
	lines, err := d.LineReader(entry)
	if lines == nil { // no code, only types
		r.SkipChildren()
		return err
	}
	files := lines.Files()
	if err := d.children(entry, r, func(e *dwarf.Entry) error { return d.readFunction(e, r, files) }); err != nil {
		return err
	}
	return d.readLines(lines)
}

// children calls f for each child of entry. f must read or skip the child's own children.
func (d *debugReader) children(entry *dwarf.Entry, r *dwarf.Reader, f func(e *dwarf.Entry) error) error {
	for entry.Children {
		e, err := r.Next()
		if e == nil || e.Tag == 0 {
			return err
		}
		if err := f(e); err != nil {
			return err
		}
	}
	return nil
}

func (d *debugReader) readFunction(entry *dwarf.Entry, r *dwarf.Reader, files []*dwarf.LineFile) error {
	start, ok := entry.Val(dwarf.AttrLowpc).(uint64)
	a := d.atomAt(start)
	if entry.Tag != dwarf.TagSubprogram || !ok || a == nil || a.start != start {
		r.SkipChildren()
		return nil
	}
	declared := entry
	if at, ok := entry.Val(dwarf.AttrAbstractOrigin).(dwarf.Offset); ok { // it is inlined elsewhere too
		var err error
		if declared, err = d.entryAt(at); err != nil {
			return err
		}
	}
	f := &debugFunction{
		atom: a, file: d.fileOf(files, number(declared, dwarf.AttrDeclFile)), line: number(declared, dwarf.AttrDeclLine),
		external: declared.Val(dwarf.AttrExternal) == true,
	}
	d.unit.functions = append(d.unit.functions, f)
	var err error
	f.inlined, err = d.readInlined(entry, r, a, files)
	return err
}

// readInlined returns the inlined calls among entry's children, with those within them.
func (d *debugReader) readInlined(entry *dwarf.Entry, r *dwarf.Reader, a *atom, files []*dwarf.LineFile) (calls []*inlinedCall, err error) {
	err = d.children(entry, r, func(e *dwarf.Entry) error {
		inner, err := d.readInlined(e, r, a, files)
		if err != nil || e.Tag != dwarf.TagInlinedSubroutine {
			calls = append(calls, inner...) // in a lexical block
			return err
		}
		call := &inlinedCall{file: d.fileOf(files, number(e, dwarf.AttrCallFile)), line: number(e, dwarf.AttrCallLine), inlined: inner}
		ranges, err := d.Ranges(e)
		if err != nil {
			return err
		}
		for _, r := range ranges {
			call.code = append(call.code, span{r[0] - a.start, r[1] - a.start})
		}
		call.origin, err = d.originOf(e)
		calls = append(calls, call)
		return err
	})
	return calls, err
}

// originOf returns the function that was inlined.
func (d *debugReader) originOf(entry *dwarf.Entry) (*origin, error) {
	at, ok := entry.Val(dwarf.AttrAbstractOrigin).(dwarf.Offset)
	if !ok {
		return nil, fmt.Errorf("the inlined call at %#x has no abstract origin", entry.Offset)
	}
	for _, o := range d.unit.origins {
		if o.at == at {
			return o, nil
		}
	}
	e, err := d.entryAt(at)
	if err != nil {
		return nil, err
	}
	o := &origin{at: at, name: text(e, dwarf.AttrName), line: number(e, dwarf.AttrDeclLine)}
	d.unit.origins = append(d.unit.origins, o)
	return o, nil
}

func (d *debugReader) entryAt(at dwarf.Offset) (*dwarf.Entry, error) {
	r := d.Reader()
	r.Seek(at)
	return r.Next()
}

// readLines reads the line table of the unit.
func (d *debugReader) readLines(lines *dwarf.LineReader) error {
	of := map[*atom]*debugFunction{}
	for _, f := range d.unit.functions {
		of[f.atom] = f
	}
	var line dwarf.LineEntry
	err := lines.Next(&line)
	for ; err == nil; err = lines.Next(&line) {
		f := of[d.atomAt(line.Address)]
		if f == nil || line.EndSequence || line.File == nil {
			continue
		}
		f.lines = append(f.lines, debugLine{
			line.Address - f.start, d.file(line.File.Name), int64(line.Line), line.IsStmt, line.PrologueEnd,
		})
	}
	if err != io.EOF {
		return err
	}
	return nil
}

// atomAt returns the kept function at an address of go.o, or nil.
func (d *debugReader) atomAt(addr uint64) *atom {
	atoms := d.lib.text.atoms
	i := sort.Search(len(atoms), func(i int) bool { return atoms[i].start > addr })
	if i == 0 || addr >= atoms[i-1].end {
		return nil
	}
	return atoms[i-1]
}

// fileOf returns the unit's number of a file in go.o's table.
func (d *debugReader) fileOf(files []*dwarf.LineFile, index int64) int64 {
	if index <= 0 || index >= int64(len(files)) {
		return 0
	}
	return d.file(files[index].Name)
}

// file returns the unit's number of a file, which it adds if necessary.
func (d *debugReader) file(name string) int64 {
	i := slices.Index(d.unit.files, name)
	if i < 0 {
		i = len(d.unit.files)
		d.unit.files = append(d.unit.files, name)
	}
	return int64(i) + 1
}

func text(e *dwarf.Entry, attr dwarf.Attr) string {
	s, _ := e.Val(attr).(string)
	return s
}

func number(e *dwarf.Entry, attr dwarf.Attr) int64 {
	n, _ := e.Val(attr).(int64)
	return n
}
