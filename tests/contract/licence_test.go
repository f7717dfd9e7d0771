// SPDX-License-Identifier: MIT

package contract

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// In two pieces: it is not this file's.
const licenceLine = "SPDX-License" + "-Identifier: MIT"

// Each source says its licence in its first lines, so that a copy of the file does, too.
// REUSE.toml says it for documents and data; `reuse lint`, one of the linters, sees all.
func TestSourcesSayTheirLicence(t *testing.T) {
	err := filepath.WalkDir(top, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(top, path)
		switch {
		case e.IsDir() && isNoSource(filepath.ToSlash(name)):
			return fs.SkipDir
		case !e.Type().IsRegular():
			return nil
		}
		text, err := os.ReadFile(path)
		if comment := commentOf(name, text); comment != "" && !saysLicence(text) {
			t.Errorf("%s has to begin with:\n\n%s", name, strings.Replace(comment, "X", licenceLine, 1))
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// isNoSource reports whether a folder has products, data, or what must not change.
func isNoSource(folder string) bool {
	return folder == "build" || folder == ".git" || folder == "vendor" || folder == "tests/contract/1.0" ||
		slices.Contains([]string{"target", "testdata", "corpus", "__pycache__"}, filepath.Base(folder)) ||
		strings.HasPrefix(filepath.Base(folder), ".") && strings.HasSuffix(folder, "_cache")
}

// commentOf is what a comment looks like in a source, with X for its text.
func commentOf(name string, text []byte) string {
	if bytes.HasPrefix(text, []byte("#!")) || filepath.Base(name) == "Makefile" {
		return "# X"
	}
	switch filepath.Ext(name) {
	case ".go", ".s", ".rs":
		return "// X"
	case ".c", ".h":
		if filepath.Dir(name) == "capi" { // for Go's assembler
			return "// X"
		}
		return "/* X */"
	case ".py", ".toml", ".yml", ".yaml", ".in", ".env":
		if filepath.Base(name) != "REUSE.toml" {
			return "# X"
		}
	}
	return ""
}

// saysLicence looks at the first two lines: the first may be for the kernel.
func saysLicence(text []byte) bool {
	lines := bytes.SplitN(text, []byte("\n"), 3)
	return slices.ContainsFunc(lines[:min(2, len(lines))], func(line []byte) bool { return bytes.Contains(line, []byte(licenceLine)) })
}

func TestSaysLicence(t *testing.T) {
	for text, want := range map[string]bool{
		"// " + licenceLine + "\n\npackage a\n":      true,
		"#!/bin/sh\n# " + licenceLine + "\n":         true,
		"package a\n\n// " + licenceLine + "\n":      false,
		"// SPDX-License" + "-Identifier: GPL-2.0\n": false,
		"": false,
	} {
		if got := saysLicence([]byte(text)); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// The licence that REUSE looks for is the one that people look for.
func TestLicenceIsOne(t *testing.T) {
	if readFile(t, filepath.Join("LICENSES", "MIT.txt")) != readFile(t, "LICENSE") {
		t.Error("cp LICENSE LICENSES/MIT.txt")
	}
}
