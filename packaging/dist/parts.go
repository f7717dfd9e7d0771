// SPDX-License-Identifier: MIT

package main

import (
	"compress/gzip"
	"debug/elf"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Each package manager gets four packages: the shared library, on which packages of programs depend; the
// development files; debug symbols; and the command memfd. Files of the first and third have the major
// number in their names, so that several major versions can be installed together.
type part int

const (
	runtime part = iota
	devel
	debug
	program
)

var allParts = []part{runtime, devel, debug, program}

// parts are the packages for one package manager and architecture.
type parts struct {
	release *release
	arch    arch
	format  *format
	folder  string // contains a folder of files for each part
	library libraryFacts
}

// libraryFacts are facts about a library that packages contain.
type libraryFacts struct {
	buildID  string
	exports  []elf.Symbol
	versions []string // of its symbols
}

func (p *parts) tree(of part) string { return filepath.Join(p.folder, fmt.Sprint("part", int(of))) }

// ofProgram matches the command's files: program, manual pages and completions.
var ofProgram = regexp.MustCompile(`^_?memfd(-[a-z]+)?(\.1|\.fish)?$`)

// partOf returns the part of an installed file.
func partOf(path string) part {
	switch name := filepath.Base(path); {
	case strings.Contains(path, "/lib/debug/"):
		return debug
	case strings.HasPrefix(name, "libmemfd_go.so."):
		return runtime
	case ofProgram.MatchString(name):
		return program
	}
	return devel
}

// newParts installs the library and the command, and sorts their files.
func (r *release) newParts(a arch, f *format) (*parts, error) {
	folder, err := os.MkdirTemp("", "memfd_go")
	if err != nil {
		return nil, err
	}
	p := &parts{release: r, arch: a, format: f, folder: folder}
	staged := filepath.Join(folder, "stage")
	if err := stage(a, staged, "/usr", f.libdir(a), f.zshdir); err != nil {
		return p, err
	}
	err = filepath.WalkDir(staged, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name := strings.TrimPrefix(path, staged)
		to := filepath.Join(p.tree(partOf(name)), name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if strings.Contains(name, "/man/") {
			return compress(path, to+".gz")
		}
		return os.Rename(path, to)
	})
	if err != nil {
		return p, err
	}
	p.library, err = readLibrary(filepath.Join(p.tree(runtime), f.libdir(a), "libmemfd_go.so."+r.version))
	return p, err
}

func readLibrary(name string) (facts libraryFacts, err error) {
	f, err := elf.Open(name)
	if err != nil {
		return facts, err
	}
	defer f.Close()
	note, err := f.Section(".note.gnu.build-id").Data()
	if err != nil {
		return facts, err
	}
	facts.buildID = fmt.Sprintf("%x", note[len(note)-20:])
	if facts.exports, err = f.DynamicSymbols(); err != nil {
		return facts, err
	}
	slices.SortFunc(facts.exports, func(a, b elf.Symbol) int { return strings.Compare(a.Name, b.Name) })
	for _, s := range facts.exports {
		facts.versions = append(facts.versions, s.Version)
	}
	slices.Sort(facts.versions)
	facts.versions = slices.Compact(facts.versions)
	return facts, nil
}

// compress compresses a file like gzip -9n, without name and time.
func compress(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return writeCompressed(to, text)
}

func writeCompressed(name string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	defer file.Close()
	packed, err := gzip.NewWriterLevel(file, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := packed.Write(text); err != nil {
		return err
	}
	if err := packed.Close(); err != nil {
		return err
	}
	return file.Close()
}

// title is the first line of the part's description.
func (of part) title() string {
	return [...]string{
		"sealed files and secret memory",
		"sealed files and secret memory (development files)",
		"sealed files and secret memory (debug symbols)",
		"list, check, create and run files in memory",
	}[of]
}

// introduction is the first paragraph of the part's description.
func (of part) introduction() string {
	if of == program {
		return "memfd lists the files in memory that processes hold (memfds and secret memory), explains and checks their seals, " +
			"passes sealed files to programs in place of temporary files, and runs programs from memory."
	}
	return library
}

const library = "libmemfd_go creates, seals and verifies files in memory, and allocates secret memory. " +
	"It calls no C library, so that programs in every language can use it."

// contents describes the part.
func (of part) contents() string {
	return [...]string{
		"This package contains the shared library.",
		"This package contains the header, the static library, pkg-config and CMake files, and manual pages.",
		"This package contains debugging information.",
		"This package contains the command, its manual pages, and completions for bash, zsh and fish.",
	}[of]
}

// wrap breaks a text into lines.
func wrap(text string) (lines []string) {
	for _, word := range strings.Fields(text) {
		if last := len(lines) - 1; last >= 0 && len(lines[last])+len(word) < 79 {
			lines[last] += " " + word
		} else {
			lines = append(lines, word)
		}
	}
	return lines
}
