// SPDX-License-Identifier: MIT

package core

import (
	"strings"
	"testing"

	"libmemfd_go/internal/leaks"

	"golang.org/x/sys/unix"
)

// format calls FormatSeals with a buffer of capacity bytes between two guard bytes, and returns the
// C string and the result.
func format(t *testing.T, seals, style uint32, capacity int) (s string, length int) {
	t.Helper()
	const guard = 0xa5
	b := make([]byte, capacity+2)
	for i := range b {
		b[i] = guard
	}
	length = FormatSeals(seals, style, &b[1], uintptr(capacity))
	if b[0] != guard || b[capacity+1] != guard {
		t.Errorf("FormatSeals(%#x, %d, cap %d) wrote outside its buffer", seals, style, capacity)
	}
	s, _, found := strings.Cut(string(b[1:1+capacity]), "\x00")
	if capacity > 0 && !found {
		t.Errorf("FormatSeals(%#x, %d, cap %d): no NUL in %q", seals, style, capacity, s)
	}
	return s, length
}

func parse(text string) (seals uint32, result int) {
	seals = 0xdead
	b := append([]byte(text), 0)
	result = ParseSeals(&b[0], &seals)
	return seals, result
}

func TestFormatSeals(t *testing.T) {
	leaks.Check(t)
	for _, c := range []struct {
		seals, style uint32
		want         string
	}{
		{0, StyleNames, ""},
		{0, StyleLetters, ""},
		{0, StyleHex, "0x0"},
		{unix.F_SEAL_WRITE | unix.F_SEAL_SHRINK, StyleNames, "WRITE SHRINK"},
		{unix.F_SEAL_WRITE | unix.F_SEAL_SHRINK, StyleLetters, "ws"},
		{SealsImmutable, StyleNames, "SEAL GROW WRITE SHRINK"},
		{0x3f, StyleNames, "SEAL GROW WRITE FUTURE_WRITE SHRINK EXEC"},
		{0x3f, StyleLetters, "SgwWsx"},
		{0x3f, StyleHex, "0x3f"},
		{0x48, StyleNames, "WRITE 0x40"},
		{0x48, StyleLetters, "w 0x40"},
		{0x40, StyleNames, "0x40"},
		{0xffffffff, StyleNames, "SEAL GROW WRITE FUTURE_WRITE SHRINK EXEC 0xffffffc0"},
		{0xffffffff, StyleHex, "0xffffffff"},
		{0x80000000, StyleHex, "0x80000000"},
	} {
		got, n := format(t, c.seals, c.style, 64)
		if got != c.want || n != len(c.want) {
			t.Errorf("FormatSeals(%#x, %d) = %q, %d; want %q, %d", c.seals, c.style, got, n, c.want, len(c.want))
		}
	}
}

func TestFormatSealsCuts(t *testing.T) {
	leaks.Check(t)
	const seals = 0x4b
	for style := StyleNames; style <= StyleHex; style++ {
		whole, length := format(t, seals, style, 64)
		for capacity := 0; capacity <= length+2; capacity++ {
			got, n := format(t, seals, style, capacity)
			want := whole[:min(length, max(capacity-1, 0))]
			if got != want || n != length {
				t.Errorf("style %d, cap %d: got %q, %d; want %q, %d", style, capacity, got, n, want, length)
			}
		}
	}
}

