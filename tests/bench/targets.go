// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// A target is an upper limit for a measured value.
type target struct {
	what  string
	limit float64
	value float64
	slack float64 // how much the reference differs from itself
	unit  string  // "" for a ratio, " " for a number without a unit
	why   string  // the reason if it is missed
}

func (t target) met() bool { return t.value <= t.limit+t.slack }

func (t target) verdict() string {
	switch {
	case math.IsNaN(t.value):
		return "not measured"
	case t.value <= t.limit:
		return "met"
	case t.met():
		return "met within noise"
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
	whyInvalid = "The library's function begins with ENDBR64, which lets indirect calls land on it if the processor restricts " +
		"them. glibc has it only if the distribution enabled it. It takes about one cycle, a thousandth of this call."
	whySealed = "The system calls are the same, in the same order. Each of them returns through more levels of functions than in C, " +
		"and on some processors each return soon after a system call is mispredicted."
	whyHuge = "The system calls are the same, but the copy takes a tenth longer than memcpy(3)'s: Go's compiler copies 16 bytes " +
		"at a time, and assembly can be called only from code that has Go's thread-local storage."
)

// targets returns all targets, with the values of this run.
func (d *document) targets() []target {
	all := d.results
	slack := func(table, work string) float64 {
		row := all.find(table, work, "same")
		switch {
		case row == nil:
			return 0
		case len(row.ratios) != 0:
			return max(math.Abs(median(row.ratios)-1), limit(work)/3)
		}
		return math.Abs(all.ratio(table, work, "same", reference(table, work)) - 1)
	}
	use := func(work, variant string) float64 {
		if row := all.find(tableUse, work, variant); row != nil {
			return row.median()
		}
		return math.NaN()
	}
	load := all.row(tableLoad, "load", "ours").median()
	ts := []target{
		{what: "an invalid call, ours/glibc", limit: 1, value: all.ratio(tableCalls, "invalid call", "ours", "glibc"), slack: slack(tableCalls, "invalid call"), why: whyInvalid},
		{what: "create+close, ours/glibc", limit: 1.005, value: all.ratio(tableCalls, "create+close", "ours", "glibc"), slack: slack(tableCalls, "create+close")},
		{what: "instructions of a call that is one system call, at most", limit: 6, value: d.mostInstructions(), unit: " "},
		{what: "first call in a new thread, ours/stock cgo", limit: 0.5, value: all.ratio(tableThread, "thread", "ours", "stock cgo"), slack: slack(tableThread, "thread")},
		{what: "dlopen and first call, ours/plain C .so", limit: 0.8, value: load / all.row(tableLoad, "load", "plain C .so").median(), slack: slack(tableLoad, "load")},
		{what: "dlopen and first call, ours/stock cgo", limit: 0.05, value: load / all.row(tableLoad, "load", "stock cgo").median(), slack: slack(tableLoad, "load") / 20},
		{what: "resident memory added, ours/stock cgo", limit: 0.05, value: use("resident", "ours") / use("resident", "stock cgo")},
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
	huge := "create_sealed, huge page 2 MiB"
	ts = append(ts, target{what: huge + ", ours/same calls in C", limit: 1.05, value: all.ratio(tableSealed, huge, "ours", "same calls in C"), slack: slack(tableSealed, huge), why: whyHuge})
	for _, size := range []string{"4 KiB", "64 KiB"} {
		for _, t := range []struct{ table, work string }{{tableClone, "clone " + size}, {tableSend, "send " + size}} {
			ts = append(ts, target{what: t.work + ", ours/same calls in C", limit: 1.05, value: all.ratio(t.table, t.work, "ours", "same calls in C"), slack: slack(t.table, t.work), why: whySealed})
		}
	}
	for _, work := range []string{"invalid call", "get_seals", "add_seals"} {
		ts = append(ts, target{what: work + ", time added to the bare system call, ours/stock cgo", limit: 0.2, value: d.added(work, "ours") / d.added(work, "stock cgo")})
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
	for _, t := range []struct {
		work  string
		limit float64
	}{{"create+close of libc", 1.02}, {"get_seals of libc", 1.05}, {"Box::new+drop, 32 bytes", 3}} {
		ts = append(ts, target{what: "Rust: ours/" + t.work, limit: t.limit, value: all.ratio(tableRustRatios, t.work, "ours", "peer"), slack: slack(tableRustRatios, t.work)})
	}
	for _, t := range []struct {
		work, peer string
		limit      float64
	}{{"create+close", "os", 1.3}, {"sealed 4 KiB", "os and fcntl", 1.1}, {"get_seals", "fcntl", 1.7}} {
		ts = append(ts, target{what: "Python: " + t.work + ", ours/" + t.peer, limit: t.limit, value: all.ratio(tablePythonRatios, t.work, "memfd_go", "standard library"), slack: slack(tablePythonRatios, t.work)})
	}
	ts = append(ts, target{what: "Python: receive+map, 64 MiB/4 KiB", limit: 1.5, value: all.ratio(tablePythonRatios, "receive+map", "memfd_go", "standard library"), slack: slack(tablePythonRatios, "receive+map")})
	for _, kind := range []string{"elapsed", "processor"} {
		ts = append(ts, target{what: "memfd ls/lsof, " + listWork + ", " + kind, limit: 0.3, value: all.ratio(tableList, listWork+", "+kind, "memfd ls", "lsof"), slack: 0.3 * slack(tableList, listWork+", "+kind)})
	}
	for _, work := range []string{listWork, listLarge} {
		value := math.NaN()
		if row := all.find(tableListMemory, work, "memfd ls"); row != nil {
			value = slices.Max(row.times)
		}
		ts = append(ts, target{what: "memfd ls, " + work + ", resident set", limit: 50, value: value, unit: "MB"})
	}
	return ts
}

// added returns the time that a variant adds to the bare system call, in a process with a Go
// runtime.
func (d *document) added(work, variant string) float64 {
	row, bare := d.results.find(tableStock, work, variant), d.results.find(tableStock, work, "inline")
	if row == nil || bare == nil {
		return math.NaN()
	}
	return row.median() - bare.median()
}
