package matrix

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"libmemfd_go/tests/lab"
)

// The C programs reach the functions through two lists in tests/c/library.h.
func TestLibraryListsEveryFunction(t *testing.T) {
	functions := names(t, "include/memfd_go.h", `(?m)^[a-z][\w ]*[ *](memfd_go_\w+)\(`)
	for _, pattern := range []string{`(?m)^\tF\((memfd_go_\w+)\)`, `(?m)^#define (memfd_go_\w+) library\.`} {
		listed := names(t, "tests/c/library.h", pattern)
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
	var listed []string
	for _, part := range []string{"files", "secret", "transfer"} {
		listed = append(listed, names(t, "tests/c/failing_calls_"+part+".c", `(memfd_go_\w+)\(`)...)
	}
	for _, f := range names(t, "include/memfd_go.h", `(?m)^[a-z][\w ]*[ *](memfd_go_\w+)\(`) {
		if !slices.Contains(listed, f) {
			t.Errorf("a table in tests/c/failing_calls_*.c lacks a row such as\n\tF(%s, nothing, %s(...), is_zero, \"\", \"\", \"\")",
				strings.TrimPrefix(f, "memfd_go_"), f)
		}
	}
}

// names are what the pattern's group matches, inline functions apart.
func names(t *testing.T, file, pattern string) []string {
	text, err := os.ReadFile(filepath.Join(lab.Repository(), file))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, m := range regexp.MustCompile(pattern).FindAllSubmatch(text, -1) {
		if name := string(m[1]); !regexp.MustCompile(`^memfd_go_dropin_`).MatchString(name) {
			found = append(found, name)
		}
	}
	return found
}
