// SPDX-License-Identifier: MIT

package main

import (
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"libmemfd_go/internal/results"
)

func TestEntryOf(t *testing.T) {
	for _, test := range []struct {
		name, entry  string
		whole, found bool
	}{
		{"TestKernels/arm64/c/6.1+secretmem/create/bad_names", "arm64/c/6.1+secretmem", false, true},
		{"TestKernels/arm64/python/6.12", "arm64/python/6.12", true, true},
		{"TestC/386/musl", "386/c/musl", true, true},
		{"TestC/386/musl/create/bfd/bad_names", "386/c/musl", false, true},
		{"TestRust/s390x/memfd_go x", "s390x/rust/qemu-user", false, true},
		{"TestPythons/python3.9", runtime.GOARCH + "/python/python3.9", true, true},
		{"TestRustReleases/rust1.66.1/create names", runtime.GOARCH + "/rust/rust1.66.1", false, true},
		{"TestRustReleases", "", false, false},
		{"TestC/386", "", false, false},
		{"TestFreestanding/arm/glibc", "", false, false},
		{"", "", false, false},
	} {
		e, whole, found := entryOf(test.name)
		if found != test.found || whole != test.whole || found && e.String() != test.entry {
			t.Errorf("%q: entry %v, whole %v, found %v", test.name, e, whole, found)
		}
	}
}

func TestUnknownEntryHasNoResults(t *testing.T) {
	for name, want := range map[string]bool{
		"tests/kernels TestKernels/arm64/c":                 false,
		"tests/kernels TestKernels/arm64/c/6.12":            true,
		"tests/kernels TestKernels/arm64/c/6.12/create/all": true,
	} {
		if got := isOfEntry(results.Result{Name: name}); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestGoTest(t *testing.T) {
	for name, want := range map[string]string{
		"arm64/c/6.1+secretmem": `-run ^TestKernels$/^arm64$/^c$/^6\.1\+secretmem$ ./tests/kernels`,
		"arm64/*/*":             `-run ^TestKernels$/^arm64$/^.*$/^.*$ ./tests/kernels`,
		"arm64/c/musl":          `-run ^TestC$/^arm64$/^musl$ ./tests/c/runner`,
		"arm/python/qemu-user":  `-run ^TestPython$/^arm$ ./tests/languages`,
		"amd64/go/go1.25.0":     `-run ^TestGoReleases$/^go1\.25\.0$ ./tests/languages`,
		"amd64/rust/rust1.66.1": `-run ^TestRustReleases$/^rust1\.66\.1$ ./tests/languages`,
		"outside-matrix":        `-skip ^(TestC|TestGo|TestGoReleases|TestPurego|TestPython|TestPythons|TestRust|TestRustReleases)$ ./tests/c/runner ./tests/languages ./tests/product/... ./tests/rust ./tests/fuzz ./tests/fuzz/mutants`,
		"":                      `./tests/c/runner ./tests/languages ./tests/kernels`,
	} {
		arguments, err := goTest(name)
		if got := strings.Join(arguments, " "); err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", name, got, err, want)
		}
	}
}

func TestMarkdown(t *testing.T) {
	day := time.Date(2026, 1, 30, 0, 0, 0, 0, time.UTC)
	everything := &record{
		Date: day, Commit: "abc", Machine: "Linux 6.18",
		Results: []results.Result{
			{Name: "tests/kernels TestKernels/arm/c/6.12/create/bad_names", Status: results.Failed},
			{Name: "tests/kernels TestKernels/arm/c/6.12/create/gone"},
			{Name: "tests/kernels TestKernels/arm/c/new", Status: results.Failed},
			{Name: "tests/c/runner TestFreestanding/arm/glibc"},
		},
	}
	later := &record{
		Date: day.AddDate(0, 0, 2), Commit: "def", Machine: "Linux 6.18",
		Results: []results.Result{
			{Name: "tests/kernels TestKernels/arm/c/6.12/create/bad_names"},
			{Name: "tests/kernels TestKernels/arm/c/6.12/secret/secret", Status: results.Skipped, Detail: "there is none"},
		},
		Attributes: map[string]map[string]string{"arm/c/6.12": {"kernel": "6.12.1-armmp", "page": "4096", "tools": "gcc 12"}},
	}
	text := merge([]*record{everything, later}).markdown()
	for _, line := range []string{
		"`make matrix` wrote this report on 2026-01-30 to 2026-02-01, under Linux 6.18.",
		"| arm/c/6.12 | 6.12.1-armmp, pages of 4096 | gcc 12 | def | 1 | 0 | 1 |",
		"| arm/c/new |  |  | abc | 0 | 1 | 0 |",
		"| tests outside the matrix |  |  |  | 1 | 0 | 0 |",
		"2 passed, 1 failed, 1 skipped in all.",
		"- there is none: arm/c/6.12 (1)",
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("no line %q in\n%s", line, text)
		}
	}
	if succeeded(everything.Results) || !succeeded(everything.Results[1:]) {
		t.Error("a failure on the newest kernel is fatal, or one on another kernel is not")
	}
	if !succeeded([]results.Result{{Name: "tests/kernels TestKernels/arm/c/new/create/bad_names"}}) {
		t.Error("a run of the newest kernel alone cannot succeed")
	}
}

func TestRecords(t *testing.T) {
	t.Chdir(t.TempDir())
	everything := &record{Date: time.Unix(1, 0), Commit: "abc"}
	one := &record{Date: time.Unix(2, 0), Commit: "def", Results: []results.Result{{Name: "p T"}}}
	for _, step := range []struct {
		r    *record
		name string
		want []string // the commits
	}{
		{one, "arm/c/6.12", []string{"def"}},
		{everything, "", []string{"abc"}},
		{one, "arm/c/6.12", []string{"abc", "def"}},
	} {
		if err := step.r.keep(step.name); err != nil {
			t.Fatal(err)
		}
		all, err := recorded()
		var commits []string
		for _, r := range all {
			commits = append(commits, r.Commit)
		}
		if err != nil || !slices.Equal(commits, step.want) {
			t.Errorf("records of commits %v, %v, want %v", commits, err, step.want)
		}
	}
}
