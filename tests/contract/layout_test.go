// SPDX-License-Identifier: MIT

package contract

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"libmemfd_go/internal/testenv"
)

// layout holds the offsets and the size of a struct, in bytes.
type layout struct {
	offsets []int
	size    int
}

// layoutOf computes the layout for a word size, assuming that there is no padding.
func layoutOf(h *Header, s Struct, word int) layout {
	var l layout
	for _, f := range s.Fields {
		l.offsets = append(l.offsets, l.size)
		l.size += sizeOf(h, f.Type, word) * max(f.Count, 1)
	}
	return l
}

func sizeOf(h *Header, kind string, word int) int {
	switch kind {
	case "char":
		return 1
	case "uint32_t", "int32_t":
		return 4
	case "uint64_t":
		return 8
	case "size_t", "void *":
		return word
	}
	for _, s := range h.Structs {
		if kind == "struct "+s.Name {
			return layoutOf(h, s, word).size
		}
	}
	panic("unknown size of type " + kind)
}

// alignment returns the strictest alignment of a type on any architecture. (On 386 a uint64_t is
// aligned to 4.)
func alignment(h *Header, kind string, word int) int {
	if strings.HasPrefix(kind, "struct ") {
		return 8
	}
	return sizeOf(h, kind, word)
}

// A struct without padding, with each member at its strictest alignment, has the same layout in
// all compilers and languages.
func TestStructsHaveNoPadding(t *testing.T) {
	h := readHeader(t)
	for _, s := range h.Structs {
		for _, word := range []int{4, 8} {
			l := layoutOf(h, s, word)
			for i, f := range s.Fields {
				if l.offsets[i]%alignment(h, f.Type, word) != 0 {
					t.Errorf("%s: with words of %d bytes, struct %s has padding before %s", headerFile, word, s.Name, f.Name)
				}
			}
			if l.size%8 != 0 {
				t.Errorf("%s: with words of %d bytes, struct %s has padding at the end", headerFile, word, s.Name)
			}
		}
	}
}

// Checking one architecture is enough: the types are the same on all (TestStructsInCore).
func TestLayoutInGo(t *testing.T) {
	h := readHeader(t)
	for _, s := range h.Structs {
		inGo := coreStructs[s.Name]
		got := layout{size: int(inGo.Size())}
		for i := range inGo.NumField() {
			got.offsets = append(got.offsets, int(inGo.Field(i).Offset))
		}
		if want := layoutOf(h, s, strconv.IntSize/8); !reflect.DeepEqual(got, want) {
			t.Errorf("the layout of %v is %v; struct %s needs %v", inGo, got, s.Name, want)
		}
	}
}

func TestLayoutInC(t *testing.T) {
	h := readHeader(t)
	for _, arch := range testenv.Tested() {
		t.Run(arch.GOARCH, func(t *testing.T) {
			compiler, err := arch.Compiler.Path()
			if err != nil {
				t.Skip(err)
			}
			if output, err := compile(t, compiler, assertLayout(h)); err != nil {
				t.Errorf("%v:\n%s", err, output)
			}
		})
	}
}

func TestLayoutInCIsChecked(t *testing.T) {
	compiler, err := testenv.Arches[0].Compiler.Path()
	if err != nil {
		t.Skip(err)
	}
	const number = "uint32_t number;\n"
	h := changedHeader(t, []string{"uint32_t page_size;", number + "\tuint32_t page_size;"})
	output, err := compile(t, compiler, assertLayout(h))
	if want := "page_size of struct memfd_go_features is not at 28"; err == nil || !strings.Contains(output, want) {
		t.Errorf("compiling a wrong layout: %v\n%s\nwant an error with: %s", err, output, want)
	}
}

func compile(t *testing.T, compiler, program string) (output string, err error) {
	t.Helper()
	include, err := filepath.Abs(filepath.Join(top, "include"))
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(compiler, "-std=c11", "-fsyntax-only", "-I", include, "-x", "c", "-")
	command.Stdin = strings.NewReader(program)
	var text bytes.Buffer
	command.Stdout, command.Stderr = &text, &text
	err = command.Run()
	return text.String(), err
}

// assertLayout returns a C program that compiles only with this layout.
func assertLayout(h *Header) string {
	var c strings.Builder
	fmt.Fprint(&c, "#include <memfd_go.h>\n#if UINTPTR_MAX == UINT32_MAX\n")
	assertLayoutOf(&c, h, 4)
	fmt.Fprint(&c, "#else\n")
	assertLayoutOf(&c, h, 8)
	fmt.Fprint(&c, "#endif\n")
	return c.String()
}

func assertLayoutOf(c *strings.Builder, h *Header, word int) {
	for _, s := range h.Structs {
		l := layoutOf(h, s, word)
		for i, f := range s.Fields {
			fmt.Fprintf(c, "_Static_assert(offsetof(struct %[1]s, %[2]s) == %[3]d, \"%[2]s of struct %[1]s is not at %[3]d\");\n",
				s.Name, f.Name, l.offsets[i])
		}
		fmt.Fprintf(c, "_Static_assert(sizeof(struct %[1]s) == %[2]d, \"struct %[1]s does not have %[2]d bytes\");\n", s.Name, l.size)
	}
}
