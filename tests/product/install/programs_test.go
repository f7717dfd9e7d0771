// SPDX-License-Identifier: MIT

package install

import (
	"debug/elf"
	"path/filepath"
	"strings"
	"testing"

	"libmemfd_go/internal/testenv"
)

var linkings = []struct {
	name     string
	pkgflags []string // for pkg-config
	ccflags  []string
	cmake    string
	meson    string
	needs    bool // whether the program needs the shared library
}{
	{"shared", nil, nil, "-DMEMFD_GO_TARGET=memfd_go::memfd_go", "-Dprefer_static=false", true},
	{"static", []string{"--static"}, []string{"-static"}, "-DMEMFD_GO_TARGET=memfd_go::static", "-Dprefer_static=true", false},
}

// tryMac runs the example mac, and checks whether it needs the shared library.
func tryMac(t *testing.T, root, program string, needs bool) {
	t.Helper()
	file, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	needed, err := file.ImportedLibraries()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Contains(strings.Join(needed, " "), "libmemfd_go.so.1"); got != needs {
		t.Errorf("the program needs the libraries %q", needed)
	}
	env := []string{"LD_LIBRARY_PATH=" + filepath.Join(root, prefix, "lib")}
	if output := run(t, env, program, "pay 5"); !strings.HasSuffix(output, " wiped the key\n") {
		t.Errorf("the program printed\n%s", output)
	}
}

// findByPkgConfig returns the environment in which pkg-config finds the library below root.
func findByPkgConfig(root string) []string {
	return []string{
		"PKG_CONFIG_LIBDIR=" + filepath.Join(root, prefix, "lib/pkgconfig"),
		"PKG_CONFIG_SYSROOT_DIR=" + root,
	}
}

func TestPkgConfig(t *testing.T) {
	testenv.RequireTool(t, "pkg-config")
	testenv.RequireTool(t, "cc")
	root := install(t)
	env := findByPkgConfig(root)
	for _, l := range linkings {
		t.Run(l.name, func(t *testing.T) {
			flags := run(t, env, "pkg-config", append(l.pkgflags, "--cflags", "--libs", "libmemfd_go >= 1.0")...)
			program := filepath.Join(t.TempDir(), "mac")
			arguments := append([]string{"-o", program, "examples/c/mac.c"}, l.ccflags...)
			run(t, nil, "cc", append(arguments, strings.Fields(flags)...)...)
			tryMac(t, root, program, l.needs)
		})
	}
}

func TestCMake(t *testing.T) {
	testenv.RequireTool(t, "cmake")
	root := install(t)
	for _, l := range linkings {
		t.Run(l.name, func(t *testing.T) {
			build := t.TempDir()
			run(t, nil, "cmake", "-S", "examples/c", "-B", build, "-DCMAKE_PREFIX_PATH="+root+prefix, l.cmake)
			run(t, nil, "cmake", "--build", build, "--target", "mac")
			tryMac(t, root, filepath.Join(build, "mac"), l.needs)
		})
	}
}

// Another major version or a newer minor version is not compatible.
func TestCMakeVersions(t *testing.T) {
	testenv.RequireTool(t, "cmake")
	root := install(t)
	for request, want := range map[string]string{
		"1": "found", "1.0": "found", version(t) + " EXACT": "found", "1.9": "not found", "0.9": "not found", "2": "not found",
	} {
		script := writeFile(t, "CMakeLists.txt", "cmake_minimum_required(VERSION 3.16)\nproject(p NONE)\n"+
			"find_package(memfd_go "+request+` QUIET)
if(memfd_go_FOUND)
	message("found")
else()
	message("not found")
endif()
`)
		output := run(t, nil, "cmake", "-S", filepath.Dir(script), "-B", t.TempDir(), "-DCMAKE_PREFIX_PATH="+root+prefix)
		if !strings.HasPrefix(output, want) && !strings.Contains(output, "\n"+want) {
			t.Errorf("version %s: want %q, CMake printed\n%s", request, want, output)
		}
	}
}

func TestMeson(t *testing.T) {
	testenv.RequireTool(t, "meson")
	testenv.RequireTool(t, "ninja")
	root := install(t)
	env := findByPkgConfig(root)
	for _, l := range linkings {
		t.Run(l.name, func(t *testing.T) {
			build := t.TempDir()
			run(t, env, "meson", "setup", "--werror", l.meson, build, "examples/c")
			run(t, env, "ninja", "-C", build, "mac")
			tryMac(t, root, filepath.Join(build, "mac"), l.needs)
		})
	}
}

// Names of folders may contain quotes and spaces.
func TestOddFolder(t *testing.T) {
	testenv.RequireTool(t, "pkg-config")
	testenv.RequireTool(t, "cc")
	folder := filepath.Join(t.TempDir(), "it's a folder & more")
	install(t, "DESTDIR=", "PREFIX="+folder)
	env := []string{"PKG_CONFIG_LIBDIR=" + folder + "/lib/pkgconfig"}
	try := func(t *testing.T, program string) {
		t.Helper()
		if output := run(t, []string{"LD_LIBRARY_PATH=" + folder + "/lib"}, program, "pay 5"); !strings.HasSuffix(output, " wiped the key\n") {
			t.Errorf("the program printed\n%s", output)
		}
	}
	t.Run("pkg-config", func(t *testing.T) {
		program := filepath.Join(t.TempDir(), "mac")
		run(t, env, "sh", "-euc", `eval "cc -o $1 examples/c/mac.c $(pkg-config --cflags --libs libmemfd_go)"`, "sh", program)
		try(t, program)
		if libdir := run(t, env, "pkg-config", "--variable=libdir", "libmemfd_go"); libdir != folder+"/lib\n" {
			t.Errorf("pkg-config printed the libdir %q", libdir)
		}
	})
	t.Run("CMake", func(t *testing.T) {
		testenv.RequireTool(t, "cmake")
		build := t.TempDir()
		run(t, nil, "cmake", "-S", "examples/c", "-B", build, "-DCMAKE_PREFIX_PATH="+folder)
		run(t, nil, "cmake", "--build", build, "--target", "mac")
		try(t, filepath.Join(build, "mac"))
	})
	t.Run("Meson", func(t *testing.T) {
		testenv.RequireTool(t, "meson")
		testenv.RequireTool(t, "ninja")
		build := t.TempDir()
		run(t, env, "meson", "setup", build, "examples/c")
		run(t, env, "ninja", "-C", build, "mac")
		try(t, filepath.Join(build, "mac"))
	})
	run(t, nil, "make", "uninstall", "PREFIX="+folder)
	if left := files(t, folder); left != nil {
		t.Errorf("make uninstall did not remove %q", left)
	}
}
