// SPDX-License-Identifier: MIT

// Command matrix runs the test suites of all languages on all architectures, kernels and C
// libraries, and writes the results to docs/MATRIX.md (make matrix).
//
//	go run ./tests/cmd/matrix                       all entries
//	go run ./tests/cmd/matrix arm64/python/6.12     one entry
//	go run ./tests/cmd/matrix 'arm64/*/*'           all kernels of one architecture
//	go run ./tests/cmd/matrix outside-matrix        the other tests that only a full run has
//	go run ./tests/cmd/matrix -write                run nothing, write docs/MATRIX.md again
//
// An entry of the matrix is named ARCHITECTURE/SUITE/KERNEL. If it runs on the host's kernel, the
// last part is glibc, musl, qemu-user, or a version of the language, such as python3.9.
//
// After an interrupt (^C) it reports the results so far. Failures on the newest kernel are
// reported, but do not change the exit status: Debian replaces that kernel every week.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"time"

	"libmemfd_go/internal/results"
	"libmemfd_go/internal/testenv"
)

const file = "docs/MATRIX.md"

func main() {
	onlyWrite := flag.Bool("write", false, "run nothing, write docs/MATRIX.md from the results so far")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: go run ./tests/cmd/matrix [ENTRY | "+outsideMatrix+"]\n       go run ./tests/cmd/matrix -write")
		flag.PrintDefaults()
	}
	flag.Parse()
	good, err := do(*onlyWrite, flag.Arg(0))
	if err != nil {
		fmt.Fprintln(os.Stderr, "matrix:", err)
		os.Exit(2)
	}
	if !good {
		os.Exit(1)
	}
}

func do(onlyWrite bool, name string) (good bool, err error) {
	if onlyWrite {
		return true, write()
	}
	arguments, err := goTest(name)
	if err != nil {
		return false, err
	}
	r, err := run(arguments)
	if err != nil {
		return false, err
	}
	if strings.Contains(name, "/") && !slices.ContainsFunc(r.Results, isOfEntry) {
		return false, fmt.Errorf("no entry %q; docs/MATRIX.md lists them", name)
	}
	if err := r.keep(name); err != nil {
		return false, err
	}
	if name == "" {
		if err := write(); err != nil {
			return false, err
		}
	}
	fmt.Print(results.Report(r.Results))
	return succeeded(r.Results), nil
}

// isOfEntry is false for the parents of entries: they pass even if no entry matches.
func isOfEntry(r results.Result) bool {
	_, _, found := entryOf(testName(r))
	return found
}

// write writes docs/MATRIX.md.
func write() error {
	all, err := recorded()
	if err != nil {
		return err
	}
	return os.WriteFile(file, []byte(merge(all).markdown()), 0o666)
}

// An entry is one combination of the matrix.
type entry struct {
	arch, suite string
	on          string // a kernel; or on the host's kernel glibc, musl, qemu-user, or a version
}

func (e entry) String() string { return e.arch + "/" + e.suite + "/" + e.on }

func parseEntry(name string) (entry, error) {
	parts := strings.Split(name, "/")
	if len(parts) != 3 {
		return entry{}, fmt.Errorf("no entry %q: names have three parts, like arm64/python/6.12 (docs/MATRIX.md lists them)", name)
	}
	return entry{parts[0], parts[1], parts[2]}, nil
}

// outsideMatrix is a name for the tests that belong to no entry. Those of elsewhere run only by this
// name, so that make matrix takes less than an hour.
const outsideMatrix = "outside-matrix"

var elsewhere = []string{"./tests/product/...", "./tests/rust", "./tests/fuzz", "./tests/fuzz/mutants"}

// The packages that test on the host's kernel.
const programs, languages = "./tests/c/runner", "./tests/languages"

// versions maps the tests whose subtests are versions of a language, such as TestPythons/python3.9, to
// suites.
var versions = map[string]string{"TestGoReleases": "go", "TestPythons": "python", "TestRustReleases": "rust"}

// emulated maps the tests whose subtests are architectures to suites.
var emulated = map[string]string{"TestC": "c", "TestGo": "go", "TestPurego": "purego", "TestPython": "python", "TestRust": "rust"}

