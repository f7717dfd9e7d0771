// SPDX-License-Identifier: MIT

package docs

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"libmemfd_go/internal/header"

	"github.com/google/go-cmp/cmp"
)

var (
	testLink = regexp.MustCompile(`\[[^\]]+\]\(([^)]+)\)(?:: ((?:` + "`[^`]+`" + `(?:, )?)+))?`)
	codeWord = regexp.MustCompile("`([^`]+)`")
)

// Each promise in docs/SECURITY.md has a row in its table of tests, which names tests that exist.
func TestSecurityPromisesAreTested(t *testing.T) {
	promises, tests, found := strings.Cut(readFile(t, "docs/SECURITY.md"), "\n## Tests\n")
	if !found {
		t.Fatal(`docs/SECURITY.md has no section "Tests"`)
	}
	tests, _, _ = strings.Cut(tests, "\n## ")
	want, _ := rows(promises)
	got, cells := rows(tests)
	if diff := cmp.Diff(want, got); diff != "" || len(got) < 20 {
		t.Errorf("docs/SECURITY.md: the table of tests differs from the promises: -promises +tests\n%s", diff)
	}
	for i, cell := range cells {
		links := testLink.FindAllStringSubmatch(cell, -1)
		if len(links) == 0 {
			t.Errorf("docs/SECURITY.md: link to a test of: %s", got[i])
		}
		for _, link := range links {
			file := filepath.Join("docs", link[1])
			source := readFile(t, file)
			for _, name := range codeWord.FindAllStringSubmatch(link[2], -1) {
				if !hasTest(link[1], source, name[1]) {
					t.Errorf("docs/SECURITY.md: %s has no test %s, named for: %s", file, name[1], got[i])
				}
			}
		}
	}
}

// rows returns the first and the last cell of each row of the tables in a text.
func rows(text string) (first, last []string) {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "| subject |") {
			cells := strings.Split(strings.Trim(line, "|\n"), " |")
			first = append(first, strings.TrimSpace(cells[0]))
			last = append(last, cells[len(cells)-1])
		}
	}
	return first, last
}

// hasTest reports whether a source file runs a test of this name, or defines a function of this
// name if it is a header or a fuzzer.
func hasTest(file, source, name string) bool {
	pattern := `^static [^;]*\bNAME\([^;]*$`
	switch folder := filepath.Base(filepath.Dir(file)); {
	case strings.HasSuffix(file, ".go"):
		pattern = `^func NAME\(`
	case strings.HasSuffix(file, ".c") && folder != "targets":
		pattern = `^\tRUN\(NAME\);$|^\t\{ "NAME", `
	}
	pattern = "(?m)" + strings.ReplaceAll(pattern, "NAME", regexp.QuoteMeta(name))
	return regexp.MustCompile(pattern).MatchString(source)
}

func TestHasTest(t *testing.T) {
	const program = `/* files_of_others and
 * files */
static void files(void)
{
	files_of_mine();
}

static void old_files(void);

int main(void)
{
	RUN(files);
	RUN(files_of_others);
}

	{ "row", row },
`
	for _, test := range []struct {
		file, name string
		want       bool
	}{
		{"tests/c/a.c", "files", true},
		{"tests/c/a.c", "files_of_others", true},
		{"tests/c/a.c", "row", true},
		{"tests/c/a.c", "others", false},
		{"tests/c/a.c", "files_of", false},
		{"tests/c/a.c", "main", false},
		{"tests/c/a.c", "files_of_mine", false},
		{"tests/fuzz/targets/a.c", "files", true},
		{"tests/fuzz/targets/a.c", "files_of_mine", false},
		{"tests/fuzz/targets/a.c", "old_files", false},
		{"tests/c/a.h", "files", true},
		{"core/a_test.go", "files", false},
	} {
		if hasTest(test.file, program, test.name) != test.want {
			t.Errorf("hasTest(%s, %s) != %v", test.file, test.name, test.want)
		}
	}
}

// docs/SECURITY.md mentions each function.
func TestSecurityNamesEveryFunction(t *testing.T) {
	header, err := header.Parse(readFile(t, "include/memfd_go.h"))
	if err != nil {
		t.Fatal(err)
	}
	text := readFile(t, "docs/SECURITY.md")
	for _, f := range header.Functions {
		if !strings.Contains(text, "`"+f.Name+"`") {
			t.Errorf("docs/SECURITY.md does not mention %s", f.Name)
		}
	}
}

// GitHub shows SECURITY.md of the top folder as the security policy. It must not contain a
// placeholder address.
func TestSecurityPolicy(t *testing.T) {
	policy := readFile(t, "SECURITY.md")
	for _, text := range []string{"## Supported versions", "## Reporting a vulnerability", "*Report a vulnerability*"} {
		if !strings.Contains(policy, text) {
			t.Errorf("SECURITY.md lacks %q", text)
		}
	}
	if address := regexp.MustCompile(`\S+@\S+|example\.(com|org)`).FindString(policy); address != "" {
		t.Errorf("SECURITY.md contains a placeholder or an address that nobody reads: %q", address)
	}
	if !strings.Contains(readFile(t, "docs/SECURITY.md"), "](../SECURITY.md)") {
		t.Error("docs/SECURITY.md does not link to ../SECURITY.md")
	}
}
