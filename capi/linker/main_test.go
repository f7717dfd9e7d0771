// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// With this variable in the environment, the test binary acts as the linker.
const asLinker = "LINKER_TEST"

func TestMain(m *testing.M) {
	if os.Getenv(asLinker) == "" {
		os.Exit(runTests(m))
	}
	main()
}

func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "linker")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	for goarch := range goarches {
		builds[goarch] = sync.OnceValues(func() (*built, error) { return buildProduct(filepath.Join(dir, goarch), goarch) })
	}
	return m.Run()
}

// built is the library of this repository, and the object file that it was linked from.
type built struct{ library, object string }

var builds = map[string]func() (*built, error){}

func buildProduct(dir, goarch string) (*built, error) {
	p := &built{filepath.Join(dir, soname), filepath.Join(dir, "go.o")}
	if err := os.Mkdir(dir, 0o777); err != nil {
		return nil, err
	}
	r := linkerRecipe(goarch, "..", ".")
	env, err := r.environment()
	if err != nil {
		return nil, err
	}
	if err := r.compile(env, p.object); err != nil {
		return nil, err
	}
	image, err := link(p.object, shared)
	if err != nil {
		return nil, err
	}
	return p, os.WriteFile(p.library, image, 0o666)
}

// linkerRecipe returns a recipe with which go build runs the test binary as the linker.
func linkerRecipe(goarch, dir, pkg string) recipe {
	return recipe{dir: dir, pkg: pkg, goarch: goarch, env: []string{asLinker + "=1"}}
}

// testRecipe is linkerRecipe for a test, which is skipped with go test -short.
func testRecipe(t *testing.T, goarch, dir, pkg string) recipe {
	t.Helper()
	skipBuilds(t)
	return linkerRecipe(goarch, dir, pkg)
}

// skipBuilds skips tests that run go build, which takes seconds, with go test -short.
func skipBuilds(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("builds with go build")
	}
}

// productOf returns the library for goarch, which is built once.
func productOf(t *testing.T, goarch string) *built {
	t.Helper()
	skipBuilds(t)
	p, err := builds[goarch]()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// An outcome is what a program did.
type outcome struct {
	status         int
	stdout, stderr string
}

// runLinker runs the linker in a folder. The program is the test binary, or a copy of it.
func runLinker(t *testing.T, program, dir, stdin string, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), asLinker+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &stdout, &stderr
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// executable returns the test binary.
func executable(t *testing.T) string {
	t.Helper()
	name, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// copyLinker copies the test binary into a folder whose path Go cannot quote.
func copyLinker(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), `it's "here"`, "linker")
	data, err := os.ReadFile(executable(t))
	if err == nil {
		err = os.Mkdir(filepath.Dir(name), 0o777)
	}
	if err == nil {
		err = os.WriteFile(name, data, 0o777)
	}
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// writeScript writes a shell script and returns its name.
func writeScript(t *testing.T, name, script string) string {
	t.Helper()
	name = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(name, []byte("#!/bin/sh\n"+script+"\n"), 0o777); err != nil {
		t.Fatal(err)
	}
	return name
}

// goarches name the architectures for the go command.
var goarches = map[string]*arch{
	"amd64": amd64, "arm64": arm64, "386": i386, "arm": arm,
	"riscv64": riscv64, "ppc64le": ppc64le, "s390x": s390x, "loong64": loong64,
}

// eachArch runs f as a parallel subtest for each architecture.
func eachArch(t *testing.T, f func(t *testing.T, goarch string)) {
	for goarch := range goarches {
		t.Run(goarch, func(t *testing.T) {
			t.Parallel()
			f(t, goarch)
		})
	}
}

// writeModule makes a module of these files: name, contents, name, contents...
func writeModule(t *testing.T, files ...string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	files = append(files, "go.mod", "module libmemfd_go\n\ngo 1.25\n")
	for i := 0; i < len(files); i += 2 {
		name := filepath.Join(dir, files[i])
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(files[i+1]), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// exportsAsm returns assembly that exports the Go functions of these names with the prefix
// memfd_go_.
func exportsAsm(names ...string) string {
	var exports, roots strings.Builder
	for _, name := range names {
		exports.WriteString("TEXT memfd_go_" + name + "(SB),NOSPLIT|NOFRAME,$0\n\tLANDING\n\tJMP ·" + name + "(SB)\n\n")
		roots.WriteString("\tJMP memfd_go_" + name + "(SB)\n")
	}
	return `#include "textflag.h"
#ifdef GOARCH_amd64
#define LANDING ENDBR64
#else
#ifdef GOARCH_arm64
#define LANDING BTI C
#else
#define LANDING
#endif
#endif

` + exports.String() + "TEXT memfd_go_roots(SB),NOSPLIT|NOFRAME,$0\n" + roots.String()
}
