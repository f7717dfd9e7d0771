// SPDX-License-Identifier: MIT

package rust

import (
	"debug/elf"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"libmemfd_go/internal/testenv"
)

func TestDocumentation(t *testing.T) {
	testenv.RequireRegular(t)
	requireCargo(t)
	cargo{
		environment: []string{"RUSTDOCFLAGS=-D warnings"},
		arguments:   []string{"cargo", "doc", "--locked", "--workspace", "--no-deps", targetDir(t, "doc")},
	}.mustRun(t)
}

// With the feature "static" programs do not need libmemfd_go.so.1, and with musl no shared library.
func TestStaticLinking(t *testing.T) {
	testenv.RequireRegular(t)
	requireCargo(t)
	for _, test := range []struct {
		target string
		needed bool // may need other shared libraries
	}{
		{"x86_64-unknown-linux-gnu", true},
		{musl, false},
	} {
		t.Run(test.target, func(t *testing.T) {
			requireTarget(t, test.target)
			output := cargo{
				environment: []string{"CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_LINKER=rust-lld"},
				arguments: []string{
					"cargo", "test", "--locked", "--features=memfd-go/static", "--target=" + test.target,
					"--test=behaviour", targetDir(t, "static"),
				},
			}.mustRun(t)
			program := regexp.MustCompile(`Running .*\((.*)\)`).FindStringSubmatch(output)
			if program == nil {
				t.Fatalf("no program in the output\n%s", output)
			}
			needed := neededBy(t, program[1])
			if slices.Contains(needed, "libmemfd_go.so.1") || !test.needed && len(needed) > 0 {
				t.Errorf("%s needs %q", program[1], needed)
			}
		})
	}
}

func requireTarget(t *testing.T, target string) {
	t.Helper()
	if runtime.GOARCH != "amd64" {
		t.Skip("runs on amd64 only")
	}
	folder := cargo{arguments: []string{"rustc", "--print=target-libdir", "--target=" + target}}.mustRun(t)
	if _, err := os.Stat(strings.TrimSpace(folder)); err != nil {
		testenv.Unavailable(t, errors.New("Rust's standard library for "+target+" is not installed (make setup does, by rustup)"))
	}
}

// The crates compile for Android.
func TestAndroid(t *testing.T) {
	testenv.RequireFull(t)
	const android = "aarch64-linux-android"
	requireTarget(t, android)
	cargo{environment: withoutPkgConfig(t), arguments: []string{
		"cargo", "check", "--locked", "--workspace", "--target=" + android, targetDir(t, "android"),
	}}.mustRun(t)
}

func neededBy(t *testing.T, program string) []string {
	t.Helper()
	if !filepath.IsAbs(program) {
		program = filepath.Join(crates(), program)
	}
	file, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	needed, err := file.ImportedLibraries()
	if err != nil {
		t.Fatal(err)
	}
	return needed
}

// The public API of memfd-go matches the record. Record additions; changes and removals break
// programs.
func TestPublicAPI(t *testing.T) {
	testenv.RequireFull(t)
	requireToolchain(t, nightly)
	tool := filepath.Join(testenv.Repository(), "build", "bin", "cargo-public-api")
	if _, err := os.Stat(tool); err != nil {
		testenv.Unavailable(t, errors.New("cargo-public-api is not in build/bin (make setup)"))
	}
	printed := filepath.Join(t.TempDir(), "api.txt")
	cargo{
		environment: []string{"DOCS_RS=1"},
		arguments: []string{"sh", "-c", `exec rustup run "$1" "$2" -p memfd-go --features allocator-api2,tokio,zeroize -sss "$3" > "$4"`,
			"sh", nightly, tool, targetDir(t, "api"), printed},
	}.mustRun(t)
	got, err := os.ReadFile(printed)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("api.txt")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n")); diff != "" {
		t.Errorf("the public API differs from tests/rust/api.txt:\n%s", diff)
	}
}

// Miri checks unsafe code. A small library in Rust takes the place of the real one.
func TestMiri(t *testing.T) {
	testenv.RequireFull(t)
	requireToolchain(t, nightly)
	cargo{
		environment: []string{"MIRIFLAGS=-Zmiri-disable-isolation -Zmiri-strict-provenance"},
		arguments: []string{
			"rustup", "run", nightly, "cargo", "miri", "test", "--locked", "--package=memfd-go", "--test=miri",
			"--features=allocator-api2",
			targetDir(t, "miri"),
		},
	}.mustRun(t)
}

// Creating a file and reading its seals cost the same as with libc, within a few percent.
func TestCost(t *testing.T) {
	testenv.RequireFull(t)
	requireCargo(t)
	output := cargo{
		folder:    filepath.Join(testenv.Repository(), "tests", "bench", "rust-ratios"),
		arguments: []string{"cargo", "bench", "--quiet", "--locked", targetDir(t, "bench")},
	}.mustRun(t)
	t.Log(output)
	if strings.Contains(output, "too noisy") {
		t.Skip("measurements vary too much on this host")
	}
}

// Fuzzes for a minute. A failure names the file with the input.
func TestFuzz(t *testing.T) {
	testenv.RequireFull(t)
	requireToolchain(t, nightly)
	bin := filepath.Join(testenv.Repository(), "build", "bin")
	if _, err := os.Stat(filepath.Join(bin, "cargo-fuzz")); err != nil {
		testenv.Unavailable(t, errors.New("cargo-fuzz is not in build/bin (make setup)"))
	}
	// New corpus entries must not be written to the sources.
	corpus := filepath.Join(testenv.Repository(), "build", "rust", "corpus")
	if err := os.MkdirAll(corpus, 0o777); err != nil {
		t.Fatal(err)
	}
	fuzz := filepath.Join(testenv.Repository(), "tests", "fuzz", "rust")
	output := cargo{
		environment: []string{"PATH=" + bin + ":" + os.Getenv("PATH")},
		arguments: []string{
			"rustup", "run", nightly, "cargo", "fuzz", "run", "--fuzz-dir=" + fuzz, targetDir(t, "fuzz"), "parse_seals",
			corpus, filepath.Join(fuzz, "corpus", "parse_seals"),
			"--", "-max_total_time=60", "-max_len=256",
		},
	}.mustRun(t)
	if !strings.Contains(output, "\nDone ") {
		t.Errorf("the fuzzer did not finish:\n%s", output)
	}
}

// The tests of examples/rust/recipes pass.
func TestRecipes(t *testing.T) {
	testenv.RequireRegular(t)
	requireCargo(t)
	run := cargo{folder: filepath.Join(testenv.Repository(), "examples", "rust", "recipes")}
	run.arguments = []string{"cargo", "fetch", "--locked"}
	run.orSkip(t)
	run.arguments = []string{"cargo", "clippy", "--locked", "--all-targets", targetDir(t, "recipes"), "--", "-D", "warnings"}
	run.mustRun(t)
	run.arguments = []string{"cargo", "test", "--locked", targetDir(t, "recipes")}
	run.mustRun(t)
}

// The ring buffer passes messages between two processes.
func TestRingExample(t *testing.T) {
	testenv.RequireRegular(t)
	requireCargo(t)
	output := cargo{
		folder:    filepath.Join(testenv.Repository(), "examples", "rust"),
		arguments: []string{"cargo", "run", "--quiet", "--locked", "--bin=ring", targetDir(t, "examples")},
	}.mustRun(t)
	if want := "10000 messages of 148 bytes came through "; !strings.HasPrefix(output, want) {
		t.Errorf("unexpected output %q", output)
	}
}
