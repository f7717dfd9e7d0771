// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// A row has the measurements of one variant of a piece of work.
type row struct {
	table   string
	work    string
	variant string
	times   []float64 // medians of the rounds, in ns or the unit of the table
	ratios  []float64 // to the reference; empty if it was not compared in pairs
}

func (r *row) median() float64 { return median(r.times) }

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n == 0 {
		return math.NaN()
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// results are all rows, in the order in which they were added.
type results struct {
	rows []*row
}

func (r *results) find(table, work, variant string) *row {
	for _, row := range r.rows {
		if row.table == table && row.work == work && row.variant == variant {
			return row
		}
	}
	return nil
}

func (r *results) row(table, work, variant string) *row {
	if found := r.find(table, work, variant); found != nil {
		return found
	}
	added := &row{table: table, work: work, variant: variant}
	r.rows = append(r.rows, added)
	return added
}

// add adds the samples of one round.
func (r *results) add(table, work, variant string, values ...float64) {
	row := r.row(table, work, variant)
	row.times = append(row.times, median(values))
}

// addPaired adds the output of a C program. The fields are work, variant, minimum, median and ratio.
func (r *results) addPaired(table, output string) error {
	for line := range strings.Lines(output) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		if len(fields) != 5 {
			return fmt.Errorf("not a row of results: %q", line)
		}
		var numbers [3]float64
		for i := range numbers {
			n, err := strconv.ParseFloat(fields[2+i], 64)
			if err != nil {
				return err
			}
			numbers[i] = n
		}
		row := r.row(table, fields[0], fields[1])
		row.times = append(row.times, numbers[1])
		row.ratios = append(row.ratios, numbers[2])
	}
	return nil
}

// ratio compares two variants, by the ratios of pairs if there are any, and otherwise by medians.
func (r *results) ratio(table, work, variant, reference string) float64 {
	a, b := r.find(table, work, variant), r.find(table, work, reference)
	if a == nil || b == nil {
		return math.NaN()
	}
	if len(a.ratios) != 0 && len(b.ratios) != 0 {
		return median(a.ratios) / median(b.ratios)
	}
	var ratios []float64
	for i := range min(len(a.times), len(b.times)) {
		ratios = append(ratios, a.times[i]/b.times[i])
	}
	if len(a.times) > 20 { // each sample is a process of its own
		return a.median() / b.median()
	}
	return median(ratios)
}

// limit returns how much the reference may differ from itself. Allocating and copying megabytes
// varies more than a call.
func limit(work string) float64 {
	switch {
	case strings.HasSuffix(work, "64 MiB"):
		return 0.02
	case strings.HasSuffix(work, " MiB"):
		return 0.01
	}
	return 0.003
}

// void returns the pieces of work for which this run is void, because the reference differs from
// itself.
func (r *results) void() []string {
	var works []string
	for _, row := range r.rows {
		decides := row.table == tableCalls || row.table == tableStock || row.table == tableSealed
		if row.variant == "same" && decides && math.Abs(median(row.ratios)-1) > limit(row.work) {
			works = append(works, fmt.Sprintf("%s: %s (%.4f)", row.table, row.work, median(row.ratios)))
		}
	}
	return works
}

// drop removes the rows of tables.
func (r *results) drop(tables []string) {
	r.rows = slices.DeleteFunc(r.rows, func(row *row) bool { return slices.Contains(tables, row.table) })
}
