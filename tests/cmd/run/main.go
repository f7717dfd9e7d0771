// SPDX-License-Identifier: MIT

// Command run runs the tests of all languages and the linters (make test, check, quick and lint).
// The library must have been built. The last line of output counts the results.
//
//	go run ./tests/cmd/run [SUITE...]                      some suites: go python rust lint; or all
//	go run ./tests/cmd/run -quick [SUITE...]               the main tests
//	go run ./tests/cmd/run -quick -subject map [SUITE...]  only tests with "map" in their names
//	go run ./tests/cmd/run -format                         format all sources
//
// The exit status is 1 if a test failed, or if none passed.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"libmemfd_go/internal/results"
)

// suite is a group of tests that one tool runs.
type suite struct {
	name  string
	run   func() []results.Result
	quick func(subject string) []results.Result // its part of a quick run; nil if it has none
}

var suites = []suite{
	{"go", runGo, quickGo},
	{"python", runPython, quickPython},
	{"rust", runRust, quickRust},
	{"lint", runLinters, nil},
}

func main() {
	quick := flag.Bool("quick", false, "run the main tests, in a minute")
	subject := flag.String("subject", "", "with -quick, run only tests with this in their `name`")
	fix := flag.Bool("format", false, "format all sources")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: go run ./tests/cmd/run [-quick [-subject NAME]] [go] [python] [rust] [lint]\n       go run ./tests/cmd/run -format")
		flag.PrintDefaults()
	}
	flag.Parse()
	if err := prepare(flag.Args(), *quick); err != nil {
		fmt.Fprintln(os.Stderr, "run:", err)
		os.Exit(2)
	}
	var all []results.Result
	switch {
	case *fix:
		all = format()
	case *quick:
		all = runQuickly(wanted(flag.Args()), *subject)
	default:
		for _, s := range wanted(flag.Args()) {
			all = append(all, s.timed(s.run)...)
		}
	}
	fmt.Print(results.Report(all))
	if !results.Good(all) {
		os.Exit(1)
	}
}

// wanted returns the suites with these names, or all.
func wanted(names []string) []suite {
	if len(names) == 0 {
		return suites
	}
	return slices.DeleteFunc(slices.Clone(suites), func(s suite) bool { return !slices.Contains(names, s.name) })
}

// timed runs a suite, and prints its counts and its time.
func (s suite) timed(run func() []results.Result) []results.Result {
	fmt.Printf("%s: running\n", s.name)
	start := time.Now()
	ended := run()
	fmt.Printf("%s: %s in %.1f s\n", s.name, results.Count(ended), time.Since(start).Seconds())
	return ended
}

// prepare checks the arguments and the library, and sets the environment of the suites.
func prepare(names []string, quick bool) error {
	for _, name := range names {
		if !slices.ContainsFunc(suites, func(s suite) bool { return s.name == name }) {
			return fmt.Errorf("unknown suite %q; the suites are: go python rust lint", name)
		}
	}
	top, err := os.Getwd()
	if err != nil {
		return err
	}
	folder := filepath.Join(top, "build", "linux_"+runtime.GOARCH)
	library := filepath.Join(folder, "libmemfd_go.so.1")
	if _, err := os.Stat(library); err != nil {
		return fmt.Errorf("the library is not built: run make in the top folder (%w)", err)
	}
	if level := "MEMFD_GO_TESTS"; !quick && os.Getenv(level) == "" {
		os.Setenv(level, "regular")
	}
	for name, value := range map[string]string{
		"CGO_ENABLED":       "0",
		"CARGO_NET_OFFLINE": "true",
		"MEMFD_GO_LIBRARY":  library,
		"MEMFD_GO_LIB_DIR":  folder,
	} {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return nil
}
