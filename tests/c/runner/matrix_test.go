// SPDX-License-Identifier: MIT

// Package runner compiles the C programs of tests/c and runs them: for each
// architecture and C library, linked by each linker and by dlopen. Each line of a
// program's TAP output is a test of its own, such as
//
//	TestC/arm64/musl/create/dlopen/rejects_bad_names
//
// Foreign programs run under qemu-user. Without a compiler or an emulator a target is
// skipped with its reason; with $MEMFD_GO_REQUIRE it fails if a regular run promises
// it.
package runner

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"libmemfd_go/internal/testenv"
)

// timeout is what one program may take under emulation on a busy machine.
const timeout = 3 * time.Minute

// patience is what a program may take. The full matrix tries longer interleavings.
func patience(program string) time.Duration {
	switch {
	case program != "interleavings":
		return timeout
	case testenv.Full():
		return time.Hour
	}
	return 10 * time.Minute
}

// only restricts the programs that are not for every cell. Debian's unwinder is
// made for glibc; the tables that it reads are the same for musl.
var only = map[string]func(target, mode) bool{
	"failing_calls_files":    onceNatively,
	"failing_calls_secret":   onceNatively,
	"failing_calls_transfer": onceNatively,
	"import_interleavings":   onceNatively,
	"interleavings":          onceNatively,
	"known_kernel":           func(target, mode) bool { return false }, // but in tests/kernels
	"load_unload":            func(_ target, m mode) bool { return m.isDlopen() },
	"memory_cgroup":          onceNatively, // an emulator takes memory of its own
	"unwind_interrupted":     func(t target, _ mode) bool { return t.libc == "glibc" },
	"unwind_every_instruction": func(t target, _ mode) bool {
		return t.libc == "glibc" && (t.arch.GOARCH == "amd64" || t.arch.GOARCH == "386")
	},
}

// anywhere are the programs that want signals between any two instructions. Left
// alone, qemu-user delivers them between blocks of code only.
var anywhere = []string{"frame_chain", "overwritten_stack", "unwind_interrupted"}

// exhaustive are the programs that try every case there is, which takes too long for a quick run.
var exhaustive = regexp.MustCompile(`^(failing_calls_|interleavings$)`)

func TestMain(m *testing.M) {
	restore := testenv.ReserveHugePages(8)
	code := m.Run()
	restore()
	os.Exit(code)
}

// inEveryMode are the programs that run in all modes on every target: what they find is
// that functions are found. All others find the same in each mode.
var inEveryMode = []string{"create", "every_function", "load_unload"}

// runs tells whether a program is run in a mode.
func (t target) runs(program string, m mode) bool {
	if applies := only[program]; applies != nil && !applies(t, m) {
		return false
	}
	if !testenv.Regular() { // make quick: everything once
		return m.name == bfd.name
	}
	return m.name == bfd.name || m.isStatic() || slices.Contains(inEveryMode, program) ||
		t.arch.GOARCH == "amd64" && (m.isDlopen() || testenv.Full())
}

// onceNatively is for what is costly, needs seccomp, and tests the library's core: another C
// library or linker would add nothing.
func onceNatively(t target, m mode) bool {
	emulator, err := t.arch.Emulator(t.root)
	return emulator == nil && err == nil && t.libc == "glibc" && m.name == bfd.name &&
		(testenv.Full() || t.arch.GOARCH == runtime.GOARCH)
}

func TestC(t *testing.T) {
	for _, target := range targets() {
		t.Run(target.name(), func(t *testing.T) {
			if !target.isRegular() {
				testenv.RequireFull(t)
			}
			b := newBench(t, target)
			b.describe(t)
			for _, program := range programs(t) {
				t.Run(program, func(t *testing.T) {
					if exhaustive.MatchString(program) {
						testenv.RequireRegular(t)
					}
					t.Parallel()
					b.test(t, program)
				})
			}
		})
	}
}

// A bench is a target with what it takes to build programs for it and to run them.
type bench struct {
	target   target
	compiler string
	emulator []string
	product  string // the folder of the library
	folder   string // for the programs
}

// newBench ends the test if something is missing.
func newBench(t *testing.T, target target) bench {
	if target.arch.GOARCH != runtime.GOARCH || target.libc != "glibc" {
		testenv.RequireRegular(t)
	}
	product, err := testenv.Product(target.arch.GOARCH)
	if err != nil {
		testenv.Unavailable(t, err)
	}
	compiler, err := target.compiler.Path()
	if err != nil {
		testenv.UnavailableIf(t, target.promised, err)
	}
	emulator, err := target.arch.Emulator(target.root)
	if err != nil {
		testenv.UnavailableIf(t, target.promised, err)
	}
	return bench{target, compiler, emulator, product, t.TempDir()}
}

