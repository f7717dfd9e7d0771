// SPDX-License-Identifier: MIT

// Command table runs the full matrix of tests, {architecture} x {language} x {C library,
// kernel}, and writes what came of it to docs/MATRIX.md. It is what `make matrix` does.
//
//	go run ./tests/cmd/matrix                       everything
//	go run ./tests/cmd/matrix arm64/python/6.12     one cell, as the table names it
//	go run ./tests/cmd/matrix 'arm64/*/*'           what kernels one architecture has
//	go run ./tests/cmd/matrix others                the tests of tests/c/runner and tests/languages that are of no cell
//	go run ./tests/cmd/matrix -write                nothing, but the table of what ran so far
//
// Interrupted, it ends the tests and goes on with the results that there are.
//
// A cell that fails tells how to run it by hand. Failures on the newest kernel, which
// is another one each week, do not count.
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
	onlyWrite := flag.Bool("write", false, "run nothing, write the table of what ran so far")
	flag.Parse()
	good, err := do(*onlyWrite, flag.Arg(0))
	if err != nil {
		fmt.Fprintln(os.Stderr, "table:", err)
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
	if err := r.keep(name); err != nil {
		return false, err
	}
	if name == "" {
		if err := write(); err != nil {
			return false, err
		}
	}
	fmt.Print(results.Report(r.Results))
	return results.Good(fatal(r.Results)), nil
}

// write writes the table.
func write() error {
	all, err := recorded()
	if err != nil {
		return err
	}
	return os.WriteFile(file, []byte(merge(all).markdown()), 0o666)
}

// A cell is a row of the table.
type cell struct {
	arch, suite string
	on          string // a kernel, or the C library or emulator under the machine's own
}

func (c cell) String() string { return c.arch + "/" + c.suite + "/" + c.on }

func parseCell(name string) (cell, error) {
	parts := strings.Split(name, "/")
	if len(parts) != 3 {
		return cell{}, fmt.Errorf("%s: a cell is named like arm64/python/6.12", name)
	}
	return cell{parts[0], parts[1], parts[2]}, nil
}

// The packages of what runs here and under qemu-user.
const programs, languages = "./tests/c/runner", "./tests/languages"

// emulated are their tests that make up cells, and the languages.
var emulated = map[string]string{"TestC": "c", "TestGo": "go", "TestPurego": "purego", "TestPython": "python", "TestRust": "rust"}

// goTest are the arguments for `go test` that run what has a name.
func goTest(name string) ([]string, error) {
	switch name {
	case "":
		return []string{programs, languages, "./tests/kernels"}, nil
	case "others":
		tests := slices.Sorted(maps.Keys(emulated))
		return []string{"-skip", "^(" + strings.Join(tests, "|") + ")$", programs, languages}, nil
	}
	c, err := parseCell(name)
	return c.goTest(), err
}

// goTest are the arguments for `go test` that run the cell.
func (c cell) goTest() []string {
	quoted := func(name string) string {
		return "^" + strings.NewReplacer(".", `\.`, "+", `\+`, "*", ".*").Replace(name) + "$"
	}
	switch c.on {
	case "glibc", "musl":
		return []string{"-run", "^TestC$/" + quoted(c.arch) + "/" + quoted(c.on), programs}
	case "qemu-user":
		for test, suite := range emulated {
			if suite == c.suite {
				return []string{"-run", quoted(test) + "/" + quoted(c.arch), languages}
			}
		}
	}
	return []string{"-run", "^TestKernels$/" + quoted(c.arch) + "/" + quoted(c.suite) + "/" + quoted(c.on), "./tests/kernels"}
}

// cellOf finds the cell that a Go test is part of, or is. Not all tests are.
func cellOf(test string) (c cell, whole, found bool) {
	parts := strings.Split(test, "/")
	switch {
	case parts[0] == "TestKernels" && len(parts) >= 4:
		return cell{parts[1], parts[2], parts[3]}, len(parts) == 4, true
	case parts[0] == "TestC" && len(parts) >= 3:
		return cell{parts[1], "c", parts[2]}, len(parts) == 3, true
	case emulated[parts[0]] != "" && parts[0] != "TestC" && len(parts) >= 2:
		return cell{parts[1], emulated[parts[0]], "qemu-user"}, len(parts) == 2, true
	}
	return cell{}, false, false
}

// run runs the tests.
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
		Commit:     say("git", "describe", "--always", "--dirty"),
		Machine:    testenv.Version(nil, "uname", "-sr") + " on " + runtime.GOARCH,
		Attributes: map[string]map[string]string{},
	}
	signal.Notify(make(chan os.Signal, 1), os.Interrupt) // go test gets it, too
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	var text strings.Builder
	r.follow(io.TeeReader(output, &text))
	cmd.Wait() // its failures are among the results
	all, err := results.ParseGo(strings.NewReader(text.String()))
	r.Results = results.WithExit(all, "go test", text.String(), err)
	return r, nil
}

// follow tells of each cell that ends, and notes what cells say of themselves.
func (r *record) follow(output io.Reader) {
	type event struct {
		Action, Test, Key, Value string
		Elapsed                  float64
	}
	for lines := json.NewDecoder(output); ; {
		var e event
		if lines.Decode(&e) != nil {
			io.Copy(io.Discard, output)
			return
		}
		c, whole, found := cellOf(e.Test)
		switch {
		case !found || !whole:
		case e.Action == "attr":
			if r.Attributes[c.String()] == nil {
				r.Attributes[c.String()] = map[string]string{}
			}
			r.Attributes[c.String()][e.Key] = e.Value
		case e.Action == "pass" || e.Action == "fail" || e.Action == "skip":
			fmt.Printf("matrix: %s: %s, %.0f s\n", c, e.Action, e.Elapsed)
		}
	}
}

// say is what a command says, in one line.
func say(command ...string) string {
	text, err := exec.Command(command[0], command[1:]...).Output()
	if err != nil {
		return "?"
	}
	return strings.TrimSpace(string(text))
}
