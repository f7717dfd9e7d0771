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
