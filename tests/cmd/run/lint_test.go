// SPDX-License-Identifier: MIT

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"libmemfd_go/internal/results"
)

func same(t *testing.T, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestLinters(t *testing.T) {
	for _, c := range []struct {
		linter linter
		want   results.Result
	}{
		{linter{name: "l", tool: "true", args: []string{"true"}}, results.Result{Name: "l", Status: results.Passed}},
		{linter{name: "l", tool: "sh", args: []string{"sh", "-c", "echo found it; exit 1"}}, results.Result{Name: "l", Status: results.Failed, Detail: "found it"}},
		{linter{name: "l", tool: "echo", args: []string{"echo", "fine"}}, results.Result{Name: "l", Status: results.Passed}},
		{linter{name: "l", tool: "echo", args: []string{"echo", "a.go"}, silent: true}, results.Result{Name: "l", Status: results.Failed, Detail: "a.go"}},
		{linter{name: "l", tool: "no-such-tool"}, results.Result{Name: "l", Status: results.Skipped, Detail: "no-such-tool is not installed"}},
		{linter{name: "l"}, results.Result{Name: "l", Status: results.Skipped, Detail: "not in build/venv: run make setup"}},
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
