// SPDX-License-Identifier: MIT

package library

import (
	"bytes"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"libmemfd_go/internal/testenv"
)

// Settings of Go that must affect neither the library nor the programs that build it.
var otherSettings = []string{
	"GOOS=plan9", "GOARCH=mips", "GOAMD64=v3", "GO386=softfloat", "GOARM=5", "GOARM64=v9.0", "GOPPC64=power10",
	"GORISCV64=rva22u64", "GOEXPERIMENT=nodwarf5", "GOFLAGS=-tags=other -race -gcflags=all=-N -ldflags=-w", "GOWORK=/nowhere/go.work",
}

// A build is reproducible in another folder, with any settings in the environment or `go env -w`. It
// only needs Go, make, sh and mkdir.
func TestRebuildIsIdentical(t *testing.T) {
	top := copySources(t)
	make := exec.Command("make", "-C", top, "all-arch")
	written := filepath.Join(t.TempDir(), "env")
	if err := os.WriteFile(written, []byte(strings.Join(otherSettings, "\n")+"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	make.Env = append(os.Environ(), otherSettings...)
	make.Env = append(make.Env, "GOENV="+written, "PATH="+onlyCommands(t, "go", "make", "sh", "mkdir"))
	if out, err := make.CombinedOutput(); err != nil {
		t.Fatalf("make all-arch: %v\n%s", err, out)
	}
	each(t, func(t *testing.T, l library) {
		for _, name := range []string{"libmemfd_go.so.1", "libmemfd_go.so.1.debug", "libmemfd_go.a"} {
			first, err := os.ReadFile(filepath.Join(filepath.Dir(l.path), name))
			if err != nil {
				t.Fatal(err)
			}
			again, err := os.ReadFile(filepath.Join(top, "build", "linux_"+l.arch, name))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(again, first) {
				t.Errorf("%s differs from the one built in %s", name, top)
			}
		}
	})
}

// copySources copies the sources of the library to a new folder.
func copySources(t *testing.T) string {
	t.Helper()
	top := t.TempDir()
	for _, part := range []string{"go.mod", "go.sum", "Makefile", "capi", "core"} {
		from := filepath.Join(testenv.Repository(), part)
		if out, err := exec.Command("cp", "-R", from, top).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	return top
}

// onlyCommands returns a folder for $PATH with only these commands.
func onlyCommands(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Skipf("%s is not installed", name)
		}
		if err := os.Symlink(path, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// exports returns the names of a library's dynamic symbols.
func exports(t *testing.T, path string) []string {
	t.Helper()
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	symbols, err := f.DynamicSymbols()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range symbols {
		names = append(names, s.Name)
	}
	slices.Sort(names)
	return names
}
