// SPDX-License-Identifier: MIT

// Package install tests `make install`: the list of files, builds of C programs with pkg-config, CMake
// and Meson, the syntax of the manual pages, and that `make uninstall` removes everything.
package install

import (
	"debug/elf"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"libmemfd_go/internal/header"
	"libmemfd_go/internal/testenv"
)

// All commands run in the top folder.
func TestMain(m *testing.M) {
	if err := os.Chdir(testenv.Repository()); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

const prefix = "/opt/memfd"

// install installs the library below a new root, with additional settings for make.
func install(t *testing.T, settings ...string) (root string) {
	t.Helper()
	requireProduct(t)
	root = t.TempDir()
	run(t, nil, "make", append([]string{"install", "DESTDIR=" + root, "PREFIX=" + prefix}, settings...)...)
	return root
}

func requireProduct(t *testing.T) {
	t.Helper()
	if _, err := testenv.Product(runtime.GOARCH); err != nil {
		t.Skip(err)
	}
	if _, err := testenv.Program(runtime.GOARCH); err != nil {
		t.Skip(err)
	}
}

// run runs a command, and returns its output.
func run(t *testing.T, env []string, name string, arguments ...string) string {
	t.Helper()
	cmd := exec.Command(name, arguments...)
	cmd.Env = append(os.Environ(), env...)
	output, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, output)
	}
	return string(output)
}

