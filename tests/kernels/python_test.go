// SPDX-License-Identifier: MIT

package kernels

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"libmemfd_go/internal/results"
	"libmemfd_go/internal/testenv"
	"libmemfd_go/tests/kernels/wire"
)

var pythonSuite = suite{"python", preparePython, func(t *testing.T, run wire.Run, result *wire.Result, hint string) {
	all, err := results.ParseJUnit([]byte(result.Report))
	tellResults(t, run, result, all, err, hint)
}}

func preparePython(t *testing.T, c cell, m *image) []wire.Run {
	python := "/usr/bin/python3"
	// What an emulator has compiled once is there for the tests' own children.
	environment := append(c.known(), "PYTHONPATH=/packages", "PYTHONDONTWRITEBYTECODE=")
	if c.goarch == runtime.GOARCH {
		python = addOwnPython(t, c, m)
	} else {
		addForeignPython(t, c, m)
		environment = append(environment, "PYTHONHOME=/usr")
	}
	if _, err := c.arch().Wheel(); err != nil {
		testenv.UnavailableIf(t, c.regular, err)
	}
	installed := t.TempDir()
	glibc, _ := c.arch().WheelTags()
	if err := testenv.InstallWheel(strings.TrimPrefix(glibc, "py3-none-"), installed); err != nil {
		testenv.UnavailableIf(t, c.regular, err)
	}
	must(t, m.addTree("packages/memfd_go", filepath.Join(installed, "memfd_go")))
	must(t, m.addTree("python", filepath.Join(testenv.Repository(), "bindings", "python"), "__pycache__", "build"))
	packages := filepath.Join(testenv.Repository(), "build", "venv", "lib", "python3*", "site-packages")
	for _, name := range []string{"pytest", "_pytest", "py.py", "iniconfig", "packaging", "pluggy", "pygments"} {
		found, _ := filepath.Glob(filepath.Join(packages, name))
		if len(found) != 1 {
			t.Skipf("make setup has not put %s into build/venv", name)
		}
		must(t, m.addTree("packages/"+name, found[0]))
	}
	return []wire.Run{{
		Name: "pytest",
		Arguments: []string{python, "-m", "pytest", "--rootdir=/python", "/python/tests",
			"--junit-xml=/tmp/report.xml", "--no-header", "-q", "-p", "no:cacheprovider"},
		Environment: environment,
		Folder:      "/python", // which is on no tmpfs
		Report:      "/tmp/report.xml",
		Seconds:     600,
	}}
}

// unneeded are folders of Python's library that would fill the machine's memory.
var unneeded = []string{"test", "tests", "site-packages", "idlelib", "tkinter", "ensurepip", "lib2to3", "turtledemo", "pydoc_data"}

// addOwnPython copies the machine's Python, at its own place, and returns its path.
func addOwnPython(t *testing.T, c cell, m *image) string {
	output, err := exec.Command("python3", "-c",
		"import os, sys, sysconfig; print(os.path.realpath(sys.executable), sysconfig.get_path('stdlib'))").Output()
	if err != nil {
		t.Skip("no python3: ", err)
	}
	python, standard, _ := strings.Cut(strings.TrimSpace(string(output)), " ")
	// Not any libpython, but its own.
	elsewhere := m.find
	m.find = func(name string) (string, error) {
		own := filepath.Join(filepath.Dir(standard), name)
		if _, err := os.Stat(own); err == nil {
			return own, nil
		}
		return elsewhere(name)
	}
	t.Attr("tools", testenv.Version(nil, python, "--version")+", "+c.arch().GlibcVersion())
	must(t, m.addProgram(python, python))
	config, _ := filepath.Glob(filepath.Join(standard, "config-*"))
	without := unneeded
	for _, folder := range config {
		without = append(without, filepath.Base(folder))
	}
	modules, _ := filepath.Glob(filepath.Join(standard, "lib-dynload", "*.so"))
	for _, module := range modules {
		if err := m.addProgram(module, module); err != nil {
			t.Logf("%s may not work: %v", module, err)
		}
	}
	must(t, m.addTree(standard, standard, without...))
	return python
}

// addForeignPython copies a Python from the cache with its C library, as if it were the machine's own.
func addForeignPython(t *testing.T, c cell, m *image) {
	part := "python@" + c.goarch
	if err := testenv.Ready(part); err != nil {
		testenv.UnavailableIf(t, c.regular, err)
	}
	t.Attr("tools", testenv.PythonVersion(c.goarch))
	m.archive.link("lib", "usr/lib")
	m.archive.link("lib64", "usr/lib64")
	tree := testenv.PartDir(part)
	m.root = tree
	must(t, m.addTree("usr/lib", filepath.Join(tree, "usr", "lib"), unneeded...))
	must(t, m.addTree("usr/lib64", filepath.Join(tree, "usr", "lib64")))
	must(t, m.addTree("usr/bin", filepath.Join(tree, "usr", "bin")))
}
