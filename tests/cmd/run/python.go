package main

import (
	"os"
	"path/filepath"

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

func runPython() []results.Result {
	pytest := inVenv("pytest")
	if pytest == "" {
		return []results.Result{{Name: "pytest", Status: results.Skipped, Detail: "it is not in " + venv + " (make setup)"}}
	}
	report, err := filepath.Abs("build/pytest.xml")
	if err != nil {
		return []results.Result{{Name: "pytest", Status: results.Failed, Detail: err.Error()}}
	}
	os.Remove(report) // an old one must not be taken for this run's
	// What is tested is the library in the wheel, as make setup installed it.
	output, err := command("bindings/python", "env", "-u", "MEMFD_GO_LIBRARY", pytest, "--junit-xml="+report)
	text, _ := os.ReadFile(report)
	ended, parseErr := results.ParseJUnit(text)
	if err == nil {
		err = parseErr
	}
	return results.WithExit(ended, "pytest", output, err)
}
