// SPDX-License-Identifier: MIT

// Package text makes names and numbers readable.
package text

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"libmemfd_go/bindings/go/memfd"
)

// Escape returns a name that its maker chose so that it cannot do anything to a terminal or
// end a line: what is not printable is written as in a Go string, "\n" or "\x1b".
func Escape(name string) string {
	quoted := strconv.Quote(name)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

// Cut shortens text to width characters, the last of which then is "…". A width of 0 is no
// limit.
func Cut(text string, width int) string {
	if width <= 0 || utf8.RuneCountInString(text) <= width {
		return text
	}
	runes := []rune(text)
	return string(runes[:width-1]) + "…"
}

// Size returns a number of bytes in at most six characters: "4.0K", "1023M".
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

// ParseSize reads a number of bytes as Size writes it, or without a unit.
func ParseSize(text string) (int64, error) {
	number, shift := text, 0
	if n := len(text); n > 0 {
		if unit := strings.IndexByte("KMGTPE", text[n-1]&^0x20); unit >= 0 {
			number, shift = text[:n-1], 10*(unit+1)
		}
	}
	value, err := strconv.ParseUint(number, 10, 63)
	if err != nil || value > (1<<63-1)>>shift {
		return 0, fmt.Errorf("%q is not a size: want a number of bytes, with K, M, G, T, P or E behind it for 1024 and its powers", text)
	}
	return int64(value) << shift, nil
}

// Letters returns seals as memfd_create(2)'s example writes them, each at its place: "-" is
// one that is missing.
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
