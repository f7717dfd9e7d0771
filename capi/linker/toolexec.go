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

// toolexec runs a tool of the Go toolchain for cmd/go (go build -toolexec), and returns its exit
// status. It changes only the arguments of cmd/link.
//
// cmd/go refuses -buildmode=c-shared without cgo, but accepts -buildmode=c-archive. Both are the
// same up to cmd/link, which here gets the mode c-shared and this program as the external
// linker.
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
	// One writer for both keeps the order of the lines, as in cmd/go.
	out := &messages{w: os.Stderr}
	cmd.Stdout, cmd.Stderr = out, out
	err = cmd.Run()
	out.flush()
	return status(err)
}

// toolName returns "link" for /path/link and C:\path\link.exe.
func toolName(tool string) string {
	return strings.TrimSuffix(filepath.Base(tool), ".exe")
}

// linkArgs changes cmd/link's arguments from a C archive to a C shared library with self, a
// quoted path, as the external linker. It adds -race, with which cmd/link allows a chain of
// nosplit functions 1600 bytes of stack rather than 800; a C thread has enough. Only the
// compiler instruments code for the race detector, and it does not get the flag.
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

// linkVersion appends hash to the last word of cmd/link's output for -V=full. cmd/go uses it as
// the linker's identity in the build cache, so a change of this program causes relinking.
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

// messages copies lines, except for cmd/link's warnings that the packages runtime/cgo and
// runtime/race are missing, as intended.
type messages struct {
	w    io.Writer
	line []byte // an incomplete line
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
