// SPDX-License-Identifier: MIT

//go:build linux

package memfd_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"libmemfd_go/bindings/go/memfd"
	"libmemfd_go/internal/leaks"
)

func init() {
	tasks["exec"] = execTask
	tasks["limits"] = func() error { fmt.Println(string(must(os.ReadFile("/proc/self/limits")))); return nil }
	tasks["arguments"] = func() error { fmt.Println(strings.Join(os.Args, " ")); return nil }
	tasks["exec limits"] = func() error {
		self := must(os.Open("/proc/self/exe"))
		f := must(memfd.CloneWith("copy", self, 1<<30, &memfd.Options{Exec: true}))
		return memfd.Exec(f, []string{"copy"}, []string{childTask + "=limits"})
	}
	tasks["files"] = func() error {
		for _, e := range must(os.ReadDir("/proc/self/fd")) {
			if link, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && strings.Contains(link, "memfd") {
				fmt.Println(e.Name(), link)
			}
		}
		return nil
	}
}

const script = "#!/bin/sh\necho \"$1 $NAME\"\n"

// execTask executes a copy of the file $MEMFD_GO_TEST_FILE, or else the script.
func execTask() error {
	text := []byte(script)
	if path := os.Getenv("MEMFD_GO_TEST_FILE"); path != "" {
		text = must(os.ReadFile(path))
	}
	f, err := memfd.SealedWith("x", text, &memfd.Options{Exec: true})
	if err != nil {
		return err
	}
	return memfd.Exec(f, []string{"name", "hello"}, []string{"NAME=you"})
}

func needExec(t *testing.T) {
	t.Helper()
	if !features(t, 0).Has(memfd.FeatureExecAllowed | memfd.FeatureProcfs) {
		t.Skip("executable files are not allowed, or /proc is not mounted")
	}
}

func TestExec(t *testing.T) {
	leaks.Check(t)
	needExec(t)
	echo, err := exec.LookPath("echo")
	if err != nil {
		t.Skip(err)
	}
	for _, c := range []struct{ file, want string }{{echo, "hello\n"}, {"", "hello you\n"}} {
		output, err := runChild(t, "exec", "MEMFD_GO_TEST_FILE="+c.file)
		want(t, "error", err, nil)
		want(t, "output", output, c.want)
	}
}

// Go's runtime raises RLIMIT_NOFILE. The new program must get the original limit.
func TestExecRestoresLimits(t *testing.T) {
	leaks.Check(t)
	needExec(t)
	const line = "Max open files"
	find := func(text string, err error) string {
		want(t, text, err, nil)
		_, after, _ := strings.Cut(text, line)
		fields, _, _ := strings.Cut(after, "\n")
		return fields
	}
	want(t, line, find(runChild(t, "exec limits")), find(runChild(t, "limits")))
}

func TestExecErrors(t *testing.T) {
	leaks.Check(t)
	wantPathError(t, "not executable", memfd.Exec(sealed(t, "x"), []string{"x"}, nil), "exec", "memfd:test", syscall.EACCES)
	closed := must(memfd.Create("test"))
	closed.Close()
	wantPathError(t, "a closed file", memfd.Exec(closed, []string{"x"}, nil), "exec", "memfd:test", fs.ErrClosed)
	wantError(t, "a nil file", memfd.Exec(nil, nil, nil), fs.ErrInvalid)
	pipe, end, err := os.Pipe()
	defer end.Close()
	wantError(t, "a pipe", memfd.Exec(closeLater(t, must(pipe, err)), []string{"x"}, nil), syscall.EACCES)
	wantError(t, "a directory", memfd.Exec(closeLater(t, must(os.Open("/"))), []string{"x"}, nil), syscall.EACCES)
	needExec(t)
	f := closeLater(t, must(memfd.SealedWith("test", []byte("no program"), &memfd.Options{Exec: true})))
	wantPathError(t, "not a program", memfd.Exec(f, []string{"x"}, nil), "exec", "memfd:test", syscall.ENOEXEC)
	path := closeLater(t, must(memfd.Reopen(f, unix.O_PATH)))
	wantError(t, "no program, opened with O_PATH", memfd.Exec(path, []string{"x"}, nil), syscall.ENOEXEC)
	f = closeLater(t, must(memfd.SealedWith("test", []byte("#!/nowhere\n"), &memfd.Options{Exec: true})))
	wantPathError(t, "a missing interpreter", memfd.Exec(f, []string{"x"}, nil), "exec", "memfd:test", syscall.ENOENT)
	want(t, "close-on-exec", closesOnExec(t, f), true)
}

