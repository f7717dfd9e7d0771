// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestLinkArgs(t *testing.T) {
	args := []string{"-o", "out", "-buildmode=c-archive", "-extld=gcc", "-E", "roots", "-extldflags=-static", "main.a"}
	want := []string{"-o", "out", "-race", "-buildmode=c-shared", `-extld='/a "folder"/self'`, "-E", "roots", "-extldflags=-static", "main.a"}
	if got := linkArgs(args, `'/a "folder"/self'`); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	for _, args := range [][]string{
		{"-V=full"},
		{"-o", "out", "-buildmode=exe", "-extld=gcc", "main.a"},
		{"-o", "out", "-extld=gcc", "main.a"},
	} {
		if got := linkArgs(args, `"/self"`); !slices.Equal(got, args) {
			t.Errorf("%q became %q", args, got)
		}
	}
}

func TestToolName(t *testing.T) {
	for tool, want := range map[string]string{
		"/go/pkg/tool/linux_amd64/link": "link", "link": "link", "link.exe": "link", "/x/compile": "compile", "/link/asm": "asm",
	} {
		if got := toolName(tool); got != want {
			t.Errorf("%s is %q", tool, got)
		}
	}
}

// cmd/go uses the whole line as the identity of a release, and the part after the last slash as
// that of a development version.
func TestLinkVersion(t *testing.T) {
	for version, want := range map[string]string{
		"link version go1.26.8\n":                            "link version go1.26.8+cafe",
		"link version devel go1.28-1234 buildID=a/b/c/d\n":   "link version devel go1.28-1234 buildID=a/b/c/d+cafe",
		"link version go1.26.8 X:nocoverageredesign,abc \n ": "link version go1.26.8 X:nocoverageredesign,abc+cafe",
	} {
		if got := linkVersion(version, "cafe"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestMessages(t *testing.T) {
	const harmless = "loadinternal: cannot find runtime/cgo\n"
	for in, want := range map[string]string{
		"":       "",
		harmless: "",
		"loadinternal: cannot find runtime/race\n": "",
		"a\n" + harmless + "b\n":                   "a\nb\n",
		"a\n" + harmless + "no newline":            "a\nno newline",
		"x" + harmless:                             "x" + harmless,
		strings.TrimSpace(harmless):                strings.TrimSpace(harmless),
		"loadinternal: cannot find x\n":            "loadinternal: cannot find x\n",
	} {
		for _, chunk := range []int{1, 7, len(in) + 1} {
			var got bytes.Buffer
			m := &messages{w: &got}
			for part := range slices.Chunk([]byte(in), chunk) {
				m.Write(part)
			}
			m.flush()
			if got.String() != want {
				t.Errorf("%q in pieces of %d became %q, want %q", in, chunk, got.String(), want)
			}
		}
	}
}

// TestToolexec runs the linker as cmd/go does, with scripts as the tools.
func TestToolexec(t *testing.T) {
	self := executable(t)
	hash := fmt.Sprintf("%x", sha256.Sum256([]byte(fileText(t, self))))
	const echo = `echo "$# $*"`
	const messages = `echo "$*"; echo 1 >&2; echo "loadinternal: cannot find runtime/cgo" >&2; echo 2; printf end >&2; exit 5`
	for _, test := range []struct {
		tool, script, args string
		want               outcome
	}{
		{"compile", `read line; echo "out $line $*"; echo err >&2; exit 3`, "-V=full -buildmode=c-archive",
			outcome{3, "out in -V=full -buildmode=c-archive\n", "err\n"}},
		{"compile", "exit 1", "", outcome{1, "", ""}},
		{"compile", "kill -9 $$", "", outcome{1, "", "linker: signal: killed\n"}},
		{"link", "echo link version go1.26.8", "-V=full", outcome{0, "link version go1.26.8+" + hash + "\n", ""}},
		{"link", "echo version; echo err >&2; exit 4", "-V=full", outcome{4, "", "err\n"}},
		{"link", echo, "", outcome{0, "", "0 \n"}},
		{"link", echo, "x", outcome{0, "", "1 x\n"}},
		{"link", echo, "-V=full x", outcome{0, "", "2 -V=full x\n"}},
		{"link", messages, "-buildmode=c-archive -extld=gcc main.a",
			outcome{5, "", `-race -buildmode=c-shared -extld="` + self + `" main.a` + "\n1\n2\nend"}},
	} {
		tool := writeScript(t, test.tool, test.script)
		args := append([]string{"toolexec", tool}, strings.Fields(test.args)...)
		if got := runLinker(t, self, "", "in\n", args...); got != test.want {
			t.Errorf("%s %s: %+v, want %+v", test.tool, test.args, got, test.want)
		}
	}
	none := filepath.Join(t.TempDir(), "none")
	want := outcome{1, "", "linker: fork/exec " + none + ": no such file or directory\n"}
	if got := runLinker(t, self, "", "", "toolexec", none); got != want {
		t.Errorf("a tool that does not exist: %+v, want %+v", got, want)
	}
}

// TestToolexecSelf checks the errors of toolexec that concern the file of the linker itself.
func TestToolexecSelf(t *testing.T) {
	self := copyLinker(t)
	want := outcome{1, "", "linker: " + self + ": Go cannot run a program whose path contains both ' and \"\n"}
	if got := runLinker(t, self, "", "", "toolexec", writeScript(t, "link", "echo linked"), "main.a"); got != want {
		t.Errorf("a path with quotes: %+v, want %+v", got, want)
	}
	want = outcome{1, "", "linker: open " + self + ": no such file or directory\n"}
	link := writeScript(t, "link", `rm "$SELF"; echo link version go1.26.8`)
	t.Setenv("SELF", self)
	if got := runLinker(t, self, "", "", "toolexec", link, "-V=full"); got != want {
		t.Errorf("the linker is deleted: %+v, want %+v", got, want)
	}
}

// TestExternalLinker runs the linker as cmd/link does. If cmd/link only tests flags, it fails
// without a message.
func TestExternalLinker(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "go.o"), []byte("object"), 0o666); err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]outcome{
		"-shared -o out go.o":  {0, "", ""},
		"-o c -flag trivial.c": {1, "", ""},
		"toolexec":             {1, "", ""},
		"":                     {1, "", ""},
		"-o none none/go.o":    {1, "", "linker: open none/go.o: no such file or directory\n"},
	} {
		if got := runLinker(t, executable(t), dir, "", strings.Fields(args)...); got != want {
			t.Errorf("linker %s: %+v, want %+v", args, got, want)
		}
	}
	if got, err := os.ReadFile(filepath.Join(dir, "out")); err != nil || string(got) != "object" {
		t.Errorf("copied %q, %v", got, err)
	}
	got := runLinker(t, executable(t), dir, "", "-o", "none/out", "go.o")
	if got.status != 1 || !strings.HasPrefix(got.stderr, "linker: open none/") {
		t.Errorf("an output that cannot be written: %+v", got)
	}
	if names := namesIn(t, dir); !slices.Equal(names, []string{"go.o", "out"}) {
		t.Errorf("the folder contains %q", names)
	}
}

func TestParseArgs(t *testing.T) {
	for _, test := range []struct {
		args, in, out string
		ok            bool
	}{
		{"-m64 -Wl,-z,relro -shared -Wl,-Bsymbolic -o /tmp/a.out.a -rdynamic /tmp/x/go.o", "/tmp/x/go.o", "/tmp/a.out.a", true},
		{"-m64 -o /tmp/a.out -Qunused-arguments /tmp/trivial.c", "", "", false},
		{"-shared -o", "", "", false},
		{"-o out", "", "out", false},
		{"go.o", "go.o", "", false},
		{"", "", "", false},
	} {
		in, out, ok := parseArgs(strings.Fields(test.args))
		if in != test.in || out != test.out || ok != test.ok {
			t.Errorf("%s: %q, %q, %v", test.args, in, out, ok)
		}
	}
}
