// SPDX-License-Identifier: MIT

// Command dist writes the files of a release: for each architecture an archive and packages for dpkg,
// rpm and apk; source archives; Rust crates; a bill of materials; and checksums.
//
//	dist FOLDER WHEELS GOARCH...
//
// It runs in the top folder, and reads libraries, commands and manual pages from build, and Python
// packages from the folder WHEELS. The files are reproducible: all times are $SOURCE_DATE_EPOCH.
package main

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// release holds what all files need.
type release struct {
	folder     string // for the files
	version    string
	time       time.Time
	maintainer string // for packages
}

// major returns the major version, which is part of the library's name.
func (r *release) major() string {
	major, _, _ := strings.Cut(r.version, ".")
	return major
}

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: dist FOLDER WHEELS GOARCH...")
		os.Exit(2)
	}
	syscall.Umask(0o022) // packages contain the modes of the files that this program creates
	if err := run(os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		fmt.Fprintln(os.Stderr, "dist:", err)
		os.Exit(1)
	}
}

func run(folder, wheels string, arches []string) error {
	r, err := newRelease(folder)
	if err != nil {
		return err
	}
	for _, name := range arches {
		a, err := archOf(name)
		if err != nil {
			return err
		}
		for _, make := range []func(arch) error{r.archive, r.packages} {
			if err := make(a); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	if err := r.sources(); err != nil {
		return err
	}
	if err := r.crates(); err != nil {
		return err
	}
	if err := r.copyAll(filepath.Join(wheels, "memfd_go-*")); err != nil {
		return err
	}
	if err := r.billOfMaterials(arches); err != nil {
		return err
	}
	return r.checksums()
}

var versionLine = regexp.MustCompile(`(?m)^#define MEMFD_GO_VERSION_STRING "(.*)"$`)

func newRelease(folder string) (*release, error) {
	header, err := os.ReadFile("include/memfd_go.h")
	if err != nil {
		return nil, err
	}
	version := versionLine.FindSubmatch(header)
	if version == nil {
		return nil, fmt.Errorf("include/memfd_go.h does not define MEMFD_GO_VERSION_STRING")
	}
	seconds, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("SOURCE_DATE_EPOCH must be a time in seconds: %w", err)
	}
	if folder, err = filepath.Abs(folder); err != nil {
		return nil, err
	}
	if err := makeEmpty(folder); err != nil {
		return nil, err
	}
	maintainer := cmp.Or(os.Getenv("MAINTAINER"), "libmemfd_go maintainers <maintainers@libmemfd-go.invalid>")
	return &release{folder, string(version[1]), time.Unix(seconds, 0).UTC(), maintainer}, nil
}

var ofRelease = regexp.MustCompile(`^(lib)?memfd([-_].*)?\.[a-z]+$|^SHA256SUMS$`)

// makeEmpty creates the folder, or removes an earlier release from it. SHA256SUMS lists all files in the
// folder, so it fails if there are others.
func makeEmpty(folder string) error {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	files, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, f := range files {
		if !ofRelease.MatchString(f.Name()) {
			return fmt.Errorf("%s is not of a release: choose another folder, or remove the file", filepath.Join(folder, f.Name()))
		}
	}
	for _, f := range files {
		if err := os.Remove(filepath.Join(folder, f.Name())); err != nil {
			return err
		}
	}
	return nil
}

// command runs a program. If it fails, the error contains its output.
func command(env []string, name string, arguments ...string) error {
	cmd := exec.Command(name, arguments...)
	cmd.Env = append(os.Environ(), env...)
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, output)
	}
	return nil
}
