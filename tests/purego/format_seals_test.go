// SPDX-License-Identifier: MIT

package purego_test

import (
	"bytes"
	"testing"

	"libmemfd_go/internal/leaks"
)

// format returns the text that format_seals writes into a buffer of capacity bytes, and its
// result.
func format(t *testing.T, seals, style uint32, capacity int) (string, int32) {
	t.Helper()
	buf := bytes.Repeat([]byte{0xaa}, 80)
	n := lib.FormatSeals(seals, style, &buf[0], uintptr(capacity))
	if untouched := bytes.Count(buf[capacity:], []byte{0xaa}); untouched != 80-capacity {
		t.Errorf("seals %#x, style %d: wrote past %d bytes", seals, style, capacity)
	}
	text, _, found := bytes.Cut(buf[:capacity], []byte{0})
	if !found && capacity > 0 {
		t.Errorf("seals %#x, style %d: no NUL in %d bytes", seals, style, capacity)
	}
	return string(text), n
}

func TestFormatSeals(t *testing.T) {
	leaks.Check(t)
	for _, c := range []struct {
		seals, style uint32
		want         string
	}{
		{0, styleNames, ""},
		{0, styleLetters, ""},
		{0, styleHex, "0x0"},
		{0x8, styleNames, "WRITE"},
		{0x3f, styleNames, "SEAL GROW WRITE FUTURE_WRITE SHRINK EXEC"},
		{0x3f, styleLetters, "SgwWsx"},
		{0x3f, styleHex, "0x3f"},
		{0x48, styleNames, "WRITE 0x40"},
		{0x48, styleLetters, "w 0x40"},
		{0x80000000, styleNames, "0x80000000"},
		{0xffffffff, styleNames, "SEAL GROW WRITE FUTURE_WRITE SHRINK EXEC 0xffffffc0"},
		{0xffffffff, styleHex, "0xffffffff"},
	} {
		text, n := format(t, c.seals, c.style, 64)
		same(t, "text", c.want, text)
		same(t, "length", int32(len(c.want)), n)
	}
}

func TestFormatSealsTruncates(t *testing.T) {
	leaks.Check(t)
	const whole = "SEAL GROW WRITE SHRINK"
	for capacity := range len(whole) + 2 {
		text, n := format(t, sealsImmutable, styleNames, capacity)
		same(t, "text", whole[:max(0, min(capacity-1, len(whole)))], text)
		same(t, "length", int32(len(whole)), n)
	}
	same(t, "length without a buffer", int32(len(whole)), lib.FormatSeals(sealsImmutable, styleNames, nil, 0))
}

func TestFormatSealsErrors(t *testing.T) {
	leaks.Check(t)
	buf := []byte("untouched")
	check(t, []row{
		{"unknown style", lib.FormatSeals(1, 3, &buf[0], 9), "EINVAL"},
		{"style past 31 bits", lib.FormatSeals(1, 1<<31, &buf[0], 9), "EINVAL"},
		{"null buffer", lib.FormatSeals(1, styleNames, nil, 1), "EFAULT"},
	})
	same(t, "buffer after errors", "untouched", string(buf))
}
