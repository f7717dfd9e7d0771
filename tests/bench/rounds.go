// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// The titles of the tables in the document.
const (
	tableCalls   = "One system call"
	tableStock   = "With a Go runtime in the process"
	tableThread  = "First call in a new thread"
	tableLoad    = "dlopen and first call"
	tableStart   = "A whole process"
	tableUse     = "What loading adds"
	tableTax     = "The host's own calls"
	tableSealed  = "A sealed file"
	tableClone   = "A clone of a file"
	tableSend    = "Sent, received, verified and mapped"
	tableSecrets = "Memory for secrets"
	tableRust    = "Rust"
	tablePython  = "Python"
	tableGo      = "Go"
	tableList    = "memfd ls and lsof"

	// Tables that appear only as targets.
	tableRustRatios   = "Rust, by pairs"
	tablePythonRatios = "Python, by pairs"
	tableListMemory   = "memfd ls, resident set"
)

// A step runs a program, and fills tables with its results.
type step struct {
	run    func(*results, float64) error
	tables []string
}

func (a *artifacts) steps() []step {
	return []step{
		{a.calls, []string{tableCalls}},
		{a.stockCalls, []string{tableStock}},
		{a.bulk, []string{tableSealed, tableClone, tableSend}},
		{a.secrets, []string{tableSecrets}},
		{a.hosts, []string{tableLoad, tableThread, tableUse, tableTax}},
		{a.wholeProcesses, []string{tableStart}},
		{a.gobench, []string{tableGo}},
		{a.criterion, []string{tableRust}},
		{a.pyperf, []string{tablePython}},
		{a.rustRatios, []string{tableRustRatios}},
		{a.pythonRatios, []string{tablePythonRatios}},
		{a.list, []string{tableList, tableListMemory}},
	}
}

// round runs each step once.
func (a *artifacts) round(all *results, speed float64) error {
	for _, s := range a.steps() {
		if err := s.run(all, speed); err != nil {
			return err
		}
	}
	return nil
}

// again repeats the steps that are void, and drops their earlier results.
func (a *artifacts) again(all *results, speed float64) error {
	void := all.void()
	if len(void) != 0 {
		fmt.Println("again, since the machine was not quiet:", strings.Join(void, ", "))
	}
	for _, s := range a.steps() {
		if !slices.ContainsFunc(void, func(v string) bool { return s.fills(v) }) {
			continue
		}
		all.drop(s.tables)
		for range rounds {
			if err := s.run(all, speed); err != nil {
				return err
			}
		}
	}
	return nil
}

// fills reports whether the step fills the table of an entry of results.void.
func (s step) fills(void string) bool {
	table, _, _ := strings.Cut(void, ": ")
	return slices.Contains(s.tables, table)
}

func (a *artifacts) program(name string, speed float64, args ...string) (string, error) {
	return output(a.folder, nil, filepath.Join(a.folder, name), append([]string{fmt.Sprint(speed)}, args...)...)
}

func (a *artifacts) calls(all *results, speed float64) error {
	out, err := a.program("calls", speed, "glibc", "ours="+a.ours, "plain C .so="+a.plain)
	if err != nil {
		return err
	}
	return all.addPaired(tableCalls, out)
}

func (a *artifacts) stockCalls(all *results, speed float64) error {
	out, err := a.program("calls", 2*speed, "-", "stock cgo="+a.stock, "ours="+a.ours)
	if err != nil {
		return err
	}
	return all.addPaired(tableStock, out)
}

func (a *artifacts) bulk(all *results, speed float64) error {
	out, err := a.program("bulk", speed, filepath.Join(a.folder, "source"), "ours="+a.ours)
	if err != nil {
		return err
	}
	tables := map[string]string{"create_sealed": tableSealed, "clone": tableClone, "send": tableSend}
	for line := range strings.Lines(out) {
		word := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == ',' })[0]
		if err := all.addPaired(tables[word], line); err != nil {
			return err
		}
	}
	return nil
}

func (a *artifacts) secrets(all *results, speed float64) error {
	out, err := a.program("secrets", 2*speed, "libsodium.so.23", "ours="+a.ours)
	if err != nil {
		return err
	}
	return all.addPaired(tableSecrets, out)
}

