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
	// The Go runtime's names, which the linker refuses on any architecture, and ELF's
	// name of an unwind table, which the linker's table gives to whoever wants it.
	foreignName = regexp.MustCompile(`(?i)\bruntime\.\w+|\b(PT|SHT)_ARM_EX\w+|\.ARM\.ex\w+`)
)

// architectureTable is the one line that lists the architectures.
const architectureTable = "var arches = "

// instructionSets is the file that has, for each architecture, the oldest one.
const instructionSets = "baseline.env"

// A new architecture is new files, one row in the linker's table, and one in baseline.env. (Comments may
// name one, and a //go:build line is a row of its own kind.)
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
				t.Errorf("%s names an architecture, which a file of its own should do:\n\n%s\n", path, l)
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

// withoutComments turns the comments of Go source into spaces.
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

// No cgo: the library and everything around it is built without a C compiler.
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
				t.Errorf("%s: remove:\n\nimport \"C\"\n", relative)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// skipFolder leaves out products, and the benchmarks' stock library to measure
// against.
func skipFolder(relative, name string) error {
	hidden := strings.HasPrefix(name, ".") && relative != "."
	if hidden || relative == "build" || name == "target" || relative == "tests/bench" {
		return fs.SkipDir
	}
	return nil
}
