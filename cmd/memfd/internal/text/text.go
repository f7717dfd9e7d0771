// SPDX-License-Identifier: MIT

// Package text makes names and numbers readable.
package text

import (
	"fmt"
	"strconv"
	"strings"

	"libmemfd_go/bindings/go/memfd"
)

// Escape makes a name safe for a terminal and keeps it on one line: unprintable characters are
// escaped as in a Go string, such as "\n" and "\x1b".
func Escape(name string) string {
	quoted := strconv.Quote(name)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

// Width returns the columns that text takes in a terminal, or more: East Asian characters take
// two, and those that Unicode sorts between them count as two.
func Width(text string) (columns int) {
	for _, r := range text {
		columns += runeWidth(r)
	}
	return columns
}

func runeWidth(r rune) int {
	const hangulJamo = 0x1100 // the first wide block
	if r >= hangulJamo && r != '…' {
		return 2
	}
	return 1
}

// Cut shortens text to a width, and ends it with "…" then. A width of 0 is no limit.
func Cut(text string, width int) string {
	if width <= 0 || Width(text) <= width {
		return text
	}
	columns := 1
	for i, r := range text {
		if columns += runeWidth(r); columns > width {
			return text[:i] + "…"
		}
	}
	return text
}

// Pad appends spaces up to a width.
func Pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-Width(text)))
}

// Size formats a number of bytes in at most six characters: "4.0K", "1023M".
func Size(bytes int64) string {
	if bytes < 1024 {
		return strconv.FormatInt(bytes, 10)
	}
	value, unit := float64(bytes), 0
	for value >= 1023.5 && unit < 6 {
		value /= 1024
		unit++
	}
	if value < 9.95 {
		return fmt.Sprintf("%.1f%c", value, " KMGTPE"[unit])
	}
	return fmt.Sprintf("%.0f%c", value, " KMGTPE"[unit])
}

// ParseSize parses a number of bytes with an optional unit, such as 64K.
func ParseSize(text string) (int64, error) {
	number, shift := text, 0
	if n := len(text); n > 0 {
		if unit := strings.IndexByte("KMGTPE", text[n-1]&^0x20); unit >= 0 {
			number, shift = text[:n-1], 10*(unit+1)
		}
	}
	value, err := strconv.ParseUint(number, 10, 63)
	if err != nil || value > (1<<63-1)>>shift {
		return 0, fmt.Errorf("%q is not a size: want a number of bytes, or one with a unit: K (1024 bytes), M, G, T, P, E", text)
	}
	return int64(value) << shift, nil
}

// Letters returns seals as the letters of memfd_create(2)'s example, with "-" for missing ones.
func Letters(seals memfd.Seals) string {
	letters := []byte("SgwWsx")
	for i, seal := range []memfd.Seals{memfd.SealSeal, memfd.SealGrow, memfd.SealWrite,
		memfd.SealFutureWrite, memfd.SealShrink, memfd.SealExec} {
		if !seals.Has(seal) {
			letters[i] = '-'
		}
	}
	return string(letters)
}

// Kind returns the name of a kind of file.
func Kind(kind memfd.Kind) string {
	switch kind {
	case memfd.KindMemfd:
		return "memfd"
	case memfd.KindHugetlb:
		return "huge"
	case memfd.KindSecret:
		return "secret"
	case memfd.KindTmpfs:
		return "tmpfs"
	}
	return "other"
}
