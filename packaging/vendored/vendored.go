// SPDX-License-Identifier: MIT

// Package vendored copies Go modules, for builds without a network.
package vendored

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Write writes the dependencies of the module in top to a folder.
func Write(top, folder string) error {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return err
	}
	cmd := exec.Command("go", "mod", "vendor", "-o", folder)
	cmd.Dir = top
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, output)
	}
	return prune(folder)
}

// prune removes files for systems other than Linux, which are most of x/sys/unix.
func prune(folder string) error {
	others := []string{"aix", "darwin", "dragonfly", "freebsd", "netbsd", "openbsd", "solaris", "zos"}
	return filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		words := strings.FieldsFunc(d.Name(), func(r rune) bool { return r == '_' || r == '.' })
		if !slices.ContainsFunc(words, func(word string) bool { return slices.Contains(others, word) }) {
			return nil
		}
		return os.Remove(path)
	})
}
