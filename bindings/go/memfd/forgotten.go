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

// reportForgotten enables reports of values that became unreachable without Close.
var reportForgotten = os.Getenv("MEMFD_GO_DEBUG") == "forgotten"

// forgotten is a pending report. The zero value reports nothing.
type forgotten struct{ cleanup runtime.Cleanup }

func (f *forgotten) stop() { f.cleanup.Stop() }

// watch arranges for a report if v becomes unreachable before stop is called.
func watch[T any](v *T, what string) forgotten {
	if !reportForgotten {
		return forgotten{}
	}
	var callers [16]uintptr
	n := runtime.Callers(2, callers[:])
	return forgotten{runtime.AddCleanup(v, report, origin{what, callers, n})}
}

// origin describes a value and the stack that created it.
type origin struct {
	what    string
	callers [16]uintptr
	n       int
}

// report leaves out the frames of this package.
func report(o origin) {
	var text strings.Builder
	fmt.Fprintf(&text, "memfd: %s was not closed; created by\n", o.what)
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
