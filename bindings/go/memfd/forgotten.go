// SPDX-License-Identifier: MIT

//go:build linux

package memfd

import (
	"fmt"
	"os"
	"reflect"
	"runtime"
	"strings"
)

// reportForgotten is whether to report what became unreachable without Close.
var reportForgotten = os.Getenv("MEMFD_GO_DEBUG") == "forgotten"

// forgotten is the report that is due if a value is not closed. The zero value reports nothing.
type forgotten struct{ cleanup runtime.Cleanup }

func (f *forgotten) stop() { f.cleanup.Stop() }

// watch arranges for a report if the collector finds v, of which what is a description,
// before its report is stopped.
func watch[T any](v *T, what string) forgotten {
	if !reportForgotten {
		return forgotten{}
	}
	var callers [16]uintptr
	n := runtime.Callers(2, callers[:])
	return forgotten{runtime.AddCleanup(v, report, origin{what, callers, n})}
}

// origin is what a value was and who made it.
type origin struct {
	what    string
	callers [16]uintptr
	n       int
}

// report says who called this package, and who called that.
func report(o origin) {
	var text strings.Builder
	fmt.Fprintf(&text, "memfd: %s was not closed; it was made by\n", o.what)
	own := reflect.TypeFor[origin]().PkgPath() + "."
	frames := runtime.CallersFrames(o.callers[:o.n])
	for more := true; more; {
		var frame runtime.Frame
		frame, more = frames.Next()
		if !strings.HasPrefix(frame.Function, own) {
			fmt.Fprintf(&text, "\t%s\n\t\t%s:%d\n", frame.Function, frame.File, frame.Line)
		}
	}
	os.Stderr.WriteString(text.String())
}
