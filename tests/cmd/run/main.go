// Command run runs the tests of all languages and the linters, and ends with one
// line: N passed, N failed, N skipped. It is what `make test` and `make check` do
// once the library is built; it installs nothing.
//
//	go run ./tests/cmd/run             everything
//	go run ./tests/cmd/run SUITE...    some suites: go python rust lint
//
// The exit status is 1 if anything failed, or if nothing passed.
package main

import (
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
	name string
	run  func() []results.Result
}

var suites = []suite{
	{"go", runGo},
	{"python", runPython},
	{"rust", runRust},
	{"lint", runLinters},
}

func main() {
	if err := prepare(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "run:", err)
		os.Exit(2)
	}
	var all []results.Result
	for _, s := range suites {
		if len(os.Args) > 1 && !slices.Contains(os.Args[1:], s.name) {
			continue
		}
		fmt.Printf("%s: running\n", s.name)
		start := time.Now()
		ended := s.run()
		fmt.Printf("%s: %s in %.1f s\n", s.name, results.Count(ended), time.Since(start).Seconds())
		all = append(all, ended...)
	}
	fmt.Print(results.Report(all))
	if !results.Good(all) {
		os.Exit(1)
	}
}

// prepare checks where it runs, and tells the suites where the library is.
func prepare(names []string) error {
	for _, name := range names {
		if !slices.ContainsFunc(suites, func(s suite) bool { return s.name == name }) {
			return fmt.Errorf("no suite is called %s", name)
		}
	}
	top, err := os.Getwd()
	if err != nil {
		return err
	}
	folder := filepath.Join(top, "build", "linux_"+runtime.GOARCH)
	library := filepath.Join(folder, "libmemfd_go.so.1")
	if _, err := os.Stat(library); err != nil {
		return fmt.Errorf("%w: run `make` first, in the top folder", err)
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
