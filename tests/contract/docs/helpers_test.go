// SPDX-License-Identifier: MIT

package docs

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// The tests and their programs run in the top folder.
func TestMain(m *testing.M) {
	if err := os.Chdir("../../.."); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

func topFolder(t *testing.T) string {
	t.Helper()
	top, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return top
}

// libraryDir returns the folder of the library, relative to the top folder.
func libraryDir() string {
	if dir := os.Getenv("MEMFD_GO_LIB_DIR"); dir != "" {
		return dir
	}
	return filepath.Join("build", "linux_"+runtime.GOARCH)
}

func requireLibrary(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(absolute(t, filepath.Join(libraryDir(), "libmemfd_go.so.1"))); err != nil {
		t.Skipf("the library is not built: run make (%v)", err)
	}
}

// command prepares a command that finds the library and the bindings.
func command(t *testing.T, name string, arguments ...string) *exec.Cmd {
	t.Helper()
	dir, err := filepath.Abs(libraryDir())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, name, arguments...)
	cmd.WaitDelay = time.Second
	cmd.Env = append(os.Environ(),
		"CGO_ENABLED=0",
		"LD_LIBRARY_PATH="+dir,
		"MEMFD_GO_LIB_DIR="+dir,
		"MEMFD_GO_LIBRARY="+filepath.Join(dir, "libmemfd_go.so.1"),
		"PYTHONDONTWRITEBYTECODE=1",
		"PYTHONPATH="+filepath.Join(topFolder(t), "bindings/python/src"),
	)
	return cmd
}

// run runs a command, and returns its standard output.
func run(t *testing.T, name string, arguments ...string) string {
	t.Helper()
	cmd := command(t, name, arguments...)
	var output, errorOutput bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &errorOutput
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s%s", cmd, err, &output, &errorOutput)
	}
	return output.String()
}

// readFile reads a file by its absolute path. The go command takes relative ones to start in
// this package's folder, in spite of TestMain, and would cache results when files change.
func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(absolute(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// writeFile writes a file, creates its folder if needed, and returns its path.
func writeFile(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}
