// SPDX-License-Identifier: MIT

package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{[]float64{3}, 3}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 2, 3}, 2.5}} {
		if got := median(c.values); got != c.want {
			t.Errorf("median of %v is %v, want %v", c.values, got, c.want)
		}
	}
}

func paired(t *testing.T, lines ...string) *results {
	t.Helper()
	r := &results{}
	if err := r.addPaired(tableCalls, strings.Join(lines, "\n")+"\n"); err != nil {
		t.Fatal(err)
	}
	return r
}

// A run is void if the reference differs from itself, until it is measured again.
func TestVoid(t *testing.T) {
	r := paired(t, "call\tglibc\t1\t2\t1", "call\tours\t1\t2\t0.98", "call\tsame\t1\t2\t1.0031")
	if got := r.void(); len(got) != 1 || !strings.Contains(got[0], "call (1.0031)") {
		t.Errorf("void is %q", got)
	}
	r.drop([]string{tableCalls})
	if len(r.rows) != 0 {
		t.Errorf("%d rows are left", len(r.rows))
	}
	r = paired(t, "call\tglibc\t1\t2\t1", "call\tours\t1\t2\t0.98", "call\tsame\t1\t2\t0.9971")
	if got := r.void(); len(got) != 0 {
		t.Errorf("void is %q", got)
	}
	if got := r.ratio(tableCalls, "call", "ours", "glibc"); got != 0.98 {
		t.Errorf("the ratio is %v", got)
	}
}

func TestInvalidRows(t *testing.T) {
	for _, line := range []string{"", "call\tglibc\t1\t2", "call\tglibc\t1\t2\tx"} {
		if err := new(results).addPaired(tableCalls, line+"\n"); err == nil {
			t.Errorf("%q was accepted", line)
		}
	}
}

func TestVerdict(t *testing.T) {
	for _, c := range []struct {
		target target
		want   string
	}{
		{target{limit: 1, value: 0.99}, "met"},
		{target{limit: 1, value: 1.001, slack: 0.002}, "met within noise"},
		{target{limit: 1, value: 1.003, slack: 0.002}, "**missed**"},
	} {
		if got := c.target.verdict(); got != c.want {
			t.Errorf("%+v is %q, want %q", c.target, got, c.want)
		}
	}
}

func TestNumber(t *testing.T) {
	for ns, want := range map[float64]string{12.34: "12.3", 1234: "1 234", 1234567.8: "1 234 568"} {
		if got := number(ns); got != want {
			t.Errorf("%v is %q, want %q", ns, got, want)
		}
	}
}

func TestPlotIsDrawn(t *testing.T) {
	p := plot{title: "a < b"}
	p.add("ours", 1, "%.0f")
	p.add("other", 2, "%.0f")
	svg := p.svg()
	for _, want := range []string{"a &lt; b", `width="180.0"`, `width="360.0"`, "#2a7", "</svg>"} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %s in\n%s", want, svg)
		}
	}
}

// The library does not use cgo. Only the library that it is compared with does.
func TestOnlyTheStockLibraryUsesCgo(t *testing.T) {
	var found []string
	err := filepath.WalkDir("../..", func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() && (entry.Name() == "build" || entry.Name() == "target") {
			return filepath.SkipDir
		}
		if filepath.Ext(path) != ".go" {
			return nil
		}
		text, err := os.ReadFile(path)
		if strings.Contains(string(text), "\nimport \"C\"\n") {
			found = append(found, filepath.ToSlash(path))
		}
		return err
	})
	if err != nil || !slices.Equal(found, []string{"../../tests/bench/stock/stock.go"}) {
		t.Errorf("cgo in %v, %v", found, err)
	}
}
