// SPDX-License-Identifier: MIT

package main

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"libmemfd_go/internal/testenv"
	"libmemfd_go/tests/product/counts"
)

// A document is docs/BENCHMARKS.md, generated from results.
type document struct {
	artifacts *artifacts
	results   *results
	took      time.Duration

	traced   map[string][]counts.Call // by library
	emulated map[string]map[string]int
	sizes    map[string]counts.Size

	strings.Builder
}

func newDocument(a *artifacts, all *results, took time.Duration) (*document, error) {
	d := &document{artifacts: a, results: all, took: took}
	if err := d.count(); err != nil {
		return nil, err
	}
	return d, nil
}

// libraries returns the shared libraries, in the order of the columns.
func (d *document) libraries() []struct{ name, path string } {
	return []struct{ name, path string }{{"ours", d.artifacts.ours}, {"plain C .so", d.artifacts.plain}, {"stock cgo", d.artifacts.stock}}
}

// count adds the values that are counted rather than timed.
func (d *document) count() error {
	d.traced, d.sizes = map[string][]counts.Call{}, map[string]counts.Size{}
	d.emulated = map[string]map[string]int{}
	for _, l := range d.libraries() {
		var err error
		if d.sizes[l.name], err = counts.SizeOf(l.path); err != nil {
			return err
		}
		if l.name == "stock cgo" { // single-stepping disturbs the Go runtime
			continue
		}
		if d.traced[l.name], err = counts.Trace(d.artifacts.folder, l.path); err != nil {
			return err
		}
	}
	for _, arch := range testenv.Arches[1:] {
		product, err := testenv.Product(arch.GOARCH)
		if err != nil {
			continue // the table says that it was not counted
		}
		path, err := filepath.Abs(filepath.Join(product, "libmemfd_go.so.1"))
		if err != nil {
			return err
		}
		if found, err := counts.Emulate(d.artifacts.folder, arch, path); err == nil {
			d.emulated[arch.GOARCH] = found
		}
	}
	return nil
}

func (d *document) traceOf(library, name string) *counts.Call {
	calls := d.traced[library]
	if i := slices.IndexFunc(calls, func(c counts.Call) bool { return c.Name == name }); i >= 0 {
		return &calls[i]
	}
	return &counts.Call{}
}

func (d *document) mostInstructions() float64 {
	most := 0
	for _, name := range counts.Simple {
		most = max(most, d.traceOf("ours", name).Instructions)
	}
	return float64(most)
}

func (d *document) line(format string, args ...any) { fmt.Fprintf(d, format+"\n", args...) }

func (d *document) text() string {
	d.Reset()
	d.head()
	d.targetTable()
	d.method()
	d.timeTables()
	d.useTable()
	d.countTables()
	return d.String()
}

func (d *document) head() {
	d.line("# Benchmarks\n")
	d.line("`make bench` wrote this in one run of %.0f minutes; nothing in it is written by hand.\n", max(1, d.took.Minutes()))
	d.line("%s", machine(d.artifacts))
	if void := d.results.void(); len(void) != 0 {
		d.line("\n**This run is void:** other programs disturbed it (%s).", strings.Join(void, ", "))
	}
}

func (d *document) method() {
	d.line(`
## Method

All programs run in turns, in several rounds. Each figure is the median of the rounds.

The C and Rust programs and the targets for Python compare a variant with a reference in groups of
short blocks: reference, variant, variant, reference. They report the median of the ratios or, for
calls that allocate in the kernel, the ratio of the 10th percentiles. All other ratios are those of
the medians. Ratios carry over to other machines much better than times do.

*same* is the reference measured again: it shows how precise a ratio is. A run is void if *same* is
off by more than 0.3 %% for calls and sealed files below 1 MiB, 1 %% up to 8 MiB, and 2 %% for 64 MiB.
A target is *met within noise* if the ratio exceeds it by no more than *same* is off, or than a third
of these limits.

- *inline* is the bare system call, *glibc* glibc's function (for memfd_secret, syscall(2)), and
  *syscall(2)* glibc's generic function.
- *plain C .so* is [tests/bench/c/plain.c](../tests/bench/c/plain.c): the same functions in C, built
  by gcc as usual.
- *stock cgo* is [tests/bench/stock](../tests/bench/stock): the same functions from the same code,
  built by cgo with the Go runtime. It runs in separate processes, because it changes its host.
- *ours* is the shared library, and *ours, static* is linked into the program.`)
}

