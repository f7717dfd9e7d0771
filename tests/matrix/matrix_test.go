// Package matrix compiles the C programs of tests/c and runs them: for each
// architecture and C library, linked by each linker and by dlopen. Each line of a
// program's TAP output is a test of its own, such as
//
//	TestC/arm64/musl/dlopen/create/bad_names
//
// Foreign programs run under qemu-user. Without a compiler or an emulator the cell
// is skipped with its reason; with $MEMFD_GO_REQUIRE it fails if a regular run
// promises it.
package matrix

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"libmemfd_go/tests/lab"
)

// timeout is what one program may take under emulation on a busy machine.
const timeout = 3 * time.Minute

// cFlags are the options that all C programs are compiled with.
var cFlags = []string{
	"-std=gnu11", "-O2", "-g", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-D_FILE_OFFSET_BITS=64",
	"-fasynchronous-unwind-tables", "-pthread", "-I" + filepath.Join(lab.Repository(), "include"),
}

// only restricts the programs that are not for every cell.
var only = map[string]func(target, mode) bool{
	"failing_calls_files":      onceNatively,
	"failing_calls_secret":     onceNatively,
	"failing_calls_transfer":   onceNatively,
	"load_unload":              func(_ target, m mode) bool { return m.isDlopen() },
	"unwind_every_instruction": func(t target, _ mode) bool { return t.arch.GOARCH == "amd64" || t.arch.GOARCH == "386" },
}

// onceNatively is for what is costly, needs seccomp, and tests the library's core: another C
// library or linker would add nothing.
func onceNatively(t target, m mode) bool {
	emulator, err := t.arch.Emulator(t.root)
	return emulator == nil && err == nil && t.libc == "glibc" && m.name == bfd.name
}

func TestC(t *testing.T) {
	for _, target := range targets() {
		t.Run(target.name(), func(t *testing.T) {
			product, err := lab.Product(target.arch.GOARCH)
			if err != nil {
				unavailable(t, true, err)
			}
			compiler, err := target.compiler.Path()
			if err != nil {
				unavailable(t, target.promised, err)
			}
			emulator, err := target.arch.Emulator(target.root)
			if err != nil {
				unavailable(t, target.promised, err)
			}
			for _, mode := range target.modes {
				c := cell{target, mode, compiler, emulator, product, t.TempDir()}
				t.Run(mode.name, c.test)
			}
		})
	}
}

// A cell is one combination of the matrix, with what it takes to run it.
type cell struct {
	target   target
	mode     mode
	compiler string
	emulator []string
	product  string // the folder of the library
	folder   string // for the programs
}

func (c cell) test(t *testing.T) {
	if c.mode.linker.Name != "" {
		if _, err := c.mode.linker.Path(); err != nil {
			unavailable(t, true, err)
		}
	}
	for _, program := range programs(t) {
		if applies := only[program]; applies != nil && !applies(c.target, c.mode) {
			continue
		}
		t.Run(program, func(t *testing.T) {
			t.Parallel()
			c.runProgram(t, program)
		})
	}
}

// programs are the names of the C programs.
func programs(t *testing.T) []string {
	files, err := filepath.Glob(filepath.Join(lab.Repository(), "tests", "c", "*.c"))
	if err != nil || len(files) == 0 {
		t.Fatal("no C programs in tests/c", err)
	}
	for i, file := range files {
		files[i] = strings.TrimSuffix(filepath.Base(file), ".c")
	}
	return files
}

func (c cell) runProgram(t *testing.T, program string) {
	executable := filepath.Join(c.folder, program)
	compile := c.compileCommand(program, executable)
	if out, err := exec.Command(compile[0], compile[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, strings.Join(compile, " "), out)
	}
	run := slices.Concat(c.emulator, []string{executable})
	if c.mode.isDlopen() {
		run = append(run, filepath.Join(c.product, "libmemfd_go.so.1"))
	}
	var environment []string
	if c.emulator != nil { // qemu-user has no memfd_secret on any architecture
		environment = append(environment, "MEMFD_GO_SECRET=no")
	}
	runTAP(t, environment, run, "to run it by hand:\n  "+strings.Join(compile, " ")+
		"\n  "+strings.Join(slices.Concat(environment, run), " "))
}

func (c cell) compileCommand(program, executable string) []string {
	command := slices.Concat([]string{c.compiler}, cFlags, c.target.options, c.mode.options,
		[]string{"-o", executable, filepath.Join(lab.Repository(), "tests", "c", program+".c")})
	if !c.mode.isDlopen() {
		command = append(command, "-L"+c.product, "-Wl,-rpath,"+c.product, "-lmemfd_go")
	}
	return append(command, "-ldl")
}

func TestMain(m *testing.M) {
	restore := reserveHugePages(4)
	code := m.Run()
	restore()
	os.Exit(code)
}
