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

// cStrings returns a null-terminated list of C strings.
func cStrings(texts ...string) **byte {
	list, err := syscall.SlicePtrFromStrings(texts)
	if err != nil {
		panic(err)
	}
	return &list[0]
}

// newProgram creates a file and returns a read-only descriptor.
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

// execTask is run by the child of TestExec: it executes a copy of a file, or else the script, and
// prints the error if that fails.
func execTask() error {
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

// run starts the test binary, which executes execTask.
func run(t *testing.T, file string, opts int) string {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childFile+"="+file, fmt.Sprint(childOpts, "=", opts))
	output, err := child.CombinedOutput()
	if err != nil {
		if strings.Contains(err.Error(), "exec format error") {
			t.Skip("an emulated program cannot start another")
		}
		t.Fatalf("%v\n%s", err, output)
	}
	return string(output)
}

// needExecutables skips the test if vm.memfd_noexec is set.
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
	same(t, "script with OPT_INHERIT_FD", "hello you\n", run(t, "", optInheritFD))
}

// The interpreter of a script cannot open a descriptor that is close-on-exec.
func TestExecScript(t *testing.T) {
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
		{"not a program", lib.Exec(fd, argv, none, 0), "ENOEXEC"},
		{"open for writing", lib.Exec(writable, argv, none, optInheritFD), "ETXTBSY"},
		{"bad descriptor", lib.Exec(-1, argv, none, 0), "EBADF"},
		{"null argv", lib.Exec(fd, nil, none, 0), "EFAULT"},
		{"null envp", lib.Exec(fd, argv, nil, 0), "ENOEXEC"},
		{"long argument", lib.Exec(fd, cStrings(strings.Repeat("x", 10<<20)), none, 0), "E2BIG"},
		{"option of another function", lib.Exec(fd, argv, none, optReserve), "EINVAL"},
	})
	closesOnExec, _ := unix.FcntlInt(uintptr(writable), unix.F_GETFD, 0)
	same(t, "close-on-exec after an error", unix.FD_CLOEXEC, closesOnExec)
}
