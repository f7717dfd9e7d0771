// SPDX-License-Identifier: MIT

// Package leaks makes tests fail that leave something behind: a descriptor, a mapping of a
// file in memory, locked memory. In packages whose tests call the library in their own process,
// each test begins with
//
//	leaks.Check(t)
//
// and one test calls Everywhere, which reports those that do not.
package leaks

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// Go opens descriptors of its own the first time.
var _ = held()

// Check compares what the process holds now with what it holds after the test and its other
// cleanups: those run in the reverse order.
func Check(t testing.TB) {
	before := held()
	t.Cleanup(func() {
		after := held()
		for thing, what := range before {
			if after[thing] != what {
				t.Errorf("%s was %q before the test, and is %q after it", thing, what, after[thing])
			}
		}
		for _, thing := range slices.Sorted(maps.Keys(after)) {
			if _, had := before[thing]; !had {
				t.Errorf("the test left %s behind: %q", thing, after[thing])
			}
		}
	})
}

// held is what the process holds: each thing, and what it is. Go's own memory comes and
// goes, so that of all mappings only those of files in memory are looked at, and what is
// locked.
func held() map[string]string {
	things := map[string]string{}
	entries, _ := os.ReadDir("/proc/self/fd")
	for _, e := range entries {
		if link, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil { // not the one that is read by
			things["descriptor "+e.Name()] = link
		}
	}
	text, _ := os.ReadFile("/proc/self/maps")
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, "/memfd:") || strings.Contains(line, "/secretmem") {
			things["mapping "+strings.Fields(line)[0]] = strings.TrimSpace(line)
		}
	}
	text, _ = os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(text)) {
		if size, found := strings.CutPrefix(line, "VmLck:"); found {
			things["locked memory"] = strings.TrimSpace(size)
		}
	}
	return things
}