// goTest returns the arguments of `go test` for an entry, outsideMatrix, or "" for everything.
func goTest(name string) ([]string, error) {
	switch name {
	case "":
		return []string{programs, languages, "./tests/kernels"}, nil
	case outsideMatrix:
		tests := slices.Concat(slices.Collect(maps.Keys(emulated)), slices.Collect(maps.Keys(versions)))
		slices.Sort(tests)
		return slices.Concat([]string{"-skip", "^(" + strings.Join(tests, "|") + ")$", programs, languages}, elsewhere), nil
	}
	e, err := parseEntry(name)
	return e.goTest(), err
}

func (e entry) goTest() []string {
	quoted := func(name string) string {
		return "^" + strings.NewReplacer(".", `\.`, "+", `\+`, "*", ".*").Replace(name) + "$"
	}
	for test, suite := range versions {
		if e.suite == suite && strings.HasPrefix(e.on, suite) {
			return []string{"-run", quoted(test) + "/" + quoted(e.on), languages}
		}
	}
	switch e.on {
	case "glibc", "musl":
		return []string{"-run", "^TestC$/" + quoted(e.arch) + "/" + quoted(e.on), programs}
	case "qemu-user":
		for test, suite := range emulated {
			if suite == e.suite {
				return []string{"-run", quoted(test) + "/" + quoted(e.arch), languages}
			}
		}
	}
	return []string{"-run", "^TestKernels$/" + quoted(e.arch) + "/" + quoted(e.suite) + "/" + quoted(e.on), "./tests/kernels"}
}

// entryOf returns the entry that a Go test belongs to, and whether the test is the whole entry.
func entryOf(test string) (e entry, whole, found bool) {
	parts := strings.Split(test, "/")
	switch {
	case parts[0] == "TestKernels" && len(parts) >= 4:
		return entry{parts[1], parts[2], parts[3]}, len(parts) == 4, true
	case parts[0] == "TestC" && len(parts) >= 3:
		return entry{parts[1], "c", parts[2]}, len(parts) == 3, true
	case versions[parts[0]] != "" && len(parts) >= 2:
		return entry{runtime.GOARCH, versions[parts[0]], parts[1]}, len(parts) == 2, true
	case emulated[parts[0]] != "" && parts[0] != "TestC" && len(parts) >= 2:
		return entry{parts[1], emulated[parts[0]], "qemu-user"}, len(parts) == 2, true
	}
	return entry{}, false, false
}

// run runs `go test`, and records its results even if it is interrupted.
func run(arguments []string) (*record, error) {
	cmd := exec.Command("go", slices.Concat([]string{"test", "-json", "-count=1", "-p=1", "-timeout=3h"}, arguments)...)
	cmd.Env = append(os.Environ(), "MEMFD_GO_TESTS=full")
	cmd.Stderr = os.Stderr
	output, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	r := &record{
		Date:       time.Now(),
		Commit:     outputOf("git", "describe", "--always", "--dirty"),
		Machine:    testenv.Version(nil, "uname", "-sr") + " on " + runtime.GOARCH,
		Attributes: map[string]map[string]string{},
	}
	signal.Notify(make(chan os.Signal, 1), os.Interrupt) // ^C ends go test, not this program
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	var text strings.Builder
	r.follow(io.TeeReader(output, &text))
	cmd.Wait() // failures are among the results
	all, err := results.ParseGo(strings.NewReader(text.String()))
	r.Results = results.WithExit(all, "go test", text.String(), err)
	return r, nil
}

// follow reports each entry as it ends, and records the versions that entries report as attributes.
func (r *record) follow(output io.Reader) {
	type event struct {
		Action, Test, Key, Value string
		Elapsed                  float64
	}
	for lines := json.NewDecoder(output); ; {
		var event event
		if lines.Decode(&event) != nil {
			io.Copy(io.Discard, output)
			return
		}
		e, whole, found := entryOf(event.Test)
		switch {
		case !found || !whole:
		case event.Action == "attr":
			if r.Attributes[e.String()] == nil {
				r.Attributes[e.String()] = map[string]string{}
			}
			r.Attributes[e.String()][event.Key] = event.Value
		case event.Action == "pass" || event.Action == "fail" || event.Action == "skip":
			fmt.Printf("matrix: %s: %s, %.0f s\n", e, event.Action, event.Elapsed)
		}
	}
}

// outputOf returns the output of a command, or "?".
func outputOf(command ...string) string {
	text, err := exec.Command(command[0], command[1:]...).Output()
	if err != nil {
		return "?"
	}
	return strings.TrimSpace(string(text))
}
