// SPDX-License-Identifier: MIT

// Package testenv finds what the tests run: the machine's own compilers and linkers,
// and the emulators, compilers and C libraries that ./setup put into the cache.
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

	// CPU is the emulator's name for it, as in qemu-aarch64. The machine's own
	// processor needs none.
	CPU string

	Compiler Tool // a C compiler for glibc

	root string // see Root
}

// Arches are all of them, the order being that of their importance.
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

// Root is the directory that holds the glibc of the compiler, as if it were /.
func (a Arch) Root() string {
	if a.Compiler.Part == "" {
		return a.root
	}
	return filepath.Join(PartDir(a.Compiler.Part), a.root)
}

// CFlags are the options that all C programs are compiled with.
func CFlags() []string {
	return []string{
		"-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-D_FILE_OFFSET_BITS=64",
		"-fasynchronous-unwind-tables", "-pthread", "-I" + filepath.Join(Repository(), "include"),
	}
}

// A Tool is a program: one of the toolchains in the cache, or the host's own.
type Tool struct {
	Part string // the part's name for ./setup; "" is the machine itself
	Name string
}

// Path finds the tool, or says why it is not there.
func (t Tool) Path() (string, error) {
	if t.Part == "" {
		path, err := exec.LookPath(t.Name)
		if err != nil {
			return "", fmt.Errorf("%s is not installed", t.Name)
		}
		return path, nil
	}
	if err := Ready(t.Part); err != nil {
		return "", err
	}
	return filepath.Join(PartDir(t.Part), "bin", t.Name), nil
}

// PartDir is the folder of one of the toolchains in the cache: tests/cmd/setup/parts has a script for each.
func PartDir(part string) string {
	return filepath.Join(cache(), "toolchains", part)
}

// Ready returns nil if a toolchain is in the cache, or the reason why it is not.
func Ready(part string) error {
	dir := PartDir(part)
	if _, err := os.Stat(filepath.Join(dir, ".complete")); err == nil {
		return nil
	}
	if why, err := os.ReadFile(dir + ".missing"); err == nil {
		return fmt.Errorf("make setup could not get %s: %s", part, strings.TrimSpace(string(why)))
	}
	return fmt.Errorf("make setup has not been run for %s", part)
}

// Emulator is the command that runs a program of the architecture, with root as
// its root directory. It is empty where the machine runs the program itself.
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

// Repository is the root of the source tree.
func Repository() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}

// Product is the folder that holds the library built for an architecture: in
// build, or in $MEMFD_GO_BUILD.
func Product(goarch string) (string, error) {
	build := os.Getenv("MEMFD_GO_BUILD")
	if build == "" {
		build = filepath.Join(Repository(), "build")
	}
	dir := filepath.Join(build, "linux_"+goarch)
	if _, err := os.Stat(filepath.Join(dir, "libmemfd_go.so.1")); err != nil {
		return "", fmt.Errorf("there is no library for %s: make all-arch", goarch)
	}
	return dir, nil
}