// writeFile writes a file in a new folder, and returns its path.
func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// contract returns the declarations of the header.
func contract(t *testing.T) *header.Header {
	t.Helper()
	text, err := os.ReadFile("include/memfd_go.h")
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := header.Parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// version returns the library's version, such as 1.0.0.
func version(t *testing.T) string {
	t.Helper()
	for _, c := range contract(t).Constants {
		if c.Name == "MEMFD_GO_VERSION_STRING" {
			return strings.Trim(c.Text, `"`)
		}
	}
	t.Fatal("no MEMFD_GO_VERSION_STRING in the header")
	return ""
}

func functions(t *testing.T) (names []string) {
	t.Helper()
	for _, f := range contract(t).Functions {
		names = append(names, f.Name)
	}
	return names
}

// files lists the files below root, and symbolic links as "name -> target".
func files(t *testing.T, root string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name := strings.TrimPrefix(path, root)
		if target, err := os.Readlink(path); err == nil {
			name += " -> " + target
		}
		names = append(names, name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// buildID returns the library's build ID, in hexadecimal.
func buildID(t *testing.T) string {
	t.Helper()
	folder, err := testenv.Product(runtime.GOARCH)
	if err != nil {
		t.Skip(err)
	}
	file, err := elf.Open(filepath.Join(folder, "libmemfd_go.so.1"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	note, err := file.Section(".note.gnu.build-id").Data()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", note[len(note)-20:])
}

func TestInstall(t *testing.T) {
	root := install(t)
	installed := files(t, root)
	pages := slices.DeleteFunc(slices.Clone(installed), func(name string) bool { return !strings.Contains(name, "/man3/") })
	rest := slices.DeleteFunc(installed, func(name string) bool { return strings.Contains(name, "/man3/") })
	want := []string{
		prefix + "/bin/memfd",
		prefix + "/include/memfd_go.h",
		prefix + "/lib/cmake/memfd_go/memfd_goConfig.cmake",
		prefix + "/lib/cmake/memfd_go/memfd_goConfigVersion.cmake",
		prefix + "/lib/debug/.build-id/" + buildID(t)[:2] + "/" + buildID(t)[2:] + ".debug",
		prefix + "/lib/libmemfd_go.a",
		prefix + "/lib/libmemfd_go.so -> libmemfd_go.so.1",
		prefix + "/lib/libmemfd_go.so.1 -> libmemfd_go.so." + version(t),
		prefix + "/lib/libmemfd_go.so." + version(t),
		prefix + "/lib/pkgconfig/libmemfd_go.pc",
		prefix + "/share/bash-completion/completions/memfd",
		prefix + "/share/fish/vendor_completions.d/memfd.fish",
		prefix + "/share/man/man1/memfd-cat.1",
		prefix + "/share/man/man1/memfd-check.1",
		prefix + "/share/man/man1/memfd-clone.1",
		prefix + "/share/man/man1/memfd-doctor.1",
		prefix + "/share/man/man1/memfd-ls.1",
		prefix + "/share/man/man1/memfd-run.1",
		prefix + "/share/man/man1/memfd-show.1",
		prefix + "/share/man/man1/memfd-with.1",
		prefix + "/share/man/man1/memfd.1",
		prefix + "/share/man/man7/memfd_go.7",
		prefix + "/share/zsh/site-functions/_memfd",
	}
	if diff := cmp.Diff(want, rest); diff != "" {
		t.Errorf("make install: -want +installed:\n%s", diff)
	}
	want = nil
	for _, function := range functions(t) {
		want = append(want, prefix+"/share/man/man3/"+function+".3")
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, pages); diff != "" {
		t.Errorf("make install, manual pages: -want +installed:\n%s", diff)
	}

	run(t, nil, "make", "uninstall", "DESTDIR="+root, "PREFIX="+prefix)
	if left := files(t, root); left != nil {
		t.Errorf("make uninstall did not remove %q", left)
	}
	for _, folder := range []string{"lib/cmake/memfd_go", "lib/debug/.build-id/" + buildID(t)[:2]} {
		if _, err := os.Stat(filepath.Join(root, prefix, folder)); err == nil {
			t.Errorf("make uninstall did not remove the folder %s", folder)
		}
	}
}

// `sudo make install` often has no Go in its PATH.
func TestInstallWithoutGo(t *testing.T) {
	requireProduct(t)
	run(t, nil, "make", "build/host")
	root := install(t, "GO=/nonexistent/go")
	if _, err := os.Stat(root + prefix + "/lib/libmemfd_go.so.1"); err != nil {
		t.Error(err)
	}
	output, err := exec.Command("make", "GO=/nonexistent/go", "HOST=").CombinedOutput()
	if err == nil || !strings.Contains(string(output), "/nonexistent/go was not found; building needs Go") {
		t.Errorf("without Go, make should name what is missing; got %v\n%s", err, output)
	}
}

// The modes of installed files do not depend on the umask.
func TestUmask(t *testing.T) {
	requireProduct(t)
	modes := map[string]string{}
	for _, umask := range []string{"022", "077"} {
		root := t.TempDir()
		run(t, nil, "sh", "-euc", "umask $1; make install DESTDIR=$2 PREFIX="+prefix, "sh", umask, root)
		modes[umask] = run(t, nil, "sh", "-euc", `cd "$1"; find . -mindepth 1 -printf '%M %p %l\n' | sort`, "sh", root)
	}
	if diff := cmp.Diff(modes["022"], modes["077"]); diff != "" {
		t.Errorf("-umask 022 +umask 077:\n%s", diff)
	}
	if strings.Contains(modes["022"], "drwx------") || !strings.Contains(modes["022"], "-rw-r--r-- ./opt/memfd/include/memfd_go.h") {
		t.Errorf("with umask 022:\n%s", modes["022"])
	}
}

// make install fails, without installing anything, if pkg-config or CMake could not quote the name of a
// folder.
func TestRefusedFolders(t *testing.T) {
	requireProduct(t)
	for _, folder := range []string{`/a"b`, `/a\b`, "/a;b", "/a#b", "/a`b", "/a$$b"} {
		root := t.TempDir()
		output, err := exec.Command("make", "install", "DESTDIR="+root, "PREFIX="+folder).CombinedOutput()
		if err == nil || !strings.Contains(string(output), "cannot handle this character") {
			t.Errorf("%s: %v\n%s", folder, err, output)
		}
		if left := files(t, root); left != nil {
			t.Errorf("%s: installed %q", folder, left)
		}
	}
}

// pkg-config and CMake return the folders that distributions use, with and without DESTDIR.
func TestFolders(t *testing.T) {
	testenv.RequireTool(t, "pkg-config")
	testenv.RequireTool(t, "cmake")
	root := install(t, "PREFIX=/usr", "LIBDIR=/usr/lib/x86_64-linux-gnu", "INCLUDEDIR=/srv/include", "MANDIR=/man")
	if _, err := os.Stat(filepath.Join(root, "man/man7/memfd_go.7")); err != nil {
		t.Error(err)
	}
	libdir := root + "/usr/lib/x86_64-linux-gnu"
	env := []string{"PKG_CONFIG_LIBDIR=" + libdir + "/pkgconfig"}
	want := "-I/srv/include -L/usr/lib/x86_64-linux-gnu -lmemfd_go"
	if got := strings.TrimSpace(run(t, env, "pkg-config", "--keep-system-libs", "--cflags", "--libs", "libmemfd_go")); got != want {
		t.Errorf("pkg-config printed %q, want %q", got, want)
	}
	script := `include("` + libdir + `/cmake/memfd_go/memfd_goConfig.cmake")
get_target_property(file memfd_go::memfd_go IMPORTED_LOCATION)
get_target_property(folder memfd_go::memfd_go INTERFACE_INCLUDE_DIRECTORIES)
message("${file} ${folder}")
`
	listing := writeFile(t, "CMakeLists.txt", "cmake_minimum_required(VERSION 3.16)\nproject(p NONE)\n"+script)
	want = libdir + "/libmemfd_go.so /srv/include"
	if got := run(t, nil, "cmake", "-S", filepath.Dir(listing), "-B", t.TempDir()); !strings.Contains(got, want) {
		t.Errorf("CMake printed\n%s\nwant %s", got, want)
	}
}

func TestManualPages(t *testing.T) {
	root := install(t)
	pages, err := filepath.Glob(filepath.Join(root, prefix, "share/man/man[137]/*"))
	if err != nil || len(pages) < len(functions(t))+2 {
		t.Fatalf("only %d manual pages are installed, %v", len(pages), err)
	}
	t.Run("mandoc", func(t *testing.T) {
		testenv.RequireTool(t, "mandoc")
		run(t, nil, "mandoc", append([]string{"-Tlint"}, pages...)...)
	})
	t.Run("groff", func(t *testing.T) {
		testenv.RequireTool(t, "groff")
		if output := run(t, nil, "groff", append([]string{"-man", "-ww", "-z", "-Tutf8"}, pages...)...); output != "" {
			t.Error(output)
		}
	})
}
