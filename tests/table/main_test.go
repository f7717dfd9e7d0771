package main

import (
	"strings"
	"testing"

	"libmemfd_go/tests/results"
)

func TestCellOf(t *testing.T) {
	for _, test := range []struct {
		name, cell   string
		whole, found bool
	}{
		{"TestKernels/arm64/c/6.1+secretmem/create/bad_names", "arm64/c/6.1+secretmem", false, true},
		{"TestKernels/arm64/python/6.12", "arm64/python/6.12", true, true},
		{"TestC/386/musl", "386/c/musl", true, true},
		{"TestC/386/musl/create/bfd/bad_names", "386/c/musl", false, true},
		{"TestRust/s390x/memfd_go x", "s390x/rust/qemu-user", false, true},
		{"TestC/386", "", false, false},
		{"TestFreestanding/arm/glibc", "", false, false},
		{"", "", false, false},
	} {
		c, whole, found := cellOf(test.name)
		if found != test.found || whole != test.whole || found && c.String() != test.cell {
			t.Errorf("%q: %v, %v, %v", test.name, c, whole, found)
		}
	}
}

func TestGoTest(t *testing.T) {
	for name, want := range map[string]string{
		"arm64/c/6.1+secretmem": `-run ^TestKernels$/^arm64$/^c$/^6\.1\+secretmem$ ./tests/kernels`,
		"arm64/c/musl":          `-run ^TestC$/^arm64$/^musl$ ./tests/matrix`,
		"arm/python/qemu-user":  `-run ^TestPython$/^arm$ ./tests/matrix`,
	} {
		c, err := parseCell(name)
		if got := strings.Join(c.goTest(), " "); err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", name, got, err, want)
		}
	}
}

func TestMarkdown(t *testing.T) {
	c := cell{"arm", "c", "6.12"}
	table := &table{
		all: []results.Result{
			{Name: "tests/kernels TestKernels/arm/c/6.12/create/bad_names"},
			{Name: "tests/kernels TestKernels/arm/c/6.12/secret/secret", Status: results.Skipped, Detail: "there is none"},
			{Name: "tests/kernels TestKernels/arm/c/new", Status: results.Failed},
		},
		attributes: map[cell]map[string]string{c: {"kernel": "6.12.1-armmp", "page": "4096", "tools": "gcc 12"}},
	}
	text := table.markdown()
	for _, line := range []string{
		"| arm/c/6.12 | 6.12.1-armmp, pages of 4096 | gcc 12 | 1 | 0 | 1 |",
		"| arm/c/new |  |  | 0 | 1 | 0 |",
		"- there is none: arm/c/6.12 (1)",
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("no line %q in\n%s", line, text)
		}
	}
	if !results.Good(table.fatal()) {
		t.Error("the newest kernel's failure is fatal")
	}
}
