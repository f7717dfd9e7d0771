// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"debug/dwarf"
	"debug/elf"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A builtEntry is an entry of .debug_info. Its values follow their attributes.
type builtEntry struct {
	tag      dwarf.Tag
	values   []any
	children []*builtEntry
	at       dwarf.Offset // set when it is written
}

// An offset is a value of the class that points into .debug_line or .debug_ranges.
type offset uint32

func entry(tag dwarf.Tag, values ...any) *builtEntry { return &builtEntry{tag: tag, values: values} }

func (e *builtEntry) with(children ...*builtEntry) *builtEntry {
	e.children = children
	return e
}

// addDebugInfo adds .debug_info and .debug_abbrev. Each entry has an abbreviation of its own.
func (o *objectBuilder) addDebugInfo(units ...*builtEntry) {
	info, abbrev := o.add(".debug_info", 0).data, o.add(".debug_abbrev", 0).data
	number := uint64(0)
	var write func(e *builtEntry)
	write = func(e *builtEntry) {
		e.at = dwarf.Offset(info.len())
		number++
		info.uleb(number)
		abbrev.uleb(number)
		abbrev.uleb(uint64(e.tag))
		abbrev.bytes(byte(min(len(e.children), 1)))
		for pair := range slices.Chunk(e.values, 2) {
			abbrev.uleb(uint64(pair[0].(dwarf.Attr)))
			abbrev.bytes(info.debugValue(pair[1]))
		}
		abbrev.bytes(0, 0)
		for _, child := range e.children {
			write(child)
		}
		if len(e.children) > 0 {
			info.bytes(0)
		}
	}
	for _, u := range units {
		start := len(info.data)
		info.u32(0) // the length
		info.u16(4)
		info.u32(0)
		info.bytes(byte(o.wordSize()))
		write(u)
		o.order.PutUint32(info.data[start:], uint32(len(info.data)-start-4))
	}
	abbrev.bytes(0)
}

// debugValue appends a value and returns its form.
func (b *buffer) debugValue(value any) (form byte) {
	switch v := value.(type) {
	case string:
		b.bytes(append([]byte(v), 0)...)
		return 0x08 // DW_FORM_string
	case uint64:
		b.word(v)
		return 0x01 // DW_FORM_addr
	case int:
		b.uleb(uint64(v))
		return 0x0f // DW_FORM_udata
	case offset:
		b.u32(uint32(v))
		return 0x17 // DW_FORM_sec_offset
	case dwarf.Offset:
		b.u32(uint32(v))
		return 0x10 // DW_FORM_ref_addr
	case *builtEntry: // one that is written before
		b.u32(uint32(v.at))
		return 0x10
	}
	return 0x19 // DW_FORM_flag_present
}

// debugObject returns an object with four functions of 16 bytes, without debug information.
func debugObject(goarch string) *objectBuilder {
	o := &objectBuilder{arch: goarches[goarch]}
	functions := []string{"memfd_go_one", "runtime.unused", "memfd_go_two", "memfd_go_three"}
	text := o.add(".text", elf.SHF_ALLOC|elf.SHF_EXECINSTR).data
	for i, name := range functions {
		text.bytes(o.landing...)
		for text.len() < uint64(16*(i+1)) {
			text.bytes([]byte(snippets[goarch].ret)...)
		}
		o.symbol(name, elf.STT_FUNC, uint64(16*i))
	}
	o.frames(o.add(".debug_frame", 0), functions...)
	return o
}

