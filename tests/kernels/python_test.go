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
	reportResults(t, run, result, all, err, hint)
}}

func preparePython(t *testing.T, e entry, m *image) []wire.Run {
	python := "/usr/bin/python3"
	// Bytecode files save the child processes from compiling again, which is slow under emulation.
	environment := append(e.known(), "PYTHONPATH=/packages", "PYTHONDONTWRITEBYTECODE=")
	if e.goarch == runtime.GOARCH {
		python = addOwnPython(t, e, m)
	} else {
		addForeignPython(t, e, m)
		environment = append(environment, "PYTHONHOME=/usr")
	}
	if _, err := e.arch().Wheel(); err != nil {
		testenv.UnavailableIf(t, e.regular, err)
	}
	installed := t.TempDir()
	glibc, _ := e.arch().WheelTags()
	if err := testenv.InstallWheel(strings.TrimPrefix(glibc, "py3-none-"), installed); err != nil {
		testenv.UnavailableIf(t, e.regular, err)
	}
	must(t, m.addTree("packages/memfd_go", filepath.Join(installed, "memfd_go")))
	must(t, m.addTree("python", filepath.Join(testenv.Repository(), "bindings", "python"), "__pycache__", "build"))
	packages := filepath.Join(testenv.Repository(), "build", "venv", "lib", "python3*", "site-packages")
	for _, name := range []string{"pytest", "_pytest", "py.py", "iniconfig", "packaging", "pluggy", "pygments"} {
		found, _ := filepath.Glob(filepath.Join(packages, name))
		if len(found) != 1 {
			t.Skipf("%s is not in build/venv: run make setup", name)
		}
		must(t, m.addTree("packages/"+name, found[0]))
	}
	return []wire.Run{{
		Name: "pytest",
		Arguments: []string{python, "-m", "pytest", "--rootdir=/python", "/python/tests",
			"--junit-xml=/tmp/report.xml", "--no-header", "-q", "-p", "no:cacheprovider"},
		Environment: environment,
		Folder:      "/python", // not on tmpfs
		Report:      "/tmp/report.xml",
		Seconds:     600,
	}}
}

// unneeded are folders of Python's library that are left out to save memory.
var unneeded = []string{"test", "tests", "site-packages", "idlelib", "tkinter", "ensurepip", "lib2to3", "turtledemo", "pydoc_data"}

// addOwnPython copies the host's Python to the same path, and returns the path.
func addOwnPython(t *testing.T, e entry, m *image) string {
	output, err := exec.Command("python3", "-c",
		"import os, sys, sysconfig; print(os.path.realpath(sys.executable), sysconfig.get_path('stdlib'))").Output()
	if err != nil {
		t.Skip("no python3: ", err)
	}
	python, standard, _ := strings.Cut(strings.TrimSpace(string(output)), " ")
	// The compiler may find the libpython of another Python.
	elsewhere := m.find
	m.find = func(name string) (string, error) {
		own := filepath.Join(filepath.Dir(standard), name)
		if _, err := os.Stat(own); err == nil {
			return own, nil
		}
		return elsewhere(name)
	}
	t.Attr("tools", testenv.Version(nil, python, "--version")+", "+e.arch().GlibcVersion())
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

// addForeignPython copies a Python of the cache and its C library to where Debian installs them.
func addForeignPython(t *testing.T, e entry, m *image) {
	part := "python@" + e.goarch
	if err := testenv.Ready(part); err != nil {
		testenv.UnavailableIf(t, e.regular, err)
	}
	t.Attr("tools", testenv.PythonVersion(e.goarch))
	m.archive.link("lib", "usr/lib")
	m.archive.link("lib64", "usr/lib64")
	tree := testenv.PartDir(part)
	m.root = tree
	must(t, m.addTree("usr/lib", filepath.Join(tree, "usr", "lib"), unneeded...))
	must(t, m.addTree("usr/lib64", filepath.Join(tree, "usr", "lib64")))
	must(t, m.addTree("usr/bin", filepath.Join(tree, "usr", "bin")))
}
