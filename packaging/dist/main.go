// SPDX-License-Identifier: MIT

// Command dist makes the files of a release out of what has been built: per architecture
// an archive and packages for dpkg, rpm and apk; archives of the sources; Rust crates; a bill
// of materials; and the checksums of all of them.
//
//	dist FOLDER WHEELS GOARCH...
//
// It runs in the top folder, and takes the libraries and manual pages from build, and the
// Python packages from the folder WHEELS. The same input gives the same bytes: all times
// are $SOURCE_DATE_EPOCH.
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
	"time"
)

// release is what the files have in common.
type release struct {
	folder     string // where the files go
	version    string
	time       time.Time
	maintainer string // for packages
}

// major is the number in the library's name.
func (r *release) major() string {
	major, _, _ := strings.Cut(r.version, ".")
	return major
}

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: dist FOLDER WHEELS GOARCH...")
		os.Exit(2)
	}
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
	if err := r.copyAll(filepath.Join(wheels, "*")); err != nil {
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
		return nil, fmt.Errorf("no MEMFD_GO_VERSION_STRING in the header")
	}
	seconds, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("SOURCE_DATE_EPOCH: %w", err)
	}
	if err := os.RemoveAll(folder); err != nil {
		return nil, err
	}
	if folder, err = filepath.Abs(folder); err != nil {
		return nil, err
	}
	maintainer := cmp.Or(os.Getenv("MAINTAINER"), "libmemfd_go maintainers <maintainers@libmemfd-go.invalid>")
	return &release{folder, string(version[1]), time.Unix(seconds, 0).UTC(), maintainer}, os.MkdirAll(folder, 0o777)
}

// command runs a program, and says what it printed if it fails.
func command(env []string, name string, arguments ...string) error {
	cmd := exec.Command(name, arguments...)
	cmd.Env = append(os.Environ(), env...)
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, output)
	}
	return nil
}