func (d *document) targetTable() {
	d.line("\n## Targets\n\n| | at most | measured | |\n|---|---|---|---|")
	missed := map[string][]string{}
	for _, t := range d.targets() {
		d.line("| %s | %s | %s | %s |", t.what, t.format(t.limit), t.format(t.value), t.verdict())
		if t.verdict() == "**missed**" {
			missed[t.why] = append(missed[t.why], t.what)
		}
	}
	for _, why := range slices.Sorted(maps.Keys(missed)) {
		if why != "" {
			d.line("\nMissed (%s): %s", strings.Join(missed[why], "; "), why)
		}
	}
}

// references maps tables to the variant with which the others are compared.
var references = map[string]string{
	tableCalls: "glibc", tableStock: "stock cgo", tableThread: "none", tableLoad: "plain C .so", tableStart: "glibc",
	tableTax: "none", tableSealed: "same calls in C", tableClone: "same calls in C", tableSend: "same calls in C",
	tableSecrets: "sodium_malloc+sodium_free", tableList: "lsof",
}

// workReferences does the same for tables whose reference depends on the piece of work.
var workReferences = map[string]map[string]string{
	tableGo: {
		"create+close": "x/sys/unix", "get_seals": "x/sys/unix",
		"sealed 64 B": "x/sys/unix", "sealed 4 KiB": "x/sys/unix", "sealed 1 MiB": "x/sys/unix",
		"secret 32 B": "memguard", "secret 4096 B": "memguard",
	},
	tableRust:   {"create+close": "libc", "get_seals": "libc", "secret 32 B": "memsec, mlock"},
	tablePython: {"create+close": "os", "get_seals": "fcntl"},
}

func reference(table, work string) string {
	if r := references[table]; r != "" {
		return r
	}
	return workReferences[table][work]
}

var timeTables = []struct{ name, about string }{
	{tableCalls, "An *invalid call* is memfd_create(2) with an unknown flag. add_seals adds a seal that is already set."},
	{tableStock, "In a process with a Go runtime, which changes the cost of system calls for its host, too."},
	{tableThread, "A failing call, each in a new thread. *none* is glibc's fcntl(2)."},
	{tableLoad, "Each in a new process; the call fails."},
	{tableStart, "A program that starts, makes one call and exits, measured by hyperfine."},
	{tableTax, "The process's own calls after a library was loaded and used; *none* is without one."},
	{tableSealed, "The same calls in C are memfd_create(2), write(2), F_ADD_SEALS and close(2). A file of huge pages does not support write(2) and is filled through a mapping."},
	{tableClone, "The source is in the page cache. The same calls in C are those of sendfile(2), without looking for the end of the file."},
	{tableSend, "Sent through a Unix socket, received by recv_verified and mapped by map_verified; the receiver reads one byte of each page."},
	{tableSecrets, "Allocating, writing one byte, and freeing. memfd_secret(2) removes pages from the kernel's page tables on all processors and puts them back: that is most of *ours*, and a pool avoids it."},
	{tableRust, "Measured by criterion."},
	{tablePython, "Measured by pyperf."},
	{tableGo, "Measured by testing.B. *ours* is the package in bindings/go/memfd, and *ours by purego* the shared library, where most of the time is the call from Go to C. The time includes creating an os.File. *sealed* creates a file with contents, seals it and closes it."},
	{tableList, "Listing the open files of real processes, 1 000 of them memory files."},
}

func (d *document) timeTables() {
	for _, t := range timeTables {
		d.line("\n## %s\n\n%s\n", t.name, t.about)
		if file := plotOf(t.name); file != "" {
			d.line("![%s](%s)\n", t.name, file)
		}
		d.line("| | reference, ns | ratio to the reference | same |\n|---|--:|---|--:|")
		for _, work := range d.works(t.name) {
			d.workRow(t.name, work)
		}
	}
}

// workRow writes a line with all variants of a piece of work.
func (d *document) workRow(table, work string) {
	same := ""
	var first string
	var others []string
	for _, row := range d.sorted(table, work) {
		ratio := ratioText(d.results.ratio(table, work, row.variant, reference(table, work)))
		switch {
		case row.variant == reference(table, work):
			first = row.variant + " " + number(row.median())
		case row.variant == "same":
			same = ratio
		case d.results.find(table, work, reference(table, work)) == nil:
			others = append(others, row.variant+" "+number(row.median())+" ns")
		default:
			others = append(others, row.variant+" "+ratio)
		}
	}
	d.line("| %s | %s | %s | %s |", work, first, strings.Join(others, "; "), same)
}

func ratioText(ratio float64) string {
	if ratio < 0.1 {
		return fmt.Sprintf("%.4f", ratio)
	}
	return fmt.Sprintf("%.3f", ratio)
}

