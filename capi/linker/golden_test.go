// SPDX-License-Identifier: MIT

package main

import (
	"debug/elf"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files")

// TestGolden links a small object and compares where everything ends up.
func TestGolden(t *testing.T) {
	for goarch := range goarches {
		t.Run(goarch, func(t *testing.T) {
			object := smallObject(goarch).write(t)
			image, err := link(object, shared)
			if err != nil {
				t.Fatal(err)
			}
			compareGolden(t, goarch+".golden", image)
			archive, err := link(object, static)
			if err != nil {
				t.Fatal(err)
			}
			compareGolden(t, goarch+".static.golden", memberOf(archive))
		})
	}
}

func compareGolden(t *testing.T, name string, image []byte) {
	t.Helper()
	got := describeFile(t, image)
	name = filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (go test -update writes it); the library has\n%s", name, got)
	}
}

func describeFile(t *testing.T, image []byte) string {
	t.Helper()
	f := parse(t, image)
	var b strings.Builder
	fmt.Fprintf(&b, "%v %v %v %v\n\nsegments\n", f.Type, f.Machine, f.Class, f.Data)
	for _, p := range f.Progs {
		fmt.Fprintf(&b, "  %-16v %-9v off %#-6x addr %#-7x size %#-5x in memory %#-6x align %#x\n",
			p.Type, p.Flags, p.Off, p.Vaddr, p.Filesz, p.Memsz, p.Align)
	}
	b.WriteString("\nsections\n")
	for i, s := range f.Sections[1:] {
		fmt.Fprintf(&b, "  %2d %-18s %-16v %v off %#-6x addr %#-7x size %#-6x link %d info %d align %d entry %d\n",
			i+1, s.Name, s.Type, s.Flags, s.Offset, s.Addr, s.Size, s.Link, s.Info, s.Addralign, s.Entsize)
	}
	for _, table := range []struct {
		name string
		read func() ([]elf.Symbol, error)
	}{{"dynamic symbols", f.DynamicSymbols}, {"symbols", f.Symbols}} {
		symbols, err := table.read()
		if err != nil && !errors.Is(err, elf.ErrNoSymbols) {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "\n%s\n", table.name)
		for _, s := range symbols {
			fmt.Fprintf(&b, "  %-16s %-10v %-10v other %d section %d value %#x size %d\n",
				s.Name, elf.ST_BIND(s.Info), elf.ST_TYPE(s.Info), s.Other, s.Section, s.Value, s.Size)
		}
	}
	header := 64
	if f.Class == elf.ELFCLASS32 {
		header = 52
	}
	dump(&b, "ELF header", image[:header])
	for _, s := range f.Sections[1:] {
		if s.Type != elf.SHT_NOBITS {
			dump(&b, s.Name, sectionData(t, f, s.Name))
		}
	}
	return b.String()
}

// dump writes data in hexadecimal.
func dump(b *strings.Builder, name string, data []byte) {
	fmt.Fprintf(b, "\n%s\n", name)
	for line := range slices.Chunk(data, 16) {
		fmt.Fprintf(b, "  % x\n", line)
	}
}
