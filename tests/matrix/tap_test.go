package matrix

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"libmemfd_go/tests/tap"
)

// runTAP runs a program and makes each line of its TAP output a test. A failure
// shows how to run the program by hand.
func runTAP(t *testing.T, run command, hint string) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, run.arguments[0], run.arguments[1:]...)
	cmd.Env = append(os.Environ(), run.environment...)
	// Its children end with it, and none can keep us waiting for output.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	output, status := string(out), cmd.ProcessState.ExitCode()
	if ctx.Err() != nil {
		output += fmt.Sprintf("no end after %v\n", timeout)
	}
	if errors.Is(err, exec.ErrWaitDelay) { // left behind what holds its output
		status = -1
	}
	tap.Subtests(t, output, status, hint+"\n"+run.String())
}
