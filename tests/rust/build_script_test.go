// SPDX-License-Identifier: MIT

package rust

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"libmemfd_go/internal/testenv"
)

// withoutPkgConfig returns an environment in which pkg-config finds no library.
func withoutPkgConfig(t *testing.T) []string {
	return []string{"MEMFD_GO_LIB_DIR=", "PKG_CONFIG_PATH=" + t.TempDir(), "PKG_CONFIG_LIBDIR=" + t.TempDir()}
}

// copyCrates returns a copy of the crates without the Go sources.
func copyCrates(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for _, name := range []string{"Cargo.toml", "Cargo.lock", "memfd-go", "memfd-go-prebuilt", "memfd-go-sys"} {
		cargo{arguments: []string{"cp", "-r", filepath.Join(crates(), name), folder}}.mustRun(t)
	}
	return folder
}

// MEMFD_GO_LIB_DIR without a library is an error, even if the library could be found elsewhere.
func TestLibDirWithoutLibrary(t *testing.T) {
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
			t.Errorf("error %v, want one with %q in\n%s", err, want, output)
		}
	}
}

// The archive may be a link to a file of another name.
func TestLibDirWithLink(t *testing.T) {
	testenv.RequireRegular(t)
	requireCargo(t)
	folder := t.TempDir()
	content, err := os.ReadFile(filepath.Join(product(t), "libmemfd_go.a"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "store", "archive"), string(content))
	link := filepath.Join(folder, "lib", "libmemfd_go.a")
	if err := errors.Join(os.Mkdir(filepath.Dir(link), 0o777), os.Symlink("../store/archive", link)); err != nil {
		t.Fatal(err)
	}
	cargo{environment: []string{"MEMFD_GO_LIB_DIR=" + filepath.Dir(link)}, arguments: []string{
		"cargo", "build", "--locked", "--package=memfd-go-sys", "--features=static", targetDir(t, "script"),
	}}.mustRun(t)
}

// The crates find the library by pkg-config, or build it from the Go sources, shared and static.
func TestPkgConfigAndGoSources(t *testing.T) {
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
			run := cargo{folder: copyCrates(t), arguments: arguments}
			run.environment = append(withoutPkgConfig(t), "PKG_CONFIG_PATH="+packageFile(t), "LD_LIBRARY_PATH=")
			run.mustRun(t)
		})
		t.Run("Go sources "+linking.name, func(t *testing.T) {
			// Settings for another platform, which the build script must ignore.
			settings := []string{"GOOS=plan9", "GOARCH=mips", "GOAMD64=v3", "GOFLAGS=-race", "GOEXPERIMENT=nodwarf5"}
			cargo{environment: append(withoutPkgConfig(t), settings...), arguments: arguments}.mustRun(t)
		})
	}
}

func (c cargo) orSkip(t *testing.T) {
	t.Helper()
	if output, err := c.run(t); err != nil {
		t.Skipf("%s: %v %s", c.arguments[0], err, output)
	}
}

// packageFile returns a folder with a libmemfd_go.pc for the built library.
func packageFile(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	escape := strings.NewReplacer(" ", `\ `).Replace
	text := fmt.Sprintf("libdir=%s\n\nName: libmemfd_go\nDescription: test\nVersion: 1.0.0\nLibs: -L${libdir} -lmemfd_go\nCflags: -I%s\n",
		escape(product(t)), escape(filepath.Join(testenv.Repository(), "include")))
	write(t, filepath.Join(folder, "libmemfd_go.pc"), text)
	return folder
}
