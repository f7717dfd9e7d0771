// SPDX-License-Identifier: MIT

package wheels

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"libmemfd_go/internal/testenv"
)

var errNoSdist = errors.New("the sdist is not built: run make wheels")

// hatchling builds a target from a copy of the package.
func hatchling(t *testing.T, source, target string, environment ...string) (folder, output string, err error) {
	out := t.TempDir()
	build := exec.Command(tool(t, "hatchling"), "build", "-t", target, "-d", out)
	build.Dir = source
	build.Env = slices.Concat(os.Environ(), []string{"MEMFD_GO_LIB_DIR="}, environment)
	text, err := build.CombinedOutput()
	return out, string(text), err
}

// one returns the only file in a folder.
func one(t *testing.T, folder string) string {
	found, _ := filepath.Glob(filepath.Join(folder, "*"))
	if len(found) != 1 {
		t.Fatalf("want one file in %s, got %q", folder, found)
	}
	return found[0]
}

func sameFiles(t *testing.T, want, got string) {
	t.Helper()
	first, err := os.ReadFile(want)
	must(t, err)
	second, err := os.ReadFile(got)
	must(t, err)
	if filepath.Base(want) != filepath.Base(got) || !bytes.Equal(first, second) {
		t.Errorf("%s and %s differ", got, want)
	}
}

// sources copies the sources of the package, with other modes and times.
func sources(t *testing.T) string {
	top := t.TempDir()
	for _, name := range []string{"go.mod", "go.sum", "core", "capi", "bindings/python"} {
		must(t, filepath.WalkDir(filepath.Join(testenv.Repository(), name), func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			inside, _ := filepath.Rel(testenv.Repository(), path)
			copied := filepath.Join(top, inside)
			text, err := os.ReadFile(path)
			return errors.Join(err, os.MkdirAll(filepath.Dir(copied), 0o700),
				os.WriteFile(copied, text, 0o600), os.Chtimes(copied, time.Time{}, time.Unix(1e9, 0)))
		}))
	}
	return filepath.Join(top, "bindings", "python")
}

func TestReproducible(t *testing.T) {
	testenv.RequireRegular(t)
	t.Parallel()
	copied := sources(t)
	for _, arch := range testenv.Arches[:3] { // enough to see differences
		product, err := testenv.Product(arch.GOARCH)
		must(t, err)
		out, said, err := hatchling(t, copied, "wheel", "MEMFD_GO_LIB_DIR="+product)
		if err != nil {
			t.Fatal(said)
		}
		sameFiles(t, wheel(t, arch), one(t, out))
	}
	out, said, err := hatchling(t, copied, "sdist")
	if err != nil {
		t.Fatal(said)
	}
	sameFiles(t, everything(t)[0], one(t, out))
}

// unpackedSdist unpacks the sdist.
func unpackedSdist(t *testing.T) string {
	folder := t.TempDir()
	if output, err := exec.Command("tar", "-xf", everything(t)[0], "-C", folder).CombinedOutput(); err != nil {
		t.Fatal(string(output))
	}
	return one(t, folder)
}

// A build from the sdist gives the same wheel and sdist, with any settings of Go.
func TestFromSdist(t *testing.T) {
	testenv.RequireRegular(t)
	t.Parallel()
	sdist := unpackedSdist(t)
	out, said, err := hatchling(t, sdist, "wheel", "GOOS=plan9", "GOARCH=mips", "GOAMD64=v3", "GOFLAGS=-race", "GOEXPERIMENT=nodwarf5")
	if err != nil {
		t.Fatal(said)
	}
	for _, arch := range testenv.Arches {
		if arch.GOARCH == runtime.GOARCH {
			sameFiles(t, wheel(t, arch), one(t, out))
		}
	}
	out, said, err = hatchling(t, sdist, "sdist")
	if err != nil {
		t.Fatal(said)
	}
	sameFiles(t, everything(t)[0], one(t, out))
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	testenv.RequireRegular(t)
	t.Parallel()
	sdist := unpackedSdist(t)
	withoutGo := unpackedSdist(t)
	must(t, os.RemoveAll(filepath.Join(withoutGo, "go")))
	folder := t.TempDir()
	library := filepath.Join(folder, "libmemfd_go.so.1")
	for _, c := range []struct {
		name        string
		source      string
		environment string
		library     string // contents of the file
		want        string
	}{
		{"go", sdist, "PATH=", "", "memfd-go: cannot build libmemfd_go, because there is no go in $PATH: " +
			"install Go 1.25 or later, install a wheel instead, or set MEMFD_GO_LIB_DIR to a directory that contains libmemfd_go.so.1"},
		{"a toolchain for go", sdist, "GOTOOLCHAIN=bogus", "", "memfd-go: go exited with status 1; see its output above"},
		{"sources", withoutGo, "", "", "memfd-go: the Go sources of libmemfd_go are missing; " +
			"set MEMFD_GO_LIB_DIR to a directory that contains libmemfd_go.so.1"},
		{"library", sdist, "MEMFD_GO_LIB_DIR=" + folder, "", "memfd-go: " + library + ": No such file or directory"},
		{"ELF", sdist, "MEMFD_GO_LIB_DIR=" + folder, "INPUT(libmemfd_go.so.1.0)", "memfd-go: " + library + " is not an ELF file"},
		{"header", sdist, "MEMFD_GO_LIB_DIR=" + folder, "\x7fELF\x02\x01\x01", "memfd-go: " + library + " is not an ELF file"},
		{"architecture", sdist, "MEMFD_GO_LIB_DIR=" + folder, "\x7fELF\x02\x02\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x03\x00\xb7",
			"memfd-go: " + library + " is for an unsupported architecture; libmemfd_go supports " +
				"amd64, arm64, 386, arm, riscv64, ppc64le, s390x, loong64 (names as in Go)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			must(t, os.RemoveAll(library))
			if c.library != "" {
				must(t, os.WriteFile(library, []byte(c.library), 0o600))
			}
			out, said, err := hatchling(t, c.source, "wheel", c.environment)
			if err == nil || !strings.Contains(said, c.want) || strings.Contains(said, "Traceback") {
				t.Errorf("%v, %s\nwant: %s", err, said, c.want)
			}
			if made, _ := os.ReadDir(out); len(made) > 0 {
				t.Error("the failed build left files: ", made)
			}
		})
	}
}
