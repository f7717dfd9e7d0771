// SPDX-License-Identifier: MIT

package purego_test

import (
	"testing"

	"libmemfd_go/internal/leaks"
)

func TestParseSeals(t *testing.T) {
	leaks.Check(t)
	want, got := make(map[string]uint32), make(map[string]uint32)
	for text, seals := range map[string]uint32{
		"":                         0,
		" \t\n,|+":                 0,
		"none":                     0,
		"WRITE":                    0x8,
		"write":                    0x8,
		"F_SEAL_WRITE":             0x8,
		"f_seal_future_write":      0x10,
		"shrink,GROW|SEAL+exec":    0x27,
		"  WRITE  ":                0x8,
		"w":                        0x8,
		"gswWSx":                   0x3f,
		"xx":                       0x20,
		"0x3f":                     0x3f,
		"0XFFFFFFFF":               0xffffffff,
		"0x40 w":                   0x48,
		"immutable":                0xf,
		"IMMUTABLE FUTURE_WRITE":   0x1f,
		"F_SEAL_SEAL|F_SEAL_WRITE": 0x9,
	} {
		out := ^uint32(0)
		check(t, []row{{text, lib.ParseSeals(text, &out), "ok"}})
		want[text], got[text] = seals, out
	}
	same(t, "seals", want, got)
}

func TestParseSealsErrors(t *testing.T) {
	leaks.Check(t)
	for _, text := range []string{"x y z", "WRIT", "WRITES", "F_SEAL_", "F_SEAL_IMMUTABLE", "0x", "0x123456789", "0xg", "12", "w,?", "w;s", "\xff"} {
		seals := uint32(0xdead)
		check(t, []row{{text, lib.ParseSeals(text, &seals), "EINVAL"}})
		same(t, "seals after an error", 0xdead, seals)
	}
	var seals uint32
	check(t, []row{{"null seals", lib.ParseSeals("w", nil), "EFAULT"}, {"valid", lib.ParseSeals("w", &seals), "ok"}})
}

func TestParseSealsReadsFormatSeals(t *testing.T) {
	leaks.Check(t)
	for style := uint32(styleNames); style <= styleHex; style++ {
		for _, seals := range []uint32{0, 1, 2, 4, 8, 16, 32, 0x2a, 0x3f, 0x40, 0x80000000, 0xffffffff} {
			text, _ := format(t, seals, style, 64)
			got := ^seals
			check(t, []row{{text, lib.ParseSeals(text, &got), "ok"}})
			same(t, text, seals, got)
		}
	}
}
