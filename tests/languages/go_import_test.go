// SPDX-License-Identifier: MIT

package languages

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"libmemfd_go/internal/testenv"
)

// block returns the n-th code block of a language in the README of the Go package.
func block(t *testing.T, language string, n int) string {
	t.Helper()
	readme, err := os.ReadFile(filepath.Join(testenv.Repository(), "bindings", "go", "memfd", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(readme), "```")
	for i := 1; i < len(parts); i += 2 { // every second part is a code block
		if code, found := strings.CutPrefix(parts[i], language+"\n"); found {
			if n == 0 {
				return code
			}
			n--
		}
	}
	t.Fatalf("the README has too few code blocks of %q", language)
	return ""
}

// outsideModule creates a module that uses the package as its README says, and returns a function
// that runs a shell command in it.
func outsideModule(t *testing.T) func(command string) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "outside")
	if err := os.Mkdir(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "main.go"), []byte(block(t, "go", 0)), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(testenv.Repository(), filepath.Join(folder, "..", "libmemfd_go")); err != nil {
		t.Fatal(err)
	}
	run := func(script string) string {
		t.Helper()
		command := testenv.Command{
			Folder:      folder,
			Environment: []string{"CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off", "GOPROXY=off", "GOSUMDB=off"},
			Arguments:   []string{"sh", "-euc", script},
		}
		output, status := command.Capture(t, timeout)
		if status != 0 {
			t.Fatalf("%s\n%s", command, output)
		}
		return output
	}
	run("go mod init example.com/outside")
	run(block(t, "sh", 0))
	return run
}

func TestGoOutsideModule(t *testing.T) {
	testenv.RequireRegular(t)
	testenv.RequireRegular(t)
	run := outsideModule(t)
	if got, want := run("go run ."), block(t, "", 0); got != want {
		t.Errorf("the program prints %q, want %q as in the README", got, want)
	}
	// The repository's tests need further modules, which the package must not.
	got := strings.Fields(run("go list -deps -f '{{if .Module}}{{.Module.Path}}{{end}}' ."))
	slices.Sort(got)
	if want := []string{"example.com/outside", "golang.org/x/sys", "libmemfd_go"}; !slices.Equal(slices.Compact(got), want) {
		t.Errorf("it needs the modules %q, want %q", slices.Compact(got), want)
	}
}

// A vendored copy does not need the repository.
func TestGoVendoredModule(t *testing.T) {
	testenv.RequireRegular(t)
	testenv.RequireRegular(t)
	run := outsideModule(t)
	run(block(t, "sh", 1))
	run("rm ../libmemfd_go")
	if got, want := run("go run ."), block(t, "", 0); got != want {
		t.Errorf("the program prints %q, want %q as in the README", got, want)
	}
}
