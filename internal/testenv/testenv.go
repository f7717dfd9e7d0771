// SPDX-License-Identifier: MIT

// Package testenv finds the tools of the tests: the host's, and the emulators, compilers and C
// libraries that make setup put into the cache.
package testenv

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// An Arch is one of the architectures that the library is built for.
type Arch struct {
	GOARCH string

	// CPU is QEMU's name, as in qemu-aarch64.
	CPU string

	Compiler Tool // a C compiler for glibc

	root string // see Root
}

// Arches lists all architectures, the most important first.
var Arches = []Arch{
	{"amd64", "x86_64", Tool{Name: "gcc"}, "/"},
	{"arm64", "aarch64", Tool{Name: "aarch64-linux-gnu-gcc"}, "/usr/aarch64-linux-gnu"},
	{"386", "i386", Tool{Name: "i686-linux-gnu-gcc"}, "/usr/i686-linux-gnu"},
	{"arm", "arm", Tool{Name: "arm-linux-gnueabihf-gcc"}, "/usr/arm-linux-gnueabihf"},
	{"riscv64", "riscv64", Tool{Name: "riscv64-linux-gnu-gcc"}, "/usr/riscv64-linux-gnu"},
	{"ppc64le", "ppc64le", Tool{Name: "powerpc64le-linux-gnu-gcc"}, "/usr/powerpc64le-linux-gnu"},
	{"s390x", "s390x", Tool{Name: "s390x-linux-gnu-gcc"}, "/usr/s390x-linux-gnu"},
	{"loong64", "loongarch64", Tool{"gcc@loong64", "loongarch64-linux-gnu-gcc"}, "root"},
}

// Root returns the root directory with the glibc of the compiler.
func (a Arch) Root() string {
	if a.Compiler.Part == "" {
		return a.root
	}
	return filepath.Join(PartDir(a.Compiler.Part), a.root)
}

// CFlags returns the compiler options of all C test programs.
func CFlags() []string {
	return []string{
		"-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-D_FILE_OFFSET_BITS=64",
		"-fasynchronous-unwind-tables", "-pthread", "-I" + filepath.Join(Repository(), "include"),
	}
}

// A Tool is a program of a toolchain in the cache, or of the host.
type Tool struct {
	Part string // a name for tests/cmd/setup/toolchains; "" for the host
	Name string
}

// Path returns the path of the tool, or why it is missing.
func (t Tool) Path() (string, error) {
	if t.Part == "" {
		path, err := exec.LookPath(t.Name)
		if err != nil {
			return "", fmt.Errorf("%s is not installed: run make setup", t.Name)
		}
		return path, nil
	}
	if err := Ready(t.Part); err != nil {
		return "", err
	}
	return filepath.Join(PartDir(t.Part), "bin", t.Name), nil
}

// PartDir returns the folder of a toolchain in the cache. Its script is in tests/cmd/setup/parts.
func PartDir(part string) string {
	return filepath.Join(cache(), "toolchains", part)
}

// Ready returns nil if a toolchain is in the cache, or why it is not.
func Ready(part string) error {
	dir := PartDir(part)
	if _, err := os.Stat(filepath.Join(dir, ".complete")); err == nil {
		return nil
	}
	if why, err := os.ReadFile(dir + ".missing"); err == nil {
		return fmt.Errorf("make setup failed for %s: %s", part, strings.TrimSpace(string(why)))
	}
	return fmt.Errorf("%s is not set up: run make setup, or for make matrix: tests/cmd/setup/toolchains %[1]s", part)
}

// Emulator returns the command that runs a program of the architecture with a root directory. It is
// empty if the host can run the program.
func (a Arch) Emulator(root string) ([]string, error) {
	if runtime.GOARCH == a.GOARCH || runtime.GOARCH == "amd64" && a.GOARCH == "386" {
		return nil, nil
	}
	path, err := Tool{"qemu-user", "qemu-" + a.CPU}.Path()
	if err != nil {
		return nil, err
	}
	return []string{path, "-L", root}, nil
}

func cache() string {
	dir := os.Getenv("XDG_CACHE_HOME")
	if dir == "" {
		dir = filepath.Join(os.Getenv("HOME"), ".cache")
	}
	return filepath.Join(dir, "memfd_go")
}

// Repository returns the top folder of the sources.
func Repository() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}

// Product returns the folder of the library for an architecture, in build or $MEMFD_GO_BUILD.
func Product(goarch string) (string, error) {
	dir := buildFolder(goarch)
	if _, err := os.Stat(filepath.Join(dir, "libmemfd_go.so.1")); err != nil {
		return "", fmt.Errorf("the library for %s is not built: run make all-arch", goarch)
	}
	return dir, nil
}

// Program is the command memfd that was built for an architecture.
func Program(goarch string) (string, error) {
	program := filepath.Join(buildFolder(goarch), "memfd")
	if _, err := os.Stat(program); err != nil {
		return "", fmt.Errorf("the command for %s is not built: run make commands", goarch)
	}
	return program, nil
}

func buildFolder(goarch string) string {
	build := os.Getenv("MEMFD_GO_BUILD")
	if build == "" {
		build = filepath.Join(Repository(), "build")
	}
	return filepath.Join(build, "linux_"+goarch)
}
