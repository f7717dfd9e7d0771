// SPDX-License-Identifier: MIT

package docs

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"libmemfd_go/internal/header"

	"golang.org/x/sys/unix"
)

const headerFile = "include/memfd_go.h"

// An example is the body of a C function that returns 0 or -errno.
type example struct {
	group string // the section of the header
	title string
	code  string
}

// examples returns the groups of the header and their examples.
func examples(t *testing.T, text string) (groups []string, all []example) {
	t.Helper()
	document, err := header.ParseDocument(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range document.Groups {
		groups = append(groups, g.Title)
		for _, e := range g.Examples {
			all = append(all, example{g.Title, e.Title, strings.Join(e.Code, "\n") + "\n"})
		}
	}
	return groups, all
}

// A scene is the code around an example.
type scene struct {
	functions string // functions that the example calls
	before    string // declarations of variables that it uses
	after     string // assertions
	prints    string
}

const useKey = `
static int used;

static void use(void *key, size_t len)
{
	assert(len == 32);
	memset(key, 1, len);
	used++;
}
`

// scenes maps the titles of the examples to their scenes.
var scenes = map[string]scene{
	"check that the kernel supports seals": {
		after:  `assert(r == 0 && f.page_size >= 4096);`,
		prints: "libmemfd_go 1.0.0 can seal\n",
	},
	"create settings that nobody can change": {
		after: `
	assert(pwrite(fd, "x", 1, 0) == -1 && errno == EPERM);
	assert(memfd_go_set_size(fd, 0, 0) == -EPERM);
	assert(memfd_go_add_seals(fd, F_SEAL_FUTURE_WRITE) == -EPERM);`,
	},
	"create a file of 64 KiB and allocate its memory": {
		after: `
	struct stat st;
	assert(r == 0 && fstat(fd, &st) == 0);
	assert(st.st_size == 65536 && st.st_blocks * 512 == 65536);
	memset(buffer, 'x', 65536);`,
	},
	"check that nobody can change or shrink the file 'fd'": {
		before: `
	int fd = memfd_go_create("file", MFD_ALLOW_SEALING);
	assert(memfd_go_add_seals(fd, F_SEAL_WRITE) == 0);`,
		after:  `assert(missing == F_SEAL_SHRINK);`,
		prints: "not sealed: SHRINK\n",
	},
	"fill the file 'fd' in place, then seal it (-EBUSY as long as it is mapped)": {
		before: `
	int fd = memfd_go_create("file", MFD_ALLOW_SEALING);
	assert(memfd_go_set_size(fd, 0, 5) == 0);`,
		after: `
	char bytes[5];
	assert(r == 0 && pread(fd, bytes, 5, 0) == 5 && memcmp(bytes, "hello", 5) == 0);
	assert(memfd_go_check_seals(fd, MEMFD_GO_SEALS_IMMUTABLE, NULL) == 0);`,
	},
	"send a file over the Unix socket 'sock'": {
		before: socketPair,
		after: `
	assert(r == 0);
	assert(memfd_go_recv_verified(ends[1], F_SEAL_WRITE, 5, 0, NULL, NULL) >= 0);`,
	},
	"receive a file from an untrusted process and read it in place": {
		before: socketPair + `
	int file = memfd_go_create_sealed("page", 0, 0, "hello", 5);
	assert(memfd_go_send_fds(ends[1], 0, &file, 1, NULL, 0) == 0);`,
		after:  `assert(r == 0 && len == 5);`,
		prints: "hello\n",
	},
	"execute a sealed copy of a program": {
		prints: "hello\n",
	},
	"keep a random key in secret memory": {
		functions: useKey,
		after:     `assert(used == 1 && key.data == NULL);`,
	},
	"keep a hundred keys, without a system call for each": {
		functions: useKey,
		after:     `assert(used == 1 && keys.area.data == NULL);`,
	},
}

const socketPair = `
	int ends[2], sock;
	assert(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	sock = ends[0];`

const exampleProgram = `#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#undef NDEBUG
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memfd_go.h"
FUNCTIONS
static int example(void)
{
BEFORE
CODE
AFTER
	return 0;
}

int main(void)
{
	int r = example();

	fprintf(stderr, "%s\n", memfd_go_result_name(r));
	return r < 0;
}
`

// Each group of the header has an example. It is short, compiles as C and C++ without warnings, and
// works.
func TestHeaderExamples(t *testing.T) {
	requireLibrary(t)
	groups, all := examples(t, readFile(t, headerFile))
	tried := map[string]bool{}
	for _, e := range all {
		groups = slices.DeleteFunc(groups, func(group string) bool { return group == e.group })
		tried[e.title] = true
		t.Run(e.title, func(t *testing.T) { e.try(t) })
	}
	if len(all) == 0 || len(groups) != 0 {
		t.Errorf("%s: %d examples; groups without one: %q", headerFile, len(all), groups)
	}
	for title := range scenes {
		if !tried[title] {
			t.Errorf("%s has no example with the title %q; remove its scene", headerFile, title)
		}
	}
}

func (e example) try(t *testing.T) {
	scene, ok := scenes[e.title]
	if !ok {
		t.Fatalf("no scene for the example %q; add one to scenes", e.title)
	}
	if strings.Contains(e.code, "MFD_EXEC") {
		requireExecutableFiles(t)
	}
	if n := strings.Count(strings.TrimSpace(e.code), "\n") + 1; n > 14 {
		t.Errorf("the example has %d lines, and may have 14", n)
	}
	source := strings.NewReplacer("FUNCTIONS", scene.functions, "BEFORE", scene.before,
		"CODE", e.code, "AFTER", scene.after).Replace(exampleProgram)
	for _, language := range [][]string{{"cc", "-std=c99"}, {"c++", "-xc++", "-std=c++11"}} {
		t.Run(language[0], func(t *testing.T) {
			path := writeFile(t, t.TempDir(), "example.c", source)
			program := compile(t, path, append(language, "-Wconversion")...)
			if got := run(t, program); got != scene.prints {
				t.Errorf("got %q, want %q", got, scene.prints)
			}
		})
	}
}

// requireExecutableFiles skips the test if the kernel lacks or forbids MFD_EXEC.
func requireExecutableFiles(t *testing.T) {
	fd, err := unix.MemfdCreate("executable", unix.MFD_CLOEXEC|unix.MFD_EXEC)
	if err != nil {
		t.Skipf("MFD_EXEC: %v", err)
	}
	unix.Close(fd)
}

// Lines of the header fit into 88 columns, with tabs of eight.
func TestHeaderWidth(t *testing.T) {
	const width = 88
	for i, line := range strings.Split(readFile(t, headerFile), "\n") {
		columns := 0
		for field := range strings.SplitSeq(line, "\t") {
			columns = (columns + 7) / 8 * 8
			columns += utf8.RuneCountInString(field)
		}
		if columns > width {
			t.Errorf("%s:%d: the line has %d columns, and may have %d", headerFile, i+1, columns, width)
		}
	}
}
