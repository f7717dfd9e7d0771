// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"testing"
)

// TestLEB128 uses the examples of the DWARF standard (7.6) and the limits of one and two bytes.
func TestLEB128(t *testing.T) {
	for v, want := range map[uint64]string{
		0: "\x00", 2: "\x02", 127: "\x7f", 128: "\x80\x01", 129: "\x81\x01", 12857: "\xb9\x64", 16384: "\x80\x80\x01",
	} {
		b := &buffer{}
		if b.uleb(v); string(b.data) != want {
			t.Errorf("unsigned %d: % x, want % x", v, b.data, want)
		}
	}
	for v, want := range map[int64]string{
		0: "\x00", 2: "\x02", -2: "\x7e", 63: "\x3f", 64: "\xc0\x00", -64: "\x40", -65: "\xbf\x7f", 127: "\xff\x00", -127: "\x81\x7f",
		128: "\x80\x01", -128: "\x80\x7f", 129: "\x81\x01", -129: "\xff\x7e",
	} {
		b := &buffer{}
		if b.sleb(v); string(b.data) != want {
			t.Errorf("signed %d: % x, want % x", v, b.data, want)
		}
		r := &reader{bytes.Clone(b.data)}
		if got := r.sleb(); got != v || len(r.data) != 0 {
			t.Errorf("% x is %d, want %d", want, got, v)
		}
	}
}
