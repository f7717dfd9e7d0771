// SPDX-License-Identifier: MIT

// Package mutants tests that the linker refuses code that needs the Go runtime. It adds functions with
// such code to a copy of core, called by an export, and expects the build to fail and name them. A
// mutation that compiles to plain instructions on some architectures must build there.
package mutants

import (
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"libmemfd_go/internal/testenv"
)

// A mutation is a Go function of an address and a number, and a regular expression for the refusal: the
// call chain from the function on.
type mutation struct {
	name string
	code string // the function's body; after --- declarations outside of it
	want string
	// plain lists the architectures where it compiles to plain instructions.
	plain []string
}

// line matches a refusal: the call chain from an export to the refused symbol.
func (m mutation) line() *regexp.Regexp {
	return regexp.MustCompile(`(?m)^\tmemfd_go_unmap -> main\.unmap(\.abi0 -> main\.unmap)? -> libmemfd_go/core\.mutations -> libmemfd_go/core\.` +
		m.name + `\b.*` + m.want)
}

func TestMutations(t *testing.T) {
	eachArch(t, func(t *testing.T, arch testenv.Arch) {
		output, err := goBuild(t, arch, source(mutations...))
		if err == nil {
			t.Fatal("the build succeeded")
		}
		for _, m := range mutations {
			named := regexp.MustCompile(`(?m)^.* libmemfd_go/core\.`+m.name+`\b.*`).FindAllString(output, -1)
			switch plain := slices.Contains(m.plain, arch.GOARCH); {
			case plain && len(named) > 0:
				t.Errorf("%s: should compile to plain instructions, but was refused:\n%s", m.name, strings.Join(named, "\n"))
			case !plain && !m.line().MatchString(output):
				t.Errorf("%s: no refusal matches\n\t%s\nThe refusals are:\n%s", m.name, m.line(), strings.Join(named, "\n"))
			}
		}
		if t.Failed() {
			t.Log(output)
		}
	})
}

// Mutations that compile to plain instructions build, and the library contains nothing of the runtime.
func TestPlainCode(t *testing.T) {
	eachArch(t, func(t *testing.T, arch testenv.Arch) {
		var plain []mutation
		for _, m := range mutations {
			if slices.Contains(m.plain, arch.GOARCH) {
				plain = append(plain, m)
			}
		}
		if len(plain) == 0 {
			t.Skip("no mutation compiles to plain instructions here")
		}
		out := t.TempDir()
		if output, err := goBuildTo(t, out, arch, source(plain...)); err != nil {
			t.Fatalf("the build failed: %v\n%s", err, output)
		}
		onlyOurs(t, filepath.Join(out, "libmemfd_go.so.1"))
	})
}

// Each mutation alone is refused, so that none depends on another one.
func TestEachMutation(t *testing.T) {
	testenv.RequireFull(t)
	eachArch(t, func(t *testing.T, arch testenv.Arch) {
		for _, m := range mutations {
			plain := slices.Contains(m.plain, arch.GOARCH)
			output, err := goBuild(t, arch, source(m))
			if plain != (err == nil) || !plain && !m.line().MatchString(output) {
				t.Errorf("%s: %v\n%s", m.name, err, output)
			}
		}
	})
}

// Go's linker refuses a function with too large a frame, because it adds up the frames of a call chain.
func TestLargeFrame(t *testing.T) {
	eachArch(t, func(t *testing.T, arch testenv.Arch) {
		frame := mutation{name: "largeFrame", code: `var page [4096]byte
			for i := range page { page[i] = byte(n) }
			return int(fold(&page))
			---
			//go:nosplit
			//go:noinline
			func fold(page *[4096]byte) (sum byte) { for _, b := range page { sum ^= b }; return sum }`}
		output, err := goBuild(t, arch, source(frame))
		if err == nil || !strings.Contains(output, "nosplit stack over") {
			t.Errorf("want an error about the nosplit stack, got %v\n%s", err, output)
		}
	})
}

