// Command table runs the full matrix of tests, {architecture} x {language} x {C library,
// kernel}, and writes what came of it to docs/MATRIX.md. It is what `make matrix` does.
//
//	go run ./tests/table                    everything
//	go run ./tests/table arm64/python/6.12  one cell, as the table names it
//
// A cell that fails tells how to run it by hand. Failures on the newest kernel, which
// is another one each week, do not count.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"

	"libmemfd_go/tests/results"
)

const file = "docs/MATRIX.md"

func main() {
	arguments := []string{"./tests/matrix", "./tests/kernels"}
	one := len(os.Args) > 1
	if one {
		chosen, err := parseCell(os.Args[1])
		if err != nil {
			fmt.Fprintln(os.Stderr, "table:", err)
			os.Exit(2)
		}
		arguments = chosen.goTest()
	}
	t, err := run(arguments)
	if err != nil {
		fmt.Fprintln(os.Stderr, "table:", err)
		os.Exit(1)
	}
	if !one {
		if err := os.WriteFile(file, []byte(t.markdown()), 0o666); err != nil {
			fmt.Fprintln(os.Stderr, "table:", err)
			os.Exit(1)
		}
	}
	fmt.Print(results.Report(t.all))
	if !results.Good(t.fatal()) {
		os.Exit(1)
	}
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

// emulated are the tests of tests/matrix that make up cells, and their languages.
var emulated = map[string]string{"TestC": "c", "TestPurego": "purego", "TestPython": "python", "TestRust": "rust"}

// goTest are the arguments for `go test` that run the cell.
func (c cell) goTest() []string {
	quoted := func(name string) string { return "^" + strings.NewReplacer(".", `\.`, "+", `\+`).Replace(name) + "$" }
	switch c.on {
	case "glibc", "musl":
		return []string{"-run", "^TestC$/" + quoted(c.arch) + "/" + quoted(c.on), "./tests/matrix"}
	case "qemu-user":
		for test, suite := range emulated {
			if suite == c.suite {
				return []string{"-run", quoted(test) + "/" + quoted(c.arch), "./tests/matrix"}
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
func run(arguments []string) (*table, error) {
	cmd := exec.Command("go", slices.Concat([]string{"test", "-json", "-count=1", "-timeout=3h"}, arguments)...)
	cmd.Env = append(os.Environ(), "MEMFD_GO_MATRIX=full")
	cmd.Stderr = os.Stderr
	output, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	var text strings.Builder
	t := &table{attributes: map[cell]map[string]string{}}
	t.follow(io.TeeReader(output, &text))
	cmd.Wait() // its failures are among the results
	all, err := results.ParseGo(strings.NewReader(text.String()))
	t.all = results.WithExit(all, "go test", text.String(), err)
	return t, nil
}

// follow tells of each cell that ends, and notes what cells say of themselves.
func (t *table) follow(output io.Reader) {
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
			if t.attributes[c] == nil {
				t.attributes[c] = map[string]string{}
			}
			t.attributes[c][e.Key] = e.Value
		case e.Action == "pass" || e.Action == "fail" || e.Action == "skip":
			fmt.Printf("matrix: %s: %s, %.0f s\n", c, e.Action, e.Elapsed)
		}
	}
}
