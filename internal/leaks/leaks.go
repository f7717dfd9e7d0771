// SPDX-License-Identifier: MIT

// Package leaks makes a test fail if it leaks a descriptor, a mapping of a memfd, or locked memory.
// Tests that call the library in their own process begin with
//
//	leaks.Check(t)
//
// and one test of the package calls Everywhere, which reports those that do not.
package leaks

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// The Go runtime opens descriptors (epoll) at the first read.
var _ = held()

// Check compares what the process holds now and after the test. Cleanups run in reverse order, so its
// own comes last.
func Check(t testing.TB) {
	before := held()
	t.Cleanup(func() {
		after := held()
		for thing, what := range before {
			if after[thing] != what {
				t.Errorf("the test changed %s from %q to %q", thing, what, after[thing])
			}
		}
		for _, thing := range slices.Sorted(maps.Keys(after)) {
			if _, had := before[thing]; !had {
				t.Errorf("the test leaked %s: %q", thing, after[thing])
			}
		}
	})
}

// held returns the descriptors, mappings and locked memory of the process. It ignores mappings
// without a memfd, because the Go runtime's change at any time.
func held() map[string]string {
	things := map[string]string{}
	entries, _ := os.ReadDir("/proc/self/fd")
	for _, e := range entries {
		if link, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil { // fails for the descriptor of ReadDir
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
