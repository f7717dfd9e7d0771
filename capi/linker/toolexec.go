// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// toolexec runs a tool of the Go toolchain in cmd/go's place (go build
// -toolexec) and returns its exit status. It changes how cmd/link runs:
//
// cmd/go refuses -buildmode=c-shared without cgo but lets -buildmode=c-archive
// pass. Both link steps are alike up to the external linker, so that here
// cmd/link gets the mode that is meant and this program as external linker.
func toolexec(tool string, args []string) int {
	self, err := os.Executable()
	if err != nil {
		return fail(err)
	}
	cmd := exec.Command(tool, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	switch {
	case toolName(tool) != "link":
		return status(cmd.Run())
	case len(args) == 1 && args[0] == "-V=full":
		cmd.Stdout = nil
		version, err := cmd.Output()
		if err != nil {
			return status(err)
		}
		hash, err := hashFile(self)
		if err != nil {
			return fail(err)
		}
		fmt.Println(linkVersion(string(version), hash))
		return 0
	}
	quoted, err := quote(self)
	if err != nil {
		return fail(err)
	}
	cmd.Args = append(cmd.Args[:1], linkArgs(args, quoted)...)
	// One writer for both, as in cmd/go: the lines keep their order.
	out := &messages{w: os.Stderr}
	cmd.Stdout, cmd.Stderr = out, out
	err = cmd.Run()
	out.flush()
	return status(err)
}

// toolName is link for both /path/link and C:\path\link.exe.
func toolName(tool string) string {
	return strings.TrimSuffix(filepath.Base(tool), ".exe")
}

// linkArgs turns cmd/link's arguments for a C archive into those for a C shared
// library that self, a quoted path, links. To cmd/link, -race means that a chain of nosplit
// functions may use 1600 bytes of stack rather than 800, which suits a C caller's
// stack; nothing gets instrumented, for that is up to the compiler.
func linkArgs(args []string, self string) []string {
	var shared []string
	archive := false
	for _, arg := range args {
		switch {
		case arg == "-buildmode=c-archive":
			archive = true
			shared = append(shared, "-race")
			arg = "-buildmode=c-shared"
		case strings.HasPrefix(arg, "-extld="):
			arg = "-extld=" + self
		}
		shared = append(shared, arg)
	}
	if !archive {
		return args
	}
	return shared
}

// linkVersion is cmd/link's answer to -V=full with hash added to its last word.
// cmd/go takes it for the linker's identity: when this program changes, what it
// linked is linked again.
func linkVersion(version, hash string) string {
	return strings.TrimSpace(version) + "+" + hash
}

func hashFile(name string) (string, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", sha256.Sum256(data)), nil
}

// messages copies lines, except for those by which cmd/link reports that packages
// runtime/cgo and runtime/race are not there: that is what we want.
type messages struct {
	w    io.Writer
	line []byte // so far
}

func (m *messages) Write(p []byte) (int, error) {
	for line := range bytes.Lines(p) {
		m.line = append(m.line, line...)
		if bytes.HasSuffix(line, []byte("\n")) {
			m.flush()
		}
	}
	return len(p), nil
}

var unwanted = []string{
	"loadinternal: cannot find runtime/cgo\n",
	"loadinternal: cannot find runtime/race\n",
}

func (m *messages) flush() {
	if !slices.Contains(unwanted, string(m.line)) {
		m.w.Write(m.line)
	}
	m.line = nil
}

func status(err error) int {
	if err == nil {
		return 0
	}
	if exit, ok := err.(*exec.ExitError); ok && exit.ExitCode() > 0 {
		return exit.ExitCode()
	}
	return fail(err)
}