// describe tells what the target consists of.
func (b bench) describe(t *testing.T) {
	libc := b.target.arch.GlibcVersion()
	if b.target.libc == "musl" {
		libc = testenv.MuslVersion(b.target.root, b.emulator)
	}
	t.Attr("tools", testenv.CompilerVersion(b.compiler)+", "+libc)
	testenv.TellKernel(t, b.emulator)
}

// programs are the names of the C programs.
func programs(t *testing.T) []string {
	files, err := filepath.Glob(filepath.Join(testenv.Repository(), "tests", "c", "*.c"))
	if err != nil || len(files) == 0 {
		t.Fatal("no C programs in tests/c", err)
	}
	for i, file := range files {
		files[i] = strings.TrimSuffix(filepath.Base(file), ".c")
	}
	return files
}

// test runs a program in every mode. The object file is the same for all linkers.
func (b bench) test(t *testing.T, program string) {
	compiled := map[bool]testenv.Command{}
	for _, mode := range b.target.modes {
		if !b.target.runs(program, mode) {
			continue
		}
		if mode.isStatic() && !b.linksStatically(program) {
			continue
		}
		t.Run(mode.name, func(t *testing.T) {
			compile, done := compiled[mode.isDlopen()]
			if !done {
				compile = b.compile(program, mode)
				compile.MustRun(t)
				compiled[mode.isDlopen()] = compile
			}
			if mode.linker.Name != "" {
				if _, err := mode.linker.Path(); err != nil {
					testenv.Unavailable(t, err)
				}
			}
			link := b.link(program, mode)
			link.MustRun(t)
			runTAP(t, b.run(program, mode), patience(program), "to run it by hand:\n"+compile.String()+"\n"+link.String())
		})
	}
}

// linksStatically restricts what is linked with the archive for other architectures:
// the functions are the same as in the shared library, and what could differ is how
// they refer to each other, and whether one can unwind through them.
func (b bench) linksStatically(program string) bool {
	return b.target.arch.GOARCH == runtime.GOARCH || testenv.Full() || slices.Contains([]string{"every_function", "unwind_interrupted"}, program)
}

func (b bench) path(program string, mode mode, suffix string) string {
	return filepath.Join(b.folder, program+"."+mode.name+suffix)
}

// object is the name of the object file that a mode links.
func (b bench) object(program string, m mode) string {
	if !m.isDlopen() {
		m = bfd
	}
	return b.path(program, m, ".o")
}

func (b bench) compile(program string, m mode) testenv.Command {
	arguments := slices.Concat([]string{b.compiler}, testenv.CFlags())
	if m.isDlopen() {
		arguments = append(arguments, "-DUSE_DLOPEN")
	}
	source := filepath.Join(testenv.Repository(), "tests", "c", program+".c")
	return testenv.Command{Arguments: append(arguments, "-c", "-o", b.object(program, m), source)}
}

func (b bench) link(program string, m mode) testenv.Command {
	arguments := slices.Concat([]string{b.compiler, "-pthread"}, m.options,
		[]string{"-o", b.path(program, m, ""), b.object(program, m)})
	if !m.isStatic() {
		arguments = append(arguments, b.target.options...) // about the loader
	}
	if !m.isDlopen() {
		arguments = append(arguments, b.library()...)
	}
	return testenv.Command{Arguments: append(arguments, "-ldl")}
}

// library is what the linker is told of the library.
func (b bench) library() []string {
	return []string{"-L" + b.product, "-Wl,-rpath," + b.product, "-lmemfd_go"}
}

// sequences is how long sequences of operations are: pairs of them take 10 seconds, and
// triples two minutes.
func sequences() string {
	switch {
	case testenv.Full():
		return "MEMFD_GO_SEQUENCES=3"
	case testenv.Regular():
		return "MEMFD_GO_SEQUENCES=2"
	}
	return "MEMFD_GO_SEQUENCES=1"
}

func (b bench) run(program string, m mode) testenv.Command {
	run := testenv.Command{Arguments: slices.Concat(b.emulator, []string{b.path(program, m, "")})}
	if m.isDlopen() {
		run.Arguments = append(run.Arguments, filepath.Join(b.product, "libmemfd_go.so.1"))
	}
	if m.isStatic() {
		run.Environment = append(run.Environment, "MEMFD_GO_CODE="+codeOf(b.path(program, m, "")))
	}
	if b.emulator != nil { // qemu-user has no memfd_secret on any architecture
		run.Environment = append(run.Environment, "MEMFD_GO_SECRET=no")
		if slices.Contains(anywhere, program) {
			run.Environment = append(run.Environment, "QEMU_ONE_INSN_PER_TB=1")
		}
	}
	if program == "interleavings" {
		run.Environment = append(run.Environment, sequences())
	}
	return run
}
