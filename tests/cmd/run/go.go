// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"errors"
	"os/exec"

	"libmemfd_go/internal/results"
)

// memfdCommand is the folder of the command, which is a separate module.
const memfdCommand = "cmd/memfd"

// runGo runs all Go tests.
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
