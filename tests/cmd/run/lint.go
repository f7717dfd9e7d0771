// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"libmemfd_go/internal/results"
)

type linter struct {
	name   string
	tool   string // the program that must be installed; "" if it is missing from build/venv
	folder string
	args   []string
	silent bool // it reports findings on standard output, with exit status 0

	fix []string // the command that formats the same files
}

func linters() []linter {
	ruff, mypy, pyright, reuse := inVenv("ruff"), inVenv("mypy"), inVenv("pyright"), inVenv("reuse")
	clangFormat := inVenv("clang-format")
	const staticcheck, actionlint = "./build/bin/staticcheck", "./build/bin/actionlint" // from make setup
	const python, examples = "bindings/python", "examples/rust"
	// The examples use the settings of the package.
	pythonSources := []string{"--no-cache", "--config", "pyproject.toml", ".", "../../examples/python"}
	clippy := []string{"cargo", "clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"}
	clippyCrates := slices.Insert(slices.Clone(clippy), 2, features)
	rustfmt := func(name, folder string) linter {
		return linter{name: "cargo fmt" + name, tool: "cargo-fmt", folder: folder, args: []string{"cargo", "fmt", "--check"}, fix: []string{"cargo", "fmt"}}
	}
	return []linter{
		{name: "gofmt", tool: "gofmt", folder: ".", args: []string{"gofmt", "-l", "."}, silent: true, fix: []string{"gofmt", "-w", "."}},
		{name: "go vet", tool: "go", folder: ".", args: []string{"go", "vet", "./..."}},
		{name: "go mod verify", tool: "go", folder: ".", args: []string{"go", "mod", "verify"}},
		{name: "staticcheck", tool: staticcheck, folder: ".", args: []string{staticcheck, "./..."}},
		{name: "go vet (memfd)", tool: "go", folder: memfdCommand, args: []string{"go", "vet", "./..."}},
		{name: "staticcheck (memfd)", tool: staticcheck, folder: memfdCommand, args: []string{"../../" + staticcheck, "./..."}},
		{name: "ruff check", tool: ruff, folder: python, args: append([]string{ruff, "check"}, pythonSources...), fix: append([]string{ruff, "check", "--fix"}, pythonSources...)},
		{name: "ruff format", tool: ruff, folder: python, args: append([]string{ruff, "format", "--diff"}, pythonSources...), fix: append([]string{ruff, "format"}, pythonSources...)},
		{name: "ruff check (bench)", tool: ruff, folder: "tests/bench/python", args: []string{ruff, "check", "--no-cache", "--isolated", "."}},
		{name: "mypy", tool: mypy, folder: python, args: []string{mypy, "--cache-dir=/dev/null"}},
		{name: "pyright", tool: pyright, folder: python, args: []string{pyright, "--pythonpath", inVenv("python")}},
		rustfmt("", crates),
		{name: "cargo clippy", tool: "cargo-clippy", folder: crates, args: clippyCrates},
		rustfmt(" (examples)", examples),
		rustfmt(" (recipes)", "examples/rust/recipes"),
		rustfmt(" (bench)", "tests/bench/rust-ratios"),
		rustfmt(" (fuzz)", "tests/fuzz/rust"),
		{name: "cargo clippy (examples)", tool: "cargo-clippy", folder: examples, args: clippy},
		{name: "reuse", tool: reuse, folder: ".", args: []string{reuse, "lint"}},
		{name: "clang-format", tool: clangFormat, folder: ".", args: append([]string{clangFormat, "--dry-run", "-Werror"}, cSources(".")...), fix: append([]string{clangFormat, "-i"}, cSources(".")...)},
		{name: "actionlint", tool: actionlint, folder: ".", args: []string{actionlint, "-shellcheck="}},
		{name: "shellcheck", tool: "shellcheck", folder: ".", args: append([]string{"shellcheck", "-x", "-P", "SCRIPTDIR"}, shellScripts(".")...)},
	}
}

// format runs the commands that format sources.
func format() []results.Result {
	var formatters []linter
	for _, l := range linters() {
		if l.fix != nil {
			l.args, l.silent = l.fix, false
			formatters = append(formatters, l)
		}
	}
	return runAll(formatters)
}

func runLinters() []results.Result { return runAll(linters()) }

// runAll runs linters in parallel, since some use only one processor.
func runAll(linters []linter) []results.Result {
	all := make([]results.Result, len(linters))
	var running sync.WaitGroup
	for i, l := range linters {
		running.Go(func() { all[i] = l.run() })
	}
	running.Wait()
	return all
}

func (l linter) run() results.Result {
	if why := l.missing(); why != "" {
		return results.Result{Name: l.name, Status: results.Skipped, Detail: why}
	}
	output, err := command(l.folder, l.args...)
	if err != nil || l.silent && output != "" {
		return results.Result{Name: l.name, Status: results.Failed, Detail: results.Tail(output)}
	}
	return results.Result{Name: l.name, Status: results.Passed}
}

// missing returns the reason why the linter cannot run, or "".
func (l linter) missing() string {
	if l.tool == "" {
		return "not in " + venv + ": run make setup"
	}
	if _, err := exec.LookPath(l.tool); err != nil {
		return l.tool + " is not installed"
	}
	if _, err := exec.LookPath("node"); err != nil && l.name == "pyright" {
		return "node is not installed" // pyright would download it
	}
	if l.tool == "cargo-clippy" {
		return cannotCargo(l.folder)
	}
	return ""
}

// command runs a program in a folder, and returns its output.
func command(folder string, args ...string) (string, error) {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = folder
	output, err := cmd.CombinedOutput()
	return string(output), err
}

// shellScripts returns the files below top that begin with #!/bin/sh.
func shellScripts(top string) []string {
	return sources(top, func(path string) bool { return firstLine(path) == "#!/bin/sh" })
}

// cSources returns the C files below top. clang-format skips those in .clang-format-ignore.
func cSources(top string) []string {
	return sources(top, func(path string) bool { return filepath.Ext(path) == ".c" || filepath.Ext(path) == ".h" })
}

// sources returns the wanted files below top, without build products.
func sources(top string, wanted func(path string) bool) []string {
	var found []string
	filepath.WalkDir(top, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return nil // the linter could not read it either
		}
		if e.IsDir() && (e.Name() == ".git" || e.Name() == "build" || e.Name() == "target") {
			return fs.SkipDir
		}
		if e.Type().IsRegular() && wanted(path) {
			found = append(found, path)
		}
		return nil
	})
	return found
}

func firstLine(path string) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	start := make([]byte, 64)
	n, _ := file.Read(start)
	line, _, _ := bytes.Cut(start[:n], []byte("\n"))
	return strings.TrimSpace(string(line))
}
