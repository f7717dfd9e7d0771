// SPDX-License-Identifier: MIT

// Package fuzz runs the fuzzers in C (targets), which call the built library, and those in Go
// (fuzz_test.go in core and cmd/memfd), which are instrumented.
//
// In a test run the number of inputs is fixed. The fuzzers in Go run only in a full run, because they
// compile Go's standard library again; other runs try their seeds (core). With a duration in
// $MEMFD_GO_FUZZ, such as "10m" (make fuzz), each fuzzer runs that long with random inputs, and those
// in C extend their corpus. A corpus is a file with one input per line, in hexadecimal; Go's are in
// testdata/fuzz of the package.
package fuzz

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"libmemfd_go/internal/testenv"
)

// targets maps the fuzzers in C to the number of inputs in a test run, about two seconds.
var targets = map[string]int{
	"arguments": 10000,
	"messages":  10000,
	"pools":     10000,
	"structs":   5000,
	"texts":     100000,
}

// goFuzzers lists the fuzzers in Go by the folder of their package. The command is a separate module.
var goFuzzers = []struct{ module, folder, names string }{
	{".", "core", "FuzzParseSeals FuzzFormatSeals FuzzStructs FuzzControlMessages"},
	{"cmd/memfd", ".", "FuzzParseFile FuzzFill"},
	{"cmd/memfd", "internal/scan", "FuzzParseMapping FuzzLines FuzzContainer FuzzUnescape"},
	{"cmd/memfd", "internal/text", "FuzzEscape FuzzCut FuzzSize"},
}

const goInputs = 20000

const (
	longest    = 1024 // bytes of an input
	mostInputs = 400  // of a corpus
)

func TestFuzzersInC(t *testing.T) {
	testenv.RequireRegular(t)
	if runtime.GOARCH != "amd64" {
		t.Skip("libFuzzer is set up for amd64 only")
	}
	long := duration(t)
	for target, inputs := range targets {
		t.Run(target, func(t *testing.T) {
			program := build(t, target)
			folder := unpack(t, target)
			options := []string{
				fmt.Sprint("-max_len=", longest), "-artifact_prefix=" + failures(t) + target + "-",
				"-print_final_stats=1", "-verbosity=0",
			}
			if long == 0 {
				options = append(options, "-seed=1", fmt.Sprint("-runs=", inputs))
			} else {
				options = append(options, fmt.Sprint("-max_total_time=", int(long.Seconds())))
			}
			t.Log(run(t, "", nil, program, append(options, folder)...))
			if long != 0 {
				pack(t, target, program, folder)
			}
		})
	}
}

