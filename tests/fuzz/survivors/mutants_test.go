// SPDX-License-Identifier: MIT

package survivors

import (
	"slices"
	"testing"
)

func TestMutantsAreMade(t *testing.T) {
	const source = `package p

const limit = 7

func f(a, b int) int {
	if a < b && a != 0 {
		g(a)
		a |= b
	}
	for a > 1 {
		a--
	}
	switch {
	case a == b:
		return -1
	}
	return a + b // sum
}
`
	want := []string{
		": const limit = (7 + 1)",
		"f: if false && (a < b && a != 0) {",
		"f: if true || (a < b && a != 0) {",
		"f: if a < b || a != 0 {",
		"f: if a <= b && a != 0 {",
		"f: if a < b && a == 0 {",
		"f: if a < b && a != (0 + 1) {",
		"f: without g(a)",
		"f: without a |= b",
		"f: a &= b",
		"f: for false && (a > 1) {",
		"f: for a >= 1 {",
		"f: for a > (1 + 1) {",
		"f: without a--",
		"f: a++",
		"f: case false && (a == b):",
		"f: case true || (a == b):",
		"f: case a != b:",
		"f: return 1",
		"f: return -(1 + 1)",
		"f: return a - b // sum",
	}
	all, err := mutants("p.go", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range all {
		got = append(got, m.function+": "+m.line)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}
