// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"libmemfd_go/internal/testenv"
)

// artifacts are the programs and libraries that build creates.
type artifacts struct {
	folder  string // build/bench
	sources string // tests/bench
	product string // the folder of the library

	ours, plain, stock string // shared libraries
	static             bool   // whether there is a static library
}

// build compiles everything that is measured.
func build() (*artifacts, error) {
	product, err := testenv.Product(runtime.GOARCH)
	if err != nil {
		return nil, err
	}
	top, err := filepath.Abs(testenv.Repository())
	if err != nil {
		return nil, err
	}
	a := &artifacts{folder: filepath.Join(top, "build", "bench"), sources: filepath.Join(top, "tests", "bench")}
	a.product, err = filepath.Abs(product)
	if err != nil {
		return nil, err
	}
	a.ours = filepath.Join(a.product, "libmemfd_go.so.1")
	a.plain = filepath.Join(a.folder, "libplain.so")
	a.stock = filepath.Join(a.folder, "libstock.so")
	_, err = os.Stat(filepath.Join(a.product, "libmemfd_go.a"))
	a.static = err == nil
	for _, step := range []func() error{a.libraries, a.programs, a.starts, a.rust, a.golang, a.command} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return a, nil
}

func (a *artifacts) gcc(args ...string) error {
	return command(filepath.Join(a.sources, "c"), nil, "gcc", append(testenv.CFlags(), args...)...)
}

func (a *artifacts) libraries() error {
	if err := a.gcc("-fPIC", "-shared", "-o", a.plain, "plain.c"); err != nil {
		return err
	}
	return command(filepath.Join(a.sources, "stock"), []string{"CGO_ENABLED=1"},
		"go", "build", "-trimpath", "-buildmode=c-shared", "-o", a.stock, ".")
}

func (a *artifacts) programs() error {
	for _, name := range []string{"calls", "bulk", "secrets", "host", "descriptors"} {
		args := []string{"-o", filepath.Join(a.folder, name), name + ".c"}
		if a.static {
			args = append(args, "-DSTATIC_LIBRARY", filepath.Join(a.product, "libmemfd_go.a"))
		}
		if err := a.gcc(args...); err != nil {
			return err
		}
	}
	return nil
}

// starts compiles programs that start, make one call and exit.
func (a *artifacts) starts() error {
	link := map[string][]string{
		"glibc":        {"-DGLIBC"},
		"plain C .so":  {"-L" + a.folder, "-Wl,-rpath," + a.folder, "-lplain"},
		"ours, shared": {"-L" + a.product, "-Wl,-rpath," + a.product, "-lmemfd_go"},
		"stock cgo":    {"-L" + a.folder, "-Wl,-rpath," + a.folder, "-lstock"},
		"ours, static": {filepath.Join(a.product, "libmemfd_go.a")},
	}
	if !a.static {
		delete(link, "ours, static")
	}
	for name, args := range link {
		if err := a.gcc(append([]string{"-o", a.start(name), "start.c"}, args...)...); err != nil {
			return err
		}
	}
	return nil
}

// start returns the path of one of these programs.
func (a *artifacts) start(name string) string {
	return filepath.Join(a.folder, "start-"+strings.NewReplacer(" ", "-", ",", "").Replace(name))
}

func (a *artifacts) rustEnvironment() []string {
	return []string{
		"MEMFD_GO_LIB_DIR=" + a.product,
		"LD_LIBRARY_PATH=" + a.product,
		"CARGO_TARGET_DIR=" + filepath.Join(a.folder, "target"),
		"CRITERION_HOME=" + filepath.Join(a.folder, "criterion"),
	}
}

func (a *artifacts) rust() error {
	// Not --locked: the dependencies of the crates in bindings/rust may have changed.
	for _, folder := range []string{"rust", "rust-ratios"} {
		err := command(filepath.Join(a.sources, folder), a.rustEnvironment(), "cargo", "build", "-q", "--release", "--benches")
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *artifacts) golang() error {
	return command(filepath.Join(a.sources, "go"), nil, "go", "test", "-c", "-o", filepath.Join(a.folder, "go.test"), ".")
}

// command builds the command memfd.
func (a *artifacts) command() error {
	return command(filepath.Join(a.sources, "..", "..", "cmd", "memfd"), nil, "go", "build", "-trimpath", "-ldflags=-s -w",
		"-o", filepath.Join(a.folder, "memfd"), ".")
}

// command runs a program in a folder. An error contains its output.
func command(folder string, environment []string, name string, args ...string) error {
	_, err := output(folder, environment, name, args...)
	return err
}

func output(folder string, environment []string, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), environment...)
	var failed strings.Builder
	cmd.Stderr = &failed
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s%s", strings.Join(cmd.Args, " "), err, out, failed.String())
	}
	return string(out), nil
}
