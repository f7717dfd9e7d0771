// SPDX-License-Identifier: MIT

// Package tap reports the TAP output of the C test programs (tests/c/test.h) as subtests.
package tap

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// Exit statuses of a test program, besides 0.
const (
	someFailed = 1
	allSkipped = 77
)

var (
	result = regexp.MustCompile(`^(ok|not ok) \d+ - (\S+)(?: # SKIP (.*))?$`)
	plan   = regexp.MustCompile(`^1\.\.(\d+)$`)
)

// Status returns the exit status of a program, or minus the number of the signal that killed it.
func Status(ended *os.ProcessState) int {
	if wait, ok := ended.Sys().(syscall.WaitStatus); ok && wait.Signaled() {
		return -int(wait.Signal())
	}
	return ended.ExitCode()
}

func ending(status int) string {
	if status < 0 {
		return "killed by " + unix.SignalName(syscall.Signal(-status))
	}
	return fmt.Sprint("exit status ", status)
}

// Subtests reports each result as a subtest. A failure prints the comments before it, and the hint,
// which tells how to run the program by hand.
func Subtests(t *testing.T, output string, status int, hint string) {
	var comments []string
	tests, failed, planned := 0, 0, -1
	for line := range strings.Lines(output) {
		line = strings.TrimRight(line, "\r\n")
		if m := plan.FindStringSubmatch(line); m != nil {
			fmt.Sscan(m[1], &planned)
			continue
		}
		m := result.FindStringSubmatch(line)
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
	expected := status == 0 || status == allSkipped || status == someFailed && failed > 0
	if planned != tests || !expected {
		t.Errorf("the program reported %d of %d tests, %s\n%s\n%s", tests, planned, ending(status), excerpt(comments), hint)
	}
}

// excerpt shortens the comments of a program to its first and last lines.
func excerpt(comments []string) string {
	const enough = 12
	if left := len(comments) - enough; left > 0 {
		last := comments[len(comments)-enough/2:]
		comments = append(comments[:enough/2:enough/2], fmt.Sprintf("# ... %d lines ...", left))
		comments = append(comments, last...)
	}
	return strings.Join(comments, "\n")
}
