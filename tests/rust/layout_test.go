// SPDX-License-Identifier: MIT

package rust

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"libmemfd_go/internal/header"
	"libmemfd_go/internal/testenv"
)

// The structs of memfd-go-sys have the size, alignment and offsets that a C compiler gives those of
// the header.
func TestLayout(t *testing.T) {
	testenv.RequireRegular(t)
	requireCargo(t)
	text, err := os.ReadFile(filepath.Join(testenv.Repository(), "include", "memfd_go.h"))
	if err != nil {
		t.Fatal(err)
	}
	header, err := header.Parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	var c, rust strings.Builder
	for _, s := range header.Structs {
		fmt.Fprintf(&c, "\tprintf(\"%[1]s %%zu %%zu\\n\", sizeof(struct %[1]s), _Alignof(struct %[1]s));\n", s.Name)
		fmt.Fprintf(&rust, "    println!(\"%[1]s {} {}\", size_of::<%[1]s>(), align_of::<%[1]s>());\n", s.Name)
		for _, f := range s.Fields {
			fmt.Fprintf(&c, "\tprintf(\"%[1]s.%[2]s %%zu\\n\", offsetof(struct %[1]s, %[2]s));\n", s.Name, f.Name)
			fmt.Fprintf(&rust, "    println!(\"%[1]s.%[2]s {}\", offset_of!(%[1]s, %[2]s));\n", s.Name, f.Name)
		}
	}
	want, got := printedByC(t, c.String()), printedByRust(t, rust.String())
	if diff := cmp.Diff(want, got); diff != "" || want == "" {
		t.Errorf("-C +Rust:\n%s", diff)
	}
}

func printedByC(t *testing.T, lines string) string {
	t.Helper()
	compiler, err := testenv.Arches[0].Compiler.Path()
	if err != nil {
		testenv.Unavailable(t, err)
	}
	folder := t.TempDir()
	source, program := filepath.Join(folder, "layout.c"), filepath.Join(folder, "layout")
	write(t, source, "#include <stddef.h>\n#include <stdio.h>\n#include \"memfd_go.h\"\n\nint main(void)\n{\n"+lines+"}\n")
	cargo{arguments: append(append([]string{compiler}, testenv.CFlags()...), source, "-o", program)}.mustRun(t)
	return cargo{arguments: []string{program}}.mustRun(t)
}

// printedByRust runs a program in a package of its own. It calls no function of the library.
func printedByRust(t *testing.T, lines string) string {
	t.Helper()
	folder := t.TempDir()
	write(t, filepath.Join(folder, "Cargo.toml"), "[package]\nname = \"layout\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n"+
		"[dependencies]\nmemfd-go-sys = { path = \""+filepath.Join(crates(), "memfd-go-sys")+"\" }\n")
	write(t, filepath.Join(folder, "src", "main.rs"), "use memfd_go_sys::*;\nuse std::mem::{align_of, offset_of, size_of};\n\n"+
		"fn main() {\n"+lines+"}\n")
	lock, err := os.ReadFile(filepath.Join(crates(), "Cargo.lock"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "Cargo.lock"), string(lock))
	return cargo{folder: folder, arguments: []string{"cargo", "run", "--quiet", "--offline", targetDir(t, "script")}}.mustRun(t)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}
