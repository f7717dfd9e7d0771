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

// runQuickly runs the quick parts of suites in parallel. If a suite has no test of the subject, that
// is reported as a skip.
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
			ended = append(ended, results.Result{Name: suites[i].name, Status: results.Skipped, Detail: "no test has " + subject + " in its name"})
		}
		flat = append(flat, ended...)
	}
	return flat
}

// quickGo runs the tests of core, linker, contract and the Go package, and the C programs on the host.
func quickGo(subject string) []results.Result {
	programs := []string{"-run", "^TestC$/^" + runtime.GOARCH + "$/^glibc$", "./tests/c/runner"}
	packages := []string{"./core", "./capi/linker", "./bindings/go/...", "./tests/purego", "./tests/contract", "./internal/..."}
	if subject != "" {
		programs[1] += "/" + subject
		packages = append([]string{"-run", "(?i)" + strings.ReplaceAll(subject, "_", "_?")}, packages...)
	}
	all := append(goTest(packages...), goTest(programs...)...)
	// If no program has that name, only the parent test passes, which says nothing.
	all = slices.DeleteFunc(all, func(r results.Result) bool {
		return r.Status == results.Passed && strings.HasSuffix(r.Name, "TestC/"+runtime.GOARCH+"/glibc")
	})
	if subject != "" && len(all) > 0 {
		all = append(all, goTest("./tests/contract")...) // lists what the subject still needs
	}
	return all
}

// quickPython tests the package in the source tree, without installing it.
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

// quickRust leaves out doctests, because each is compiled as a program.
func quickRust(subject string) []results.Result {
	words := []string{"--show-output"}
	if subject != "" {
		words = append(words, subject)
	}
	return cargoTest([]string{"--lib", "--tests"}, words...)
}
