// SPDX-License-Identifier: MIT

package contract

import (
	"go/parser"
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	architectureName = regexp.MustCompile(`(?i)amd64|x86|\b386\b|arm64|aarch64|\barm\b|_arm_|riscv|ppc|s390|loong`)
	// Files for one architecture, or for the two of x86.
	architectureFile = regexp.MustCompile(`^(.*_)?(amd64|arm64|386|arm|riscv64|ppc64le|s390x|loong64|x86)(_test)?\.`)
	lineComment      = regexp.MustCompile(`//.*`)
	// Names that contain an architecture's but are not specific to it: symbols of the Go runtime that
	// the linker refuses everywhere, and ELF's names of the ARM unwind table.
	foreignName = regexp.MustCompile(`(?i)\bruntime\.\w+|\b(PT|SHT)_ARM_EX\w+|\.ARM\.ex\w+`)
)

// architectureTable begins the line that lists the architectures.
const architectureTable = "var arches = "

// instructionSets names the file with the oldest instruction set of each architecture.
const instructionSets = "baseline.env"

// A new architecture needs only new files, a row in the linker's table, and one in baseline.env.
// Comments, including //go:build lines, may name architectures.
func TestOnlyTheirFilesNameArchitectures(t *testing.T) {
	for _, folder := range []string{"core", "capi", "capi/linker"} {
		entries, err := os.ReadDir(filepath.Join(top, folder))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			name := e.Name()
			if e.IsDir() || architectureFile.MatchString(name) || strings.HasSuffix(name, "_test.go") || name == instructionSets {
				continue
			}
			path := filepath.Join(folder, name)
			for _, l := range architectureLines(name, readFile(t, path)) {
				t.Errorf("%s: code for one architecture belongs in a file of its own:\n\n%s\n", path, l)
			}
		}
	}
}

// architectureLines returns the lines of code that name an architecture.
func architectureLines(name, text string) []string {
	code := lineComment.ReplaceAllString(text, "")
	if strings.HasSuffix(name, ".go") {
		code = withoutComments(text)
	}
	var lines []string
	for l := range strings.Lines(code) {
		ours := foreignName.ReplaceAllString(l, "")
		if architectureName.MatchString(ours) && !strings.HasPrefix(l, architectureTable) {
			lines = append(lines, strings.TrimSpace(l))
		}
	}
	return lines
}

// withoutComments replaces the comments of Go source by spaces.
func withoutComments(source string) string {
	code := []byte(source)
	files := token.NewFileSet()
	file := files.AddFile("", files.Base(), len(code))
	var s scanner.Scanner
	s.Init(file, []byte(source), nil, scanner.ScanComments)
	for {
		pos, tok, text := s.Scan()
		if tok == token.EOF {
			return string(code)
		}
		if tok == token.COMMENT {
			start := file.Offset(pos)
			for i := range len(text) {
				if code[start+i] != '\n' {
					code[start+i] = ' '
				}
			}
		}
	}
}

func TestArchitectureLines(t *testing.T) {
	for _, c := range []struct{ name, line string }{
		{"a.go", `if runtime.GOARCH == "arm" {`},
		{"a.go", "machine = elf.EM_AARCH64"},
		{"a.go", "case elf.R_ARM_CALL:"},
		{"a.go", "use(x86asm.Decode) // why"},
		{"a.s", "#ifdef GOARCH_riscv64"},
		{"a.h", "#define S390X_FRAME 8"},
	} {
		text := "// arm is named in a comment\nalarm(3860, \"runtime.x86Has\") // 386\n" + c.line + "\n" + architectureTable + "[]*arch{amd64}\n"
		code, _, _ := strings.Cut(c.line, " // ")
		if got := architectureLines(c.name, text); len(got) != 1 || got[0] != code {
			t.Errorf("%s: lines %q, want %q", c.name, got, code)
		}
	}
}

// Nothing uses cgo: the library and its tools are built without a C compiler.
func TestNoFileImportsC(t *testing.T) {
	err := filepath.WalkDir(top, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, _ := filepath.Rel(top, path)
		if e.IsDir() {
			return skipFolder(relative, e.Name())
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, i := range file.Imports {
			if i.Path.Value == `"C"` {
				t.Errorf("%s uses cgo; remove:\n\nimport \"C\"\n", relative)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// skipFolder leaves out build products, and the benchmarks, which compare with cgo.
func skipFolder(relative, name string) error {
	hidden := strings.HasPrefix(name, ".") && relative != "."
	if hidden || relative == "build" || name == "target" || relative == "tests/bench" {
		return fs.SkipDir
	}
	return nil
}
