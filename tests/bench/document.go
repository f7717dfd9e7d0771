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

// A document is docs/BENCHMARKS.md, made of results.
type document struct {
	arms    *arms
	results *results
	took    time.Duration

	traced   map[string][]counts.Call // by library
	emulated map[string]map[string]int
	sizes    map[string]counts.Size

	strings.Builder
}

func newDocument(a *arms, all *results, took time.Duration) (*document, error) {
	d := &document{arms: a, results: all, took: took}
	if err := d.count(); err != nil {
		return nil, err
	}
	return d, nil
}

// libraries are the shared ones, in the order of columns.
func (d *document) libraries() []struct{ name, path string } {
	return []struct{ name, path string }{{"ours", d.arms.ours}, {"plain C .so", d.arms.plain}, {"stock cgo", d.arms.stock}}
}

// count adds what is counted, not timed.
func (d *document) count() error {
	d.traced, d.sizes = map[string][]counts.Call{}, map[string]counts.Size{}
	d.emulated = map[string]map[string]int{}
	for _, l := range d.libraries() {
		var err error
		if d.sizes[l.name], err = counts.SizeOf(l.path); err != nil {
			return err
		}
		if l.name == "stock cgo" { // stepped through, its runtime does other things than else
			continue
		}
		if d.traced[l.name], err = counts.Trace(d.arms.folder, l.path); err != nil {
			return err
		}
	}
	for _, arch := range testenv.Arches[1:] {
		product, err := testenv.Product(arch.GOARCH)
		if err != nil {
			continue // the table says so
		}
		path, err := filepath.Abs(filepath.Join(product, "libmemfd_go.so.1"))
		if err != nil {
			return err
		}
		if found, err := counts.Emulate(d.arms.folder, arch, path); err == nil {
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
	d.timeTables()
	d.useTable()
	d.countTables()
	return d.String()
}

func (d *document) head() {
	d.line("# Benchmarks\n")
	d.line("`make bench` wrote this in one run of %.0f minutes; nothing in it is written by hand.\n", max(1, d.took.Minutes()))
	d.line("%s", machine(d.arms))
	if void := d.results.void(); len(void) != 0 {
		d.line("\n**This run is void:** the machine was not quiet (%s).", strings.Join(void, ", "))
	}
	d.line(`
Method: all programs run alternately, in rounds, and each figure is the median of the rounds. In the
tables of C, each variant is compared with a reference in groups of four short blocks (reference,
variant, variant, reference), and *ratio* is the median of these comparisons. For work that allocates
in the kernel it is the ratio of the 10th percentiles. *same* is the reference measured once more: it
shows what a ratio of 1 looks like on this machine. A run is void if it is off by more than 0.3 %% for
calls and sealed files below 1 MiB, 1 %% up to 8 MiB, and 2 %% for 64 MiB. In the other tables *ratio*
is the ratio of the medians, and *same* shows how precise that is. Times are in nanoseconds unless
noted otherwise. Ratios carry over to other machines much better than times do.
`)
	d.line(`- *inline* is the bare system call, *glibc* glibc's function (for memfd_secret, syscall(2)), and
  *syscall(2)* glibc's generic function.
- *plain C .so* is [tests/bench/c/plain.c](../tests/bench/c/plain.c): the same exported functions,
  written in C and built by gcc in the usual way.
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

// references are what the arms of a table are compared with.
var references = map[string]string{
	tableCalls: "glibc", tableStock: "stock cgo", tableThread: "none", tableLoad: "plain C .so", tableStart: "glibc",
	tableTax: "none", tableSealed: "same calls in C", tableClone: "same calls in C", tableSend: "same calls in C",
	tableSecrets: "sodium_malloc+sodium_free",
}

// A table of a language has another reference for each work.
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
	{tableCalls, "An *invalid call* is memfd_create(2) with an unknown flag. add_seals adds a seal that is set already."},
	{tableStock, "The library's calls in the same process, where they also pay for what the runtime has changed."},
	{tableThread, "The time of a call that fails, each in a thread that has made no call before. *none* is glibc's fcntl(2)."},
	{tableLoad, "Each in a new process; the call fails. Both libraries export the same functions."},
	{tableStart, "A program that starts, makes one call and exits, measured by hyperfine."},
	{tableTax, "The time of the process's own calls after a library was loaded and used, compared with *none*."},
	{tableSealed, "memfd_create(2), write(2), F_ADD_SEALS and close(2), compared with the same calls in C, with filling the file through a mapping, and with copying alone. A file of huge pages does not support write(2) and is filled through a mapping. The library copies eight bytes at a time there, because it contains neither a C library's nor the Go runtime's faster code."},
	{tableClone, "The source is in the page cache. *Same calls* is sendfile(2) without checking that the file did not change."},
	{tableSend, "Through a Unix socket; the receiver reads one byte of each page. The library verifies twice, when it receives and when it maps; the same calls in C do it once."},
	{tableSecrets, "Allocating it, writing one byte, and freeing it. memfd_secret(2) removes the pages from the kernel's own page tables, on all processors, and puts them back: that is most of *ours*, and a pool saves it."},
	{tableRust, "Measured by criterion."},
	{tablePython, "Measured by pyperf."},
	{tableGo, "Measured by testing.B. *ours* is the package in bindings/go/memfd, and *ours by purego* the library, where most of the time is the call from Go to C. The time includes making an os.File. *sealed* creates a file with contents, seals it and closes it."},
}

func (d *document) timeTables() {
	for _, t := range timeTables {
		d.line("\n## %s\n\n%s\n", t.name, t.about)
		if file := plotOf(t.name); file != "" {
			d.line("![%s](%s)\n", t.name, file)
		}
		d.line("| | | least | median | ratio |\n|---|---|--:|--:|--:|")
		previous := ""
		for _, row := range d.sorted(t.name) {
			work := row.work
			if work == previous {
				work = ""
			}
			previous = row.work
			ratio := d.results.ratio(t.name, row.work, row.arm, reference(t.name, row.work))
			d.line("| %s | %s | %s | %s | %s |", work, row.arm, number(row.min()), number(row.median()), ratioText(ratio))
		}
	}
}

func ratioText(ratio float64) string {
	if ratio < 0.1 {
		return fmt.Sprintf("%.4f", ratio)
	}
	return fmt.Sprintf("%.3f", ratio)
}

// number writes ns so that they can be read.
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

// sorted returns the rows of a table: each work's reference first, itself once more last.
func (d *document) sorted(table string) []*row {
	var works []string
	for _, row := range d.results.rows {
		if row.table == table && !slices.Contains(works, row.work) {
			works = append(works, row.work)
		}
	}
	var rows []*row
	for _, work := range works {
		var of []*row
		for _, row := range d.results.rows {
			if row.table == table && row.work == work {
				of = append(of, row)
			}
		}
		rank := func(r *row) float64 {
			switch r.arm {
			case reference(table, work):
				return 0
			case "same":
				return 1e18
			}
			return r.median()
		}
		slices.SortStableFunc(of, func(a, b *row) int { return cmp.Compare(rank(a), rank(b)) })
		rows = append(rows, of...)
	}
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
	d.line("\nOn the other architectures, counted by an emulator:\n\n| | create | get_seals | add_seals |\n|---|--:|--:|--:|")
	for _, arch := range testenv.Arches[1:] {
		cells := ""
		for _, name := range counts.Simple {
			if n := d.emulated[arch.GOARCH][name]; n != 0 {
				cells += fmt.Sprintf(" %d |", n)
			} else {
				cells += " not counted |"
			}
		}
		d.line("| %s |%s", arch.GOARCH, cells)
	}
	d.line("\n## System calls\n\nSystem calls of a successful call, on amd64. [tests/product/counts](../tests/product/counts) checks them.\n\n| | |\n|---|---|")
	for _, call := range d.traced["ours"] {
		if !strings.HasPrefix(call.Name, "memfd_go_") || len(call.SystemCalls) == 0 {
			continue
		}
		names := counts.Names(call)
		if len(call.SystemCalls) > 20 {
			names = fmt.Sprint(len(call.SystemCalls), " of them")
		}
		d.line("| `%s` | %s |", call.Name, names)
	}
	d.line("\nThe others make none.")
}

// write writes the document, the plots, and README.md's figures.
func (d *document) write() error {
	top := filepath.Dir(filepath.Dir(d.arms.sources))
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