// debugUnits returns units of the functions of debugObject, like those of cmd/compile.
func debugUnits() []*builtEntry {
	inner := entry(dwarf.TagSubprogram, dwarf.AttrName, "core.inner", dwarf.AttrDeclLine, 5, dwarf.AttrInline, 1)
	outer := entry(dwarf.TagSubprogram, dwarf.AttrName, "core.outer", dwarf.AttrDeclLine, 7, dwarf.AttrInline, 1)
	two := entry(dwarf.TagSubprogram, dwarf.AttrName, "two", dwarf.AttrDeclFile, 2, dwarf.AttrDeclLine, 40, dwarf.AttrExternal, true)
	function := func(low, high uint64, values ...any) *builtEntry {
		return entry(dwarf.TagSubprogram, append(values, dwarf.AttrLowpc, low, dwarf.AttrHighpc, high)...)
	}
	call := func(origin *builtEntry, file, line int, values ...any) *builtEntry {
		return entry(dwarf.TagInlinedSubroutine,
			append(values, dwarf.AttrAbstractOrigin, origin, dwarf.AttrCallFile, file, dwarf.AttrCallLine, line)...)
	}
	return []*builtEntry{
		entry(dwarf.TagCompileUnit, dwarf.AttrName, "core", dwarf.AttrProducer, "a compiler", dwarf.AttrStmtList, offset(0),
			dwarf.AttrLowpc, uint64(0)).with(
			inner, outer,
			entry(dwarf.TagStructType).with(entry(dwarf.TagMember)),
			function(0, 16, dwarf.AttrName, "one", dwarf.AttrDeclFile, 3, dwarf.AttrDeclLine, 3).with(
				call(outer, 2, 10, dwarf.AttrRanges, offset(0)).with(
					call(inner, 3, 8, dwarf.AttrLowpc, uint64(2), dwarf.AttrHighpc, uint64(4))),
				entry(dwarf.TagFormalParameter),
				entry(dwarf.TagLexDwarfBlock).with(
					call(inner, 4, 300, dwarf.AttrLowpc, uint64(12), dwarf.AttrHighpc, uint64(14)))),
			function(16, 32, dwarf.AttrName, "unused").with(
				call(inner, 1, 1, dwarf.AttrLowpc, uint64(18), dwarf.AttrHighpc, uint64(20)))),
		entry(dwarf.TagCompileUnit, dwarf.AttrName, "types").with(entry(dwarf.TagStructType)),
		entry(dwarf.TagCompileUnit, dwarf.AttrName, "unused", dwarf.AttrStmtList, offset(0)).with(
			function(16, 32, dwarf.AttrName, "unused")),
		entry(dwarf.TagCompileUnit, dwarf.AttrName, "exports", dwarf.AttrStmtList, offset(0), dwarf.AttrLowpc, uint64(0)).with(
			two,
			function(36, 40, dwarf.AttrName, "a label in two"),
			function(32, 48, dwarf.AttrAbstractOrigin, two),
			function(48, 64, dwarf.AttrName, "three", dwarf.AttrDeclFile, 1, dwarf.AttrDeclLine, 50).with(
				call(two, 2, 9, dwarf.AttrLowpc, uint64(50), dwarf.AttrHighpc, uint64(64)))),
	}
}

// addLines adds the line table of the units, and the ranges of an inlined call.
func (o *objectBuilder) addLines() {
	u := &debugUnit{files: []string{"core/c.go", "core/b.go", "core/a.go"}}
	for i, lines := range [][]debugLine{
		{{0, 3, 3, true, false}, {4, 2, 5, false, false}, {8, 3, 300, true, true}},
		{{0, 1, 1, true, false}},
		{{0, 2, 40, true, false}, {8, 9, 41, true, false}, {12, 2, 42, true, false}}, // there is no file 9
		{{4, 3, 60, true, false}},
	} {
		u.functions = append(u.functions, &debugFunction{atom: &atom{addr: uint64(16 * i), end: 16}, lines: lines})
	}
	o.add(".debug_line", 0).data.lineUnit(u)
	o.add(".debug_ranges", 0).data.word(2, 6, 8, 16, 0, 0)
}

