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

// In two pieces, so that REUSE does not read it as a licence tag.
const licenceLine = "SPDX-License" + "-Identifier: MIT"

// Each source names its licence in the first two lines. REUSE.toml covers documents and data, and
// `reuse lint` (make lint) checks all files.
func TestSourcesNameTheirLicence(t *testing.T) {
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
		if comment := commentOf(name, text); comment != "" && !namesLicence(text) {
			t.Errorf("%s must begin with (after #!):\n\n%s", name, strings.Replace(comment, "X", licenceLine, 1))
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// isNoSource reports whether a folder holds build products, data, or a recorded version.
func isNoSource(folder string) bool {
	return folder == "build" || folder == ".git" || folder == "vendor" || folder == "tests/contract/1.0" ||
		slices.Contains([]string{"target", "testdata", "corpus", "__pycache__"}, filepath.Base(folder)) ||
		strings.HasPrefix(filepath.Base(folder), ".") && strings.HasSuffix(folder, "_cache")
}

// commentOf returns the comment syntax of a source, with X for the text.
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

// namesLicence looks at the first two lines, because the first may be #!.
func namesLicence(text []byte) bool {
	lines := bytes.SplitN(text, []byte("\n"), 3)
	return slices.ContainsFunc(lines[:min(2, len(lines))], func(line []byte) bool { return bytes.Contains(line, []byte(licenceLine)) })
}

func TestNamesLicence(t *testing.T) {
	for text, want := range map[string]bool{
		"// " + licenceLine + "\n\npackage a\n":      true,
		"#!/bin/sh\n# " + licenceLine + "\n":         true,
		"package a\n\n// " + licenceLine + "\n":      false,
		"// SPDX-License" + "-Identifier: GPL-2.0\n": false,
		"": false,
	} {
		if got := namesLicence([]byte(text)); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// REUSE reads LICENSES, people read LICENSE.
func TestLicencesAreEqual(t *testing.T) {
	if readFile(t, filepath.Join("LICENSES", "MIT.txt")) != readFile(t, "LICENSE") {
		t.Error("LICENSE and LICENSES/MIT.txt differ; run: cp LICENSE LICENSES/MIT.txt")
	}
}
