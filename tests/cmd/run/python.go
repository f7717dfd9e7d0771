// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"libmemfd_go/internal/results"
)

// venv is the virtual environment of make setup.
const venv = "build/venv"

// inVenv returns the path of a program in the virtual environment, or "".
func inVenv(name string) string {
	path, err := filepath.Abs(filepath.Join(venv, "bin", name))
	if err != nil {
		return ""
	}
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

// runPython tests the wheel that make setup installed, which contains a library.
func runPython() []results.Result { return pytest([]string{"-u", "MEMFD_GO_LIBRARY"}) }

// pytest runs pytest, with additional arguments for env(1).
func pytest(environment []string, arguments ...string) []results.Result {
	program := inVenv("pytest")
	if program == "" {
		return []results.Result{{Name: "pytest", Status: results.Skipped, Detail: "not in " + venv + ": run make setup"}}
	}
	report, err := filepath.Abs("build/pytest.xml")
	if err != nil {
		return []results.Result{{Name: "pytest", Status: results.Failed, Detail: err.Error()}}
	}
	os.Remove(report) // of an earlier run
	words := slices.Concat([]string{"env"}, environment, []string{program, "--junit-xml=" + report}, arguments)
	output, err := command("bindings/python", words...)
	const noTests = 5 // exit status: no tests were collected
	if exit := (&exec.ExitError{}); errors.As(err, &exit) && exit.ExitCode() == noTests {
		return nil
	}
	text, _ := os.ReadFile(report)
	ended, parseErr := results.ParseJUnit(text)
	if err == nil {
		err = parseErr
	}
	return results.WithExit(ended, "pytest", output, err)
}
