package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"libmemfd_go/internal/tap"
)

// runTAP runs a program and makes each line of its TAP output a test. A failure
// shows how to run the program by hand.
func runTAP(t *testing.T, run command, hint string) {
	output, status := run.capture(t, timeout)
	tap.Subtests(t, output, status, hint+"\n"+run.String())
}

// capture runs a command and returns what it wrote and its exit status, which is -1
// if it did not exit.
func (c command) capture(t *testing.T, timeout time.Duration) (output string, status int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.arguments[0], c.arguments[1:]...)
	cmd.Dir = c.folder
	cmd.Env = append(os.Environ(), c.environment...)
	// Its children end with it, and none can keep us waiting for output.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	output, status = string(out), cmd.ProcessState.ExitCode()
	if ctx.Err() != nil {
		output += fmt.Sprintf("no end after %v\n", timeout)
	}
	if errors.Is(err, exec.ErrWaitDelay) { // left behind what holds its output
		status = -1
	}
	return output, status
}
