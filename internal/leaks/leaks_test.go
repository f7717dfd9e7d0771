package leaks

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// leak names, for a child of this test, what its tests are to leave behind.
const leak = "MEMFD_GO_LEAK"

// What a test leaves behind makes it fail, and is named.
func TestLeaksAreNoticed(t *testing.T) {
	for what, want := range map[string]string{
		"nothing":    "PASS",
		"descriptor": "/memfd:leak (deleted)",
		"mapping":    "the test left mapping",
		"locked":     "locked memory was",
		"subtest":    "/memfd:leak (deleted)",
	} {
		test := exec.Command(os.Args[0], "-test.run=^TestLeaving$", "-test.v")
		test.Env = append(os.Environ(), leak+"="+what)
		out, err := test.CombinedOutput()
		if !strings.Contains(string(out), want) || (err == nil) != (what == "nothing") {
			t.Errorf("%s: %v, without %q:\n%s", what, err, want, out)
		}
	}
}

// TestLeaving is for the child. Without the variable it leaves nothing.
func TestLeaving(t *testing.T) {
	Check(t)
	create := func() int {
		fd, err := unix.MemfdCreate("leak", unix.MFD_CLOEXEC)
		if err != nil || unix.Ftruncate(fd, 1) != nil {
			t.Fatal(err)
		}
		return fd
	}
	switch os.Getenv(leak) {
	case "nothing":
		unix.Close(create())
	case "descriptor":
		create()
	case "subtest":
		t.Run("sub", func(*testing.T) { create() })
	case "mapping":
		fd := create()
		if _, err := unix.Mmap(fd, 0, 1, unix.PROT_READ, unix.MAP_SHARED); err != nil {
			t.Fatal(err)
		}
		unix.Close(fd)
	case "locked":
		page, err := unix.Mmap(-1, 0, 1, unix.PROT_READ, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
		if err == nil {
			err = unix.Mlock(page)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Every test that calls the library in its own process begins with Check.
func TestNoneForgets(t *testing.T) {
	begins := regexp.MustCompile(`^(Test|Fuzz)`)
	found := 0
	for _, folder := range []string{"core", "tests/purego", "bindings/go/memfd"} {
		files, err := filepath.Glob(filepath.Join("..", "..", folder, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range file.Decls {
				f, isFunction := d.(*ast.FuncDecl)
				if !isFunction || !begins.MatchString(f.Name.Name) || f.Name.Name == "TestMain" {
					continue
				}
				found++
				if !isCheck(f.Body.List) {
					t.Errorf("%s: %s does not begin with leaks.Check(t)", name, f.Name.Name)
				}
			}
		}
	}
	if found < 100 {
		t.Errorf("there are only %d tests", found)
	}
}

func isCheck(body []ast.Stmt) bool {
	if len(body) == 0 {
		return false
	}
	statement, isExpression := body[0].(*ast.ExprStmt)
	return isExpression && strings.HasPrefix(types.ExprString(statement.X), "leaks.Check(")
}
