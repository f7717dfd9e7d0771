// SPDX-License-Identifier: MIT

package main

import (
	"debug/elf"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// fakeGo is a script in place of go, which fails at the subcommand $FAIL. Its folder contains the
// object file that go build writes, and what go list prints. It logs its arguments and settings.
const fakeGo = `
dir=${0%/*}
echo "$*" >>"$dir/args"
if [ "$1" = "$FAIL" ]; then
	echo "$1 failed" >&2
	exit 3
fi
case $1 in
env)
	echo '{"GOFLAGS": "-x", "GOPROXY": "direct"}' ;;
build)
	echo building
	echo "$GOOS $GOARCH $GOARM $GOFLAGS $GOPROXY" >>"$dir/settings"
	while [ "$1" != -o ]; do shift; done
	cp "$dir/go.o" "$2" ;;
list)
	cat "$dir/list" ;;
esac`

// useFakeGo puts fakeGo into $PATH, sets $TMPDIR, and returns the folders.
func useFakeGo(t *testing.T, o *objectBuilder, list string) (dir, temporary string) {
	t.Helper()
	dir, temporary = filepath.Dir(writeScript(t, "go", fakeGo)), t.TempDir()
	err := os.Rename(o.write(t), filepath.Join(dir, "go.o"))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "list"), []byte(list), 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	t.Setenv("TMPDIR", temporary)
	return dir, temporary
}

