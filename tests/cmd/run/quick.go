// SPDX-License-Identifier: MIT

package main

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"libmemfd_go/internal/results"
)

// runQuickly runs the quick parts of suites at the same time. With a subject, a language that
// has no test of it is told.
func runQuickly(suites []suite, subject string) []results.Result {
	all := make([][]results.Result, len(suites))
	var running sync.WaitGroup
	for i, s := range suites {
		if s.quick != nil {
			running.Go(func() { all[i] = s.timed(func() []results.Result { return s.quick(subject) }) })
		}
	}
	running.Wait()
	var flat []results.Result
	for i, ended := range all {
		if subject != "" && suites[i].quick != nil && len(ended) == 0 {
			ended = append(ended, results.Result{Name: suites[i].name, Status: results.Skipped, Detail: "no test is named like " + subject})
		}
		flat = append(flat, ended...)
	}
	return flat
}

// quickGo runs core, linker, contract, the Go package and the tests without cgo, and the C
// programs on this machine.
func quickGo(subject string) []results.Result {
	programs := []string{"-run", "^TestC$/^" + runtime.GOARCH + "$/^glibc$", "./tests/c/runner"}
	packages := []string{"./core", "./capi/linker", "./bindings/go/...", "./tests/purego", "./tests/contract", "./internal/..."}
	if subject != "" {
		programs[1] += "/" + subject
		packages = append([]string{"-run", "(?i)" + strings.ReplaceAll(subject, "_", "_?")}, packages...)
	}
	all := append(goTest(packages...), goTest(programs...)...)
	// Without any program of that name, what remains is the test that would run them.
	all = slices.DeleteFunc(all, func(r results.Result) bool {
		return r.Status == results.Passed && strings.HasSuffix(r.Name, "TestC/"+runtime.GOARCH+"/glibc")
	})
	if subject != "" && len(all) > 0 {
		all = append(all, goTest("./tests/contract")...) // it names what is missing
	}
	return all
}

// quickPython tests the package as it is in the source tree, with no need to install it.
func quickPython(subject string) []results.Result {
	source, err := filepath.Abs("bindings/python/src")
	if err != nil {
		return []results.Result{{Name: "pytest", Status: results.Failed, Detail: err.Error()}}
	}
	arguments := []string{"--ignore=tests/test_package.py"}
	if subject != "" {
		arguments = append(arguments, "-k", subject)
	}
	return pytest([]string{"PYTHONPATH=" + source, "MEMFD_GO_LIBRARY=" + os.Getenv("MEMFD_GO_LIBRARY")}, arguments...)
}

// quickRust leaves out the examples of the documentation, each of which is a program.
func quickRust(subject string) []results.Result {
	words := []string{"--show-output"}
	if subject != "" {
		words = append(words, subject)
	}
	return cargoTest([]string{"--lib", "--tests"}, words...)
}
