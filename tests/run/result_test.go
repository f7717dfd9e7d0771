package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	same(t, `SKIP b: there is no kernel
FAIL c
    got 1
    want 2
FAIL d
2 passed, 2 failed, 1 skipped
`, report([]result{
		{"a", passed, ""},
		{"b", skipped, "there is\nno kernel"},
		{"c", failed, "got 1\nwant 2"},
		{"d", failed, ""},
		{"e", passed, ""},
	}))
}

func TestGood(t *testing.T) {
	pass, fail, skip := result{status: passed}, result{status: failed}, result{status: skipped}
	for _, c := range []struct {
		results []result
		want    bool
	}{
		{nil, false},
		{[]result{skip}, false},
		{[]result{pass}, true},
		{[]result{skip, pass}, true},
		{[]result{pass, fail}, false},
	} {
		same(t, c.want, good(c.results))
	}
}

func TestWithExit(t *testing.T) {
	pass, fail := result{status: passed}, result{status: failed}
	broken := errors.New("exit status 2")
	same(t, []result{pass}, withExit([]result{pass}, "tool", "text", nil))
	same(t, []result{pass, {"tool", failed, "text\nexit status 2"}}, withExit([]result{pass}, "tool", "text\n", broken))
	same(t, []result{fail}, withExit([]result{fail}, "tool", "text", broken))
}

func TestTail(t *testing.T) {
	same(t, "a\nb", tail("a\nb\n"))
	long := tail("first\n" + strings.Repeat("x\n", 60))
	same(t, "... (1 lines)\nx", long[:len("... (1 lines)\nx")])
	same(t, 60, strings.Count(long, "x"))
}

func TestLinters(t *testing.T) {
	for _, c := range []struct {
		linter linter
		want   result
	}{
		{linter{name: "l", tool: "true", args: []string{"true"}}, result{"l", passed, ""}},
		{linter{name: "l", tool: "sh", args: []string{"sh", "-c", "echo found it; exit 1"}}, result{"l", failed, "found it"}},
		{linter{name: "l", tool: "echo", args: []string{"echo", "fine"}}, result{"l", passed, ""}},
		{linter{name: "l", tool: "echo", args: []string{"echo", "a.go"}, silent: true}, result{"l", failed, "a.go"}},
		{linter{name: "l", tool: "no-such-tool"}, result{"l", skipped, "no-such-tool is not installed"}},
		{linter{name: "l"}, result{"l", skipped, "it is not in build/venv (tests/setup)"}},
	} {
		same(t, c.want, c.linter.run())
	}
}

func TestShellScripts(t *testing.T) {
	top := t.TempDir()
	for name, text := range map[string]string{
		"a":        "#!/bin/sh\ntrue\n",
		"b.py":     "#!/usr/bin/env python3\n",
		"empty":    "",
		"build/c":  "#!/bin/sh\n",
		"deep/.ci": "#!/bin/sh\n",
	} {
		path := filepath.Join(top, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	same(t, []string{filepath.Join(top, "a"), filepath.Join(top, "deep/.ci")}, shellScripts(top))
}