// source returns a file of package core with some mutations, and a function that calls them.
func source(mutations ...mutation) string {
	calls, functions := "0", ""
	for _, m := range mutations {
		body, outside, _ := strings.Cut(m.code, "---")
		calls += " + " + m.name + "(p, n)"
		functions += fmt.Sprintf("//go:nosplit\n//go:noinline\nfunc %s(p unsafe.Pointer, n uintptr) int {\n%s\n}\n\n%s\n\n", m.name, body, outside)
	}
	return head + "//go:nosplit\n//go:noinline\nfunc mutations(p unsafe.Pointer, n uintptr) int {\nreturn " + calls + "\n}\n\n" + functions
}

// linker is the path of the linker, built once.
var linker string

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "memfd_go")
	if err != nil {
		panic(err)
	}
	linker = filepath.Join(folder, "linker")
	build := exec.Command("go", "build", "-o", linker, "./capi/linker")
	build.Dir = testenv.Repository()
	if output, err := build.CombinedOutput(); err != nil {
		panic(string(output))
	}
	code := m.Run()
	os.RemoveAll(folder)
	os.Exit(code)
}

// goBuild builds the library with an additional file, and returns the output.
func goBuild(t *testing.T, arch testenv.Arch, source string) (output string, err error) {
	return goBuildTo(t, t.TempDir(), arch, source)
}

func goBuildTo(t *testing.T, out string, arch testenv.Arch, source string) (output string, err error) {
	t.Helper()
	command := exec.Command(linker, "build", "-arch", arch.GOARCH, "-o", out)
	command.Dir = mutated(t, arch, source)
	printed, err := command.CombinedOutput()
	return chained(string(printed)), err
}

// A refusal consists of two lines: the source line, and the call chain from an export.
var refusal = regexp.MustCompile(`(?m)^\S+:\d+: (.*?), in .*\n\t(.*)$`)

// chained joins the two lines of each refusal, the chain first.
func chained(printed string) string { return refusal.ReplaceAllString(printed, "\t$2: $1") }

// mutated copies the sources to a new folder, adds a file to core, and makes memfd_go_unmap call it.
func mutated(t *testing.T, arch testenv.Arch, source string) (top string) {
	t.Helper()
	top = t.TempDir()
	for _, part := range []string{"go.mod", "go.sum", "core", "capi"} {
		if output, err := exec.Command("cp", "-R", filepath.Join(testenv.Repository(), part), top).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
	}
	exports, err := os.ReadFile(filepath.Join(top, "capi", "exports.go"))
	if err != nil {
		t.Fatal(err)
	}
	const call = "return core.Unmap(addr, length)"
	if !strings.Contains(string(exports), call) {
		t.Fatalf("capi/exports.go does not contain %q; update this test", call)
	}
	files := map[string]string{
		"core/mutations.go": source,
		"capi/exports.go":   strings.Replace(string(exports), call, call+" + core.Mutations(addr, length)", 1),
	}
	if strings.Contains(source, "func read()") {
		files["core/mutations.s"] = "#include \"textflag.h\"\n\nTEXT ·read(SB),NOSPLIT,$0\n\t" + readAssembly[arch.GOARCH] + "\n\tRET\n"
	}
	for file, text := range files {
		if err := os.WriteFile(filepath.Join(top, file), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return top
}

// onlyOurs checks that a library contains no symbol of other packages, except the system call
// instruction, and functions that the compiler calls instead of generating code.
func onlyOurs(t *testing.T, library string) {
	t.Helper()
	allowed := regexp.MustCompile(`^(memfd_go_|main\.|libmemfd_go/core\.|syscall\.RawSyscall6$|internal/runtime/syscall/(linux\.)?Syscall6(\.abi0)?$|` +
		`internal/runtime/syscall\.Syscall6|callGo|__x86\.get_pc_thunk\.|runtime\.duff(zero|copy)$|runtime\.loong64HasLSX$|\$[axd])`)
	file, err := elf.Open(library)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	symbols, err := file.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range symbols {
		if !allowed.MatchString(s.Name) {
			t.Errorf("the library contains %s", s.Name)
		}
	}
}

func eachArch(t *testing.T, test func(t *testing.T, arch testenv.Arch)) {
	for _, arch := range testenv.Arches {
		t.Run(arch.GOARCH, func(t *testing.T) {
			t.Parallel()
			test(t, arch)
		})
	}
}