// duration returns how long each fuzzer runs, or 0 in a test run.
func duration(t *testing.T) time.Duration {
	text := os.Getenv("MEMFD_GO_FUZZ")
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// failures returns the folder for inputs that fail.
func failures(t *testing.T) string {
	folder := filepath.Join(testenv.Repository(), "build", "fuzz")
	if err := os.MkdirAll(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	return folder + "/"
}

func build(t *testing.T, target string) string {
	clang, err := testenv.Tool{Name: "clang"}.Path()
	if err != nil {
		testenv.Unavailable(t, err)
	}
	product, err := testenv.Product(runtime.GOARCH)
	if err != nil {
		testenv.Unavailable(t, err)
	}
	program := filepath.Join(t.TempDir(), target)
	arguments := slices.Concat(testenv.CFlags(), []string{
		"-fsanitize=fuzzer", "-I" + filepath.Join(testenv.Repository(), "tests", "c"), "-o", program,
		filepath.Join("targets", target+".c"), "-L" + product, "-Wl,-rpath," + product, "-lmemfd_go",
	})
	run(t, "", nil, clang, arguments...)
	return program
}

// unpack writes the corpus of a target to a folder with one file per input, for libFuzzer.
func unpack(t *testing.T, target string) string {
	text, err := os.ReadFile(filepath.Join("corpus", target))
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for i, line := range strings.Fields(string(text)) {
		input, err := hex.DecodeString(line)
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, fmt.Sprint(i)), input, 0o666)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// pack writes a minimal set of inputs with the same coverage back to the corpus.
func pack(t *testing.T, target, program, folder string) {
	least := t.TempDir()
	run(t, "", nil, program, "-merge=1", least, folder)
	entries, err := os.ReadDir(least)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, e := range entries {
		input, err := os.ReadFile(filepath.Join(least, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, hex.EncodeToString(input)+"\n")
	}
	slices.SortFunc(lines, func(a, b string) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
	lines = slices.Compact(lines)
	lines = lines[:min(len(lines), mostInputs)]
	if err := os.WriteFile(filepath.Join("corpus", target), []byte(strings.Join(lines, "")), 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestFuzzersInGo(t *testing.T) {
	if !testenv.Full() && duration(t) == 0 {
		t.Skip("only in make fuzz, and in a full run")
	}
	limit := fmt.Sprint(goInputs, "x")
	if long := duration(t); long != 0 {
		limit = long.String()
	}
	for _, p := range goFuzzers {
		arguments := []string{"test", "-overlay=" + withShorterChains(t, p.module), "-run=^$", "-fuzztime=" + limit, "-parallel=1", "./" + p.folder}
		for _, fuzzer := range strings.Fields(p.names) {
			t.Run(fuzzer, func(t *testing.T) {
				t.Log(run(t, filepath.Join(testenv.Repository(), p.module), []string{"CGO_ENABLED=0"}, "go",
					slices.Insert(slices.Clone(arguments), 1, "-fuzz=^"+fuzzer+"$")...))
			})
		}
	}
}

// goFuzzers lists all fuzzers.
func TestGoFuzzersAreListed(t *testing.T) {
	found := map[string]string{}
	err := filepath.WalkDir(testenv.Repository(), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && slices.Contains([]string{".git", "build", "target"}, entry.Name()) {
			return fs.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		for _, m := range fuzzer.FindAllSubmatch(text, -1) {
			found[filepath.Dir(path)] += " " + string(m[1])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range goFuzzers {
		folder := filepath.Join(testenv.Repository(), p.module, p.folder)
		if got := found[folder]; got != " "+p.names {
			t.Errorf("%s has the fuzzers%s, but goFuzzers lists %s", folder, got, p.names)
		}
		delete(found, folder)
	}
	for folder, names := range found {
		t.Errorf("%s has the fuzzers%s, but is not in goFuzzers", folder, names)
	}
}

var fuzzer = regexp.MustCompile(`(?m)^func (Fuzz\w+)\(`)

// withShorterChains returns an overlay for core. With the instrumentation of `go test -fuzz`, some call
// chains exceed the stack limit of nosplit functions: those of other tests, which it removes, and those
// of Probe, which has no address in an integer when its stack moves. The command's fuzzers
// link core but do not call it, so none of its functions needs to be nosplit there.
func withShorterChains(t *testing.T, module string) string {
	core := filepath.Join(testenv.Repository(), "core")
	files, err := filepath.Glob(filepath.Join(core, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	replaced := map[string]string{}
	for _, file := range files {
		name := filepath.Base(file)
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case strings.HasSuffix(name, "_test.go"):
			if name != "fuzz_test.go" && name != "sealtext_test.go" {
				replaced[file] = ""
			}
		case module != ".":
			replaced[file] = write(t, name, bytes.ReplaceAll(text, []byte("//go:nosplit\n"), nil))
		case name == "probe.go":
			replaced[file] = write(t, name, bytes.Replace(text, []byte("//go:nosplit\nfunc Probe("), []byte("func Probe("), 1))
		}
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		t.Fatal(err)
	}
	return write(t, "overlay.json", overlay)
}

// write creates a file in a temporary folder.
func write(t *testing.T, name string, text []byte) string {
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, text, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// run runs a command, and returns the end of its output.
func run(t *testing.T, folder string, environment []string, name string, arguments ...string) string {
	t.Helper()
	cmd := exec.Command(name, arguments...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), environment...)
	output, err := cmd.CombinedOutput()
	text := string(output[max(0, len(output)-3000):])
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, text)
	}
	return text
}
