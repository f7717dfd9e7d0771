package runner

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"libmemfd_go/internal/header"
	"libmemfd_go/internal/testenv"
)

// The C programs reach the functions through two lists in tests/c/library.h.
func TestLibraryListsEveryFunction(t *testing.T) {
	header, err := header.Parse(source(t, "include/memfd_go.h"))
	if err != nil {
		t.Fatal(err)
	}
	var functions []string
	for _, f := range header.Functions {
		functions = append(functions, f.Name)
	}
	library := source(t, "tests/c/library.h")
	for _, line := range []string{`(?m)^\tF\((memfd_go_\w+)\)`, `(?m)^#define (memfd_go_\w+) library\.`} {
		var listed []string
		for _, m := range regexp.MustCompile(line).FindAllStringSubmatch(library, -1) {
			listed = append(listed, m[1])
		}
		for _, f := range functions {
			if !slices.Contains(listed, f) {
				t.Errorf("tests/c/library.h lacks the lines\n\tF(%s)\n#define %s library.%s", f, f, f)
			}
		}
		if !slices.Equal(listed, functions) && !t.Failed() {
			t.Errorf("tests/c/library.h has another order than the header, or too much: %v", listed)
		}
	}
}

// Every function has a row in the tables of failing system calls.
func TestEveryFunctionFails(t *testing.T) {
	header, err := header.Parse(source(t, "include/memfd_go.h"))
	if err != nil {
		t.Fatal(err)
	}
	var tables string
	for _, part := range []string{"files", "secret", "transfer"} {
		tables += source(t, "tests/c/failing_calls_"+part+".c")
	}
	for _, f := range header.Functions {
		if !strings.Contains(tables, f.Name+"(") {
			t.Errorf("a table in tests/c/failing_calls_*.c lacks a row such as\n\tF(%s, nothing, %s(...), is_zero, \"\", \"\", \"\")",
				strings.TrimPrefix(f.Name, "memfd_go_"), f.Name)
		}
	}
}

func source(t *testing.T, file string) string {
	text, err := os.ReadFile(filepath.Join(testenv.Repository(), file))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Every function is called with patterns in the registers.
func TestEveryFunctionKeepsTheRegisters(t *testing.T) {
	header, err := header.Parse(source(t, "include/memfd_go.h"))
	if err != nil {
		t.Fatal(err)
	}
	calls := source(t, "tests/c/abi_registers.c")
	for _, f := range header.Functions {
		if !regexp.MustCompile(`\b(CALL|CALL0|OPEN)\(` + f.Name + `\b`).MatchString(calls) {
			t.Errorf("tests/c/abi_registers.c lacks a call such as\n\tEQ(CALL(%s, ...), 0);", f.Name)
		}
	}
}
