// SPDX-License-Identifier: MIT

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"libmemfd_go/internal/header"

	"github.com/google/go-cmp/cmp"
)

func readHeader(t *testing.T) manual {
	t.Helper()
	text, err := os.ReadFile("../../include/memfd_go.h")
	if err != nil {
		t.Fatal(err)
	}
	d, err := header.ParseDocument(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return manual{d}
}

// A page has everything that the header says about the function, in the right section.
func TestPage(t *testing.T) {
	const text = `/*
 * x.h - things.
 *
 * CONVENTIONS
 *
 * Results.  All
 * are good.
 */
extern "C" {
#endif
/* ---- Things */
/*
 * EXAMPLE: a thing
 *
 *     memfd_go_x(1);
 */
#define MEMFD_GO_VERSION_STRING "1.2.3"
#define MEMFD_GO_OPT_A 1U /* used */
#define MEMFD_GO_OPT_B 2U /* not used */
struct memfd_go_s {
	int a; /* first */
};
/*
 * memfd_go_x() does it: 'a' is
 * never -1.
 *
 * a     OPT_A, or
 *       0
 * list  any of
 *       OPT_A  one
 *
 * Returns 0.
 *
 * -EBADF   never
 * -EINVAL, and others
 *
 * Safe: MT. Source: x(2).
 */
int memfd_go_x(struct memfd_go_s *a);
#ifdef __cplusplus
}
#endif
/*
 * LAST
 *
 * The end.
 */
`
	d, err := header.ParseDocument(text)
	if err != nil {
		t.Fatal(err)
	}
	h := manual{d}
	want := `.\" Generated from memfd_go.h.
.TH MEMFD_GO_X 3 ` + date + ` "libmemfd_go 1.2.3"
.SH "NAME"
memfd_go_x \- does it
.SH "SYNOPSIS"
.nf
\fB#include <memfd_go.h>\fP
.PP
\fBint memfd_go_x(struct memfd_go_s *a);\fP
.fi
.PP
Link with \fB\-lmemfd_go\fP.
.SH "DESCRIPTION"
\fBmemfd_go_x\fP() does it: \fIa\fP is never \-1.
.TP
\fBa\fP
\fBOPT_A\fP, or 0
.TP
\fBlist\fP
any of
.RS
.TP
\fBOPT_A\fP
one
.RE
.SH "DECLARATIONS"
From <memfd_go.h>:
.PP
.in +4n
.nf
#define MEMFD_GO_OPT_A 1U /* used */

struct memfd_go_s {
    int a; /* first */
};
.fi
.in
.SH "RETURN VALUE"
Returns 0.
.SH "ERRORS"
.TP
\fB\-EBADF\fP
never
.TP
\fB\-EINVAL, and others\fP
.SH "NOTES"
Safe: MT.
Source: \fBx\fP(2).
.SH "EXAMPLES"
A thing:
.PP
.in +4n
.nf
memfd_go_x(1);
.fi
.in
.SH "SEE ALSO"
.BR memfd_go (7)
`
	if diff := cmp.Diff(want, h.page(h.Functions()[0])); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestPrototype(t *testing.T) {
	const text = "int f(uint64_t first_parameter, uint64_t second_parameter, uint64_t third,\n      int last);"
	want := []string{"int f(uint64_t first_parameter, uint64_t second_parameter,", "      uint64_t third, int last);"}
	if diff := cmp.Diff(want, prototype(text)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestNarrow(t *testing.T) {
	long := "a comment that is too long for the rest of the line with its declaration */"
	in := []string{"#define A 1U      /* short */", "#define B 2U /* of two", "     lines */", "\tint c; /* " + long, "", "\tint d;"}
	want := []string{"#define A 1U /* short */", "#define B 2U /* of two lines */", "\t/* " + long, "\tint c;", "", "\tint d;"}
	if diff := cmp.Diff(want, narrow(in)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestMentions(t *testing.T) {
	for _, c := range []struct {
		text, name string
		want       bool
	}{
		{"any of MEMFD_GO_OPT_WRITE, _EXEC", "MEMFD_GO_OPT_EXEC", true},
		{"any of MEMFD_GO_OPT_WRITE, _EXEC", "MEMFD_GO_OPT_KEEP_FD", false},
		{"with OPT_KEEP_FD", "MEMFD_GO_OPT_KEEP_FD", true},
		{"MEMFD_GO_KIND_*", "MEMFD_GO_KIND_SECRET", true},
		{"MFD_* bits", "MFD_CLOEXEC", true},
		{"MFD_* bits", "F_SEAL_EXEC", false},
		{"F_SEAL_* bits", "F_SEAL_FUTURE_WRITE", true},
		{"F_SEAL_WRITE_MORE", "F_SEAL_WRITE", false},
		{"SECRET", "MEMFD_GO_SECRET", false},
	} {
		if got := mentions(c.text, c.name); got != c.want {
			t.Errorf("mentions(%q, %q) is %v", c.text, c.name, got)
		}
	}
}

// Every function has a page, and no word of the header's comments is lost.
func TestNoWordIsLost(t *testing.T) {
	h := readHeader(t)
	folder := t.TempDir()
	if err := write("../../include/memfd_go.h", folder); err != nil {
		t.Fatal(err)
	}
	for _, f := range h.Functions() {
		page, err := os.ReadFile(filepath.Join(folder, "man3", f.Name+".3"))
		if err != nil {
			t.Error(err)
		}
		for _, p := range f.Doc {
			requireWords(t, f.Name, p, string(page))
		}
	}
	overview, err := os.ReadFile(filepath.Join(folder, "man7", "memfd_go.7"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range slices.Concat(h.Intro[1:], h.Conventions, h.Dropin) {
		if !strings.HasPrefix(p[0], "SPDX") {
			requireWords(t, "memfd_go(7)", p, string(overview))
		}
	}
}

var word = regexp.MustCompile(`\w+`)

func requireWords(t *testing.T, name string, p header.Paragraph, page string) {
	t.Helper()
	page = strings.NewReplacer(`\fB`, "", `\fI`, "", `\fP`, "", `\e`, `\`).Replace(page)
	has := word.FindAllString(page, -1)
	for _, w := range word.FindAllString(strings.Join(p, " "), -1) {
		if w != "above" && !slices.Contains(has, w) {
			t.Errorf("%s does not contain %q", name, w)
		}
	}
}

// The page of a function that is no longer in the header is removed.
func TestOldPagesAreRemoved(t *testing.T) {
	folder := t.TempDir()
	old := filepath.Join(folder, "man3", "memfd_go_gone.3")
	if err := os.MkdirAll(filepath.Dir(old), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(old, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := write("../../include/memfd_go.h", folder); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(old); err == nil {
		t.Error("the page still exists")
	}
	if _, err := os.Stat(filepath.Join(folder, "man3", "memfd_go_map.3")); err != nil {
		t.Error(err)
	}
}
