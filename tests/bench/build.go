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

// arms are the built programs and libraries, as paths.
type arms struct {
	folder  string // build/bench
	sources string // tests/bench
	product string // the folder of the library

	ours, plain, stock string // shared libraries
	static             bool   // whether there is a static library
}

// build makes what is measured.
func build() (*arms, error) {
	product, err := testenv.Product(runtime.GOARCH)
	if err != nil {
		return nil, err
	}
	top, err := filepath.Abs(testenv.Repository())
	if err != nil {
		return nil, err
	}
	a := &arms{folder: filepath.Join(top, "build", "bench"), sources: filepath.Join(top, "tests", "bench")}
	a.product, err = filepath.Abs(product)
	if err != nil {
		return nil, err
	}
	a.ours = filepath.Join(a.product, "libmemfd_go.so.1")
	a.plain = filepath.Join(a.folder, "libplain.so")
	a.stock = filepath.Join(a.folder, "libstock.so")
	_, err = os.Stat(filepath.Join(a.product, "libmemfd_go.a"))
	a.static = err == nil
	for _, step := range []func() error{a.libraries, a.programs, a.starts, a.rust, a.golang} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return a, nil
}

func (a *arms) gcc(args ...string) error {
	return command(filepath.Join(a.sources, "c"), nil, "gcc", append(testenv.CFlags(), args...)...)
}

func (a *arms) libraries() error {
	if err := a.gcc("-fPIC", "-shared", "-o", a.plain, "plain.c"); err != nil {
		return err
	}
	return command(filepath.Join(a.sources, "stock"), []string{"CGO_ENABLED=1"},
		"go", "build", "-trimpath", "-buildmode=c-shared", "-o", a.stock, ".")
}

func (a *arms) programs() error {
	for _, name := range []string{"calls", "bulk", "secrets", "host"} {
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

// starts are programs that do nothing but start and make one call.
func (a *arms) starts() error {
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

// start is the path of the program that starts in such a way.
func (a *arms) start(name string) string {
	return filepath.Join(a.folder, "start-"+strings.NewReplacer(" ", "-", ",", "").Replace(name))
}

func (a *arms) rustEnvironment() []string {
	return []string{
		"MEMFD_GO_LIB_DIR=" + a.product,
		"LD_LIBRARY_PATH=" + a.product,
		"CARGO_TARGET_DIR=" + filepath.Join(a.folder, "target"),
		"CRITERION_HOME=" + filepath.Join(a.folder, "criterion"),
	}
}

func (a *arms) rust() error {
	// Not --locked: the crates beside it may have come to depend on others.
	return command(filepath.Join(a.sources, "rust"), a.rustEnvironment(), "cargo", "build", "-q", "--release", "--benches")
}

func (a *arms) golang() error {
	return command(filepath.Join(a.sources, "go"), nil, "go", "test", "-c", "-o", filepath.Join(a.folder, "go.test"), ".")
}

// command runs a program in a folder, and says what it printed if it fails.
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

// reserveHugePages asks for n huge pages, which takes root, and returns what gives them
// back.
func reserveHugePages(n int) (restore func()) {
	const file = "/proc/sys/vm/nr_hugepages"
	before, err := os.ReadFile(file)
	if err != nil || os.WriteFile(file, []byte(fmt.Sprint(n)), 0) != nil {
		return func() {}
	}
	return func() { os.WriteFile(file, before, 0) }
}
