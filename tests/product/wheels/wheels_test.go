// SPDX-License-Identifier: MIT

// Package wheels tests the files of `make wheels`: a wheel for each architecture, and an sdist. The
// Python tests run with the package that is installed from them.
package wheels

import (
	"archive/zip"
	"bufio"
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"encoding/base64"
	"encoding/csv"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"libmemfd_go/internal/testenv"
)

const libraryInWheel = "memfd_go/_lib/libmemfd_go.so.1"

// machines holds the expected values of the ELF headers.
var machines = map[string]struct {
	machine elf.Machine
	class   elf.Class
	order   elf.Data
}{
	"amd64":   {elf.EM_X86_64, elf.ELFCLASS64, elf.ELFDATA2LSB},
	"arm64":   {elf.EM_AARCH64, elf.ELFCLASS64, elf.ELFDATA2LSB},
	"386":     {elf.EM_386, elf.ELFCLASS32, elf.ELFDATA2LSB},
	"arm":     {elf.EM_ARM, elf.ELFCLASS32, elf.ELFDATA2LSB},
	"riscv64": {elf.EM_RISCV, elf.ELFCLASS64, elf.ELFDATA2LSB},
	"ppc64le": {elf.EM_PPC64, elf.ELFCLASS64, elf.ELFDATA2LSB},
	"s390x":   {elf.EM_S390, elf.ELFCLASS64, elf.ELFDATA2MSB},
	"loong64": {elf.EM_LOONGARCH, elf.ELFCLASS64, elf.ELFDATA2LSB},
}

// each runs a test for every wheel.
func each(t *testing.T, test func(t *testing.T, arch testenv.Arch, path string)) {
	for _, arch := range testenv.Arches {
		t.Run(arch.GOARCH, func(t *testing.T) {
			test(t, arch, wheel(t, arch))
		})
	}
}

