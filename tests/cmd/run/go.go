// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"errors"
	"os/exec"

	"libmemfd_go/internal/results"
)

// memfdCommand is a module of its own.
const memfdCommand = "cmd/memfd"

// runGo runs all Go tests, the parsers of this package among them.
func runGo() []results.Result {
	return append(goTest("./..."), goTestIn(memfdCommand, "./...")...)
}

func goTest(arguments ...string) []results.Result { return goTestIn(".", arguments...) }

func goTestIn(module string, arguments ...string) []results.Result {
	var stderr bytes.Buffer
	test := exec.Command("go", append([]string{"test", "-json", "-count=1", "-timeout=30m"}, arguments...)...)
	test.Dir = module
	test.Stderr = &stderr
	output, err := test.Output()
	ended, parseErr := results.ParseGo(bytes.NewReader(output))
	return results.WithExit(ended, "go test", stderr.String(), errors.Join(err, parseErr))
}
