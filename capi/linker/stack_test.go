// SPDX-License-Identifier: MIT

package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestOrdinaryProgram links a Go program with all of core's functions. A chain of them may use
// half as much stack as in the library (see toolexec.go): the minimum that a goroutine's stack has
// left.
func TestOrdinaryProgram(t *testing.T) {
	eachArch(t, func(t *testing.T, goarch string) {
		if printed, err := linkOrdinary(t, goarch, ""); err != nil {
			t.Errorf("%v\n%s", err, printed)
		}
	})
}

// TestOrdinaryProgramStackLimit adds a function with a frame over the limit.
func TestOrdinaryProgramStackLimit(t *testing.T) {
	printed, err := linkOrdinary(t, "amd64", `
//go:nosplit
func large(i int) byte {
	var frame [900]byte
	for i := range frame {
		frame[i] = byte(i)
	}
	return sum(&frame)
}

//go:noinline
//go:nosplit
func sum(frame *[900]byte) byte { return frame[1] }

func init() { keep = append(keep, large) }
`)
	if err == nil || !strings.Contains(printed, "nosplit stack over") {
		t.Errorf("%v\n%s", err, printed)
	}
}

// linkOrdinary links an executable with cmd/link.
func linkOrdinary(t *testing.T, goarch, more string) (printed string, err error) {
	t.Helper()
	r := recipe{dir: filepath.Join("..", ".."), goarch: goarch}
	env, err := r.environment()
	if err != nil {
		t.Fatal(err)
	}
	top, err := filepath.Abs(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	source, overlay := filepath.Join(dir, "main.go"), filepath.Join(dir, "overlay.json")
	text := "package main\n\nimport \"libmemfd_go/core\"\n\nvar keep = []any{\n\t" + strings.Join(coreFunctions(t, r, env), ",\n\t") +
		",\n}\n\nfunc main() { println(len(keep), keep[len(keep)-1]) }\n" + more
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(top, "ordinary", "main.go"): source}})
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{source: []byte(text), overlay: replace} {
		if err := os.WriteFile(name, data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	output, err := r.command(env, "build", "-trimpath", "-overlay="+overlay, "-o", filepath.Join(dir, "ordinary"), "./ordinary").CombinedOutput()
	return string(output), err
}

// coreFunctions returns the exported functions of core on an architecture.
func coreFunctions(t *testing.T, r recipe, env []string) (names []string) {
	t.Helper()
	output, err := r.command(env, "list", "-f", `{{join .GoFiles "\n"}}`, "./core").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range strings.Fields(string(output)) {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(r.dir, "core", name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.IsExported() {
				names = append(names, "core."+f.Name.Name)
			}
		}
	}
	if !slices.Contains(names, "core.Map") {
		t.Fatal(fmt.Errorf("core has %q", names))
	}
	return names
}
