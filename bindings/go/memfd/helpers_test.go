// SPDX-License-Identifier: MIT

//go:build linux

package memfd_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"libmemfd_go/bindings/go/memfd"
)

// childTask is the environment variable that makes a copy of this program run a task.
const childTask = "MEMFD_GO_TEST_CHILD"

// tasks are the functions that a copy of this program can run instead of the tests.
var tasks = map[string]func() error{}

func runTask() {
	if err := tasks[os.Getenv(childTask)](); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// runChild runs a task in a copy of this program, and returns what it printed.
func runChild(t *testing.T, task string, env ...string) (string, error) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(append(os.Environ(), childTask+"="+task), env...)
	output, err := child.CombinedOutput()
	if errors.Is(err, syscall.ENOEXEC) {
		t.Skip("an emulated program cannot start another")
	}
	return string(output), err
}

// must returns v, and panics if err is not nil.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// closeLater closes c at the end of the test.
func closeLater[C io.Closer](t *testing.T, c C) C {
	t.Cleanup(func() { c.Close() })
	return c
}

// create makes a file that is closed at the end of the test.
func create(t *testing.T, opts *memfd.Options) *os.File {
	t.Helper()
	return closeLater(t, must(memfd.CreateWith("test", opts)))
}

func sealed(t *testing.T, contents string) *os.File {
	t.Helper()
	return closeLater(t, must(memfd.Sealed("test", []byte(contents))))
}

// contents reads a file from its start, whatever its offset.
func contents(t *testing.T, f *os.File) string {
	t.Helper()
	return string(must(io.ReadAll(io.NewSectionReader(f, 0, 1<<20))))
}

// wantError fails the test unless errors.Is(err, target).
func wantError(t *testing.T, what string, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("%s: got error %v, want %v", what, err, target)
	}
}

func want[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %#v, want %#v", what, got, want)
	}
}

// closesOnExec reports whether a file is close-on-exec.
func closesOnExec(t *testing.T, f *os.File) bool {
	t.Helper()
	var flags int
	var err error
	must(f.SyscallConn()).Control(func(fd uintptr) { flags, err = unix.FcntlInt(fd, unix.F_GETFD, 0) })
	return must(flags, err)&unix.FD_CLOEXEC != 0
}

// features returns the result of Probe.
func features(t *testing.T, request memfd.Feature) memfd.Features {
	t.Helper()
	return must(memfd.Probe(request))
}

// withLimit runs f with the given soft limit.
func withLimit(t *testing.T, resource int, limit uint64, f func()) {
	t.Helper()
	var old unix.Rlimit
	if err := unix.Getrlimit(resource, &old); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(resource, &unix.Rlimit{Cur: limit, Max: old.Max}); err != nil {
		t.Fatal(err)
	}
	defer unix.Setrlimit(resource, &old)
	f()
}

func addressOf(memory []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(memory)) }
