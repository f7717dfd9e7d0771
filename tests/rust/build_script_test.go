// SPDX-License-Identifier: MIT

package rust

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"libmemfd_go/internal/testenv"
)

// No pkg-config knows a library in this environment.
func nowhere(t *testing.T) []string {
	return []string{"MEMFD_GO_LIB_DIR=", "PKG_CONFIG_PATH=" + t.TempDir(), "PKG_CONFIG_LIBDIR=" + t.TempDir()}
}

// away is a copy of the crates without the Go sources around them.
func away(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for _, name := range []string{"Cargo.toml", "Cargo.lock", "memfd-go", "memfd-go-prebuilt", "memfd-go-sys"} {
		cargo{arguments: []string{"cp", "-r", filepath.Join(crates(), name), folder}}.mustRun(t)
	}
	return folder
}

// A folder that is named and has no library is an error, whatever else there is.
func TestWrongFolder(t *testing.T) {
	testenv.RequireRegular(t)
	requireCargo(t)
	empty := t.TempDir()
	for feature, name := range map[string]string{"default": "libmemfd_go.so.1", "static": "libmemfd_go.a"} {
		arguments := []string{"cargo", "build", "--locked", "--package=memfd-go-sys", targetDir(t, "script")}
		if feature != "default" {
			arguments = append(arguments, "--features="+feature)
		}
		output, err := cargo{environment: []string{"MEMFD_GO_LIB_DIR=" + empty}, arguments: arguments}.run(t)
		want := "error: MEMFD_GO_LIB_DIR: " + filepath.Join(empty, name) + ": No such file"
		if err == nil || !strings.Contains(output, want) {
			t.Errorf("%v; it lacks %q:\n%s", err, want, output)
		}
	}
}

// The crates find the library by pkg-config, and build it from the Go sources, shared and
// static.
func TestOtherWays(t *testing.T) {
	testenv.RequireRegular(t)
	requireCargo(t)
	for _, linking := range []struct {
		name     string
		features []string
	}{{"shared", nil}, {"static", []string{"--features=memfd-go-sys/static"}}} {
		arguments := append([]string{
			"cargo", "test", "--locked", "--package=memfd-go-sys", "--test=calls", targetDir(t, "script"),
		}, linking.features...)
		t.Run("pkg-config "+linking.name, func(t *testing.T) {
			cargo{arguments: []string{"pkg-config", "--version"}}.orSkip(t)
			run := cargo{folder: away(t), arguments: arguments}
			run.environment = append(nowhere(t), "PKG_CONFIG_PATH="+packageFile(t), "LD_LIBRARY_PATH="+product(t))
			run.mustRun(t)
		})
		t.Run("Go sources "+linking.name, func(t *testing.T) {
			// Go is set to build for another machine than the one that the linker runs on.
			settings := []string{"GOOS=plan9", "GOARCH=mips", "GOAMD64=v3", "GOFLAGS=-race", "GOEXPERIMENT=nodwarf5"}
			cargo{environment: append(nowhere(t), settings...), arguments: arguments}.mustRun(t)
		})
	}
}

func (c cargo) orSkip(t *testing.T) {
	t.Helper()
	if output, err := c.run(t); err != nil {
		t.Skipf("%s: %v %s", c.arguments[0], err, output)
	}
}

// packageFile returns a folder with a libmemfd_go.pc for the library that is built.
func packageFile(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	escape := strings.NewReplacer(" ", `\ `).Replace
	text := fmt.Sprintf("libdir=%s\n\nName: libmemfd_go\nDescription: test\nVersion: 1.0.0\nLibs: -L${libdir} -lmemfd_go\nCflags: -I%s\n",
		escape(product(t)), escape(filepath.Join(testenv.Repository(), "include")))
	write(t, filepath.Join(folder, "libmemfd_go.pc"), text)
	return folder
}
