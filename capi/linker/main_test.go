package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// The tests' own binary stands in for the linker: with this in the environment it
// is the linker. Its value may name a file to copy the object file to.
const asLinker = "LINKER_TEST_OBJECT"

func TestMain(m *testing.M) {
	object, ok := os.LookupEnv(asLinker)
	if !ok {
		os.Exit(runTests(m))
	}
	if job, link := parseArgs(os.Args[1:]); link && object != "" {
		data, err := os.ReadFile(job.in)
		if err == nil {
			err = os.WriteFile(object, data, 0o666)
		}
		if err != nil {
			os.Stderr.WriteString(err.Error())
			os.Exit(1)
		}
	}
	main()
}

func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "linker")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	for goarch := range goarches {
		built[goarch] = sync.OnceValues(func() (*product, error) { return buildProduct(filepath.Join(dir, goarch), goarch) })
	}
	return m.Run()
}

// A product is this repository's library, and the object file it came from.
type product struct{ library, object string }

var built = map[string]func() (*product, error){}

func buildProduct(dir, goarch string) (*product, error) {
	p := &product{filepath.Join(dir, soname), filepath.Join(dir, "go.o")}
	if err := os.Mkdir(dir, 0o777); err != nil {
		return nil, err
	}
	printed, err := build{goarch: goarch, dir: "..", pkg: ".", out: p.library, object: p.object}.run()
	if err != nil || printed != "" {
		return nil, fmt.Errorf("go build: %v\n%s", err, printed)
	}
	return p, nil
}

// productOf returns the library for goarch, which is built once.
func productOf(t *testing.T, goarch string) *product {
	t.Helper()
	p, err := built[goarch]()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// goarches name the architectures for the go command.
var goarches = map[string]*arch{
	"amd64": amd64, "arm64": arm64, "386": i386, "arm": arm,
	"riscv64": riscv64, "ppc64le": ppc64le, "s390x": s390x, "loong64": loong64,
}

// eachArch runs f as a parallel subtest for each architecture.
func eachArch(t *testing.T, f func(t *testing.T, goarch string)) {
	for goarch := range goarches {
		t.Run(goarch, func(t *testing.T) {
			t.Parallel()
			f(t, goarch)
		})
	}
}

// A build is one run of go build with the tests' linker.
type build struct {
	goarch string
	dir    string // where the package is
	pkg    string
	out    string
	object string // if not empty, where to leave go.o
	flags  []string
}

// run returns what go build printed.
func (b build) run() (output string, err error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	args := append([]string{"build", "-buildmode=c-archive", "-toolexec=" + self + " toolexec",
		"-trimpath", "-ldflags=-E memfd_go_roots", "-o", b.out}, b.flags...)
	cmd := exec.Command("go", append(args, b.pkg)...)
	cmd.Dir = b.dir
	cmd.Env = append(os.Environ(), asLinker+"="+b.object, "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+b.goarch, "GOFLAGS=")
	printed, err := cmd.CombinedOutput()
	return string(printed), err
}

// writeModule makes a module of these files: name, contents, name, contents...
func writeModule(t *testing.T, files ...string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	files = append(files, "go.mod", "module libmemfd_go\n\ngo 1.25\n")
	for i := 0; i < len(files); i += 2 {
		name := filepath.Join(dir, files[i])
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(files[i+1]), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// exportsAsm is assembly that exports the Go functions of these names, each as
// memfd_go_ and its name.
func exportsAsm(names ...string) string {
	var exports, roots strings.Builder
	for _, name := range names {
		exports.WriteString("TEXT memfd_go_" + name + "(SB),NOSPLIT|NOFRAME,$0\n\tLANDING\n\tJMP ·" + name + "(SB)\n\n")
		roots.WriteString("\tJMP memfd_go_" + name + "(SB)\n")
	}
	return `#include "textflag.h"
#ifdef GOARCH_amd64
#define LANDING ENDBR64
#else
#ifdef GOARCH_arm64
#define LANDING BTI C
#else
#define LANDING
#endif
#endif

` + exports.String() + "TEXT memfd_go_roots(SB),NOSPLIT|NOFRAME,$0\n" + roots.String()
}
