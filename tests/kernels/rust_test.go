// SPDX-License-Identifier: MIT

package kernels

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"libmemfd_go/internal/results"
	"libmemfd_go/internal/testenv"
	"libmemfd_go/tests/kernels/wire"
)

var rustSuite = suite{"rust", prepareRust, func(t *testing.T, run wire.Run, result *wire.Result, hint string) {
	if result.Status == 0 && strings.Contains(result.Output, "running 0 tests") {
		return // a crate without unit tests
	}
	t.Run(run.Name, func(t *testing.T) {
		reportResults(t, run, result, results.ParseCargo(result.Output), nil, hint)
	})
}}

type rustTest struct{ name, file string }

var builtRust once[[]rustTest]

func prepareRust(t *testing.T, e entry, m *image) []wire.Run {
	if _, err := (testenv.Tool{Name: "cargo"}).Path(); err != nil {
		t.Skip(err)
	}
	environment, err := e.arch().RustEnvironment()
	if err != nil {
		testenv.UnavailableIf(t, e.regular, err)
	}
	t.Attr("tools", testenv.RustVersion(environment)+", "+e.arch().GlibcVersion())
	tests, err := builtRust.get(e.goarch, func() ([]rustTest, error) { return buildRust(environment) })
	must(t, err)
	var runs []wire.Run
	for _, test := range tests {
		must(t, m.addProgram("tests/"+test.name, test.file))
		runs = append(runs, wire.Run{
			Name:        test.name,
			Arguments:   []string{"/tests/" + test.name, "--show-output"},
			Environment: e.known(),
			Seconds:     300,
		})
	}
	return runs
}

// buildRust builds the test programs of both crates. Doctests are not among them: rustdoc
// compiles those itself.
func buildRust(environment []string) ([]rustTest, error) {
	cmd := exec.Command("cargo", "test", "--no-run", "--locked", "--workspace", "--lib", "--tests", "--message-format=json")
	cmd.Dir = filepath.Join(testenv.Repository(), "bindings", "rust")
	cmd.Env = append(os.Environ(), environment...)
	var messages, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &messages, &problems
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%v: %w\n%s", cmd.Args, err, problems.String())
	}
	var tests []rustTest
	for lines := bufio.NewScanner(&messages); lines.Scan(); {
		var artifact struct {
			Executable string
			Profile    struct{ Test bool }
			Target     struct{ Name string }
		}
		if json.Unmarshal(lines.Bytes(), &artifact) == nil && artifact.Profile.Test && artifact.Executable != "" {
			tests = append(tests, rustTest{artifact.Target.Name, artifact.Executable})
		}
	}
	return tests, nil
}
