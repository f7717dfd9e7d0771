package matrix

import (
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"libmemfd_go/tests/lab"
)

// A debugger that stops in the middle of a compound call shows our frames by name,
// and the C caller behind them.
func TestDebuggerShowsTheCaller(t *testing.T) {
	gdb, err := lab.Tool{Name: "gdb"}.Path()
	if err != nil {
		unavailable(t, true, err)
	}
	if runtime.GOARCH != "amd64" {
		t.Skip("the table of targets has no native one here")
	}
	b := newBench(t, targets()[0])
	b.compile("every_function", bfd).mustRun(t)
	b.link("every_function", bfd).mustRun(t)
	program := b.path("every_function", bfd, "")
	// set_size reserves by fallocate(2), deep in Go.
	out, err := exec.Command(gdb, "-nx", "-batch", "-ex", "set debuginfod enabled off",
		"-ex", "catch syscall fallocate", "-ex", "run", "-ex", "bt", "-ex", "kill", program).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{`core.SetSize`, `memfd_go_set_size`, `\bevery_function \(`, `\bmain \(`} {
		if !regexp.MustCompile(`(?m)^#\d+ .*` + want).Match(out) {
			t.Errorf("no frame of %s in\n%s", want, strings.TrimSpace(string(out)))
		}
	}
}
