// SPDX-License-Identifier: MIT

package library

import (
	"bytes"
	"debug/elf"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"libmemfd_go/internal/testenv"
)

// A member is a file in an archive.
type member struct {
	name, header string
	data         []byte
}

// archiveOf reads the libmemfd_go.a that belongs to l.
func archiveOf(t *testing.T, l library) (members []member) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(filepath.Dir(l.path), "libmemfd_go.a"))
	if err != nil {
		testenv.Unavailable(t, err)
	}
	data, ok := bytes.CutPrefix(data, []byte("!<arch>\n"))
	if !ok {
		t.Fatal("libmemfd_go.a is not an ar archive")
	}
	for len(data) > 0 {
		const header = 60
		size, err := strconv.Atoi(strings.TrimSpace(string(data[48:58])))
		if err != nil || string(data[58:header]) != "`\n" {
			t.Fatalf("invalid header of a member: %q", data[:header])
		}
		name := strings.TrimSpace(string(data[:16]))
		members = append(members, member{name, string(data[16:48]), data[header : header+size]})
		data = data[header+size+size%2:]
	}
	return members
}

// objectOf returns the only object file of the archive.
func objectOf(t *testing.T, l library) *elf.File {
	t.Helper()
	members := archiveOf(t, l)
	file, err := elf.NewFile(bytes.NewReader(members[len(members)-1].data))
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestArchive(t *testing.T) {
	each(t, func(t *testing.T, l library) {
		members := archiveOf(t, l)
		if len(members) != 2 || members[0].name != "/" || members[1].name != "memfd_go.o/" {
			t.Fatalf("the archive has %d members; want an index and memfd_go.o", len(members))
		}
		for _, m := range members {
			if want := fmt.Sprintf("%-12d%-6d%-6d%-8o", 0, 0, 0, 0o644); m.header != want {
				t.Errorf("%s: time, owner, group and mode %q, want %q", m.name, m.header, want)
			}
		}
		count := int(members[0].data[3])
		names := strings.Split(strings.TrimSuffix(string(members[0].data[4+4*count:]), "\x00"), "\x00")
		slices.Sort(names)
		if want := exports(t, l.path); !slices.Equal(names, want) {
			t.Errorf("the index of the archive lists %q, want %q", names, want)
		}
	})
}

// The object file defines the functions of the shared library, and needs no symbol.
func TestObjectFile(t *testing.T) {
	each(t, func(t *testing.T, l library) {
		object := objectOf(t, l)
		if object.Machine != l.Machine || object.Type != elf.ET_REL || object.OSABI != l.OSABI {
			t.Errorf("the object file is for %v %v %v", object.Machine, object.Type, object.OSABI)
		}
		members := archiveOf(t, l)
		if flags := flagsOf(l, members[1].data); flags != machines[l.arch].flags {
			t.Errorf("e_flags is %#x, want %#x", flags, machines[l.arch].flags)
		}
		var defined, local []string
		symbols, err := object.Symbols()
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range symbols {
			function := elf.ST_TYPE(s.Info) == elf.STT_FUNC
			switch bind := elf.ST_BIND(s.Info); {
			case s.Section == elf.SHN_UNDEF && s.Name != ".TOC.":
				t.Errorf("%q is undefined", s.Name)
			case bind == elf.STB_LOCAL && function:
				local = append(local, fmt.Sprint(s.Name, " ", s.Size))
			case bind == elf.STB_GLOBAL && function && elf.ST_VISIBILITY(s.Other) == elf.STV_DEFAULT:
				defined = append(defined, s.Name)
			case bind == elf.STB_GLOBAL && s.Name != ".TOC.":
				t.Errorf("%s is global", s.Name)
			}
		}
		slices.Sort(defined)
		if want := exports(t, l.path); !slices.Equal(defined, want) {
			t.Errorf("the object file defines %q, want %q", defined, want)
		}
		slices.Sort(local)
		if want := localFunctions(t, l); !slices.Equal(local, want) {
			t.Errorf("the local functions are %q, but in the shared library %q", local, want)
		}
	})
}

func localFunctions(t *testing.T, l library) (names []string) {
	symbols, err := l.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range symbols {
		if elf.ST_BIND(s.Info) == elf.STB_LOCAL && elf.ST_TYPE(s.Info) == elf.STT_FUNC {
			names = append(names, fmt.Sprint(s.Name, " ", s.Size))
		}
	}
	slices.Sort(names)
	return names
}

// Data with relocations is in .data.rel.ro, relocation sections have conventional names, and the stack
// need not be executable.
func TestObjectFileSections(t *testing.T) {
	each(t, func(t *testing.T, l library) {
		object := objectOf(t, l)
		if s := object.Section(".note.GNU-stack"); s == nil || s.Flags != 0 || s.Type != elf.SHT_PROGBITS {
			t.Errorf(".note.GNU-stack: %+v", s)
		}
		for _, s := range object.Sections {
			if s.Flags&elf.SHF_WRITE != 0 && s.Name != ".data.rel.ro" || s.Flags&elf.SHF_TLS != 0 {
				t.Errorf("%s has flags %v", s.Name, s.Flags)
			}
			if s.Type == elf.SHT_REL || s.Type == elf.SHT_RELA {
				of := object.Sections[s.Info]
				if s.Name != "."+strings.ToLower(s.Type.String()[4:])+of.Name || s.Flags != elf.SHF_INFO_LINK {
					t.Errorf("relocation section %s applies to %s, flags %v", s.Name, of.Name, s.Flags)
				}
			}
		}
		for _, name := range []string{".text", ".rodata", ".data.rel.ro"} {
			if got, want := object.Section(name).Size, l.Section(name).Size; got != want {
				t.Errorf("%s has %d bytes, but %d in the shared library", name, got, want)
			}
		}
		property, want := object.Section(".note.gnu.property"), l.Section(".note.gnu.property")
		if (property == nil) != (want == nil) {
			t.Errorf(".note.gnu.property: %v, in the shared library %v", property, want)
		} else if want != nil && !bytes.Equal(contents(t, property), contents(t, want)) {
			t.Error(".note.gnu.property differs from the shared library's")
		}
	})
}

func contents(t *testing.T, s *elf.Section) []byte {
	t.Helper()
	data, err := io.ReadAll(s.Open())
	if err != nil {
		t.Fatal(err)
	}
	return data
}
