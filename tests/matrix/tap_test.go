package matrix

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

var (
	tapResult = regexp.MustCompile(`^(ok|not ok) \d+ - (\S+)(?: # SKIP (.*))?$`)
	tapPlan   = regexp.MustCompile(`^1\.\.(\d+)$`)
)

// runTAP runs a program and makes each line of its TAP output a test. A failure
// shows the lines that came before it, and how to run the program by hand.
func runTAP(t *testing.T, run command, hint string) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, run.arguments[0], run.arguments[1:]...)
	cmd.Env = append(os.Environ(), run.environment...)
	// Its children end with it, and none can keep us waiting for output.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	hint += "\n" + run.String()
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		err = fmt.Errorf("no end after %v", timeout)
	}

	var comments []string
	failed, tests, plan := 0, 0, -1
	for line := range strings.Lines(string(out)) {
		line = strings.TrimRight(line, "\n")
		if m := tapPlan.FindStringSubmatch(line); m != nil {
			fmt.Sscan(m[1], &plan)
			continue
		}
		m := tapResult.FindStringSubmatch(line)
		if m == nil {
			comments = append(comments, line)
			continue
		}
		tests++
		t.Run(m[2], func(t *testing.T) {
			switch {
			case m[1] == "not ok":
				failed++
				t.Errorf("%s\n%s", excerpt(comments), hint)
			case m[3] != "":
				t.Skip(m[3])
			}
		})
		comments = nil
	}
	if plan != tests || err != nil && failed == 0 && exitCode(err) != allSkipped {
		t.Errorf("%d tests of %d, %v\n%s\n%s", tests, plan, err, excerpt(comments), hint)
	}
}

// excerpt is enough of a program's comments to see what is wrong.
func excerpt(comments []string) string {
	const enough = 12
	if len(comments) > enough {
		comments = append(comments[:enough:enough], fmt.Sprintf("# ... and %d lines more", len(comments)-enough))
	}
	return strings.Join(comments, "\n")
}

// allSkipped is the exit status of a program that skipped all its tests.
const allSkipped = 77

func exitCode(err error) int {
	if exit, ok := err.(*exec.ExitError); ok {
		return exit.ExitCode()
	}
	return -1
}
