package matrix

import (
	"go/version"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"libmemfd_go/tests/lab"
	"libmemfd_go/tests/results"
)

// Go without cgo calls the library on every architecture: the tests of tests/purego,
// cross-compiled.
func TestPurego(t *testing.T) {
	onForeign(t, true, func(t *testing.T, arch lab.Arch) {
		program := filepath.Join(t.TempDir(), "purego.test")
		emulator := emulator(t, arch)
		build := command{
			environment: append(toolchain(t, arch), "CGO_ENABLED=0", "GOOS=linux", "GOARM=7", "GOARCH="+arch.GOARCH),
			arguments:   []string{"go", "test", "-c", "-o", program, "-ldflags=" + loader(arch), "libmemfd_go/tests/purego"},
		}
		build.mustRun(t)
		run := command{
			folder:      filepath.Join(lab.Repository(), "tests", "purego"),
			environment: []string{"MEMFD_GO_LIBRARY=" + library(t, arch)},
			arguments:   slices.Concat([]string{"go", "tool", "test2json"}, emulator, []string{program, "-test.v=test2json"}),
		}
		if emulator == nil {
			run.environment = append(run.environment, "LD_LIBRARY_PATH="+filepath.Join(arch.Root(), "lib"))
		}
		output, status := run.capture(t, suiteTimeout)
		all, err := results.ParseGo(strings.NewReader(output))
		subtests(t, run, all, output, status, err)
	})
}

// loader are the options that make Go's linker name the dynamic loader that glibc has.
func loader(arch lab.Arch) string {
	switch arch.GOARCH {
	case "arm":
		return "-I /lib/ld-linux-armhf.so.3"
	case "riscv64":
		return "-I /lib/ld-linux-riscv64-lp64d.so.1"
	case "386": // no emulator looks for it below its root
		return "-I " + filepath.Join(arch.Root(), "lib", "ld-linux.so.2")
	}
	return ""
}

// toolchain is the environment for a Go that links for the architecture. The first one
// that can do so for s390x without cgo is 1.27.
func toolchain(t *testing.T, arch lab.Arch) []string {
	const first = "go1.27.4"
	if arch.GOARCH != "s390x" || version.Compare(runtime.Version(), first) >= 0 {
		return nil
	}
	environment := []string{"GOTOOLCHAIN=" + first}
	fetch := command{environment: environment, arguments: []string{"go", "version"}}
	if output, status := fetch.capture(t, suiteTimeout); status != 0 {
		t.Skipf("%s cannot be had: %s", first, strings.TrimSpace(output))
	}
	return environment
}
