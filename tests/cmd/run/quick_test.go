// SPDX-License-Identifier: MIT

package main

import (
	"testing"

	"libmemfd_go/internal/results"
)

func TestRunQuickly(t *testing.T) {
	passed := results.Result{Name: "a test"}
	some := func(string) []results.Result { return []results.Result{passed} }
	none := func(string) []results.Result { return nil }
	suites := []suite{{"some", nil, some}, {"none", nil, none}, {"slow", nil, nil}}
	same(t, []results.Result{passed}, runQuickly(suites, ""))
	missing := results.Result{Name: "none", Status: results.Skipped, Detail: "no test has map in its name"}
	same(t, []results.Result{passed, missing}, runQuickly(suites, "map"))
	if results.Good(runQuickly(suites[1:], "map")) {
		t.Error("a run without any test of the subject succeeded")
	}
}
