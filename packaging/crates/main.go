// SPDX-License-Identifier: MIT

// Command crates writes the Rust crates for publishing: those of bindings/rust, with the Go sources in
// memfd-go-sys and the static libraries in memfd-go-prebuilt.
//
//	crates FOLDER GOARCH...
//
// It runs in the top folder, and reads the libraries from build. FOLDER becomes a cargo workspace that
// builds without the repository and a network.
package main

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"libmemfd_go/packaging/vendored"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: crates FOLDER GOARCH...")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "crates:", err)
		os.Exit(1)
	}
}

func run(folder string, arches []string) error {
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	for _, step := range []func() error{
		func() error { return copyTree("bindings/rust", folder, isPublished) },
		func() error { return goSources(filepath.Join(folder, "memfd-go-sys", "go")) },
		func() error { return archives(filepath.Join(folder, "memfd-go-prebuilt", "lib"), arches) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// isPublished is false for build products of cargo.
func isPublished(path string) bool { return path != "target" }

// goSources copies the sources of the library, including Go modules.
func goSources(folder string) error {
	for _, name := range []string{"core", "capi"} {
		if err := copyTree(name, filepath.Join(folder, name), isBuilt); err != nil {
			return err
		}
	}
	for _, name := range []string{"go.mod", "go.sum", "LICENSE"} {
		if err := copyFile(name, filepath.Join(folder, name)); err != nil {
			return err
		}
	}
	// tidy removes modules that only tests use. The others are in the module cache.
	cmd := exec.Command("go", "mod", "tidy")
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, output)
	}
	return vendored.Write(folder, filepath.Join(folder, "vendor"))
}

// isBuilt is false for tests and their data.
func isBuilt(path string) bool {
	return !strings.HasSuffix(path, "_test.go") && !slices.Contains(strings.Split(path, "/"), "testdata")
}

// archives copies the static libraries, and records the version of Go.
func archives(folder string, arches []string) error {
	for _, arch := range arches {
		from := filepath.Join("build", "linux_"+arch, "libmemfd_go.a")
		if err := copyFile(from, filepath.Join(folder, arch, "libmemfd_go.a")); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(folder, "GO_VERSION"), []byte(runtime.Version()+"\n"), 0o666)
}

// copyTree copies the files below from, if keep is true for their relative paths.
func copyTree(from, to string, keep func(path string) bool) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		switch {
		case !keep(filepath.ToSlash(relative)):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir():
			return nil
		}
		return copyFile(path, filepath.Join(to, relative))
	})
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o666)
}
