// SPDX-License-Identifier: MIT

// Package rust tests the crates as packages, with static linking, with each way to find the library, and
// with the tools of nightly Rust.
package rust

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"libmemfd_go/internal/testenv"
)

// Toolchains that make setup installs.
const (
	nightly = "nightly-2026-05-20"
	musl    = "x86_64-unknown-linux-musl"
)

// cargo is a command, usually cargo, to run in bindings/rust.
type cargo struct {
	folder      string   // instead of bindings/rust
	environment []string // NAME=VALUE, added to that of all runs; NAME= unsets it
	arguments   []string
}

// run returns the output and the error.
func (c cargo) run(t *testing.T) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.arguments[0], c.arguments[1:]...)
	cmd.WaitDelay = time.Second
	cmd.Dir = c.folder
	if cmd.Dir == "" {
		cmd.Dir = crates()
	}
	cmd.Env = append(os.Environ(), "CARGO_NET_OFFLINE=true", "CARGO_TERM_COLOR=never", "MEMFD_GO_LIB_DIR="+product(t))
	for _, setting := range c.environment {
		name, value, _ := strings.Cut(setting, "=")
		cmd.Env = slices.DeleteFunc(cmd.Env, func(old string) bool { return strings.HasPrefix(old, name+"=") })
		if value != "" {
			cmd.Env = append(cmd.Env, setting)
		}
	}
	output, err := cmd.CombinedOutput()
	return string(output), err
}

// mustRun returns the output, and ends the test if the command fails.
func (c cargo) mustRun(t *testing.T) string {
	t.Helper()
	output, err := c.run(t)
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(c.arguments, " "), err, output)
	}
	return output
}

func crates() string { return filepath.Join(testenv.Repository(), "bindings", "rust") }

// targetDir returns the option that sets cargo's target directory.
func targetDir(t *testing.T, name string) string {
	t.Helper()
	return "--target-dir=" + filepath.Join(testenv.Repository(), "build", "rust", name)
}

func product(t *testing.T) string {
	t.Helper()
	dir, err := testenv.Product(runtime.GOARCH)
	if err != nil {
		t.Skip(err)
	}
	return dir
}

func requireCargo(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("cargo"); err != nil {
		t.Skip("cargo is not installed")
	}
	product(t)
	fetch := cargo{arguments: []string{"cargo", "fetch", "--locked"}}
	if output, err := fetch.run(t); err != nil {
		t.Skipf("the dependencies are not downloaded (make setup): %s", output)
	}
}

// requireToolchain skips or fails a test without the given toolchain.
func requireToolchain(t *testing.T, name string) {
	t.Helper()
	requireCargo(t)
	if err := exec.Command("rustup", "run", name, "rustc", "--version").Run(); err != nil {
		testenv.Unavailable(t, errors.New("Rust "+name+" is not installed (make setup)"))
	}
}
