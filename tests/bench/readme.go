// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// The lines of README.md between which the figures are written.
const (
	figuresBegin = "<!-- make bench writes from here -->\n"
	figuresEnd   = "<!-- to here -->\n"
)

func (d *document) writeReadme(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(text), figuresBegin)
	_, after, ended := strings.Cut(rest, figuresEnd)
	if !found || !ended {
		return errors.New("README.md has no place for the figures")
	}
	return os.WriteFile(path, []byte(before+figuresBegin+d.figures()+figuresEnd+after), 0o644)
}

// figures returns the most important ratios, for README.md.
func (d *document) figures() string {
	all := d.results
	use := func(work, variant string) float64 { return all.row(tableUse, work, variant).median() }
	var b strings.Builder
	if len(all.void()) != 0 {
		b.WriteString("\n(The machine was not quiet: these figures are void.)\n")
	}
	b.WriteString("\n| | ours | plain C .so | stock cgo |\n|---|--:|--:|--:|\n")
	row := func(format, what string, values ...any) { fmt.Fprintf(&b, "| "+what+" | "+format+" |\n", values...) }
	row("%d | %d | not counted", "instructions to create a file", d.traceOf("ours", "memfd_go_create").Instructions,
		d.traceOf("plain C .so", "memfd_go_create").Instructions)
	row("%.2f | %.2f | %.2f", "get_seals, time relative to glibc", all.ratio(tableCalls, "get_seals", "ours", "glibc"),
		all.ratio(tableCalls, "get_seals", "plain C .so", "glibc"),
		all.row(tableStock, "get_seals", "stock cgo").median()/all.row(tableCalls, "get_seals", "glibc").median())
	load := func(variant string) float64 { return all.row(tableLoad, "load", variant).median() / 1000 }
	row("%.0f µs | %.0f µs | %.0f µs", "dlopen and first call", load("ours"), load("plain C .so"), load("stock cgo"))
	row("%.0f | %.0f | %.0f", "threads and signal handlers added", use("threads", "ours")+use("handlers", "ours"),
		use("threads", "plain C .so")+use("handlers", "plain C .so"), use("threads", "stock cgo")+use("handlers", "stock cgo"))
	row("%.0f kB | %.0f kB | %.0f kB", "private memory added", use("private dirty", "ours"), use("private dirty", "plain C .so"), use("private dirty", "stock cgo"))
	row("%.2f | %.2f | %.2f", "fork and wait of the process, relative to no library", all.ratio(tableTax, "fork+wait", "ours", "none"),
		all.ratio(tableTax, "fork+wait", "plain C .so", "none"), all.ratio(tableTax, "fork+wait", "stock cgo", "none"))
	fmt.Fprintf(&b, "\nCreating a sealed file of 1 MiB takes %.2f times as long as the same calls in C, and %.2f times as\nlong as filling it through a mapping. ",
		all.ratio(tableSealed, "create_sealed 1 MiB", "ours", "same calls in C"), all.ratio(tableSealed, "create_sealed 1 MiB", "ours", "mmap+memcpy"))
	fmt.Fprintf(&b, "Taking a 32-byte slot from a pool and giving it back takes\n%.2g %% of the time of libsodium's sodium_malloc and sodium_free.\n\n",
		100*all.ratio(tableSecrets, "secret 32 B", "ours, pool", "sodium_malloc+sodium_free"))
	for _, p := range d.plots() {
		fmt.Fprintf(&b, "![%s](docs/%s)\n", p.title, p.file)
	}
	b.WriteString("\n")
	return b.String()
}
