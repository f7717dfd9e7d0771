// SPDX-License-Identifier: MIT

package languages

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"libmemfd_go/internal/results"
	"libmemfd_go/internal/testenv"
)

// goReleases are the oldest release of Go that go.mod permits, the newest, and those between them.
var goReleases = []string{"go1.25.0", "go1.26.8", "go1.27.4"}

// TestGoReleases runs the tests of the Go package, of the command, and of programs without cgo with
// each release of Go. The programs load a library that the same release built.
func TestGoReleases(t *testing.T) {
	testenv.RequireFull(t)
	for _, release := range goReleases {
		t.Run(release, func(t *testing.T) {
			environment := []string{"CGO_ENABLED=0", "GOTOOLCHAIN=" + release}
			if err := testenv.HasGo(release); err != nil {
				t.Skip(err)
			}
			t.Attr("tools", testenv.GoVersion(environment))
			testenv.ReportKernel(t, nil)
			folder := t.TempDir()
			build := testenv.Command{
				Folder:      testenv.Repository(),
				Environment: environment,
				Arguments:   []string{"go", "run", "./capi/linker", "build", "-arch", runtime.GOARCH, "-o", folder},
			}
			build.MustRun(t)
			for _, tested := range [][]string{
				{".", "./bindings/go/memfd", "./tests/purego"},
				{"cmd/memfd", "./..."},
			} {
				run := testenv.Command{
					Folder:      filepath.Join(testenv.Repository(), tested[0]),
					Environment: append(slices.Clone(environment), "MEMFD_GO_LIBRARY="+filepath.Join(folder, "libmemfd_go.so.1")),
					Arguments:   append([]string{"go", "test", "-json", "-count=1", "-short"}, tested[1:]...),
				}
				output, status := run.Capture(t, suiteTimeout)
				all, err := results.ParseGo(strings.NewReader(output))
				subtests(t, run, all, output, status, err)
			}
		})
	}
}

// oldestRust is the last patch release of rust-version in bindings/rust/Cargo.toml.
const oldestRust = "1.66.1"

// TestRustReleases runs the tests of the crates with the oldest Rust that they support. Its cargo cannot
// read today's registry, and uses vendored crates.
func TestRustReleases(t *testing.T) {
	testenv.RequireRegular(t)
	testenv.RequireTool(t, "cargo")
	if err := exec.Command("rustup", "run", oldestRust, "rustc", "--version").Run(); err != nil {
		testenv.Unavailable(t, errors.New("Rust "+oldestRust+" is not installed: run make setup"))
	}
	crates := filepath.Join(testenv.Repository(), "bindings", "rust")
	manifest, err := os.ReadFile(filepath.Join(crates, "Cargo.toml"))
	if err != nil {
		t.Fatal(err)
	}
	if want := "\nrust-version = \"" + strings.TrimSuffix(oldestRust, ".1") + "\"\n"; !strings.Contains(string(manifest), want) {
		t.Errorf("the rust-version in bindings/rust/Cargo.toml is not that of Rust %s, which this test uses", oldestRust)
	}
	t.Run("rust"+oldestRust, func(t *testing.T) {
		environment, err := testenv.Own().RustEnvironment()
		if err != nil {
			testenv.Unavailable(t, err)
		}
		t.Attr("tools", "rustc "+oldestRust)
		testenv.ReportKernel(t, nil)
		folder := filepath.Join(testenv.Repository(), "build", "rust")
		vendor := testenv.Command{
			Folder:      crates,
			Environment: environment,
			Arguments:   []string{"cargo", "vendor", "--locked", "--quiet", filepath.Join(folder, "vendor")},
		}
		vendor.MustRun(t)
		test := testenv.Command{
			Folder:      crates,
			Environment: environment,
			Arguments: []string{
				"rustup", "run", oldestRust, "cargo", "test", "--locked", "--offline", "--workspace", "--all-targets", "--no-fail-fast",
				"--config", `source.crates-io.replace-with="vendor"`,
				"--config", `source.vendor.directory="` + filepath.Join(folder, "vendor") + `"`,
				"--target-dir=" + filepath.Join(folder, oldestRust), "--", "--show-output",
			},
		}
		output, status := test.Capture(t, suiteTimeout)
		subtests(t, test, results.ParseCargo(output), output, status, nil)
	})
}
