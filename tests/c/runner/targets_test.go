// SPDX-License-Identifier: MIT

package runner

import (
	"path/filepath"

	"libmemfd_go/internal/testenv"
)

// A target is an architecture and a C library with its compiler.
type target struct {
	arch     testenv.Arch
	libc     string
	compiler testenv.Tool
	options  []string // of the compiler
	root     string   // the emulator's root directory
	modes    []mode
	promised bool // a regular run fails without it
}

func (t target) name() string { return t.arch.GOARCH + "/" + t.libc }

// isRegular is false for targets of the full matrix only: musl under emulation.
func (t target) isRegular() bool { return t.libc == "glibc" || t.arch.GOARCH == "amd64" }

// A mode is a way to link the library.
type mode struct {
	name    string
	linker  testenv.Tool // "" is the compiler's own
	options []string
}

func (m mode) isDlopen() bool { return m.name == "dlopen" }
func (m mode) isStatic() bool { return m.name == "static" }

var (
	dlopen = mode{"dlopen", testenv.Tool{}, nil}
	bfd    = mode{"bfd", testenv.Tool{}, nil}
	gold   = mode{"gold", testenv.Tool{Name: "ld.gold"}, []string{"-fuse-ld=gold"}}
	lld    = mode{"lld", testenv.Tool{Name: "ld.lld"}, []string{"-fuse-ld=lld"}}
	mold   = mode{"mold", testenv.Tool{Name: "ld.mold"}, []string{"-fuse-ld=mold"}}
	static = mode{"static", testenv.Tool{}, []string{"-static"}}
)

// targets returns the targets of the C programs.
func targets() []target {
	all := []mode{dlopen, bfd, gold, lld, mold, static}
	some := []mode{dlopen, bfd, static}
	var ts []target
	add := func(goarch, libc string, compiler testenv.Tool, root string, modes []mode, options ...string) {
		promised := libc == "glibc" || goarch == "amd64"
		ts = append(ts, target{testenv.ArchOf(goarch), libc, compiler, options, root, modes, promised})
	}
	for _, arch := range testenv.Arches {
		modes, options := some, []string(nil)
		switch arch.GOARCH {
		case "amd64":
			modes = all
		case "386":
			options = ownLoader(arch.Root(), "ld-linux.so.2")
		}
		add(arch.GOARCH, "glibc", arch.Compiler, arch.Root(), modes, options...)
	}

	add("amd64", "musl", testenv.Tool{Name: "musl-gcc"}, "/", some)
	for _, m := range []struct{ goarch, triplet, loader string }{
		{"386", "i386-linux-musl", "ld-musl-i386.so.1"},
		{"arm64", "aarch64-linux-musl", ""},
		{"arm", "arm-linux-musleabihf", ""},
		{"riscv64", "riscv64-linux-musl", ""},
		{"ppc64le", "powerpc64le-linux-musl", ""},
		{"s390x", "s390x-linux-musl", ""},
	} {
		part := "musl@" + m.goarch
		root := testenv.PartDir(part) + "/root"
		var options []string
		if m.loader != "" {
			options = ownLoader(root, m.loader)
		}
		add(m.goarch, "musl", testenv.Tool{Part: part, Name: m.triplet + "-gcc"}, root, some, options...)
	}
	return ts
}

// ownLoader sets the dynamic loader and the path of a foreign C library, for programs that run
// without an emulator.
func ownLoader(root, loader string) []string {
	lib := filepath.Join(root, "lib")
	return []string{"-Wl,--dynamic-linker=" + filepath.Join(lib, loader), "-Wl,-rpath," + lib}
}
