// SPDX-License-Identifier: MIT

package docs

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"libmemfd_go/internal/testenv"
)

// runners build and run the programs of each language, and return their output.
var runners = map[string]func(t *testing.T, code string) string{
	"c":      runC,
	"go":     runGo,
	"ini":    readINI,
	"json":   readJSON,
	"python": runPython,
	"rust":   runRust,
	"sh":     runShell,
}

// Every program in the documents runs, and prints what the document says. Numbers may differ,
// because they are process IDs and descriptors.
func TestSnippets(t *testing.T) {
	requireLibrary(t)
	for _, d := range documents(t) {
		for _, b := range d.blocks() {
			t.Run(fmt.Sprintf("%s:%d:%s", d.name, b.line, b.language), func(t *testing.T) {
				if b.arch != "" && b.arch != runtime.GOARCH {
					t.Skip("it only runs on " + b.arch)
				}
				run := runners[b.language]
				if run == nil {
					t.Fatalf("%s:%d: cannot run language %q; if the block is not a program, remove the language", d.name, b.line, b.language)
				}
				if strings.Contains(b.code, "MFD_EXEC)") {
					requireExecutableFiles(t)
				}
				output := run(t, b.code)
				if b.checked && normal(output) != normal(b.output) {
					t.Errorf("%s:%d: the program prints\n%s\nbut the document says\n%s", d.name, b.line, output, b.output)
				}
			})
		}
	}
}

func normal(output string) string {
	return regexp.MustCompile(`[0-9]+`).ReplaceAllString(strings.TrimSpace(output), "N")
}

func runC(t *testing.T, code string) string {
	return run(t, compileC(t, writeFile(t, t.TempDir(), "snippet.c", code)))
}

func compileC(t *testing.T, source string) string {
	t.Helper()
	return compile(t, source, "cc", "-std=c99")
}

// compile builds a program as users would, with all warnings as errors.
func compile(t *testing.T, source string, compiler ...string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "program")
	arguments := append(compiler[1:], "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I", "include",
		source, "-L", libraryDir(), "-lmemfd_go", "-o", program)
	run(t, testenv.RequireTool(t, compiler[0]), arguments...)
	return program
}

func runGo(t *testing.T, code string) string {
	return run(t, testenv.RequireTool(t, "go"), "run", writeFile(t, t.TempDir(), "main.go", code))
}

func runPython(t *testing.T, code string) string {
	python, err := testenv.InVenv("python")
	if err != nil {
		python = testenv.RequireTool(t, "python3")
	}
	for _, library := range []string{"numpy", "polars", "gunicorn"} {
		if strings.Contains(code, library) && command(t, python, "-c", "import "+library).Run() != nil {
			t.Skipf("%s is not installed: run make setup", library)
		}
	}
	return run(t, python, writeFile(t, t.TempDir(), "snippet.py", code))
}

func requireCrates(t *testing.T, cargo, manifest string) {
	t.Helper()
	if err := command(t, cargo, "fetch", "--locked", "--offline", "--manifest-path", manifest).Run(); err != nil {
		t.Skip("crates are missing: run cargo fetch --manifest-path examples/rust/Cargo.toml")
	}
}

// runRust builds a package with the name, dependencies, lock file and build folder of
// examples/rust, so that cargo does not build the dependencies again.
func runRust(t *testing.T, code string) string {
	cargo := testenv.RequireTool(t, "cargo")
	dir := t.TempDir()
	manifest := readFile(t, "examples/rust/Cargo.toml")
	manifest = strings.ReplaceAll(manifest, "../..", topFolder(t))
	path := writeFile(t, dir, "Cargo.toml", manifest)
	writeFile(t, dir, "Cargo.lock", readFile(t, "examples/rust/Cargo.lock"))
	writeFile(t, dir, "src/main.rs", code)
	requireCrates(t, cargo, path)
	return run(t, cargo, "run", "--quiet", "--locked", "--offline", "--manifest-path", path,
		"--target-dir", "build/demo/rust")
}

// optional matches commands that may be missing.
var optional = regexp.MustCompile(`(?m)^\s*(cargo|cc|make|objdump)\b`)

// runShell runs commands. It only checks that the targets of make exist, since make may be running
// this test.
func runShell(t *testing.T, code string) string {
	for _, match := range optional.FindAllStringSubmatch(code, -1) {
		testenv.RequireTool(t, match[1])
	}
	prelude := `make() { command make -n "$@" >/dev/null; }` + "\n"
	if regexp.MustCompile(`\bmemfd [a-z]`).MatchString(code) {
		program, err := testenv.Program(runtime.GOARCH)
		if err != nil {
			testenv.Unavailable(t, err)
		}
		prelude += "PATH=" + filepath.Dir(program) + ":$PATH\n"
	}
	return run(t, "sh", "-eu", "-c", prelude+code)
}

// readJSON checks the syntax.
func readJSON(t *testing.T, code string) string {
	if !json.Valid([]byte(code)) {
		t.Error("invalid JSON")
	}
	return ""
}

// readINI checks the syntax of systemd's files.
func readINI(t *testing.T, code string) string {
	for line := range strings.Lines(code) {
		if !regexp.MustCompile(`^(\[\w+\]|\w+=.+|)\n$`).MatchString(line) {
			t.Errorf("neither a section nor a setting: %q", line)
		}
	}
	return ""
}