func wheel(t *testing.T, arch testenv.Arch) string {
	path, err := arch.Wheel()
	if err != nil {
		testenv.Unavailable(t, err)
	}
	return path
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// contents returns the files of a wheel.
func contents(t *testing.T, path string) map[string][]byte {
	archive, err := zip.OpenReader(path)
	must(t, err)
	defer archive.Close()
	files := map[string][]byte{}
	for _, entry := range archive.File {
		if mode := entry.Mode(); mode != 0o644 {
			t.Errorf("%s has mode %v", entry.Name, mode)
		}
		file, err := entry.Open()
		must(t, err)
		files[entry.Name], err = io.ReadAll(file)
		must(t, err)
	}
	return files
}

func TestLibrary(t *testing.T) {
	testenv.RequireRegular(t)
	each(t, func(t *testing.T, arch testenv.Arch, path string) {
		packed := contents(t, path)[libraryInWheel]
		product, err := testenv.Product(arch.GOARCH)
		must(t, err)
		built, err := os.ReadFile(filepath.Join(product, "libmemfd_go.so.1"))
		must(t, err)
		if !bytes.Equal(packed, built) {
			t.Errorf("%s differs from the library in %s: run make wheels", libraryInWheel, product)
		}
		file, err := elf.NewFile(bytes.NewReader(packed))
		must(t, err)
		want := machines[arch.GOARCH]
		if file.Machine != want.machine || file.Class != want.class || file.Data != want.order {
			t.Errorf("the library is for %v, %v, %v", file.Machine, file.Class, file.Data)
		}
		// Without imports it works with any version of any C library.
		if needed, err := file.ImportedLibraries(); err != nil || len(needed) > 0 {
			t.Errorf("the library needs the libraries %q, %v", needed, err)
		}
		if symbols, err := file.ImportedSymbols(); err != nil || len(symbols) > 0 {
			t.Errorf("the library imports the symbols %v, %v", symbols, err)
		}
	})
}

func TestContents(t *testing.T) {
	testenv.RequireRegular(t)
	source := filepath.Join(testenv.Repository(), "bindings", "python", "src")
	each(t, func(t *testing.T, _ testenv.Arch, path string) {
		var want, got []string
		must(t, filepath.WalkDir(source, func(path string, entry fs.DirEntry, err error) error {
			if entry != nil && entry.IsDir() && entry.Name() == "__pycache__" {
				return fs.SkipDir
			}
			if err == nil && !entry.IsDir() {
				name, _ := filepath.Rel(source, path)
				want = append(want, name)
			}
			return err
		}))
		info := strings.Join(strings.Split(filepath.Base(path), "-")[:2], "-") + ".dist-info/"
		want = append(want, libraryInWheel, info+"METADATA", info+"WHEEL", info+"RECORD", info+"licenses/LICENSE", info+"licenses/LICENSE.Go")
		files := contents(t, path)
		for name := range files {
			got = append(got, name)
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the wheel has other files; run make wheels: -want +got:\n%s", diff)
		}
		for name, text := range files {
			file := filepath.Join(source, name)
			if now, err := os.ReadFile(file); err == nil && !bytes.Equal(now, text) {
				t.Errorf("%s differs from the sources: run make wheels", name)
			}
		}
		for _, from := range []string{"LICENSE", "packaging/LICENSE.Go"} {
			license, err := os.ReadFile(filepath.Join(testenv.Repository(), from))
			must(t, err)
			if !bytes.Equal(files[info+"licenses/"+filepath.Base(from)], license) {
				t.Errorf("bindings/python/%s is outdated: run cp %s bindings/python", filepath.Base(from), from)
			}
		}
		checkRecord(t, files, files[info+"RECORD"])
		checkTags(t, path, files[info+"WHEEL"])
	})
}

// checkRecord compares each file with its row in RECORD: name, hash, size.
func checkRecord(t *testing.T, files map[string][]byte, record []byte) {
	rows, err := csv.NewReader(bytes.NewReader(record)).ReadAll()
	must(t, err)
	if len(rows) != len(files) {
		t.Errorf("RECORD has %d rows for %d files", len(rows), len(files))
	}
	for _, row := range rows {
		if strings.HasSuffix(row[0], "/RECORD") {
			continue
		}
		sum := sha256.Sum256(files[row[0]])
		want := []string{row[0], "sha256=" + base64.RawURLEncoding.EncodeToString(sum[:]), fmt.Sprint(len(files[row[0]]))}
		if !slices.Equal(row, want) {
			t.Errorf("RECORD contains %q, want %q", row, want)
		}
	}
}

// checkTags compares the tags in the file WHEEL with those in the name of the wheel.
func checkTags(t *testing.T, path string, text []byte) {
	name := strings.Split(strings.TrimSuffix(filepath.Base(path), ".whl"), "-")
	var want, got []string
	for _, platform := range strings.Split(name[4], ".") {
		want = append(want, "py3-none-"+platform)
	}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		key, value, _ := strings.Cut(lines.Text(), ": ")
		switch {
		case key == "Tag":
			got = append(got, value)
		case key == "Root-Is-Purelib" && value != "false":
			t.Error("WHEEL has Root-Is-Purelib: true")
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tags: -in the name +in WHEEL:\n%s", diff)
	}
}

// pytest must test the library that was built.
func TestInstalledInVenv(t *testing.T) {
	testenv.RequireRegular(t)
	native, err := testenv.Product(runtime.GOARCH)
	if err != nil {
		testenv.Unavailable(t, err)
	}
	folders, _ := filepath.Glob(filepath.Join(testenv.Repository(), "build", "venv", "lib", "python3*", "site-packages"))
	if len(folders) != 1 {
		testenv.Unavailable(t, fmt.Errorf("build/venv does not exist: run make setup"))
	}
	installed, err := os.ReadFile(filepath.Join(folders[0], libraryInWheel))
	must(t, err)
	built, err := os.ReadFile(filepath.Join(native, "libmemfd_go.so.1"))
	must(t, err)
	if !bytes.Equal(installed, built) {
		t.Error("build/venv contains an outdated library: run make setup")
	}
}
