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

// Version is what a command says of itself, up to the number of the version:
// "rustc 1.85.0". Environment is added to ours.
func Version(environment []string, command ...string) string {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(os.Environ(), environment...)
	output, _ := cmd.CombinedOutput() // some of them do not call it success
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

// CompilerVersion is "gcc 12.2.0", whatever the compiler's name.
func CompilerVersion(compiler string) string {
	return "gcc " + Version(nil, compiler, "-dumpfullversion")
}

// glibcVersion reads it in a libc.so.6, which need not run here.
func glibcVersion(libc string) string {
	data, err := os.ReadFile(libc)
	if m := glibc.FindSubmatch(data); err == nil && m != nil {
		return fmt.Sprintf("glibc %s", m[1])
	}
	return "glibc"
}

// GlibcVersion is that of the C library that the compiler links with.
func (a Arch) GlibcVersion() string {
	compiler, err := a.Compiler.Path()
	if err != nil {
		return "glibc"
	}
	output, _ := exec.Command(compiler, "-print-file-name=libc.so.6").Output()
	return glibcVersion(strings.TrimSpace(string(output)))
}

// MuslVersion asks the loader of musl, which some emulator runs.
func MuslVersion(root string, emulator []string) string {
	loaders, _ := filepath.Glob(filepath.Join(root, "lib", "ld-musl-*"))
	if len(loaders) == 0 {
		return "musl"
	}
	return Version(nil, append(slices.Clone(emulator), loaders[0])...)
}

// GoVersion is that of the go command, in an environment for it.
func GoVersion(environment []string) string {
	return Version(environment, "go", "env", "GOVERSION")
}

// RustVersion is that of rustc, in an environment for cargo.
func RustVersion(environment []string) string {
	return Version(environment, "sh", "-c", "${RUSTC:-rustc} --version")
}

// PythonVersion is the version of the Python in the cache for an architecture, and of the C library
// that is with it.
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
