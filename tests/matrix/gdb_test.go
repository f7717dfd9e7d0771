package matrix

import (
	"os/exec"
	"path/filepath"
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
	product, err := lab.Product(runtime.GOARCH)
	if err != nil {
		unavailable(t, true, err)
	}
	compiler, err := lab.Tool{Name: "gcc"}.Path()
	if err != nil {
		unavailable(t, true, err)
	}
	program := filepath.Join(t.TempDir(), "every_function")
	c := cell{mode: bfd, compiler: compiler, product: product}
	build := c.compileCommand("every_function", program)
	if out, err := exec.Command(build[0], build[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	// set_size reserves by fallocate(2), deep in Go.
	out, err := exec.Command(gdb, "-nx", "-batch", "-ex", "set debuginfod enabled off",
		"-ex", "catch syscall fallocate", "-ex", "run", "-ex", "bt", "-ex", "kill", program).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{`core\.SetSize`, `memfd_go_set_size`, `call_file_functions`, `\bmain \(`} {
		if !regexp.MustCompile(`(?m)^#\d+ .*` + want).Match(out) {
			t.Errorf("no frame of %s in\n%s", want, strings.TrimSpace(string(out)))
		}
	}
}
