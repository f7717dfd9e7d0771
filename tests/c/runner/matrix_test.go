// SPDX-License-Identifier: MIT

// Package runner compiles and runs the C programs of tests/c, for each architecture and C library,
// with each linker and with dlopen(3). Each line of a program's TAP output is a subtest, such as
//
//	TestC/arm64/musl/create/dlopen/rejects_bad_names
//
// Programs for other architectures run under qemu-user. Targets without a compiler or an emulator
// are skipped, or fail if $MEMFD_GO_REQUIRE is set and the target is part of a regular run.
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

// timeout is for one program under emulation on a loaded host.
const timeout = 3 * time.Minute

// timeoutOf returns the timeout of a program. The full matrix tries longer interleavings.
func timeoutOf(program string) time.Duration {
	switch {
	case program != "interleavings":
		return timeout
	case testenv.Full():
		return time.Hour
	}
	return 10 * time.Minute
}

// only restricts programs to some targets and modes. unwind_* need Debian's unwinder, which is for
// glibc. The unwind tables are the same for musl.
var only = map[string]func(target, mode) bool{
	"clone_without_sendfile": onceNatively,
	"clone_steps":            onceNatively,
	"failed_mappings":        onceNatively,
	"failing_calls_files":    onceNatively,
	"failing_calls_secret":   onceNatively,
	"failing_calls_transfer": onceNatively,
	"huge_pages_16gb":        onceNatively,
	"import_interleavings":   onceNatively,
	"interleavings":          onceNatively,
	"known_kernel":           inVirtualMachines,
	"load_unload":            func(_ target, m mode) bool { return m.isDlopen() },
	"memory_cgroup":          onceNatively,      // an emulator needs memory itself
	"overcommit":             inVirtualMachines, // changes the setting of the whole system
	"unwind_interrupted":     func(t target, _ mode) bool { return t.libc == "glibc" },
	"unwind_every_instruction": func(t target, _ mode) bool {
		return t.libc == "glibc" && (t.arch.GOARCH == "amd64" || t.arch.GOARCH == "386")
	},
}

// anywhere are the programs that need signals between any two instructions. By default qemu-user
// delivers signals only between translation blocks.
var anywhere = []string{"frame_chain", "overwritten_stack", "unwind_interrupted"}

// exhaustive are the programs that try all cases, which takes too long for a quick run.
var exhaustive = regexp.MustCompile(`^(failing_calls_|interleavings$)`)

func TestMain(m *testing.M) {
	restore := testenv.ReserveHugePages(8)
	code := m.Run()
	restore()
	os.Exit(code)
}

// inEveryMode are the programs that run in all modes on every target, to test symbol resolution.
// The others would find the same in every mode.
var inEveryMode = []string{"create", "every_function", "load_unload"}

// runs reports whether a program runs in a mode.
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

// inVirtualMachines is for programs that only tests/kernels runs.
func inVirtualMachines(target, mode) bool { return false }

// onceNatively is for programs that are slow, need seccomp, and test core, for which the C library
// and the linker do not matter.
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
			b := newBuilder(t, target)
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

// A builder builds and runs programs for a target.
type builder struct {
	target   target
	compiler string
	emulator []string
	product  string // the folder of the library
	folder   string // for the programs
}

// newBuilder skips or fails the test if a tool is missing.
func newBuilder(t *testing.T, target target) builder {
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
	return builder{target, compiler, emulator, product, t.TempDir()}
}

// describe records the versions of the tools.
func (b builder) describe(t *testing.T) {
	libc := b.target.arch.GlibcVersion()
	if b.target.libc == "musl" {
		libc = testenv.MuslVersion(b.target.root, b.emulator)
	}
	t.Attr("tools", testenv.CompilerVersion(b.compiler)+", "+libc)
	testenv.ReportKernel(t, b.emulator)
}

// programs returns the names of the C programs.
func programs(t *testing.T) []string {
	files, err := filepath.Glob(filepath.Join(testenv.Repository(), "tests", "c", "*.c"))
	if err != nil || len(files) == 0 {
		t.Fatal("no C programs in tests/c:", err)
	}
	for i, file := range files {
		files[i] = strings.TrimSuffix(filepath.Base(file), ".c")
	}
	return files
}

// test runs a program in every mode. The object file is the same for all linkers.
func (b builder) test(t *testing.T, program string) {
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
			runTAP(t, b.run(program, mode), timeoutOf(program), "to run it by hand:\n"+compile.String()+"\n"+link.String())
		})
	}
}

// linksStatically restricts static linking for other architectures to two programs. The functions
// are the same as in the shared library. Only relocations and unwind tables can differ.
func (b builder) linksStatically(program string) bool {
	return b.target.arch.GOARCH == runtime.GOARCH || testenv.Full() || slices.Contains([]string{"every_function", "unwind_interrupted"}, program)
}

func (b builder) path(program string, mode mode, suffix string) string {
	return filepath.Join(b.folder, program+"."+mode.name+suffix)
}

// object returns the path of the object file for a mode.
func (b builder) object(program string, m mode) string {
	if !m.isDlopen() {
		m = bfd
	}
	return b.path(program, m, ".o")
}

func (b builder) compile(program string, m mode) testenv.Command {
	arguments := slices.Concat([]string{b.compiler}, testenv.CFlags())
	if m.isDlopen() {
		arguments = append(arguments, "-DUSE_DLOPEN")
	}
	source := filepath.Join(testenv.Repository(), "tests", "c", program+".c")
	return testenv.Command{Arguments: append(arguments, "-c", "-o", b.object(program, m), source)}
}

func (b builder) link(program string, m mode) testenv.Command {
	arguments := slices.Concat([]string{b.compiler, "-pthread"}, m.options,
		[]string{"-o", b.path(program, m, ""), b.object(program, m)})
	if !m.isStatic() {
		arguments = append(arguments, b.target.options...) // the dynamic loader
	}
	if !m.isDlopen() {
		arguments = append(arguments, b.library()...)
	}
	return testenv.Command{Arguments: append(arguments, "-ldl")}
}

// library returns the linker options for the library.
func (b builder) library() []string {
	return []string{"-L" + b.product, "-Wl,-rpath," + b.product, "-lmemfd_go"}
}

// sequences sets the length of the interleavings. Pairs take 10 seconds, triples two minutes.
func sequences() string {
	switch {
	case testenv.Full():
		return "MEMFD_GO_SEQUENCES=3"
	case testenv.Regular():
		return "MEMFD_GO_SEQUENCES=2"
	}
	return "MEMFD_GO_SEQUENCES=1"
}

func (b builder) run(program string, m mode) testenv.Command {
	run := testenv.Command{Arguments: slices.Concat(b.emulator, []string{b.path(program, m, "")})}
	if m.isDlopen() {
		run.Arguments = append(run.Arguments, filepath.Join(b.product, "libmemfd_go.so.1"))
	}
	if m.isStatic() {
		run.Environment = append(run.Environment, "MEMFD_GO_CODE="+codeOf(b.path(program, m, "")))
	}
	if b.emulator != nil { // qemu-user does not implement memfd_secret(2)
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
