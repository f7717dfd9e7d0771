// SPDX-License-Identifier: MIT

package main

import (
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// The build command builds the files of the library from the sources. The Makefile, the Rust
// crate and the Python package run it in the folder with go.mod:
//
//	go run ./capi/linker build [-arch GOARCH] [-o FOLDER] [SETTING=VALUE...]
//
// A setting, such as GOARM=5, overrides one of those in baseline.env.

// linkName is the name that compilers look for, a link to the file that programs load.
const linkName = "libmemfd_go.so"

// products are the files of the library.
var products = []struct {
	name string
	kind kind
}{
	{soname, shared},
	{soname + ".debug", debug},
	{"libmemfd_go.a", static},
}

// build runs the command and returns its exit status.
func build(args []string) int {
	flags := flag.NewFlagSet("build", flag.ExitOnError)
	r := recipe{dir: ".", pkg: "./capi"}
	flags.StringVar(&r.goarch, "arch", runtime.GOARCH, "the architecture")
	folder := flags.String("o", "", "the folder for the files (default build/linux_GOARCH)")
	flags.Parse(args)
	for _, setting := range flags.Args() {
		if !isSetting(setting) {
			return fail(fmt.Errorf("build: %q is not a setting in baseline.env", setting))
		}
	}
	r.settings = flags.Args()
	if *folder == "" {
		*folder = filepath.Join("build", "linux_"+r.goarch)
	}
	if err := r.build(*folder); err != nil {
		return fail(err)
	}
	return 0
}

// A recipe describes what to build, and for which architecture.
type recipe struct {
	dir      string // contains go.mod
	pkg      string
	goarch   string
	settings []string // instead of those in baseline.env
	env      []string // for the tests
}

// build writes the files of the library to a folder, after all of them have been linked.
func (r recipe) build(folder string) error {
	temporary, err := os.MkdirTemp("", "libmemfd_go")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temporary)
	env, err := r.environment()
	if err != nil {
		return err
	}
	object := filepath.Join(temporary, "go.o")
	if err := r.compile(env, object); err != nil {
		return err
	}
	split, err := r.splitFunctions(env)
	if err != nil {
		return err
	}
	var images [][]byte
	for _, p := range products {
		image, err := link(object, p.kind)
		var refused refusals
		if err != nil && !errors.As(err, &refused) {
			return err
		}
		if refused = append(refused, split...); len(refused) > 0 {
			return refused
		}
		images = append(images, image)
	}
	return writeProducts(folder, images)
}

func writeProducts(folder string, images [][]byte) error {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	for i, p := range products {
		if err := writeFile(filepath.Join(folder, p.name), images[i]); err != nil {
			return err
		}
	}
	link := filepath.Join(folder, linkName)
	if target, err := os.Readlink(link); err == nil && target == soname {
		return nil
	}
	os.Remove(link)
	return os.Symlink(soname, link)
}

// libraryTag is the build tag with which core does not notify Go's scheduler of system calls
// that may block (core/blocking.go).
const libraryTag = "memfd_go_library"

// compile runs go build, with which cmd/link writes the object file. The build mode is c-archive
// only for cmd/go; see toolexec.
func (r recipe) compile(env []string, object string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	self, err = quote(self)
	if err != nil {
		return err
	}
	cmd := r.command(env, "build", "-buildmode=c-archive", "-tags="+libraryTag, "-trimpath", "-toolexec="+self+" toolexec",
		"-ldflags=-E "+rootName, "-o", object, r.pkg)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go build: %w", err)
	}
	return nil
}

func (r recipe) command(env []string, args ...string) *exec.Cmd {
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Env = r.dir, env
	return cmd
}

// quote quotes s as one word of an option. cmd/go and cmd/link split options at spaces, and
// support quotes but no escape character.
func quote(s string) (string, error) {
	for _, mark := range []string{`"`, "'"} {
		if !strings.Contains(s, mark) {
			return mark + s + mark, nil
		}
	}
	return "", fmt.Errorf("%s: Go cannot run a program whose path contains both ' and \"", s)
}

//go:embed baseline.env
var baselineFile string

// baseline returns the settings of baseline.env.
func baseline() (settings []string) {
	for line := range strings.Lines(baselineFile) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			settings = append(settings, line)
		}
	}
	return settings
}

// isSetting reports whether s is NAME=VALUE for a setting in baseline.env.
func isSetting(s string) bool {
	name, _, given := strings.Cut(s, "=")
	return given && slices.ContainsFunc(baseline(), func(setting string) bool { return strings.HasPrefix(setting, name+"=") })
}

// locations are Go's settings for the sources of modules and the places of files. They do not
// change the result, unless they select another version of Go.
var locations = []string{
	"GOAUTH", "GOCACHE", "GOCACHEPROG", "GOINSECURE", "GOMODCACHE", "GONOPROXY", "GONOSUMDB", "GOPATH", "GOPRIVATE",
	"GOPROXY", "GOROOT", "GOSUMDB", "GOTMPDIR", "GOTOOLCHAIN", "GOVCS",
}

// unlisted are variables that change the result, but are unknown to go env: cmd/link and the
// compiler read them.
var unlisted = []string{"GO_EXTLINK_ENABLED", "GOCOMPILEDEBUG"}

// environment returns the environment for the build. Of the user's settings of Go, from
// variables or `go env -w`, it keeps only locations.
func (r recipe) environment() ([]string, error) {
	set, err := r.goSettings()
	if err != nil {
		return nil, err
	}
	env := slices.DeleteFunc(os.Environ(), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		_, known := set[name]
		return known || slices.Contains(unlisted, name)
	})
	for _, name := range locations {
		env = append(env, name+"="+set[name])
	}
	return slices.Concat(env, r.target(), []string{"GOENV=off"}, r.env), nil
}

// target returns the settings that determine the result.
func (r recipe) target() []string {
	return slices.Concat(baseline(), r.settings, []string{"GOOS=linux", "GOARCH=" + r.goarch})
}

// goSettings returns all of Go's settings.
func (r recipe) goSettings() (map[string]string, error) {
	cmd := r.command(append(os.Environ(), r.target()...), "env", "-json")
	cmd.Stderr = os.Stderr
	printed, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	set := map[string]string{}
	return set, json.Unmarshal(printed, &set)
}
