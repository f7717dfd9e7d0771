// SPDX-License-Identifier: MIT

package runner

import (
	"debug/elf"
	"path/filepath"
	"slices"
	"testing"

	"libmemfd_go/internal/testenv"
)

// A program can use the library without a C library.
func TestFreestanding(t *testing.T) {
	for _, target := range targets() {
		t.Run(target.name(), func(t *testing.T) {
			b := newBuilder(t, target)
			shared, static := filepath.Join(b.folder, "shared"), filepath.Join(b.folder, "static")
			compile := slices.Concat([]string{b.compiler}, freestandingOptions)
			testenv.Command{Arguments: slices.Concat(compile, target.options, []string{"-o", shared, freestandingSource}, b.library())}.MustRun(t)
			testenv.Command{Arguments: slices.Concat(compile, []string{"-static", "-o", static, freestandingSource}, b.library())}.MustRun(t)
			needs(t, shared, "libmemfd_go.so.1")
			needs(t, static)
			for _, program := range []string{shared, static} {
				testenv.Command{Arguments: append(slices.Clone(b.emulator), program)}.MustRun(t)
			}
		})
	}
}

var (
	freestandingOptions = []string{
		"-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-ffreestanding", "-nostdlib",
		"-I" + filepath.Join(testenv.Repository(), "include"),
	}
	freestandingSource = filepath.Join(testenv.Repository(), "examples", "c", "freestanding.c")
)

// needs checks which shared libraries a program needs.
func needs(t *testing.T, program string, want ...string) {
	file, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	libraries, err := file.ImportedLibraries()
	if err != nil || !slices.Equal(libraries, want) {
		t.Errorf("%s needs %q (error %v), want %q", program, libraries, err, want)
	}
}
