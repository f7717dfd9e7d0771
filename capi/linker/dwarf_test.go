// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"debug/dwarf"
	"debug/elf"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// debugProduct links with debug information.
func debugProduct(t *testing.T, goarch string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), soname+".debug")
	image, err := link(productOf(t, goarch).object, debug)
	if err == nil {
		err = os.WriteFile(name, image, 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// TestDebugInfo compares the debug information of each function with that of the object file:
// its declaration, the lines of its instructions, and its inlined calls.
func TestDebugInfo(t *testing.T) {
	eachArch(t, func(t *testing.T, goarch string) {
		before := describeDebug(t, productOf(t, goarch).object)
		object, err := readObject(productOf(t, goarch).object)
		if err != nil {
			t.Fatal(err)
		}
		after := describeDebug(t, debugProduct(t, goarch))
		f := openProduct(t, goarch)
		symbols, err := f.Symbols()
		if err != nil {
			t.Fatal(err)
		}
		functions := 0
		for _, s := range symbols {
			if elf.ST_TYPE(s.Info) != elf.STT_FUNC || goarches[goarch].isThunk(s.Name) {
				continue
			}
			functions++
			got, want := after[s.Value], before[object.named[s.Name].value]
			if len(got) < 2 || !slices.Equal(got, want) {
				t.Errorf("%s:\n%s\nwant\n%s", s.Name, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
		if len(after) != functions {
			t.Errorf("%d functions of %d have debug information", len(after), functions)
		}
	})
}

// describeDebug returns the debug information of the function at each address as text. Addresses
// in the text are offsets in the function.
func describeDebug(t *testing.T, name string) map[uint64][]string {
	t.Helper()
	f, err := elf.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d, err := f.DWARF()
	if err != nil {
		t.Fatal(err)
	}
	all := map[uint64][]string{}
	for r := d.Reader(); ; {
		unit, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if unit == nil {
			return all
		}
		describeUnit(t, d, r, unit, all)
	}
}

func describeUnit(t *testing.T, d *dwarf.Data, r *dwarf.Reader, unit *dwarf.Entry, all map[uint64][]string) {
	t.Helper()
	lines, err := d.LineReader(unit)
	if err != nil {
		t.Fatal(err)
	}
	depth := 1
	start := ^uint64(0)
	ends := map[uint64]uint64{}
	for unit.Children && depth > 0 {
		e, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		switch low, ok := e.Val(dwarf.AttrLowpc).(uint64); {
		case e.Tag == 0:
			depth--
		case e.Tag == dwarf.TagSubprogram && ok:
			if at, ok := e.Val(dwarf.AttrAbstractOrigin).(dwarf.Offset); ok {
				e.Field = append(e.Field, entryAt(t, d, at).Field...)
			}
			start = low
			ends[start] = low + uint64(e.Val(dwarf.AttrHighpc).(int64))
			all[start] = append(all[start], fmt.Sprintf("%s at %s:%d, external %v", strings.TrimSuffix(text(e, dwarf.AttrName), ".abi0"), fileName(lines, e, dwarf.AttrDeclFile),
				number(e, dwarf.AttrDeclLine), e.Val(dwarf.AttrExternal) == true))
		case e.Tag == dwarf.TagInlinedSubroutine:
			ranges, err := d.Ranges(e)
			if err != nil {
				t.Fatal(err)
			}
			at := ""
			for _, r := range ranges {
				at += fmt.Sprintf(" %#x-%#x", r[0]-start, r[1]-start)
			}
			all[start] = append(all[start], fmt.Sprintf("%s called at %s:%d,%s", originName(t, d, e), fileName(lines, e, dwarf.AttrCallFile),
				number(e, dwarf.AttrCallLine), at))
		}
		if e.Children {
			depth++
		}
	}
	if lines != nil {
		describeLines(lines, ends, all)
	}
}

func fileName(lines *dwarf.LineReader, e *dwarf.Entry, attr dwarf.Attr) string {
	if i := number(e, attr); lines != nil && i > 0 && i < int64(len(lines.Files())) {
		return filepath.Clean(lines.Files()[i].Name)
	}
	return "?"
}

func originName(t *testing.T, d *dwarf.Data, e *dwarf.Entry) string {
	t.Helper()
	origin := entryAt(t, d, e.Val(dwarf.AttrAbstractOrigin).(dwarf.Offset))
	return fmt.Sprintf("%s from line %d", origin.Val(dwarf.AttrName), number(origin, dwarf.AttrDeclLine))
}

func entryAt(t *testing.T, d *dwarf.Data, at dwarf.Offset) *dwarf.Entry {
	t.Helper()
	r := d.Reader()
	r.Seek(at)
	e, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// describeLines adds a unit's lines to the functions that end at ends.
func describeLines(lines *dwarf.LineReader, ends map[uint64]uint64, all map[uint64][]string) {
	starts := slices.Sorted(maps.Keys(ends))
	lines.Reset()
	var l dwarf.LineEntry
	for lines.Next(&l) == nil {
		i, exact := slices.BinarySearch(starts, l.Address)
		if !exact {
			i--
		}
		if i < 0 || l.EndSequence || l.Address >= ends[starts[i]] {
			continue
		}
		start := starts[i]
		all[start] = append(all[start], fmt.Sprintf("%#x: %s:%d %v %v", l.Address-start, filepath.Clean(l.File.Name), l.Line, l.IsStmt, l.PrologueEnd))
	}
}

// TestDebugInfoIsNotLoaded checks that the loaded part of the file equals the library, with the
// same build ID.
func TestDebugInfoIsNotLoaded(t *testing.T) {
	eachArch(t, func(t *testing.T, goarch string) {
		f := openProduct(t, goarch)
		plain, err := os.ReadFile(productOf(t, goarch).library)
		if err != nil {
			t.Fatal(err)
		}
		debug, err := os.ReadFile(debugProduct(t, goarch))
		if err != nil {
			t.Fatal(err)
		}
		start, end := uint64(64), uint64(0) // after the file header: the offset of the section headers differs
		for _, p := range f.Progs {
			end = max(end, p.Off+p.Filesz)
		}
		if !bytes.Equal(plain[start:end], debug[start:end]) {
			t.Error("the loaded parts differ")
		}
	})
}

// TestDebugSections compares the sections of a unit with bytes that follow the DWARF 4 standard:
// 7.5 (.debug_info), 7.21 (.debug_line), 7.20 (.debug_aranges) and 7.24 (.debug_ranges).
func TestDebugSections(t *testing.T) {
	inner := &origin{name: "in", line: 7}
	u := &debugUnit{name: "n", producer: "p", files: []string{"a.go", "b.go"}, origins: []*origin{inner}, lineTable: 0x11, tree: 0x22}
	u.functions = []*debugFunction{{
		atom: &atom{name: "one", addr: 0x1000, start: 0x40, end: 0x60}, file: 2, line: 300, external: true,
		lines: []debugLine{{0, 2, 3, true, false}, {4, 2, 1, false, false}, {8, 1, 100, false, true}},
		inlined: []*inlinedCall{{inner, []span{{4, 8}, {10, 14}}, 1, 9, []*inlinedCall{
			{inner, []span{{6, 8}}, 2, 8, nil},
		}}},
	}, {
		atom: &atom{name: "two", addr: 0x1020, start: 0x60, end: 0x68},
	}}
	abbrev, info, line, aranges := &buffer{arch: arm64}, &buffer{arch: arm64}, &buffer{arch: arm64}, &buffer{arch: arm64}
	ranges := &buffer{arch: arm64}
	ranges.word(0, 0) // of another unit
	abbrev.abbreviations()
	info.infoUnit(u, ranges)
	line.lineUnit(u)
	aranges.addressUnit(u)
	for _, test := range []struct {
		name string
		got  *buffer
		want string
	}{
		{".debug_abbrev", abbrev, debugAbbrev}, {".debug_info", info, debugInfo}, {".debug_line", line, debugLines},
		{".debug_aranges", aranges, debugAranges}, {".debug_ranges", ranges, debugRanges},
	} {
		comments := regexp.MustCompile(`#.*|\s`)
		if want := decoded(t, comments.ReplaceAllString(test.want, "")); !bytes.Equal(test.got.data, want) {
			t.Errorf("%s is\n% x, want\n% x", test.name, test.got.data, want)
		}
	}
}

const debugAbbrev = `
	01 11 00 # DW_TAG_compile_unit, DW_CHILDREN_no
		25 08 13 0b 03 08 # DW_AT_producer: string, language: data1, name: string
		1b 08 10 17 11 01 # comp_dir: string, stmt_list: sec_offset, low_pc: addr
		55 17 00 00       # ranges: sec_offset
	02 11 01 # DW_CHILDREN_yes
		25 08 13 0b 03 08 1b 08 10 17 11 01 55 17 00 00
	03 2e 00 # DW_TAG_subprogram
		03 08 11 01 12 06       # name: string, low_pc: addr, high_pc: data4
		3a 0f 3b 0f 3f 0c 00 00 # decl_file: udata, decl_line: udata, external: flag
	04 2e 01
		03 08 11 01 12 06 3a 0f 3b 0f 3f 0c 00 00
	05 2e 00 # DW_TAG_subprogram
		03 08 20 0b 3b 0f 00 00 # name: string, inline: data1, decl_line: udata
	06 2e 01
		03 08 20 0b 3b 0f 00 00
	07 1d 00 # DW_TAG_inlined_subroutine
		31 13 55 17 58 0f 59 0f 00 00 # abstract_origin: ref4, ranges: sec_offset, call_file, call_line: udata
	08 1d 01
		31 13 55 17 58 0f 59 0f 00 00
	00`

const debugInfo = `
	67 00 00 00 04 00 00 00 00 00 08 # length, version, offset in .debug_abbrev, size of an address
	02 70 00 16 6e 00 2e 00          # producer p, DW_LANG_Go, name n, directory .
		11 00 00 00 00 00 00 00 00 00 00 00 10 00 00 00 # line table, base address, ranges
	05 69 6e 00 01 07 # at 0x23: in, DW_INL_inlined, line 7
	04 6f 6e 65 00    # one
		00 10 00 00 00 00 00 00 20 00 00 00 02 ac 02 01 # address, size, file, line 300, external
		08 23 00 00 00 40 00 00 00 01 09 # the origin, ranges, file, line
			07 23 00 00 00 70 00 00 00 02 08
			00 # no more calls in the call
		00 # no more calls in one
	03 74 77 6f 00 # two
		20 10 00 00 00 00 00 00 08 00 00 00 00 00 00
	00`

const debugLines = `
	60 00 00 00 04 00 24 00 00 00 # length, version, length of the header
		01 01 01 00 01 0d # minimum instruction, operations, default_is_stmt, line base and range, first special opcode
		00 01 01 01 01 00 00 00 01 00 00 01 # numbers of operands of the standard opcodes
		00 # no directories
		61 2e 67 6f 00 00 00 00 62 2e 67 6f 00 00 00 00 00 # a.go, b.go
	00 09 02 00 10 00 00 00 00 00 00 # DW_LNE_set_address
		04 02 03 02 02 00 01          # set_file 2, advance_line 2, advance_pc 0, copy
		06 03 7e 02 04 01             # negate_stmt, advance_line -2, advance_pc 4, copy
		04 01 0a 03 e3 00 02 04 01    # set_file 1, set_prologue_end, advance_line 99, advance_pc 4, copy
		02 18 00 01 01                # advance_pc to the end, DW_LNE_end_sequence
	00 09 02 20 10 00 00 00 00 00 00
		02 08 00 01 01`

const debugAranges = `
	3c 00 00 00 02 00 22 00 00 00 08 00 # length, version, unit, sizes of an address and of a segment
	00 00 00 00                         # aligned to two addresses
	00 10 00 00 00 00 00 00 20 00 00 00 00 00 00 00
	20 10 00 00 00 00 00 00 08 00 00 00 00 00 00 00
	00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00`

const debugRanges = `
	00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
	00 10 00 00 00 00 00 00 20 10 00 00 00 00 00 00 # at 0x10: the unit
	20 10 00 00 00 00 00 00 28 10 00 00 00 00 00 00
	00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
	04 10 00 00 00 00 00 00 08 10 00 00 00 00 00 00 # at 0x40: the call in one
	0a 10 00 00 00 00 00 00 0e 10 00 00 00 00 00 00
	00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
	06 10 00 00 00 00 00 00 08 10 00 00 00 00 00 00 # at 0x70: the call in the call
	00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00`
