package matrix

import (
	"debug/elf"
	"path/filepath"
	"slices"
	"testing"

	"libmemfd_go/tests/lab"
)

// A program needs no C library to use ours.
func TestFreestanding(t *testing.T) {
	for _, target := range targets() {
		t.Run(target.name(), func(t *testing.T) {
			b := newBench(t, target)
			program := filepath.Join(b.folder, "freestanding")
			compile := slices.Concat([]string{b.compiler}, freestandingOptions, target.options, []string{"-o", program, freestandingSource}, b.library())
			command{arguments: compile}.mustRun(t)
			needsOnlyOurs(t, program)
			command{arguments: append(slices.Clone(b.emulator), program)}.mustRun(t)
		})
	}
}

var (
	freestandingOptions = []string{
		"-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-ffreestanding", "-nostdlib",
		"-I" + filepath.Join(lab.Repository(), "include"),
	}
	freestandingSource = filepath.Join(lab.Repository(), "examples", "c", "freestanding.c")
)

func needsOnlyOurs(t *testing.T, program string) {
	file, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	libraries, err := file.ImportedLibraries()
	if err != nil || !slices.Equal(libraries, []string{"libmemfd_go.so.1"}) {
		t.Errorf("%s needs %q, %v", program, libraries, err)
	}
}
