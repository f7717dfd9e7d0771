// SPDX-License-Identifier: MIT

package testenv

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Version returns the first line of a command's output, up to the version number: "rustc 1.85.0".
func Version(environment []string, command ...string) string {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(os.Environ(), environment...)
	output, _ := cmd.CombinedOutput() // some exit with an error status
	line := string(output)
	if i := strings.Index(line, "Version "); i >= 0 { // musl
		line = "musl " + line[i+len("Version "):]
	}
	line, _, _ = strings.Cut(line, "\n")
	if m := number.FindStringIndex(line); m != nil {
		return line[:m[1]]
	}
	return line
}

var (
	number = regexp.MustCompile(`\d+(\.\d+)+`)
	glibc  = regexp.MustCompile(`GNU C Library [^\n]* version (\d+(?:\.\d+)+)`)
)

// CompilerVersion returns a text like "gcc 12.2.0".
func CompilerVersion(compiler string) string {
	return "gcc " + Version(nil, compiler, "-dumpfullversion")
}

// glibcVersion searches libc.so.6 for its version, because the host may not be able to run it.
func glibcVersion(libc string) string {
	data, err := os.ReadFile(libc)
	if m := glibc.FindSubmatch(data); err == nil && m != nil {
		return fmt.Sprintf("glibc %s", m[1])
	}
	return "glibc"
}

// GlibcVersion returns the version of the C library that the compiler links with.
func (a Arch) GlibcVersion() string {
	compiler, err := a.Compiler.Path()
	if err != nil {
		return "glibc"
	}
	output, _ := exec.Command(compiler, "-print-file-name=libc.so.6").Output()
	return glibcVersion(strings.TrimSpace(string(output)))
}

// MuslVersion runs the loader of musl, which prints its version.
func MuslVersion(root string, emulator []string) string {
	loaders, _ := filepath.Glob(filepath.Join(root, "lib", "ld-musl-*"))
	if len(loaders) == 0 {
		return "musl"
	}
	return Version(nil, append(slices.Clone(emulator), loaders[0])...)
}

// GoVersion returns the version of the go command in an environment.
func GoVersion(environment []string) string {
	return Version(environment, "go", "env", "GOVERSION")
}

// RustVersion returns the version of rustc in an environment.
func RustVersion(environment []string) string {
	return Version(environment, "sh", "-c", "${RUSTC:-rustc} --version")
}

// PythonVersion returns the versions of the Python in the cache for an architecture, and of its C library.
func PythonVersion(goarch string) string {
	tree := PartDir("python@" + goarch)
	version := Version(nil, filepath.Join(tree, "bin", "python"), "--version")
	for _, pattern := range []string{"usr/lib/*/libc.so.6", "usr/lib/libc.so.6"} {
		if found, _ := filepath.Glob(filepath.Join(tree, pattern)); len(found) > 0 {
			return version + ", " + glibcVersion(found[0])
		}
	}
	return version
}
