// SPDX-License-Identifier: MIT

package docs

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"libmemfd_go/internal/header"
)

var (
	testLink = regexp.MustCompile(`\[[^\]]+\]\(([^)]+)\)(?:: ((?:` + "`[^`]+`" + `(?:, )?)+))?`)
	codeWord = regexp.MustCompile("`([^`]+)`")
)

// Each promise in docs/SECURITY.md names tests, and they exist.
func TestSecurityPromisesAreTested(t *testing.T) {
	promises := 0
	for line := range strings.Lines(readFile(t, "docs/SECURITY.md")) {
		if !strings.HasPrefix(line, "| ") || strings.HasSuffix(line, "| tested by |\n") {
			continue
		}
		columns := strings.Split(strings.TrimSpace(line), " | ")
		promises++
		tests := testLink.FindAllStringSubmatch(columns[len(columns)-1], -1)
		if len(tests) == 0 {
			t.Errorf("docs/SECURITY.md: link to a test of: %s", line)
		}
		for _, test := range tests {
			file := filepath.Join("docs", test[1])
			source := readFile(t, file)
			for _, name := range codeWord.FindAllStringSubmatch(test[2], -1) {
				if !hasTest(test[1], source, name[1]) {
					t.Errorf("docs/SECURITY.md: %s has no test %s, named for: %s", file, name[1], line)
				}
			}
		}
	}
	if promises < 20 {
		t.Errorf("docs/SECURITY.md: found only %d promises; has the layout of the tables changed?", promises)
	}
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
	if address := regexp.MustCompile(`\S+@\S+|TODO|example\.(com|org)`).FindString(policy); address != "" {
		t.Errorf("SECURITY.md contains a placeholder or an address that nobody reads: %q", address)
	}
	if !strings.Contains(readFile(t, "docs/SECURITY.md"), "](../SECURITY.md)") {
		t.Error("docs/SECURITY.md does not link to ../SECURITY.md")
	}
}