func TestFormatSealsErrors(t *testing.T) {
	leaks.Check(t)
	var b [8]byte
	for _, c := range []struct {
		name     string
		style    uint32
		buf      *byte
		capacity uintptr
		want     int
	}{
		{"no buffer, no room", StyleNames, nil, 0, 5},
		{"no buffer", StyleNames, nil, 1, -int(unix.EFAULT)},
		{"first page", StyleNames, (*byte)(pointer(8)), 1, -int(unix.EFAULT)},
		{"MAP_FAILED", StyleNames, (*byte)(pointer(^uintptr(0))), 1, -int(unix.EFAULT)},
		{"style", StyleHex + 1, &b[0], 8, -int(unix.EINVAL)},
	} {
		if got := FormatSeals(unix.F_SEAL_WRITE, c.style, c.buf, c.capacity); got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}

func TestParseSeals(t *testing.T) {
	leaks.Check(t)
	for text, want := range map[string]uint32{
		"":                             0,
		" \t\n,|+":                     0,
		"none":                         0,
		"None none":                    0,
		"immutable":                    0xf,
		"IMMUTABLE|EXEC":               0x2f,
		"write":                        unix.F_SEAL_WRITE,
		"F_SEAL_WRITE":                 unix.F_SEAL_WRITE,
		"f_seal_future_write":          unix.F_SEAL_FUTURE_WRITE,
		"WRITE SHRINK":                 unix.F_SEAL_WRITE | unix.F_SEAL_SHRINK,
		" grow , shrink ":              unix.F_SEAL_GROW | unix.F_SEAL_SHRINK,
		"F_SEAL_GROW|F_SEAL_SEAL":      unix.F_SEAL_GROW | unix.F_SEAL_SEAL,
		"s":                            unix.F_SEAL_SHRINK,
		"S":                            unix.F_SEAL_SEAL,
		"sw":                           unix.F_SEAL_SHRINK | unix.F_SEAL_WRITE,
		"gswWSx":                       0x3f,
		"ww":                           unix.F_SEAL_WRITE,
		"w+W":                          unix.F_SEAL_WRITE | unix.F_SEAL_FUTURE_WRITE,
		"x":                            unix.F_SEAL_EXEC,
		"0x0":                          0,
		"0X3F":                         0x3f,
		"0xDeadBeef":                   0xdeadbeef,
		"0x00000001 w":                 unix.F_SEAL_SEAL | unix.F_SEAL_WRITE,
		strings.Repeat("shrink ", 500): unix.F_SEAL_SHRINK,
	} {
		if got, r := parse(text); r != 0 || got != want {
			t.Errorf("ParseSeals(%q) = %#x, %d; want %#x, 0", text, got, r, want)
		}
	}
}

func TestParseSealsRefuses(t *testing.T) {
	leaks.Check(t)
	for _, text := range []string{
		"?", "writ", "writer", "gq", "G", "sW!", "0x", "0xg", "0x123456789", "0", "12", "F_SEAL_", "F_SEAL_w",
		"F_SEAL_NONE", "F_SEAL_IMMUTABLE", "SEAL_WRITE", "write;shrink", "write-shrink", "X", "0xx", "\x80", "WRITE\x01",
	} {
		if got, r := parse(text); r != -int(unix.EINVAL) || got != 0xdead {
			t.Errorf("ParseSeals(%q) = %#x, %d; want -EINVAL and nothing written", text, got, r)
		}
	}
	var seals uint32
	if r := ParseSeals(nil, &seals); r != -int(unix.EFAULT) {
		t.Errorf("ParseSeals(NULL) = %d, want -EFAULT", r)
	}
	if b := [1]byte{}; ParseSeals(&b[0], nil) != -int(unix.EFAULT) {
		t.Error("ParseSeals into NULL is not -EFAULT")
	}
}

func TestSealTextRoundTrip(t *testing.T) {
	leaks.Check(t)
	masks := []uint32{0x40, 0xffffffc0, 0x80000000, 0xffffffff}
	for m := uint32(0); m < 64; m++ {
		masks = append(masks, m)
	}
	for _, m := range masks {
		for style := StyleNames; style <= StyleHex; style++ {
			text, _ := format(t, m, style, 64)
			if got, r := parse(text); r != 0 || got != m {
				t.Errorf("%#x became %q, which parses as %#x, %d", m, text, got, r)
			}
		}
	}
}

func TestBad(t *testing.T) {
	leaks.Check(t)
	for p, want := range map[uintptr]bool{
		0: true, 1: true, 4095: true, 4096: false, 1 << 20: false,
		^uintptr(0): true, ^uintptr(0) - 4095: true, ^uintptr(0) - 4096: false,
	} {
		if got := bad(pointer(p)); got != want {
			t.Errorf("bad(%#x) = %v, want %v", p, got, want)
		}
	}
}
