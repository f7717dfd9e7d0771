// Package leaks makes tests fail that leave something behind: a descriptor, a mapping of a
// file in memory, locked memory. A package whose tests call the library in their own
// process has
//
//	func TestMain(m *testing.M) {
//		leaks.Watch(m)
//		os.Exit(m.Run())
//	}
//
// so that no test has to ask for it, and none can forget.
package leaks

import (
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unsafe"
)

// Watch looks at what the process holds before and after each test of m and its cleanup.
// Package testing has no place for that, so it is put in front of the functions that m
// is going to call.
func Watch(m *testing.M) {
	held() // Go opens descriptors of its own the first time
	tests := *field[[]testing.InternalTest](m, "tests")
	for i, test := range tests {
		tests[i].F = func(t *testing.T) {
			check(t)
			test.F(t)
		}
	}
	targets := *field[[]testing.InternalFuzzTarget](m, "fuzzTargets")
	for i, target := range targets {
		targets[i].Fn = func(f *testing.F) {
			check(f)
			target.Fn(f)
		}
	}
}

// field is a member of m that package testing keeps to itself.
func field[T any](m *testing.M, name string) *T {
	f := reflect.ValueOf(m).Elem().FieldByName(name)
	if !f.IsValid() || f.Type() != reflect.TypeFor[T]() {
		panic("leaks: testing.M has no " + name + " of that type any more")
	}
	return (*T)(unsafe.Pointer(f.UnsafeAddr()))
}

// check compares when all is done: cleanups run in the reverse order.
func check(t testing.TB) {
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
