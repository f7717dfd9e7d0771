// SPDX-License-Identifier: MIT

package hosts

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"libmemfd_go/internal/header"
	"libmemfd_go/internal/testenv"
)

var (
	word = regexp.MustCompile("`([a-z0-9_]+)`")
	text = regexp.MustCompile(`"([^"]*)"`)
	seam = regexp.MustCompile(`"[\s\\]+"`) // between adjacent string literals
)

// The lists in docs/SECCOMP.md are those that programs/seccomp.c tests.
func TestSeccompDocument(t *testing.T) {
	documented, tried := map[string]string{}, map[string]string{}
	for line := range strings.Lines(read(t, "docs/SECCOMP.md")) {
		if cells := strings.Split(line, "|"); len(cells) == 5 && strings.Contains(cells[1], "`memfd_go_") {
			name := strings.Trim(cells[1], " `")
			variant := strings.TrimPrefix(strings.Trim(cells[2], " `"), "MEMFD_GO_")
			var calls []string
			for _, m := range word.FindAllStringSubmatch(cells[3], -1) {
				calls = append(calls, m[1])
			}
			documented[name+" "+variant] = strings.Join(calls, " ")
		}
	}
	_, table, _ := strings.Cut(read(t, "tests/hosts/programs/seccomp.c"), "#define PROFILES(P)")
	table, _, _ = strings.Cut(table, "#define FUNCTION(")
	for _, row := range strings.Split(table, "\tP(")[1:] {
		texts := text.FindAllStringSubmatch(seam.ReplaceAllString(row, ""), -1)
		tried["memfd_go_"+texts[0][1]+" "+texts[1][1]] = texts[len(texts)-1][1]
	}
	if diff := cmp.Diff(tried, documented); diff != "" {
		t.Errorf("seccomp.c and SECCOMP.md differ, -seccomp.c +SECCOMP.md:\n%s", diff)
	}
	header, err := header.Parse(read(t, "include/memfd_go.h"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range header.Functions {
		if _, has := documented[f.Name+" "]; !has {
			t.Errorf("docs/SECCOMP.md has no row for %s", f.Name)
		}
	}
}

func read(t *testing.T, file string) string {
	text, err := os.ReadFile(filepath.Join(testenv.Repository(), file))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
