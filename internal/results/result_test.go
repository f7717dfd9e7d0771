// SPDX-License-Identifier: MIT

package results

import (
	"errors"
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
`, Report([]Result{
		{"a", Passed, ""},
		{"b", Skipped, "there is\nno kernel"},
		{"c", Failed, "got 1\nwant 2"},
		{"d", Failed, ""},
		{"e", Passed, ""},
	}))
}

func TestGood(t *testing.T) {
	pass, fail, skip := Result{Status: Passed}, Result{Status: Failed}, Result{Status: Skipped}
	for _, c := range []struct {
		results []Result
		want    bool
	}{
		{nil, false},
		{[]Result{skip}, false},
		{[]Result{pass}, true},
		{[]Result{skip, pass}, true},
		{[]Result{pass, fail}, false},
	} {
		same(t, c.want, Good(c.results))
	}
}

func TestWithExit(t *testing.T) {
	pass, fail := Result{Status: Passed}, Result{Status: Failed}
	broken := errors.New("exit status 2")
	same(t, []Result{pass}, WithExit([]Result{pass}, "tool", "text", nil))
	same(t, []Result{pass, {"tool", Failed, "text\nexit status 2"}}, WithExit([]Result{pass}, "tool", "text\n", broken))
	same(t, []Result{fail}, WithExit([]Result{fail}, "tool", "text", broken))
}

func TestTail(t *testing.T) {
	same(t, "a\nb", Tail("a\nb\n"))
	long := Tail("first\n" + strings.Repeat("x\n", 60))
	same(t, "... (1 lines)\nx", long[:len("... (1 lines)\nx")])
	same(t, 60, strings.Count(long, "x"))
}
