// SPDX-License-Identifier: MIT

package purego_test

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"libmemfd_go/internal/leaks"

	"golang.org/x/sys/unix"
)

// cStrings makes a list that ends with null.
func cStrings(texts ...string) **byte {
	list, err := syscall.SlicePtrFromStrings(texts)
	if err != nil {
		panic(err)
	}
	return &list[0]
}

// newProgram creates a file with permissions, and returns it open for reading only.
func newProgram(t *testing.T, contents string, mode uint32) int32 {
	t.Helper()
	fd := newSealedFile(t, contents, 0)
	if err := unix.Fchmod(int(fd), mode); err != nil {
		t.Fatal(err)
	}
	return reopen(t, fd, unix.O_RDONLY)
}

const script = "#!/bin/sh\necho \"$1 $NAME\"\n"

const (
	childOpts = "PUREGO_EXEC_OPTS"
	childFile = "PUREGO_EXEC_FILE"
)

// beReplaced is all that a child of TestExec does: it executes a copy of a file, or else
// the script, and tells what came of it if it is still there.
func beReplaced() error {
	opts, err := strconv.Atoi(os.Getenv(childOpts))
	if err != nil {
		return err
	}
	text := []byte(script)
	if path := os.Getenv(childFile); path != "" {
		if text, err = os.ReadFile(path); err != nil {
			return err
		}
	}
	fd := lib.CreateSealed("x", unix.MFD_CLOEXEC, 0, unsafe.Pointer(&text[0]), uintptr(len(text)))
	if err := unix.Fchmod(int(fd), 0o700); err != nil {
		return err
	}
	argv, envp := cStrings("name", "hello"), cStrings("NAME=you")
	fmt.Println(outcome(lib.Exec(fd, argv, envp, uint32(opts))))
	closesOnExec, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	fmt.Println("close-on-exec", closesOnExec)
	return err
}

// run starts the test binary once more, to be replaced.
func run(t *testing.T, file string, opts int) string {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childFile+"="+file, fmt.Sprint(childOpts, "=", opts))
	output, err := child.CombinedOutput()
	if err != nil {
		if strings.Contains(err.Error(), "exec format error") {
			t.Skip("an emulated program cannot start another:", err)
		}
		t.Fatalf("%v\n%s", err, output)
	}
	return string(output)
}

// needExecutables skips a test where files are not executable unless they are meant to be.
func needExecutables(t *testing.T) {
	t.Helper()
	if policy := newFeatures(t, 0).NoexecPolicy; policy != 0 {
		t.Skip("vm.memfd_noexec is", policy)
	}
}

func TestExec(t *testing.T) {
	leaks.Check(t)
	needExecutables(t)
	echo, err := exec.LookPath("echo")
	if err != nil {
		t.Skip(err)
	}
	same(t, "program", "hello\n", run(t, echo, 0))
	same(t, "script that can read itself", "hello you\n", run(t, "", optInheritFD))
}

// The interpreter of a script could not open a descriptor that is closed by then.
func TestExecOfAScript(t *testing.T) {
	leaks.Check(t)
	needExecutables(t)
	same(t, "script", "ENOENT\nclose-on-exec 1\n", run(t, "", 0))
}

func TestExecErrors(t *testing.T) {
	leaks.Check(t)
	needExecutables(t)
	argv, none := cStrings("name"), cStrings()
	fd := newProgram(t, "neither a program nor a script", 0o700)
	writable := newSealedFile(t, script, unix.F_SEAL_SEAL)
	unix.Fchmod(int(writable), 0o700)
	reopen(t, writable, unix.O_RDWR)
	check(t, []row{
		{"not executable", lib.Exec(newProgram(t, script, 0o600), argv, none, 0), "EACCES"},
		{"no program", lib.Exec(fd, argv, none, 0), "ENOEXEC"},
		{"open for writing", lib.Exec(writable, argv, none, optInheritFD), "ETXTBSY"},
		{"no descriptor", lib.Exec(-1, argv, none, 0), "EBADF"},
		{"no arguments", lib.Exec(fd, nil, none, 0), "EFAULT"},
		{"no environment", lib.Exec(fd, argv, nil, 0), "ENOEXEC"},
		{"long argument", lib.Exec(fd, cStrings(strings.Repeat("x", 10<<20)), none, 0), "E2BIG"},
		{"another function's option", lib.Exec(fd, argv, none, optReserve), "EINVAL"},
	})
	closesOnExec, _ := unix.FcntlInt(uintptr(writable), unix.F_GETFD, 0)
	same(t, "close-on-exec after an error", unix.FD_CLOEXEC, closesOnExec)
}
