// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"math"
	"strings"
)

// A target is a figure that the library has to reach.
type target struct {
	what  string
	limit float64
	value float64
	// slack is what the run cannot tell: an arm differs as much from itself.
	slack float64
	unit  string // of a number, " " for one without; "" is a ratio
	why   string // it is missed, if it is
}

func (t target) met() bool { return t.value <= t.limit+t.slack }

func (t target) verdict() string {
	switch {
	case math.IsNaN(t.value):
		return "not measured"
	case t.value <= t.limit:
		return "met"
	case t.met():
		return "met, as far as this run can tell"
	}
	return "**missed**"
}

func (t target) format(value float64) string {
	if t.unit != "" {
		return strings.TrimSpace(fmt.Sprintf("%.0f %s", value, t.unit))
	}
	if t.limit < 0.1 {
		return fmt.Sprintf("%.4f", value)
	}
	return fmt.Sprintf("%.3f", value)
}

const (
	whyInvalid = "Four instructions are left (see below). The first is ENDBR64, for processors that let an indirect call land nowhere " +
		"else. glibc has it only if the distribution asked for it; it takes about one cycle, a thousandth of this call."
	whyMemory = "The pages are those of code: see the sections below. A plain C library checks no argument, has no fallback for " +
		"an older kernel, and borrows the rest from libc. The pages of code and constants are shared by all processes; what a " +
		"process has for itself is the private memory in the next row."
	whySealed = "The calls are the same, in the same order (see the system calls below). What differs is that each of " +
		"them returns through more levels of function, and on this machine a return shortly after a system call is mispredicted."
)

// whyStock divides the time of a call into the kernel's and that of the way to it.
func (d *document) whyStock() string {
	bare := d.results.row(tableCalls, "get_seals", "inline").median()
	return fmt.Sprintf("Most of these calls is the system call itself, which is the same in both. Of get_seals the bare one "+
		"takes %.0f ns; to that the library adds %.0f ns, and the way through the Go runtime %.0f ns.", bare,
		d.results.row(tableCalls, "get_seals", "ours").median()-bare, d.results.row(tableStock, "get_seals", "stock cgo").median()-bare)
}

// targets are all of them, with what this run measured.
func (d *document) targets() []target {
	all := d.results
	slack := func(table, work string) float64 {
		if row := all.find(table, work, "same"); row != nil && len(row.ratios) != 0 {
			return max(math.Abs(median(row.ratios)-1), limit(work)/3)
		}
		return 0
	}
	use := func(work, arm string) float64 {
		if row := all.find(tableUse, work, arm); row != nil {
			return row.median()
		}
		return math.NaN()
	}
	load := all.row(tableLoad, "load", "ours").median()
	ts := []target{
		{what: "an invalid call, ours/glibc", limit: 1, value: all.ratio(tableCalls, "invalid call", "ours", "glibc"), slack: slack(tableCalls, "invalid call"), why: whyInvalid},
		{what: "create+close, ours/glibc", limit: 1.005, value: all.ratio(tableCalls, "create+close", "ours", "glibc"), slack: slack(tableCalls, "create+close")},
		{what: "instructions of a call that is one system call, at most", limit: 6, value: d.mostInstructions(), unit: " "},
		{what: "first call in a new thread, ours/stock cgo", limit: 0.5, value: all.ratio(tableThread, "thread", "ours", "stock cgo")},
		{what: "dlopen and first call, ours/plain C .so", limit: 0.8, value: load / all.row(tableLoad, "load", "plain C .so").median()},
		{what: "dlopen and first call, ours/stock cgo", limit: 0.05, value: load / all.row(tableLoad, "load", "stock cgo").median()},
		{what: "address space added, against a plain C .so's plus 8 kB", limit: use("address space", "plain C .so") + 8, value: use("address space", "ours"), unit: "kB", why: whyMemory},
		{what: "private memory added, against a plain C .so's plus 8 kB", limit: use("private dirty", "plain C .so") + 8, value: use("private dirty", "ours"), unit: "kB"},
		{what: "threads, handlers and descriptors added", limit: 0, value: use("threads", "ours") + use("handlers", "ours") + use("descriptors", "ours"), unit: " "},
	}
	for _, size := range []string{"4 KiB", "64 KiB", "1 MiB", "8 MiB", "64 MiB"} {
		work := "create_sealed " + size
		ts = append(ts, target{what: work + ", ours/same calls in C", limit: 1.02, value: all.ratio(tableSealed, work, "ours", "same calls in C"), slack: slack(tableSealed, work), why: whySealed})
		if size != "64 MiB" {
			ts = append(ts, target{what: work + ", ours/mmap+memcpy", limit: 0.6, value: all.ratio(tableSealed, work, "ours", "mmap+memcpy"), slack: slack(tableSealed, work)})
		}
	}
	for _, work := range []string{"invalid call", "get_seals", "add_seals", "create+close"} {
		ours, stock := all.row(tableCalls, work, "ours").median(), all.row(tableStock, work, "stock cgo").median()
		ts = append(ts, target{what: work + ", ours/stock cgo, each in a process of its own", limit: 0.5, value: ours / stock, why: d.whyStock()})
	}
	for _, work := range []string{"secret 32 B", "secret 4096 B"} {
		ts = append(ts, target{what: work + ", pool take+give/sodium_malloc+sodium_free", limit: 0.02, value: all.ratio(tableSecrets, work, "ours, pool", "sodium_malloc+sodium_free")})
	}
	for _, work := range []string{"create+close", "sealed 64 B", "sealed 4 KiB", "sealed 1 MiB"} {
		ts = append(ts, target{what: "Go: " + work + ", ours/x/sys/unix", limit: 1.05, value: all.ratio(tableGo, work, "ours", "x/sys/unix"), slack: slack(tableGo, work)})
	}
	ts = append(ts, target{what: "Go: get_seals, ours/x/sys/unix", limit: 1.25, value: all.ratio(tableGo, "get_seals", "ours", "x/sys/unix"), slack: slack(tableGo, "get_seals")})
	for _, work := range []string{"secret 32 B", "secret 4096 B"} {
		ts = append(ts, target{what: "Go: " + work + ", pool take+give/memguard", limit: 0.01, value: all.ratio(tableGo, work, "ours, pool", "memguard")})
	}
	return ts
}
