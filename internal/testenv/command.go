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

// A Command can be shown as one would type it.
type Command struct {
	Folder      string // "" is the current one
	Environment []string
	Arguments   []string
}

// String is the command line.
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

// MustRun runs a command that has to succeed.
func (c Command) MustRun(t testing.TB) {
	t.Helper()
	cmd := exec.Command(c.Arguments[0], c.Arguments[1:]...)
	cmd.Dir = c.Folder
	cmd.Env = append(os.Environ(), c.Environment...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, c, out)
	}
}

// Capture runs a command and returns what it wrote and how it ended (tap.Status).
func (c Command) Capture(t testing.TB, timeout time.Duration) (output string, status int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.Arguments[0], c.Arguments[1:]...)
	cmd.Dir = c.Folder
	cmd.Env = append(os.Environ(), c.Environment...)
	// Its children end with it, and none can keep us waiting for output.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	output, status = string(out), tap.Status(cmd.ProcessState)
	if ctx.Err() != nil {
		output += fmt.Sprintf("no end after %v\n", timeout)
	}
	if errors.Is(err, exec.ErrWaitDelay) {
		t.Errorf("it left a process behind that holds its output\n%s", c)
	}
	return output, status
}
