package main

import (
	"bytes"
	"errors"
	"os/exec"

	"libmemfd_go/internal/results"
)

// runGo runs all Go tests, the parsers of this package among them.
func runGo() []results.Result { return goTest("./...") }

func goTest(arguments ...string) []results.Result {
	var stderr bytes.Buffer
	test := exec.Command("go", append([]string{"test", "-json", "-count=1", "-timeout=30m"}, arguments...)...)
	test.Stderr = &stderr
	output, err := test.Output()
	ended, parseErr := results.ParseGo(bytes.NewReader(output))
	return results.WithExit(ended, "go test", stderr.String(), errors.Join(err, parseErr))
}
