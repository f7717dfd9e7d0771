// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"slices"
	"testing"
)

// TestMappingSymbols marks a literal pool within a function, one at the end of the next, and the
// function after it.
func TestMappingSymbols(t *testing.T) {
	const ret = "\xc0\x03\x5f\xd6"
	lib := &library{object: &object{arch: arm64}}
	lib.text = &section{index: 1}
	for _, code := range []string{
		"\x40\x00\x00\x18" + ret + "pool" + ret, // LDR W0, .+8
		ret + ret,
		ret + "\x40\x00\x00\x58" + ret + "longpool", // LDR X0, .+8
		ret,
	} {
		lib.text.add(&atom{section: &objSection{data: []byte(code)}, end: uint64(len(code)), align: 16})
	}
	b, names := &buffer{arch: arm64}, &strtab{}
	lib.renderMapping(b, names)
	var got []string
	for entry := range slices.Chunk(b.data, int(lib.symbolSize())) {
		name := names.data[arm64.order.Uint32(entry):][:2]
		got = append(got, fmt.Sprintf("%s %#x", name, arm64.order.Uint64(entry[8:])))
	}
	if want := []string{"$x 0x0", "$d 0x8", "$x 0xc", "$d 0x2c", "$x 0x40"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestInSpans(t *testing.T) {
	spans := []span{{4, 8}, {12, 16}}
	for off, want := range map[uint64]bool{0: false, 3: false, 4: true, 7: true, 8: false, 11: false, 12: true, 15: true, 16: false} {
		if inSpans(spans, off) != want {
			t.Errorf("%d is in %v: %v", off, spans, !want)
		}
	}
}