// hosts runs one process for each sample, in random order.
func (a *artifacts) hosts(all *results, speed float64) error {
	modes := []struct {
		name, table, same string
		processes         int
	}{{"load", tableLoad, a.plain, 50}, {"thread", tableThread, "none", 2}, {"use", tableUse, "none", 1}, {"tax", tableTax, "none", 5}}
	for _, mode := range modes {
		libraries := []struct{ name, path string }{
			{"none", "none"}, {"plain C .so", a.plain}, {"ours", a.ours}, {"stock cgo", a.stock}, {"same", mode.same},
		}
		for range max(1, int(float64(mode.processes)/speed)) {
			rand.Shuffle(len(libraries), func(i, j int) { libraries[i], libraries[j] = libraries[j], libraries[i] })
			for _, l := range libraries {
				out, err := output(a.folder, nil, filepath.Join(a.folder, "host"), mode.name, l.path)
				if err != nil {
					return err
				}
				if err := all.addTabbed(mode.table, l.name, out); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// addTabbed adds lines of a piece of work and a number, separated by a tab.
func (r *results) addTabbed(table, variant, output string) error {
	for line := range strings.Lines(output) {
		work, number, _ := strings.Cut(strings.TrimSpace(line), "\t")
		value, err := strconv.ParseFloat(number, 64)
		if err != nil {
			return err
		}
		r.add(table, work, variant, value)
	}
	return nil
}

// wholeProcesses measures processes that start, make one call and exit, with hyperfine.
func (a *artifacts) wholeProcesses(all *results, speed float64) error {
	names := []string{"glibc", "plain C .so", "ours, shared", "stock cgo", "same"}
	if a.static {
		names = append(names, "ours, static")
	}
	rand.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	report := filepath.Join(a.folder, "hyperfine.json")
	args := []string{"-N", "--style", "none", "--warmup", "3", "--runs", fmt.Sprint(int(100 / speed)), "--export-json", report}
	for _, name := range names {
		if name == "same" {
			name = "glibc"
		}
		args = append(args, a.start(name))
	}
	if err := command(a.folder, nil, "hyperfine", args...); err != nil {
		return err
	}
	var measured struct {
		Results []struct{ Times []float64 }
	}
	if err := readJSON(report, &measured); err != nil {
		return err
	}
	for i, result := range measured.Results {
		for _, seconds := range result.Times {
			all.add(tableStart, "start, call, end", names[i], seconds*1e9)
		}
	}
	return nil
}

// gobench runs the benchmarks of Go.
func (a *artifacts) gobench(all *results, speed float64) error {
	out, err := output(a.folder, []string{"MEMFD_GO_LIBRARY=" + a.ours}, filepath.Join(a.folder, "go.test"),
		"-test.run=-", "-test.bench=.", fmt.Sprintf("-test.benchtime=%dms", int(200/speed)))
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(strings.NewReader(out))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || fields[3] != "ns/op" {
			continue
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(fields[0], "Benchmark_"), "-")
		work, variant, _ := strings.Cut(name, "/")
		ns, err := strconv.ParseFloat(fields[2], 64)
		if err != nil {
			return err
		}
		if work != "get_seals" {
			work = strings.ReplaceAll(strings.ReplaceAll(work, "_close", "+close"), "_", " ")
		}
		all.add(tableGo, work, strings.ReplaceAll(variant, "_", " "), ns)
	}
	return lines.Err()
}

// criterion runs the benchmarks of Rust, and reads criterion's samples.
func (a *artifacts) criterion(all *results, speed float64) error {
	home := filepath.Join(a.folder, "criterion")
	if err := os.RemoveAll(home); err != nil {
		return err
	}
	if err := command(filepath.Join(a.sources, "rust"), a.rustEnvironment(), "cargo", "bench", "-q", "--", "--noplot"); err != nil {
		return err
	}
	found, err := filepath.Glob(filepath.Join(home, "*", "*", "new"))
	if err != nil {
		return err
	}
	for _, folder := range found {
		var benchmark struct {
			Group    string `json:"group_id"`
			Function string `json:"function_id"`
		}
		var sample struct{ Iters, Times []float64 }
		if err := readJSON(filepath.Join(folder, "benchmark.json"), &benchmark); err != nil {
			return err
		}
		if err := readJSON(filepath.Join(folder, "sample.json"), &sample); err != nil {
			return err
		}
		var each []float64
		for i := range sample.Times {
			each = append(each, sample.Times[i]/sample.Iters[i])
		}
		all.add(tableRust, benchmark.Group, benchmark.Function, each...)
	}
	return nil
}

// pyperf runs the benchmarks of Python.
func (a *artifacts) pyperf(all *results, _ float64) error {
	report := filepath.Join(a.folder, "pyperf.json")
	os.Remove(report) // pyperf refuses to overwrite it
	if err := command(filepath.Join(a.sources, "python"), a.pythonEnvironment(), filepath.Join(a.folder, "venv", "bin", "python"), "calls.py",
		"--quiet", "--processes=1", "--values=5", "--warmups=1", "--min-time=0.02", "--inherit-environ=MEMFD_GO_LIBRARY,PYTHONPATH", "-o", report); err != nil {
		return err
	}
	var suite struct {
		Benchmarks []struct {
			Metadata struct{ Name string }
			Runs     []struct{ Values []float64 }
		}
	}
	if err := readJSON(report, &suite); err != nil {
		return err
	}
	for _, b := range suite.Benchmarks {
		work, variant, _ := strings.Cut(b.Metadata.Name, "/")
		var ns []float64
		for _, run := range b.Runs {
			for _, seconds := range run.Values {
				ns = append(ns, seconds*1e9)
			}
		}
		all.add(tablePython, work, variant, ns...)
	}
	return nil
}

// rustRatios runs the comparisons in rust-ratios.
func (a *artifacts) rustRatios(all *results, speed float64) error {
	environment := append(a.rustEnvironment(), fmt.Sprintf("QUADS=%d", int(4000/speed)))
	out, err := output(filepath.Join(a.sources, "rust-ratios"), environment, "cargo", "bench", "-q", "--", "--tabs")
	if err != nil {
		return err
	}
	return all.addPaired(tableRustRatios, out)
}

// pythonRatios runs the comparisons in python/ratios.py.
func (a *artifacts) pythonRatios(all *results, speed float64) error {
	environment := append(a.pythonEnvironment(), fmt.Sprintf("BLOCKS=%d", int(400/speed)))
	out, err := output(filepath.Join(a.sources, "python"), environment, filepath.Join(a.folder, "venv", "bin", "python"), "ratios.py")
	if err != nil {
		return err
	}
	return all.addPaired(tablePythonRatios, out)
}

func (a *artifacts) pythonEnvironment() []string {
	return []string{"MEMFD_GO_LIBRARY=" + a.ours, "PYTHONPATH=" + filepath.Join(a.sources, "..", "..", "bindings", "python", "src")}
}

func readJSON(path string, value any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, value); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
