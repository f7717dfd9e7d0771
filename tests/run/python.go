package main

import (
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
)

// venv is the virtual environment that tests/setup makes.
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

func runPython() []result {
	pytest := inVenv("pytest")
	if pytest == "" {
		return []result{{"pytest", skipped, "it is not in " + venv + " (tests/setup)"}}
	}
	report, err := filepath.Abs("build/pytest.xml")
	if err != nil {
		return []result{{"pytest", failed, err.Error()}}
	}
	os.Remove(report) // an old one must not be taken for this run's
	output, err := command("bindings/python", pytest, "--junit-xml="+report)
	text, _ := os.ReadFile(report)
	results, parseErr := parseJUnit(text)
	if err == nil {
		err = parseErr
	}
	return withExit(results, "pytest", output, err)
}

// parseJUnit reads what pytest --junit-xml writes.
func parseJUnit(text []byte) ([]result, error) {
	type message struct {
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
	var report struct {
		Cases []struct {
			Class   string   `xml:"classname,attr"`
			Name    string   `xml:"name,attr"`
			Failure *message `xml:"failure"`
			Error   *message `xml:"error"`
			Skipped *message `xml:"skipped"`
		} `xml:"testsuite>testcase"`
	}
	if err := xml.Unmarshal(text, &report); err != nil {
		return nil, fmt.Errorf("the report of pytest: %w", err)
	}
	var results []result
	for _, c := range report.Cases {
		r := result{name: c.Class + "::" + c.Name}
		switch {
		case c.Failure != nil:
			r.status, r.detail = failed, tail(c.Failure.Text)
		case c.Error != nil:
			r.status, r.detail = failed, tail(c.Error.Message+"\n"+c.Error.Text)
		case c.Skipped != nil && c.Skipped.Message != "":
			r.status, r.detail = skipped, c.Skipped.Message
		case c.Skipped != nil:
			r.status, r.detail = skipped, c.Skipped.Type
		}
		results = append(results, r)
	}
	return results, nil
}
