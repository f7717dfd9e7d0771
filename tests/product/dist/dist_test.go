// SPDX-License-Identifier: MIT

// Package dist tests `make dist`: the list of files, that they are reproducible, and that the packages
// install and work in minimal root directories. A regular run tests amd64, a full one all
// architectures.
package dist

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"libmemfd_go/internal/testenv"
)

// version is the library's version, such as 1.0.0.
var version string

// All commands run in the top folder.
func TestMain(m *testing.M) {
	if err := os.Chdir(testenv.Repository()); err != nil {
		panic(err)
	}
	header, err := os.ReadFile("include/memfd_go.h")
	if err != nil {
		panic(err)
	}
	version = regexp.MustCompile(`MEMFD_GO_VERSION_STRING "(.*)"`).FindStringSubmatch(string(header))[1]
	code := m.Run()
	for _, folder := range toRemove {
		os.RemoveAll(folder)
	}
	os.Exit(code)
}

// names are the names of an architecture in packages.
type names struct{ goarch, deb, rpm, apk string }

// The parts of a package.
const (
	runtimePart = iota
	develPart
	debugPart
	commandPart
)

func (a names) debs() [4]string {
	end := "_" + version + "-1_" + a.deb + ".deb"
	return [...]string{"libmemfd-go1" + end, "libmemfd-go-dev" + end, "libmemfd-go1-dbgsym" + end, "memfd" + end}
}

func (a names) rpms() [4]string {
	end := "-" + version + "-1." + a.rpm + ".rpm"
	return [...]string{"libmemfd_go1" + end, "libmemfd_go-devel" + end, "libmemfd_go1-debuginfo" + end, "memfd" + end}
}

func (a names) apks() [4]string {
	end := "-" + version + "-r1." + a.apk + ".apk"
	return [...]string{"libmemfd_go1" + end, "libmemfd_go-dev" + end, "libmemfd_go1-dbg" + end, "memfd" + end}
}

func architectures() []names {
	all := []names{
		{"amd64", "amd64", "x86_64", "x86_64"},
		{"arm64", "arm64", "aarch64", "aarch64"},
		{"386", "i386", "i686", "x86"},
		{"arm", "armhf", "armv7hl", "armv7"},
		{"riscv64", "riscv64", "riscv64", "riscv64"},
		{"ppc64le", "ppc64el", "ppc64le", "ppc64le"},
		{"s390x", "s390x", "s390x", "s390x"},
		{"loong64", "loong64", "loongarch64", "loongarch64"},
	}
	if testenv.Full() {
		return all
	}
	return all[:1]
}

// lintianKnows is false for an architecture that Debian 12 does not have.
func lintianKnows(a names) bool { return a.deb != "loong64" }

// A folder holds a release, unless a tool is missing or make dist failed.
type folder struct {
	path, missing string
	err           error
}

// toRemove lists the folders with releases.
var toRemove []string

// made builds a release once for all tests.
var made = sync.OnceValue(func() folder { return makeDist("TZ=UTC", "022") })

func makeDist(environment, umask string) folder {
	for _, tool := range []string{"build/bin/nfpm", "build/venv/bin/hatchling", "rpmbuild"} {
		if _, err := exec.LookPath(tool); err != nil {
			return folder{missing: tool + " is not installed: run make setup"}
		}
	}
	path, err := os.MkdirTemp("", "memfd_go")
	if err != nil {
		return folder{err: err}
	}
	toRemove = append(toRemove, path)
	var arches []string
	for _, a := range architectures() {
		arches = append(arches, a.goarch)
	}
	make := exec.Command("sh", "-euc", `umask "$1"; shift; exec make "$@"`, "sh", umask, "dist", "DIST="+path+"/dist", "WHEELS="+path+"/wheels", "ARCHES="+strings.Join(arches, " "))
	make.Env = append(os.Environ(), "SOURCE_DATE_EPOCH=1700000000", environment)
	if output, err := make.CombinedOutput(); err != nil {
		return folder{path: path, err: fmt.Errorf("make dist: %w\n%s", err, output)}
	}
	return folder{path: path}
}

func (f folder) dist() string { return filepath.Join(f.path, "dist") }

// requireDist returns the folder of the release.
func requireDist(t *testing.T) string {
	t.Helper()
	f := made()
	if f.err != nil {
		t.Fatal(f.err)
	}
	if f.missing != "" {
		testenv.Unavailable(t, errors.New(f.missing))
	}
	return f.dist()
}