// newCommand returns a Cmd. At the end of the test it waits for the garbage collector to close
// the clone, which the leak check would report.
func newCommand(t *testing.T, f *os.File, arg ...string) *exec.Cmd {
	t.Helper()
	cmd := must(memfd.Command(f, arg...))
	path := cmd.Path
	t.Cleanup(func() {
		for start := time.Now(); time.Since(start) < 5*time.Second; runtime.GC() {
			if _, err := os.Readlink(path); err != nil {
				return
			}
		}
		t.Errorf("%s: still open 5 s after the Cmd became unreachable", path)
	})
	return cmd
}

// command returns a Cmd that runs a task in this program.
func command(t *testing.T, task string, arg ...string) *exec.Cmd {
	t.Helper()
	needExec(t)
	self := must(os.Open("/proc/self/exe"))
	defer self.Close()
	cmd := newCommand(t, self, arg...)
	cmd.Env = append(os.Environ(), childTask+"="+task)
	return cmd
}

func run(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	output, err := cmd.CombinedOutput()
	if errors.Is(err, syscall.ENOEXEC) {
		t.Skip("an emulated program cannot start another")
	}
	want(t, string(output), err, nil)
	return string(output)
}

func TestCommand(t *testing.T) {
	leaks.Check(t)
	cmd := command(t, "arguments", "one", "two")
	for range 3 {
		runtime.GC() // must not close the clone
	}
	want(t, "output", run(t, cmd), "/proc/self/exe one two\n")
}

// ExtraFiles do not overwrite the descriptor of the program, and the program does not inherit it.
func TestCommandWithExtraFiles(t *testing.T) {
	leaks.Check(t)
	cmd := command(t, "files")
	for range 20 {
		cmd.ExtraFiles = append(cmd.ExtraFiles, closeLater(t, must(memfd.Create("extra"))))
	}
	output := run(t, cmd)
	want(t, "files", strings.Count(output, "memfd:extra"), 20)
	want(t, "the program", strings.Contains(output, "memfd:command"), false)
}

// Package syscall first duplicates some of the files to the numbers after the largest one: here
// standard input, because it is behind the program's third file. The program must not be there.
func TestCommandWithManyDescriptors(t *testing.T) {
	leaks.Check(t)
	output := closeLater(t, must(memfd.Create("output")))
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); limit.Cur < 4096 {
		t.Skipf("RLIMIT_NOFILE is %d", limit.Cur)
	}
	for last := 0; last < 1000; {
		var err error
		if last, err = unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 0); err != nil {
			t.Skip(err)
		}
		defer unix.Close(last)
	}
	cmd := command(t, "arguments")
	closeLater(t, must(os.Open("/dev/null")))
	cmd.Stdin = closeLater(t, must(os.Open("/dev/null"))) // in front of the program
	cmd.Stdout, cmd.Stderr = output, output
	cmd.ExtraFiles = []*os.File{os.Stdin}
	if err := cmd.Run(); !errors.Is(err, syscall.ENOEXEC) { // an emulated program cannot start another
		want(t, "error", err, nil)
	}
}

func TestCommandRunsAClone(t *testing.T) {
	leaks.Check(t)
	needExec(t)
	self := closeLater(t, must(os.Open("/proc/self/exe")))
	f := closeLater(t, must(memfd.CloneWith("program", self, 1<<30, &memfd.Options{Exec: true, Seals: memfd.SealGrow})))
	cmd := newCommand(t, f)
	cmd.Env = append(os.Environ(), childTask+"=arguments")
	if err := f.Truncate(0); err != nil {
		t.Fatal(err)
	}
	want(t, "output", run(t, cmd), "memfd:program\n")
}

func TestCommandErrors(t *testing.T) {
	leaks.Check(t)
	needExec(t)
	_, err := memfd.Command(sealed(t, script))
	wantPathError(t, "a script", err, "command", "memfd:test", syscall.ENOEXEC)
	_, err = memfd.Command(nil)
	wantError(t, "a nil file", err, fs.ErrInvalid)
	cmd := newCommand(t, sealed(t, "no program"))
	wantError(t, "not a program", cmd.Run(), syscall.ENOEXEC)
	for _, limit := range []uint64{100, 1024} { // less than dupHigh tries first, and little more
		withLimit(t, unix.RLIMIT_NOFILE, limit, func() {
			f := sealed(t, "no program")
			for range 30 {
				defer runtime.KeepAlive(newCommand(t, f))
			}
		})
	}
}
