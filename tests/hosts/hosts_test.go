// SPDX-License-Identifier: MIT

// Package hosts runs the library in hostile host programs: with 64 threads, forks and signals
// at any time, small stacks, low limits, several copies of the library, and sanitizers. Each
// line of a program's TAP output is a test, such as
//
//	TestHosts/musl/forks/works_in_children_of_vfork
//
// The programs run natively. $MEMFD_GO_CALLS is the number of calls of the library that each
// program makes; `make stress` sets it to a million.
package hosts

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"libmemfd_go/internal/tap"
	"libmemfd_go/internal/testenv"
)

// timeout is how long a program may run.
func timeout() time.Duration {
	if os.Getenv("MEMFD_GO_CALLS") != "" {
		return 2 * time.Hour
	}
	return 3 * time.Minute
}

// A host is a way to build and run programs.
type host struct {
	name        string
	compiler    string
	options     []string
	under       []string // the command that runs the program
	environment []string
	programs    []string // nil: all
}

// few are the programs for hosts that check every memory access and are slow.
var few = []string{"every_function", "threads", "own_handler"}

var hosts = []host{
	{name: "glibc", compiler: "gcc"},
	{name: "musl", compiler: "musl-gcc"},
	{name: "address sanitizer of gcc", compiler: "gcc", options: []string{"-fsanitize=address,undefined"}, programs: few},
	{name: "address sanitizer of clang", compiler: "clang", options: []string{"-fsanitize=address,undefined"}, programs: few},
	// The sanitizer does not work with every randomized address space layout.
	{name: "thread sanitizer of gcc", compiler: "gcc", options: []string{"-fsanitize=thread"}, under: []string{"setarch", "-R"}, programs: few},
	{name: "thread sanitizer of clang", compiler: "clang", options: []string{"-fsanitize=thread"}, under: []string{"setarch", "-R"}, programs: few},
	{
		name: "valgrind", compiler: "gcc", programs: few[:2],
		options:     []string{"-DSANITIZED=1"},
		under:       []string{"valgrind", "-q", "--error-exitcode=3"},
		environment: []string{"MEMFD_GO_CALLS=100"}, // valgrind is slow
	},
}

// notWith lists programs that a host cannot run.
var notWith = map[string][]string{
	"musl": {"shadow_stack"}, // needs Debian's unwinder, which is for glibc
}

func TestHosts(t *testing.T) {
	testenv.RequireRegular(t)
	if runtime.GOARCH != "amd64" {
		t.Skip("the hosts are for amd64")
	}
	for _, h := range hosts {
		t.Run(h.name, func(t *testing.T) {
			for _, program := range h.all(t) {
				t.Run(program, func(t *testing.T) { h.test(t, program) })
			}
		})
	}
}

func (h host) all(t *testing.T) []string {
	if h.programs != nil {
		return h.programs
	}
	files, err := filepath.Glob("programs/*.c")
	if err != nil || len(files) == 0 {
		t.Fatal("no programs", err)
	}
	var names []string
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".c")
		if !slices.Contains(notWith[h.name], name) {
			names = append(names, name)
		}
	}
	return names
}

func (h host) test(t *testing.T, program string) {
	compiler := tool(t, h.compiler)
	product, err := testenv.Product(runtime.GOARCH)
	if err != nil {
		testenv.Unavailable(t, err)
	}
	var under []string
	if len(h.under) > 0 {
		under = append([]string{tool(t, h.under[0])}, h.under[1:]...)
	}
	inC := filepath.Join(testenv.Repository(), "tests", "c")
	source := filepath.Join("programs", program+".c")
	if _, err := os.Stat(source); err != nil {
		source = filepath.Join(inC, program+".c")
	}
	built := filepath.Join(t.TempDir(), program)
	compile := slices.Concat([]string{compiler}, testenv.CFlags(), h.options, []string{
		"-I" + inC, "-o", built, source, "-L" + product, "-Wl,-rpath," + product, "-lmemfd_go", "-ldl",
	})
	if out, err := exec.Command(compile[0], compile[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, strings.Join(compile, " "), out)
	}
	command := append(under, built)
	if program == "copies" {
		command = append(command, copies(t, filepath.Join(product, "libmemfd_go.so.1"))...)
	}
	run(t, command, h.environment)
}

// copies creates the copies of the library for the program copies, and returns their paths.
func copies(t *testing.T, library string) []string {
	contents, err := os.ReadFile(library)
	if err != nil {
		t.Fatal(err)
	}
	version := bytes.Replace(contents, []byte("libmemfd_go.so.1\x00"), []byte("libmemfd_go.so.2\x00"), 1)
	version = bytes.Replace(version, []byte("1.0.0\x00"), []byte("1.9.9\x00"), 1)
	folder := t.TempDir()
	names := []string{library, filepath.Join(folder, "libcopy.so"), filepath.Join(folder, "libmemfd_go.so.2")}
	for i, text := range [][]byte{contents, version} {
		if err := os.WriteFile(names[i+1], text, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	return names
}

// run runs a program and reports each line of its TAP output as a subtest.
func run(t *testing.T, command, environment []string) {
	ctx, cancel := context.WithTimeout(t.Context(), timeout())
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = append(os.Environ(), environment...)
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil || errors.Is(err, exec.ErrWaitDelay) {
		out = append(out, err.Error()...)
	}
	tap.Subtests(t, string(out), tap.Status(cmd.ProcessState), "to run it by hand:\n  "+strings.Join(append(environment, command...), " "))
}

// os.fork() and multiprocessing run code of their own in children.
func TestPython(t *testing.T) {
	testenv.RequireRegular(t)
	product, err := testenv.Product(runtime.GOARCH)
	if err != nil {
		testenv.Unavailable(t, err)
	}
	run(t, []string{tool(t, "python3"), filepath.Join("programs", "forks.py")}, []string{
		"PYTHONPATH=" + filepath.Join(testenv.Repository(), "bindings", "python", "src"),
		"PYTHONDONTWRITEBYTECODE=1",
		"MEMFD_GO_LIBRARY=" + filepath.Join(product, "libmemfd_go.so.1"),
	})
}

func tool(t *testing.T, name string) string {
	path, err := testenv.Tool{Name: name}.Path()
	if err != nil {
		testenv.Unavailable(t, err)
	}
	return path
}
