// SPDX-License-Identifier: MIT

package runner

import (
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"libmemfd_go/internal/testenv"
)

// With the separate debug information, which gdb finds by the build ID, it shows source lines and
// inlined functions.
func TestDebuggerShowsLines(t *testing.T) {
	gdb, err := testenv.Tool{Name: "gdb"}.Path()
	if err != nil {
		testenv.Unavailable(t, err)
	}
	if runtime.GOARCH != "amd64" {
		t.Skip("the first target is amd64")
	}
	b := newBuilder(t, targets()[0])
	b.compile("every_function", bfd).MustRun(t)
	b.link("every_function", bfd).MustRun(t)
	out, err := exec.Command(gdb, "-nx", "-batch", "-iex", "set debug-file-directory "+debugFolder(t, b),
		"-ex", "set debuginfod enabled off", "-ex", `directory "`+filepath.Join(testenv.Repository(), "core")+`"`,
		"-ex", "set breakpoint pending on", "-ex", "break libmemfd_go/core.SetSize", "-ex", "run", "-ex", "list",
		"-ex", "catch syscall fallocate", "-ex", "continue", "-ex", "bt",
		"-ex", "kill", b.path("every_function", bfd, "")).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		`(?m)^Breakpoint 1, libmemfd_go/core\.SetSize \(\) at libmemfd_go/core/size\.go:\d+$`,
		`(?m)^#\d+ .*libmemfd_go/core\.fallocate \(\) at libmemfd_go/core/word64\.go:\d+$`,
		`(?m)^#\d+ .*libmemfd_go/core\.SetSize \(\) at libmemfd_go/core/size\.go:\d+$`,
		`(?m)^#\d+ +libmemfd_go/core\.\w+ \(\) at libmemfd_go/core/\w+\.go:\d+$`, // without an address: inlined
		`(?m)^#\d+ .* memfd_go_set_size \(\) at libmemfd_go/capi/exports\.h:\d+$`,
		`(?m)^\d+\tfunc SetSize\(`,
	} {
		if !regexp.MustCompile(want).Match(out) {
			t.Errorf("no match for %s in\n%s", want, strings.TrimSpace(string(out)))
		}
	}
}

// debugFolder creates a folder like /usr/lib/debug.
func debugFolder(t *testing.T, b builder) string {
	library := filepath.Join(b.product, "libmemfd_go.so.1")
	file, err := elf.Open(library)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	note, err := file.Section(".note.gnu.build-id").Data()
	if err != nil {
		t.Fatal(err)
	}
	const header = 16
	id := fmt.Sprintf("%x", note[header:])
	folder := t.TempDir()
	link := filepath.Join(folder, ".build-id", id[:2], id[2:]+".debug")
	if err := os.MkdirAll(filepath.Dir(link), 0o777); err != nil {
		t.Fatal(err)
	}
	debug, err := filepath.Abs(library + ".debug")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(debug, link); err != nil {
		t.Fatal(err)
	}
	return folder
}

// A backtrace from within the library shows its functions and the C caller.
func TestDebuggerShowsTheCaller(t *testing.T) {
	gdb, err := testenv.Tool{Name: "gdb"}.Path()
	if err != nil {
		testenv.Unavailable(t, err)
	}
	if runtime.GOARCH != "amd64" {
		t.Skip("the first target is amd64")
	}
	b := newBuilder(t, targets()[0])
	b.compile("every_function", bfd).MustRun(t)
	b.link("every_function", bfd).MustRun(t)
	program := b.path("every_function", bfd, "")
	// memfd_go_set_size calls fallocate(2) in an inner Go function.
	out, err := exec.Command(gdb, "-nx", "-batch", "-ex", "set debuginfod enabled off", "-ex", "set breakpoint pending on",
		"-ex", "break memfd_go_set_size", "-ex", "run", "-ex", "catch syscall fallocate", "-ex", "continue", "-ex", "bt",
		"-ex", "kill", program).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{`core.SetSize`, `memfd_go_set_size`, `\bevery_function \(`, `\bmain \(`} {
		if !regexp.MustCompile(`(?m)^#\d+ .*` + want).Match(out) {
			t.Errorf("no frame of %s in\n%s", want, strings.TrimSpace(string(out)))
		}
	}
}
