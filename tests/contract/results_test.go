// SPDX-License-Identifier: MIT

package contract

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"libmemfd_go/internal/testenv"
)

// mayBeIgnored are the functions that cannot fail, or whose failure nobody can act on.
var mayBeIgnored = []string{
	"memfd_go_version", "memfd_go_version_string", "memfd_go_result_name", "memfd_go_wipe",
	"memfd_go_format_seals", "memfd_go_unmap",
	"memfd_go_secret_free", "memfd_go_secret_pool_give", "memfd_go_secret_pool_free",
}

var ignored = regexp.MustCompile(`ignoring return value of \W?(memfd_go_\w+)`)

// A compiler warns of every other function whose result is ignored.
func TestIgnoredResultsWarn(t *testing.T) {
	compiler, err := exec.LookPath("gcc")
	if err != nil {
		testenv.Unavailable(t, err)
	}
	h := readHeader(t)
	var code strings.Builder
	code.WriteString("#include \"memfd_go.h\"\nvoid f(void)\n{\n")
	want := map[string]bool{}
	for _, f := range h.Functions {
		arguments := strings.TrimSuffix(strings.Repeat("0, ", len(f.Params)), ", ")
		fmt.Fprintf(&code, "\t%s(%s);\n", f.Name, arguments)
		if !slices.Contains(mayBeIgnored, f.Name) {
			want[f.Name] = true
		}
	}
	code.WriteString("}\n")
	file := filepath.Join(t.TempDir(), "ignores.c")
	if err := os.WriteFile(file, []byte(code.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(compiler, "-fmax-errors=0", "-I"+filepath.Join(testenv.Repository(), "include"), "-c", "-o", "/dev/null", file).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	got := map[string]bool{}
	for _, m := range ignored.FindAllStringSubmatch(string(out), -1) {
		got[m[1]] = true
	}
	if !maps.Equal(got, want) {
		t.Errorf("the compiler warns of\n%v\nwant\n%v", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
}
