// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// A plot is a bar chart.
type plot struct {
	file, title string
	log         bool // logarithmic
	bars        []bar
}

type bar struct {
	name  string
	value float64
	text  string
}

var plotFiles = map[string]string{
	tableCalls: "bench-calls.svg", tableLoad: "bench-load.svg", tableSealed: "bench-sealed.svg",
}

func plotOf(table string) string { return plotFiles[table] }

// plots returns the plots in docs.
func (d *document) plots() []plot {
	all := d.results
	calls := plot{file: plotOf(tableCalls), title: "get_seals: ns a call"}
	for _, variant := range []string{"inline", "ours", "glibc", "syscall(2)", "plain C .so"} {
		calls.add(variant, all.row(tableCalls, "get_seals", variant).median(), "%.0f ns")
	}
	calls.add("stock cgo", all.row(tableStock, "get_seals", "stock cgo").median(), "%.0f ns")
	load := plot{file: plotOf(tableLoad), title: "dlopen and first call: µs, logarithmic", log: true}
	for _, variant := range []string{"ours", "plain C .so", "stock cgo"} {
		load.add(variant, all.row(tableLoad, "load", variant).median()/1000, "%.0f µs")
	}
	sealed := plot{file: plotOf(tableSealed), title: "A sealed file: time, the same calls in C being 1"}
	for _, size := range []string{"4 KiB", "64 KiB", "1 MiB", "8 MiB", "64 MiB"} {
		for _, variant := range []string{"ours", "mmap+memcpy", "memcpy alone"} {
			if all.find(tableSealed, "create_sealed "+size, variant) == nil {
				continue
			}
			sealed.add(size+", "+variant, all.ratio(tableSealed, "create_sealed "+size, variant, "same calls in C"), "%.2f")
		}
	}
	return []plot{calls, load, sealed}
}

func (p *plot) add(name string, value float64, format string) {
	p.bars = append(p.bars, bar{name, value, fmt.Sprintf(format, value)})
}

const (
	plotWidth  = 640
	barHeight  = 18
	barsBegin  = 190
	barsWidth  = 360
	titleSpace = 30
)

// svg draws the plot, in colours for light and dark pages.
func (p plot) svg() string {
	length := func(value float64) float64 { return value }
	if p.log {
		length = func(value float64) float64 { return math.Log10(1 + value) }
	}
	most := 0.0
	for _, b := range p.bars {
		if !math.IsNaN(b.value) {
			most = max(most, length(b.value))
		}
	}
	var s strings.Builder
	height := titleSpace + len(p.bars)*(barHeight+6) + 6
	fmt.Fprintf(&s, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="13" fill="#777">`+"\n", plotWidth, height)
	fmt.Fprintf(&s, `<text x="8" y="20" font-weight="bold">%s</text>`+"\n", html.EscapeString(p.title))
	for i, b := range p.bars {
		y := titleSpace + i*(barHeight+6)
		width, colour := 0.0, "#888"
		if !math.IsNaN(b.value) {
			width = length(b.value) / most * barsWidth
		}
		if strings.HasSuffix(b.name, "ours") {
			colour = "#2a7"
		}
		fmt.Fprintf(&s, `<text x="%d" y="%d" text-anchor="end">%s</text>`, barsBegin-8, y+14, html.EscapeString(b.name))
		fmt.Fprintf(&s, `<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>`, barsBegin, y, width, barHeight, colour)
		fmt.Fprintf(&s, `<text x="%.1f" y="%d">%s</text>`+"\n", barsBegin+width+6, y+14, html.EscapeString(b.text))
	}
	s.WriteString("</svg>\n")
	return s.String()
}