// number formats a number of ns, with spaces between thousands.
func number(ns float64) string {
	if ns < 1000 {
		return fmt.Sprintf("%.1f", ns)
	}
	digits := fmt.Sprintf("%.0f", ns)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + " " + digits[i:]
	}
	return digits
}

// works returns the pieces of work in a table.
func (d *document) works(table string) []string {
	var works []string
	for _, row := range d.results.rows {
		if row.table == table && !slices.Contains(works, row.work) {
			works = append(works, row.work)
		}
	}
	return works
}

// sorted returns the rows of a piece of work, fastest first.
func (d *document) sorted(table, work string) []*row {
	var rows []*row
	for _, row := range d.results.rows {
		if row.table == table && row.work == work {
			rows = append(rows, row)
		}
	}
	slices.SortStableFunc(rows, func(a, b *row) int { return cmp.Compare(a.median(), b.median()) })
	return rows
}

func (d *document) useTable() {
	d.line("\n## %s\n\nMedians of new processes, memory in kB, without glibc's own share of a first dlopen.\n", tableUse)
	d.line("| | ours | plain C .so | stock cgo |\n|---|--:|--:|--:|")
	for _, work := range []string{"threads", "handlers", "descriptors", "address space", "resident", "private dirty"} {
		cells := ""
		for _, l := range d.libraries() {
			cells += fmt.Sprintf(" %.0f |", d.results.row(tableUse, work, l.name).median())
		}
		d.line("| %s |%s", work, cells)
	}
	counted := []struct {
		name  string
		value func(counts.Size) any
	}{
		{"relocations", func(s counts.Size) any { return s.Relocations }},
		{"symbols looked up elsewhere", func(s counts.Size) any { return s.Imports }},
		{"bytes of the file", func(s counts.Size) any { return s.File }},
		{"... of code", func(s counts.Size) any { return s.Sections[".text"] }},
		{"... of constants", func(s counts.Size) any { return s.Sections[".rodata"] + s.Sections[".data.rel.ro"] }},
		{"... of unwind tables", func(s counts.Size) any { return s.Sections[".eh_frame"] + s.Sections[".eh_frame_hdr"] }},
		{"... of symbols", func(s counts.Size) any { return s.Sections[".dynsym"] + s.Sections[".dynstr"] }},
	}
	for _, c := range counted {
		cells := ""
		for _, l := range d.libraries() {
			cells += fmt.Sprintf(" %v |", c.value(d.sizes[l.name]))
		}
		d.line("| %s |%s", c.name, cells)
	}
}

func (d *document) countTables() {
	d.line("\n## Instructions\n\nUser-space instructions with the return, counted by stepping through the call.\n")
	d.line("| | ours | plain C .so | glibc |\n|---|--:|--:|--:|")
	glibc := map[string]string{
		"memfd_go_create": "glibc memfd_create", "memfd_go_get_seals": "glibc fcntl(F_GET_SEALS)",
		"memfd_go_add_seals": "glibc fcntl(F_ADD_SEALS)",
	}
	for _, name := range append(counts.Simple, "memfd_go_create_sealed", "memfd_go_map", "memfd_go_map_verified", "memfd_go_secret") {
		cells := ""
		for _, l := range d.libraries()[:2] {
			cells += fmt.Sprintf(" %d |", d.traceOf(l.name, name).Instructions)
		}
		if other := glibc[name]; other != "" {
			cells += fmt.Sprint(" ", d.traceOf("ours", other).Instructions)
		}
		d.line("| `%s` |%s |", name, cells)
	}
	header, rule := "| |", "|---|"
	for _, arch := range testenv.Arches[1:] {
		header, rule = header+" "+arch.GOARCH+" |", rule+"--:|"
	}
	d.line("\nOn the other architectures, counted by an emulator:\n\n%s\n%s", header, rule)
	for _, name := range counts.Simple {
		cells := ""
		for _, arch := range testenv.Arches[1:] {
			if n := d.emulated[arch.GOARCH][name]; n != 0 {
				cells += fmt.Sprintf(" %d |", n)
			} else {
				cells += " not counted |"
			}
		}
		d.line("| `%s` |%s", name, cells)
	}
	d.line("\n[SECCOMP.md](SECCOMP.md) lists the system calls of each function.")
}

// write writes the document, the plots, and README.md's figures.
func (d *document) write() error {
	top := filepath.Dir(filepath.Dir(d.artifacts.sources))
	docs := filepath.Join(top, "docs")
	for _, p := range d.plots() {
		if err := os.WriteFile(filepath.Join(docs, p.file), []byte(p.svg()), 0o644); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(docs, "BENCHMARKS.md"), []byte(d.text()), 0o644); err != nil {
		return err
	}
	return d.writeReadme(filepath.Join(top, "README.md"))
}