func fileText(t *testing.T, elem ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(elem...))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func namesIn(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

var productNames = []string{"libmemfd_go.a", "libmemfd_go.so", "libmemfd_go.so.1", "libmemfd_go.so.1.debug"}

// TestBuild runs the build command with all flags, and without.
func TestBuild(t *testing.T) {
	o := smallObject("arm64")
	fake, temporary := useFakeGo(t, o, "")
	dir := t.TempDir()
	t.Setenv("GOFLAGS", "-v")
	for _, test := range []struct{ args, folder, settings string }{
		{"build -arch arm -o a/b GOARM=5", "a/b", "linux arm 5 -buildvcs=false direct\n"},
		{"build", "build/linux_" + runtime.GOARCH, "linux " + runtime.GOARCH + " 7 -buildvcs=false direct\n"},
		{"build -arch s390x GOARM=6 GOFLAGS=-a", "build/linux_s390x", "linux s390x 6 -a direct\n"},
	} {
		os.Remove(filepath.Join(fake, "settings"))
		got, want := runLinker(t, executable(t), dir, "", strings.Fields(test.args)...), outcome{0, "", "building\n"}
		if got != want {
			t.Fatalf("%s: %+v, want %+v", test.args, got, want)
		}
		if got := fileText(t, fake, "settings"); got != test.settings {
			t.Errorf("%s: go build had the settings %q, want %q", test.args, got, test.settings)
		}
		isProduct(t, o, filepath.Join(dir, test.folder))
	}
	if names := namesIn(t, temporary); len(names) > 0 {
		t.Errorf("left behind: %q", names)
	}
	args := fileText(t, fake, "args")
	want := ` -toolexec="` + executable(t) + `" toolexec -ldflags=-E memfd_go_roots -o ` + temporary
	if !strings.Contains(args, want) {
		t.Errorf("go had the arguments\n%swant%s", args, want)
	}
}

// isProduct checks the files of the library that were built from o.
func isProduct(t *testing.T, o *objectBuilder, folder string) {
	t.Helper()
	if names := namesIn(t, folder); !slices.Equal(names, productNames) {
		t.Errorf("%s contains %q, want %q", folder, names, productNames)
	}
	object := o.write(t)
	for i, name := range []string{"libmemfd_go.so.1", "libmemfd_go.so.1.debug", "libmemfd_go.a"} {
		want, err := link(object, kind(i))
		if got := fileText(t, folder, name); err != nil || got != string(want) {
			t.Errorf("%s: %d bytes, want %d, %v", name, len(got), len(want), err)
		}
	}
	for name, want := range map[string]bool{"libmemfd_go.so": false, "libmemfd_go.so.1.debug": true} {
		f, err := elf.Open(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		if debug := f.Section(".debug_abbrev") != nil; debug != want {
			t.Errorf("%s: has debug information: %v, want %v", name, debug, want)
		}
		f.Close()
	}
	if a := fileText(t, folder, "libmemfd_go.a"); !strings.HasPrefix(a, "!<arch>\n") {
		t.Errorf("libmemfd_go.a begins with %q", a[:8])
	}
	if target, err := os.Readlink(filepath.Join(folder, "libmemfd_go.so")); err != nil || target != "libmemfd_go.so.1" {
		t.Errorf("libmemfd_go.so is a link to %q, %v", target, err)
	}
}

// TestBuildFails runs the build command with failures of its steps. It writes no file.
func TestBuildFails(t *testing.T) {
	fake, temporary := useFakeGo(t, smallObject("arm64"), "")
	dir := t.TempDir()
	for _, test := range []struct {
		fail, args, ran string
		want            outcome
	}{
		{"env", "", "env", outcome{1, "", "env failed\nlinker: go env: exit status 3\n"}},
		{"build", "", "env build", outcome{1, "", "build failed\nlinker: go build: exit status 3\n"}},
		{"list", "", "env build list", outcome{1, "", "building\nlist failed\nlinker: go list: exit status 3\n"}},
		{"", "GOARM=5 GOEXPERIMENT=x", "", outcome{1, "", "linker: build: \"GOEXPERIMENT=x\" is not a setting in baseline.env\n"}},
		{"", "-o go.mod/out", "env build list", outcome{1, "", "building\nlinker: mkdir go.mod: not a directory\n"}},
	} {
		os.Remove(filepath.Join(fake, "args"))
		os.WriteFile(filepath.Join(dir, "go.mod"), nil, 0o666)
		t.Setenv("FAIL", test.fail)
		got := runLinker(t, executable(t), dir, "", append([]string{"build"}, strings.Fields(test.args)...)...)
		if got != test.want {
			t.Errorf("go %s fails, %s: %+v, want %+v", test.fail, test.args, got, test.want)
		}
		var ran []string
		args, _ := os.ReadFile(filepath.Join(fake, "args"))
		for line := range strings.Lines(string(args)) {
			ran = append(ran, strings.Fields(line)[0])
		}
		if got := strings.Join(ran, " "); got != test.ran {
			t.Errorf("go %s fails, %s: ran go %s, want %s", test.fail, test.args, got, test.ran)
		}
	}
	self := copyLinker(t)
	want := outcome{1, "", "linker: " + self + ": Go cannot run a program whose path contains both ' and \"\n"}
	if got := runLinker(t, self, dir, "", "build"); got != want {
		t.Errorf("a path with quotes: %+v, want %+v", got, want)
	}
	if names := slices.Concat(namesIn(t, dir), namesIn(t, temporary)); !slices.Equal(names, []string{"go.mod"}) {
		t.Errorf("left behind: %q", names)
	}
	t.Setenv("TMPDIR", filepath.Join(dir, "none"))
	want = outcome{1, "", "linker: stat " + filepath.Join(dir, "none") + ": no such file or directory\n"}
	if got := runLinker(t, executable(t), dir, "", "build"); got != want {
		t.Errorf("no temporary folder: %+v, want %+v", got, want)
	}
}

// TestBuildRefuses builds code that is refused. The report has what the object file and the
// sources show. Other errors of the object file have no report.
func TestBuildRefuses(t *testing.T) {
	top := filepath.Dir(writeSource(t, "package p\n\nfunc split() {}\n"))
	sources := `{"Dir": "` + top + `", "GoFiles": ["p.go"], "Module": {"Main": true, "Dir": "` + top + `"}}`
	undefined := func(o *objectBuilder) { o.symbols[1].section = 0 }
	const (
		code = "an undefined symbol\n\tmemfd_go_small -> main.small\n"
		text = "p.go:3: the function is not nosplit, in p.split\n"
		why  = "The library has no Go runtime, so it cannot contain this; see core/doc.go.\n"
	)
	for _, test := range []struct {
		change     func(o *objectBuilder)
		list, want string
	}{
		{undefined, "", code + why},
		{func(o *objectBuilder) {}, sources, text + why},
		{undefined, sources, code + text + why},
		{func(o *objectBuilder) { o.symbols[0].name = "main.other" }, sources, "linker: go.o: no function is named memfd_go_*\n"},
	} {
		o := smallObject("arm64")
		test.change(o)
		useFakeGo(t, o, test.list)
		dir := t.TempDir()
		want := outcome{1, "", "building\n" + test.want}
		if got := runLinker(t, executable(t), dir, "", "build", "-o", "out"); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
		if names := namesIn(t, dir); len(names) > 0 {
			t.Errorf("left behind: %q", names)
		}
	}
}

var productImages = [][]byte{[]byte("shared"), []byte("debug"), []byte("static")}

// TestWriteProducts writes into a folder with files of an older build.
func TestWriteProducts(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, "folder")
	name, other := filepath.Join(folder, "libmemfd_go.so"), filepath.Join(dir, "hard link")
	for _, prepare := range []func() error{
		func() error { return nil },
		func() error { return os.Link(name, other) },
		func() error { os.Remove(name); return os.Symlink("libmemfd_go.so.0", name) },
		func() error { os.Remove(name); return os.WriteFile(name, nil, 0o666) },
	} {
		if err := prepare(); err != nil {
			t.Fatal(err)
		}
		if err := writeProducts(folder, productImages); err != nil {
			t.Fatal(err)
		}
		target, err := os.Readlink(name)
		if err != nil || target != "libmemfd_go.so.1" {
			t.Errorf("the link to %q, %v", target, err)
		}
		for file, want := range map[string]string{
			"libmemfd_go.so.1": "shared", "libmemfd_go.so.1.debug": "debug", "libmemfd_go.a": "static",
		} {
			if got := fileText(t, folder, file); got != want {
				t.Errorf("%s contains %q, want %q", file, got, want)
			}
		}
		// A link that is right stays, so that other processes find it at any time.
		if before, err := os.Lstat(other); err == nil {
			if after, err := os.Lstat(name); err != nil || !os.SameFile(before, after) {
				t.Errorf("the link was replaced, %v", err)
			}
			os.Remove(other)
		}
	}
}

// TestFolderOfProducts checks the folder that is created, which has the permissions that the umask
// allows, and errors of one that cannot be written.
func TestFolderOfProducts(t *testing.T) {
	dir := t.TempDir()
	made, ordinary := filepath.Join(dir, "made"), filepath.Join(dir, "ordinary")
	err := os.Mkdir(ordinary, 0o777)
	if err == nil {
		err = writeProducts(made, productImages)
	}
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.Stat(made)
	if want, e := os.Stat(ordinary); err != nil || e != nil || got.Mode() != want.Mode() {
		t.Errorf("the folder is %v, %v, want %v, %v", got, err, want, e)
	}
	// A folder in place of a file or of the link is an error.
	for _, name := range []string{"libmemfd_go.so.1", "libmemfd_go.so"} {
		folder := t.TempDir()
		if err := os.MkdirAll(filepath.Join(folder, name, "x"), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := writeProducts(folder, productImages); err == nil {
			t.Errorf("%s is a folder: no error", name)
		}
	}
}

func TestQuote(t *testing.T) {
	for s, want := range map[string]string{"": `""`, "/a b": `"/a b"`, "it's": `"it's"`, `a"b`: `'a"b'`, `'"`: ""} {
		if got, err := quote(s); got != want || (err != nil) != (want == "") {
			t.Errorf("%s: %s, %v, want %s", s, got, err, want)
		}
	}
}

func TestBaseline(t *testing.T) {
	defer func(file string) { baselineFile = file }(baselineFile)
	baselineFile = "# A comment\n#\n\nGOARM=7\n GOFLAGS=-a=b \nCGO_ENABLED=0"
	if got, want := baseline(), []string{"GOARM=7", "GOFLAGS=-a=b", "CGO_ENABLED=0"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	for s, want := range map[string]bool{
		"GOARM=5": true, "GOARM=": true, "GOFLAGS=-x=y": true,
		"GOARM": false, "GOARM64=v9.0": false, "GOAR=5": false, "=": false, "": false,
	} {
		if isSetting(s) != want {
			t.Errorf("%q is a setting: %v", s, !want)
		}
	}
}

// TestEnvironment checks the environment in which go builds the library: locations from the user's
// settings, and all other settings of Go from baseline.env and the recipe.
func TestEnvironment(t *testing.T) {
	written := filepath.Join(t.TempDir(), "env")
	if err := os.WriteFile(written, []byte("GOPROXY=direct\nGONOPROXY=a\nGOARM64=v9.0\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	set := []string{"GOENV=" + written, "GONOPROXY=b", "GO_EXTLINK_ENABLED=0", "GOCOMPILEDEBUG=x", "OTHER=a=b"}
	for _, setting := range append(set, userSettings...) {
		name, value, _ := strings.Cut(setting, "=")
		t.Setenv(name, value)
	}
	r := recipe{dir: ".", goarch: "arm", settings: []string{"GOARM=6"}, env: []string{"TEST=1"}}
	env, err := r.environment()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, variable := range env {
		name, value, _ := strings.Cut(variable, "=")
		got[name] = value
	}
	for name, want := range map[string]string{
		"GOPROXY": "direct", "GONOPROXY": "b", "OTHER": "a=b", "TEST": "1", "GOENV": "off",
		"GOOS": "linux", "GOARCH": "arm", "GOARM": "6", "GOARM64": "v8.0", "GOAMD64": "v1",
		"GOFLAGS": "-buildvcs=false", "CGO_ENABLED": "0",
		"GOEXPERIMENT": "", "GOFIPS140": "", "GO_EXTLINK_ENABLED": "", "GOCOMPILEDEBUG": "",
	} {
		if got[name] != want {
			t.Errorf("%s=%s, want %s", name, got[name], want)
		}
	}
}
