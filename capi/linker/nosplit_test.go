// SPDX-License-Identifier: MIT

package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The sources of the library contain only nosplit functions. Those of other modules are not
// checked.
func TestNosplitSources(t *testing.T) {
	r := testRecipe(t, "amd64", "..", ".")
	env, err := r.environment()
	if err != nil {
		t.Fatal(err)
	}
	if refused, err := r.splitFunctions(env); err != nil || len(refused) > 0 {
		t.Errorf("%v, %v", refused, err)
	}
	r.pkg = "./none"
	if _, err := r.splitFunctions(env); err == nil || !strings.HasPrefix(err.Error(), "go list: ") {
		t.Errorf("a package that does not exist: %v", err)
	}
}

// writeSource writes a Go file and returns its name.
func writeSource(t *testing.T, source string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "p.go")
	if err := os.WriteFile(name, []byte(source), 0o666); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestNosplitFile(t *testing.T) {
	name := writeSource(t, `package p

var variable = 1

//go:nosplit
func nosplit() {}

func assembly()

func main() {}

// A comment about go:nosplit.
func (t T) method() {}

type T int
`)
	refused, err := splitIn(name, filepath.Dir(name))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range refused {
		got = append(got, r.String())
	}
	want := []string{"p.go:10: the function is not nosplit, in p.main", "p.go:13: the function is not nosplit, in p.method"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	name = writeSource(t, "package main\n\nfunc main() {}\n\nfunc other() {}\n")
	if refused, err := splitIn(name, filepath.Dir(name)); err != nil || len(refused) != 1 || refused[0].function != "main.other" {
		t.Errorf("package main: %v, %v", refused, err)
	}
}

func TestNosplitErrors(t *testing.T) {
	name := writeSource(t, "package p\n\nfunc f() {")
	if _, err := splitIn(name, filepath.Dir(name)); err == nil {
		t.Error("a syntax error: no error")
	}
	name = writeSource(t, "package p\n")
	if _, err := splitIn(name, "relative"); err == nil {
		t.Error("a folder that is not absolute: no error")
	}
}