// TestReadDebugInfo compares debug information that is read and written again.
func TestReadDebugInfo(t *testing.T) {
	for _, goarch := range []string{"arm64", "386", "s390x"} {
		o := debugObject(goarch)
		o.addLines()
		o.addDebugInfo(debugUnits()...)
		image, err := link(o.write(t), debug)
		if err != nil {
			t.Fatal(err)
		}
		f := parse(t, image)
		addr := addresses(t, f)
		name := filepath.Join(t.TempDir(), "debug")
		if err := os.WriteFile(name, image, 0o666); err != nil {
			t.Fatal(err)
		}
		all := describeDebug(t, name)
		if len(all) != 3 {
			t.Errorf("%s: %d functions, want 3: %v", goarch, len(all), all)
		}
		for name, want := range map[string][]string{
			"memfd_go_one": {
				"memfd_go_one at core/a.go:3, external false",
				"core.outer from line 7 called at core/b.go:10, 0x2-0x6 0x8-0x10",
				"core.inner from line 5 called at core/a.go:8, 0x2-0x4",
				"core.inner from line 5 called at ?:300, 0xc-0xe",
				"0x0: core/a.go:3 true false", "0x4: core/b.go:5 false false", "0x8: core/a.go:300 true true",
			},
			"memfd_go_two": {
				"memfd_go_two at core/b.go:40, external true",
				"0x0: core/b.go:40 true false", "0xc: core/b.go:42 true false",
			},
			"memfd_go_three": {
				"memfd_go_three at core/c.go:50, external false",
				"two from line 40 called at core/b.go:9, 0x2-0x10",
				"0x4: core/a.go:60 true false",
			},
		} {
			if got := all[addr[name]]; !slices.Equal(got, want) {
				t.Errorf("%s: %s:\n%s\nwant\n%s", goarch, name, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
		checkDebugUnits(t, f, addr)
	}
}

// addresses returns the addresses of the functions.
func addresses(t *testing.T, f *elf.File) map[string]uint64 {
	t.Helper()
	symbols, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	addr := map[string]uint64{}
	for _, s := range symbols {
		addr[s.Name] = s.Value
	}
	return addr
}

// checkDebugUnits checks the units that TestReadDebugInfo writes.
func checkDebugUnits(t *testing.T, f *elf.File, addr map[string]uint64) {
	t.Helper()
	d, err := f.DWARF()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	var units []dwarf.Offset
	for r := d.Reader(); ; {
		e, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if e == nil {
			break
		}
		switch e.Tag {
		case dwarf.TagSubprogram:
			got[len(got)-1] += " " + text(e, dwarf.AttrName)
		case dwarf.TagCompileUnit:
			lines, err := d.LineReader(e)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprintf("%s by %q, %d files:", text(e, dwarf.AttrName), text(e, dwarf.AttrProducer), len(lines.Files())-1))
			units = append(units, e.Offset-11) // where its header begins
		}
	}
	want := []string{
		`core by "a compiler", 2 files: core.inner core.outer memfd_go_one`, // each function and file once
		`exports by "", 3 files: two memfd_go_two memfd_go_three`,
	}
	if !slices.Equal(got, want) {
		t.Fatalf("%v: units %q, want %q", f.Machine, got, want)
	}
	checkARanges(t, f, units, [][]uint64{{addr["memfd_go_one"]}, {addr["memfd_go_two"], addr["memfd_go_three"]}})
}

// checkARanges checks .debug_aranges, and the headers of all debug sections.
func checkARanges(t *testing.T, f *elf.File, units []dwarf.Offset, functions [][]uint64) {
	t.Helper()
	arch, err := archOf(f)
	if err != nil {
		t.Fatal(err)
	}
	want := &buffer{arch: arch}
	for i, unit := range units {
		words := 2 * (len(functions[i]) + 1) // an address and a size each, and a pair of zeros
		want.u32(uint32(12 + words*arch.wordSize()))
		want.u16(2)
		want.u32(uint32(unit))
		want.bytes(byte(arch.wordSize()), 0, 0, 0, 0, 0)
		for _, addr := range functions[i] {
			want.word(addr, 16)
		}
		want.word(0, 0)
	}
	if got := sectionData(t, f, ".debug_aranges"); !bytes.Equal(got, want.data) {
		t.Errorf("%v: .debug_aranges is\n% x, want\n% x", f.Machine, got, want.data)
	}
	for _, s := range f.Sections {
		if strings.HasPrefix(s.Name, ".debug_") && (s.Addralign != 1 || s.Type != elf.SHT_PROGBITS || s.Flags != 0) {
			t.Errorf("%v: %s is aligned to %d, type %v, flags %v", f.Machine, s.Name, s.Addralign, s.Type, s.Flags)
		}
	}
}

// TestDebugInfoErrors tests errors of damaged debug information.
func TestDebugInfoErrors(t *testing.T) {
	unit := func(children ...*builtEntry) *builtEntry {
		return entry(dwarf.TagCompileUnit, dwarf.AttrStmtList, offset(0), dwarf.AttrLowpc, uint64(0)).with(children...)
	}
	one := func(values ...any) *builtEntry {
		return entry(dwarf.TagSubprogram, append(values, dwarf.AttrLowpc, uint64(0), dwarf.AttrHighpc, uint64(16))...)
	}
	call := func(values ...any) *builtEntry { return entry(dwarf.TagInlinedSubroutine, values...) }
	parameter := entry(dwarf.TagFormalParameter)
	function := entry(dwarf.TagSubprogram)
	damage := func(section int, at, value byte) func(o *objectBuilder) {
		return func(o *objectBuilder) { o.sections[section].data.data[at] = value }
	}
	const line, info, firstEntry = 2, 4, 11
	for _, test := range []struct {
		name   string
		unit   *builtEntry
		change func(o *objectBuilder)
		want   string
	}{
		{"a short section", unit(), func(o *objectBuilder) { o.sections[info].data.data = []byte{1} }, "section info at offset 0x1: too short"},
		{"a unit", unit(), damage(info, firstEntry, 99), "unknown abbreviation table index"},
		{"a function", unit(function), damage(info, firstEntry+5+8, 99), "unknown abbreviation table index"},
		{"a parameter", unit(one().with(parameter)), damage(info, firstEntry+5+8+17, 99), "unknown abbreviation table index"},
		{"the header of the lines", unit(one()), damage(line, 4, 9), "unknown line table version 9"},
		{"the lines", unit(one()), func(o *objectBuilder) {
			lines := o.sections[line].data
			lines.bytes(lineExtended, 9, lineSetAddress, 0) // an address that is cut off
			o.order.PutUint32(lines.data, uint32(lines.len()-4))
		}, "underflow"},
		{"ranges", unit(one().with(call(dwarf.AttrAbstractOrigin, function, dwarf.AttrRanges, offset(0x999)))), nil,
			"invalid range offset 2457"},
		{"no origin", unit(one().with(call())), nil, "the inlined call at 0x29 has no abstract origin"},
		{"the origin of a call", unit(one().with(call(dwarf.AttrAbstractOrigin, dwarf.Offset(0x999)))), nil, "offset out of range"},
		{"the origin of a function", unit(one(dwarf.AttrAbstractOrigin, dwarf.Offset(0x999))), nil, "offset out of range"},
	} {
		o := debugObject("arm64")
		o.addLines()
		o.addDebugInfo(test.unit)
		if test.change != nil {
			test.change(o)
		}
		if _, err := link(o.write(t), debug); err == nil ||
			!strings.HasPrefix(err.Error(), "go.o: debug information: ") || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %s", test.name, err, test.want)
		}
	}
	lib := &library{object: &object{}}
	if _, err := lib.readDebugInfo(filepath.Join(t.TempDir(), "none.o")); err == nil {
		t.Error("a missing object file: no error")
	}
}

// TestDebugInfoWithoutEnd accepts that the last list of children has no end.
func TestDebugInfoWithoutEnd(t *testing.T) {
	o := debugObject("arm64")
	o.addLines()
	o.addDebugInfo(entry(dwarf.TagCompileUnit, dwarf.AttrStmtList, offset(0)).with(
		entry(dwarf.TagSubprogram, dwarf.AttrLowpc, uint64(0))))
	info := o.sections[4].data
	info.data = info.data[:info.len()-1]
	o.order.PutUint32(info.data, uint32(info.len()-4))
	if _, err := link(o.write(t), debug); err != nil {
		t.Error(err)
	}
}

// TestAtomAt looks up addresses in and around functions.
func TestAtomAt(t *testing.T) {
	lib := &library{}
	lib.text = &section{atoms: []*atom{{name: "a", start: 4, end: 8}, {name: "b", start: 8, end: 12}, {name: "c", start: 16, end: 20}}}
	d := &debugReader{lib: lib}
	got := ""
	for addr := range uint64(22) {
		if a := d.atomAt(addr); a != nil {
			got += a.name
		} else {
			got += "-"
		}
	}
	if want := "----aaaabbbb----cccc--"; got != want {
		t.Errorf("the addresses are in %s, want %s", got, want)
	}
}
