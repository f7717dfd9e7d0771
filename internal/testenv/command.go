// SPDX-License-Identifier: MIT

package testenv

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"libmemfd_go/internal/tap"
)

// A Command is a command that failures print in the syntax of a shell.
type Command struct {
	Folder      string // "" is the current folder
	Environment []string
	Arguments   []string
}

// String returns the command line.
func (c Command) String() string {
	words := slices.Concat(c.Environment, c.Arguments)
	for i, word := range words {
		if strings.ContainsAny(word, " ") {
			words[i] = "'" + word + "'"
		}
	}
	line := "  " + strings.Join(words, " ")
	if c.Folder != "" {
		line = "  cd " + c.Folder + " &&\n" + line
	}
	return line
}

// MustRun runs a command, and fails the test if it fails.
func (c Command) MustRun(t testing.TB) {
	t.Helper()
	cmd := exec.Command(c.Arguments[0], c.Arguments[1:]...)
	cmd.Dir = c.Folder
	cmd.Env = append(os.Environ(), c.Environment...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, c, out)
	}
}

// Capture runs a command, and returns its output and its status (tap.Status).
func (c Command) Capture(t testing.TB, timeout time.Duration) (output string, status int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.Arguments[0], c.Arguments[1:]...)
	cmd.Dir = c.Folder
	cmd.Env = append(os.Environ(), c.Environment...)
	// On a timeout, kill its children, too. A child that keeps the pipe open must not block this test.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	output, status = string(out), tap.Status(cmd.ProcessState)
	if ctx.Err() != nil {
		output += fmt.Sprintf("killed after %v\n", timeout)
	}
	if errors.Is(err, exec.ErrWaitDelay) {
		t.Errorf("a child of this command is still running, with its output open:\n%s", c)
	}
	return output, status
}
