// SPDX-License-Identifier: MIT

package runner

import (
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"libmemfd_go/internal/testenv"
)

// The archive links into any kind of program, with any linker, without a warning.
func TestStaticLinking(t *testing.T) {
	for _, target := range targets() {
		t.Run(target.name(), func(t *testing.T) {
			b := newBuilder(t, target)
			b.compile("every_function", bfd).MustRun(t)
			for _, linker := range b.target.modes {
				if linker.isDlopen() || linker.isStatic() {
					continue
				}
				if linker.linker.Name != "" {
					if _, err := linker.linker.Path(); err != nil {
						testenv.Unavailable(t, err)
					}
				}
				for _, kind := range kinds {
					t.Run(linker.name+" "+kind.name, func(t *testing.T) {
						t.Parallel()
						b.linkStatically(t, linker, kind)
					})
				}
			}
		})
	}
}

// codeOf returns the address range of the library's functions in a static program, as start-end,
// or "" if there are none.
func codeOf(program string) string {
	file, err := elf.Open(program)
	if err != nil {
		return ""
	}
	defer file.Close()
	symbols, err := file.Symbols()
	if err != nil {
		return ""
	}
	start, end := ^uint64(0), uint64(0)
	for _, s := range symbols {
		ours := strings.HasPrefix(s.Name, "memfd_go_") || strings.HasPrefix(s.Name, "libmemfd_go/core.")
		if ours && elf.ST_TYPE(s.Info) == elf.STT_FUNC {
			start, end = min(start, s.Value), max(end, s.Value+s.Size)
		}
	}
	return fmt.Sprintf("%x-%x", start, end)
}

// A kind is a kind of program to link.
type kind struct {
	name    string
	options []string
	startup string // a startup file that the C library must have
}

var kinds = []kind{
	{"position-dependent", []string{"-no-pie"}, ""},
	{"pie", []string{"-pie", "-Wl,-z,text", "-Wl,-z,now"}, ""},
	{"static", []string{"-static", "-no-pie"}, ""},
	{"static-pie", []string{"-static-pie"}, "rcrt1.o"},
	{"without unused sections", []string{"-static", "-no-pie", "-Wl,--gc-sections"}, ""},
}

func (b builder) linkStatically(t *testing.T, linker mode, kind kind) {
	switch {
	case kind.startup != "" && !b.has(kind.startup):
		t.Skipf("the C library has no %s", kind.startup)
	case kind.name == "static-pie" && linker.name == "gold":
		t.Skip("gold does not support static-pie")
	}
	program := b.path("every_function", linker, "."+kind.name)
	arguments := slices.Concat([]string{b.compiler, "-pthread", "-Wl,--fatal-warnings"}, linker.options, kind.options,
		[]string{"-o", program, b.object("every_function", linker), filepath.Join(b.product, "libmemfd_go.a")})
	if !slices.ContainsFunc(kind.options, isStaticOption) {
		arguments = append(arguments, b.target.options...) // about the loader
	}
	link := testenv.Command{Arguments: arguments}
	link.MustRun(t)
	run := b.run("every_function", linker)
	run.Arguments = append(slices.Clone(b.emulator), program)
	runTAP(t, run, timeout, "to run it by hand:\n"+link.String())
}

func isStaticOption(option string) bool { return strings.HasPrefix(option, "-static") }

// has reports whether the compiler finds a file of its C library.
func (b builder) has(file string) bool {
	out, err := exec.Command(b.compiler, "-print-file-name="+file).Output()
	return err == nil && filepath.IsAbs(strings.TrimSpace(string(out)))
}

// The archive links into another shared library, without text relocations, and keeps its
// control-flow protection (CET, BTI).
func TestArchiveInSharedLibrary(t *testing.T) {
	protection := map[string]string{"amd64": "-fcf-protection", "arm64": "-mbranch-protection=standard"}
	notes := map[string]string{"amd64": "\x02\x00\x00\xc0\x04\x00\x00\x00\x03\x00\x00\x00", "arm64": "\x00\x00\x00\xc0\x04\x00\x00\x00\x01\x00\x00\x00"}
	for _, target := range targets() {
		if target.libc != "glibc" {
			continue
		}
		t.Run(target.name(), func(t *testing.T) {
			b := newBuilder(t, target)
			source, library := filepath.Join(b.folder, "other.c"), filepath.Join(b.folder, "libother.so")
			text := "#include \"memfd_go.h\"\nint other(void);\nint other(void) { return memfd_go_create(\"other\", 0); }\n"
			if err := os.WriteFile(source, []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
			arguments := slices.Concat([]string{b.compiler}, freestandingOptions,
				[]string{"-shared", "-fPIC", "-fno-asynchronous-unwind-tables", "-Wl,--fatal-warnings", "-Wl,-z,text", "-Wl,-z,defs", "-o", library, source},
				[]string{filepath.Join(b.product, "libmemfd_go.a")})
			if option := protection[target.arch.GOARCH]; option != "" {
				arguments = append(arguments, option)
			}
			testenv.Command{Arguments: arguments}.MustRun(t)
			file, err := elf.Open(library)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			stackIsData(t, file)
			note := file.Section(".note.gnu.property")
			if notes[target.arch.GOARCH] == "" {
				return
			}
			if data, err := note.Data(); err != nil || !strings.Contains(string(data), notes[target.arch.GOARCH]) {
				t.Errorf(".note.gnu.property is % x (error %v), want % x in it", data, err, notes[target.arch.GOARCH])
			}
		})
	}
}

// stackIsData checks that the file does not request an executable stack.
func stackIsData(t *testing.T, file *elf.File) {
	for _, p := range file.Progs {
		if p.Type == elf.PT_GNU_STACK && p.Flags&elf.PF_X == 0 {
			return
		}
	}
	t.Error("the file requests an executable stack")
}