func requireRoot(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can install packages")
	}
}

func run(t *testing.T, name string, arguments ...string) string {
	t.Helper()
	return runIn(t, "", nil, name, arguments...)
}

func runIn(t *testing.T, dir string, env []string, name string, arguments ...string) string {
	t.Helper()
	cmd := exec.Command(name, arguments...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	output, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, output)
	}
	return string(output)
}

func TestFiles(t *testing.T) {
	testenv.RequireRegular(t)
	release := requireDist(t)
	want := []string{"SHA256SUMS", "libmemfd_go-" + version + ".cdx.json", "memfd_go-" + version + ".tar.gz",
		"libmemfd_go-" + version + ".tar.gz", "libmemfd_go-" + version + "-vendored.tar.gz"}
	for _, a := range architectures() {
		want = append(want, "libmemfd_go-"+version+"-linux-"+a.goarch+".tar.gz")
		for _, files := range [][4]string{a.debs(), a.rpms(), a.apks()} {
			want = append(want, files[:]...)
		}
	}
	if _, err := exec.LookPath("cargo"); err == nil {
		for _, name := range []string{"memfd-go", "memfd-go-prebuilt", "memfd-go-sys"} {
			want = append(want, name+"-"+version+".crate")
		}
	}
	slices.Sort(want)
	got := slices.DeleteFunc(listed(t, release), func(name string) bool { return strings.HasSuffix(name, ".whl") })
	if wheels := len(listed(t, release)) - len(got); wheels != len(architectures()) {
		t.Errorf("the release has %d wheels, want %d", wheels, len(architectures()))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files of the release: -want +got:\n%s", diff)
	}
	for _, name := range listed(t, release) {
		if info, err := os.Stat(filepath.Join(release, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	if out := runIn(t, release, nil, "sha256sum", "-c", "--strict", "SHA256SUMS"); strings.Count(out, ": OK\n") != len(listed(t, release))-1 {
		t.Errorf("SHA256SUMS does not list all files:\n%s", out)
	}
}

func listed(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

// The same sources give the same files, in another folder and time zone, and under another umask.
func TestReleaseIsReproducible(t *testing.T) {
	testenv.RequireRegular(t)
	first := requireDist(t)
	again := makeDist("TZ=Asia/Tokyo", "077")
	if again.err != nil {
		t.Fatal(again.err)
	}
	defer os.RemoveAll(again.path)
	one, two := readFile(t, first, "SHA256SUMS"), readFile(t, again.dist(), "SHA256SUMS")
	if diff := cmp.Diff(string(one), string(two)); diff != "" {
		t.Errorf("-first +again:\n%s", diff)
	}
}

func readFile(t *testing.T, folder, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// The bill of materials lists the modules of the build with their licences, and the hashes of the
// libraries.
func TestBillOfMaterials(t *testing.T) {
	testenv.RequireRegular(t)
	var bill struct {
		BOMFormat, SpecVersion string
		Components             []struct {
			Name, Version, PURL string
			Hashes              []struct{ Alg, Content string }
			Licenses            []struct{ Expression string }
		}
	}
	if err := json.Unmarshal(readFile(t, requireDist(t), "libmemfd_go-"+version+".cdx.json"), &bill); err != nil {
		t.Fatal(err)
	}
	if bill.BOMFormat != "CycloneDX" || bill.SpecVersion != "1.5" {
		t.Errorf("the bill of materials has the format %s %s", bill.BOMFormat, bill.SpecVersion)
	}
	urls, hashes := map[string]bool{}, map[string]string{}
	for _, c := range bill.Components {
		urls[strings.Split(c.PURL, "@")[0]] = true
		for _, l := range c.Licenses {
			if !slices.ContainsFunc(strings.Split(l.Expression, " OR "), func(choice string) bool {
				return slices.Contains([]string{"MIT", "BSD-3-Clause", "Apache-2.0", "MIT AND BSD-3-Clause AND Apache-2.0"}, choice)
			}) {
				t.Errorf("%s has the licence %q; if it is acceptable, add it to this test", c.Name, l.Expression)
			}
		}
		if c.PURL != "" && len(c.Licenses) == 0 {
			t.Errorf("the bill of materials has no licence for %s", c.Name)
		}
		for _, h := range c.Hashes {
			hashes[c.Name] = h.Content
		}
	}
	for folder, start := range map[string]string{".": "./capi", "cmd/memfd": "."} {
		for _, module := range strings.Fields(runIn(t, folder, nil, "go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}", start)) {
			if module != "libmemfd_go" && !urls["pkg:golang/"+module] {
				t.Errorf("the bill of materials lacks the module %s", module)
			}
		}
	}
	if !urls["pkg:golang/std"] {
		t.Error("the bill of materials lacks Go's standard library")
	}
	for _, a := range architectures() {
		product, err := testenv.Product(a.goarch)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range []string{"libmemfd_go.so.1", "memfd"} {
			name := "linux_" + a.goarch + "/" + file
			if want := fmt.Sprintf("%x", sha256.Sum256(readFile(t, product, file))); hashes[name] != want {
				t.Errorf("%s has the hash %s, but %q in the bill of materials", name, want, hashes[name])
			}
		}
	}
}

// unpack returns the shell command that unpacks a file into the current folder.
func unpack(file string) string {
	switch filepath.Ext(file) {
	case ".deb":
		return `dpkg-deb -x "$1" .`
	case ".rpm":
		return `rpm2cpio "$1" | cpio -id --quiet --no-absolute-filenames`
	case ".apk":
		return `tar xzf "$1" --warning=no-unknown-keyword`
	}
	return `tar xzf "$1"`
}

// All packages of an architecture contain the library and the command in build.
func TestPackagesHaveWhatWasBuilt(t *testing.T) {
	testenv.RequireRegular(t)
	release := requireDist(t)
	testenv.RequireTool(t, "dpkg-deb")
	testenv.RequireTool(t, "rpm2cpio")
	testenv.RequireTool(t, "cpio")
	for _, a := range architectures() {
		product, err := testenv.Product(a.goarch)
		if err != nil {
			t.Fatal(err)
		}
		archive := "libmemfd_go-" + version + "-linux-" + a.goarch + ".tar.gz"
		for _, file := range []string{archive, a.debs()[runtimePart], a.rpms()[runtimePart], a.apks()[runtimePart]} {
			contains(t, release, file, "lib*/libmemfd_go.so."+version, filepath.Join(product, "libmemfd_go.so.1"))
		}
		for _, file := range []string{archive, a.debs()[commandPart], a.rpms()[commandPart], a.apks()[commandPart]} {
			contains(t, release, file, "bin/memfd", filepath.Join(product, "memfd"))
		}
	}
}

// contains compares the only file of a package whose path matches with a file in build.
func contains(t *testing.T, release, file, path, built string) {
	t.Helper()
	dir := t.TempDir()
	runIn(t, dir, nil, "sh", "-euc", unpack(file), "sh", filepath.Join(release, file))
	found := strings.Fields(run(t, "find", dir, "-type", "f", "-path", "*/"+path))
	if len(found) != 1 {
		t.Errorf("%s: want one file %s, got %q", file, path, found)
		return
	}
	run(t, "cmp", found[0], built)
}

// Each package of the command contains the licences of all modules linked into it.
func TestLicencesOfTheCommand(t *testing.T) {
	testenv.RequireRegular(t)
	release := requireDist(t)
	a := architectures()[0]
	for file, folder := range map[string]string{
		"libmemfd_go-" + version + "-linux-" + a.goarch + ".tar.gz": "share/doc/memfd",
		a.debs()[commandPart]: "usr/share/doc/memfd",
		a.rpms()[commandPart]: "usr/share/licenses/memfd",
		a.apks()[commandPart]: "usr/share/licenses/memfd",
	} {
		dir := t.TempDir()
		runIn(t, dir, nil, "sh", "-euc", unpack(file), "sh", filepath.Join(release, file))
		if matches, _ := filepath.Glob(filepath.Join(dir, "libmemfd_go-*")); len(matches) == 1 {
			dir = matches[0]
		}
		text := run(t, "sh", "-euc", `cat "$1"/*`, "sh", filepath.Join(dir, folder))
		for _, want := range []string{
			"libmemfd_go maintainers", "The Go Authors", "Alex Ogier", "Apache License", "Permission is hereby granted", "Neither the name of Google Inc.",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %s does not mention %q", file, folder, want)
			}
		}
	}
}
