// SPDX-License-Identifier: MIT

package contract

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"libmemfd_go/internal/testenv"
)

// mayBeIgnored lists the functions that cannot fail, or whose failure needs no reaction.
var mayBeIgnored = []string{
	"memfd_go_version", "memfd_go_version_string", "memfd_go_result_name", "memfd_go_wipe",
	"memfd_go_format_seals", "memfd_go_unmap",
	"memfd_go_secret_free", "memfd_go_secret_pool_give", "memfd_go_secret_pool_free",
}

var ignored = regexp.MustCompile(`ignoring return value of \W?(memfd_go_\w+)`)

// Compilers warn if the result of any other function is ignored.
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
	out, err := exec.Command(compiler, "-fmax-errors=0", "-I"+filepath.Join(testenv.Repository(), "include"), "-c", "-o", filepath.Join(filepath.Dir(file), "ignores.o"), file).CombinedOutput()
	if err != nil {
		t.Fatalf("gcc: %v\n%s", err, out)
	}
	got := map[string]bool{}
	for _, m := range ignored.FindAllStringSubmatch(string(out), -1) {
		got[m[1]] = true
	}
	for _, f := range h.Functions {
		switch {
		case want[f.Name] && !got[f.Name]:
			t.Errorf("%s: gcc does not warn if the result of %s is ignored; declare it MEMFD_GO_CHECKED,\n"+
				"or add it to mayBeIgnored in tests/contract/results_test.go", headerFile, f.Name)
		case got[f.Name] && !want[f.Name]:
			t.Errorf("%s: gcc warns if the result of %s is ignored; remove MEMFD_GO_CHECKED", headerFile, f.Name)
		}
	}
}
