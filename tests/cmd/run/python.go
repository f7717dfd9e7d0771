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

// venv is the virtual environment that make setup makes.
const venv = "build/venv"

// inVenv returns the path of a program in the virtual environment, or "" if it is
// not there.
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

// runPython tests the library in the wheel, as make setup installed it.
func runPython() []results.Result { return pytest([]string{"-u", "MEMFD_GO_LIBRARY"}) }

// pytest runs it with some words for env(1).
func pytest(environment []string, arguments ...string) []results.Result {
	program := inVenv("pytest")
	if program == "" {
		return []results.Result{{Name: "pytest", Status: results.Skipped, Detail: "it is not in " + venv + " (make setup)"}}
	}
	report, err := filepath.Abs("build/pytest.xml")
	if err != nil {
		return []results.Result{{Name: "pytest", Status: results.Failed, Detail: err.Error()}}
	}
	os.Remove(report) // an old one must not be taken for this run's
	words := slices.Concat([]string{"env"}, environment, []string{program, "--junit-xml=" + report}, arguments)
	output, err := command("bindings/python", words...)
	const noTests = 5 // the exit status of pytest
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
