package purego_test

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// cStrings makes a list that ends with null.
func cStrings(t *testing.T, texts ...string) **byte {
	t.Helper()
	list := make([]*byte, len(texts)+1)
	for i, text := range texts {
		p, err := unix.BytePtrFromString(text)
		if err != nil {
			t.Fatal(err)
		}
		list[i] = p
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

// TestExecChild is no test: TestExec starts it to be replaced by a program.
func TestExecChild(t *testing.T) {
	opts, err := strconv.Atoi(os.Getenv("PUREGO_EXEC_OPTS"))
	if err != nil {
		t.Skip("this is for TestExec")
	}
	text := script
	if path := os.Getenv("PUREGO_EXEC_FILE"); path != "" {
		contents, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text = string(contents)
	}
	fd := newProgram(t, text, 0o700)
	fmt.Println(outcome(lib.Exec(fd, cStrings(t, "name", "hello"), cStrings(t, "NAME=you"), uint32(opts))))
	closesOnExec, _ := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	fmt.Println("close-on-exec", closesOnExec)
}

// run starts the test binary to run TestExecChild only.
func run(t *testing.T, file string, opts int) string {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestExecChild$")
	child.Env = append(os.Environ(), "PUREGO_EXEC_FILE="+file, fmt.Sprint("PUREGO_EXEC_OPTS=", opts))
	output, err := child.CombinedOutput()
	if err != nil {
		if strings.Contains(err.Error(), "exec format error") {
			t.Skip("an emulated program cannot start another:", err)
		}
		t.Fatalf("%v\n%s", err, output)
	}
	return string(output)
}

func TestExec(t *testing.T) {
	echo, err := exec.LookPath("echo")
	if err != nil {
		t.Skip(err)
	}
	same(t, "program", "hello\n", run(t, echo, 0))
	same(t, "script that can read itself", "hello you\n", run(t, "", optKeepFD))
}

// The interpreter of a script could not open a descriptor that is closed by then.
func TestExecOfAScript(t *testing.T) {
	same(t, "script", "ENOENT\nclose-on-exec 1\nPASS\n", run(t, "", 0))
}

func TestExecErrors(t *testing.T) {
	leaksNothing(t)
	argv, none := cStrings(t, "name"), cStrings(t)
	fd := newProgram(t, "neither a program nor a script", 0o700)
	writable := newSealedFile(t, script, unix.F_SEAL_SEAL)
	unix.Fchmod(int(writable), 0o700)
	reopen(t, writable, unix.O_RDWR)
	check(t, []row{
		{"not executable", lib.Exec(newProgram(t, script, 0o600), argv, none, 0), "EACCES"},
		{"no program", lib.Exec(fd, argv, none, 0), "ENOEXEC"},
		{"open for writing", lib.Exec(writable, argv, none, optKeepFD), "ETXTBSY"},
		{"no descriptor", lib.Exec(-1, argv, none, 0), "EBADF"},
		{"no arguments", lib.Exec(fd, nil, none, 0), "EFAULT"},
		{"no environment", lib.Exec(fd, argv, nil, 0), "EFAULT"},
		{"long argument", lib.Exec(fd, cStrings(t, strings.Repeat("x", 10<<20)), none, 0), "E2BIG"},
		{"another function's option", lib.Exec(fd, argv, none, optReserve), "EINVAL"},
	})
	closesOnExec, _ := unix.FcntlInt(uintptr(writable), unix.F_GETFD, 0)
	same(t, "close-on-exec after an error", unix.FD_CLOEXEC, closesOnExec)
}
