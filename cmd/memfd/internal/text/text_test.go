// SPDX-License-Identifier: MIT

package text

import (
	"testing"

	"libmemfd_go/bindings/go/memfd"
)

func TestEscape(t *testing.T) {
	for name, want := range map[string]string{
		"wayland-cursor":  "wayland-cursor",
		`say "hello"`:     `say "hello"`,
		"a\nb\x1b[2J\r\t": `a\nb\x1b[2J\r\t`,
		"\xff\xfe":        `\xff\xfe`,
		"größe":           "größe",
		"\u202eevil":      `\u202eevil`,
		`back\slash`:      `back\\slash`,
		"":                "",
	} {
		if got := Escape(name); got != want {
			t.Errorf("Escape(%q) is %q, not %q", name, got, want)
		}
	}
}

func TestCut(t *testing.T) {
	for _, test := range []struct {
		text  string
		width int
		want  string
	}{{"größe", 5, "größe"}, {"größe", 4, "grö…"}, {"abc", 1, "…"}, {"abc", 0, "abc"}, {"漢字漢字", 8, "漢字漢字"}, {"漢字漢字", 6, "漢字…"}, {"漢字漢字", 7, "漢字漢…"}} {
		if got := Cut(test.text, test.width); got != test.want {
			t.Errorf("Cut(%q, %d) is %q, not %q", test.text, test.width, got, test.want)
		}
	}
}

func TestPad(t *testing.T) {
	for text, want := range map[string]string{"ab": "ab   ", "漢字": "漢字 ", "abcdef": "abcdef"} {
		if got := Pad(text, 5); got != want {
			t.Errorf("Pad(%q, 5) is %q, not %q", text, got, want)
		}
	}
}

func TestSize(t *testing.T) {
	for bytes, want := range map[int64]string{
		0: "0", 1: "1", 1023: "1023", 1024: "1.0K", 1536: "1.5K", 10 << 10: "10K", 1<<20 - 1: "1.0M",
		64 << 20: "64M", 1 << 40: "1.0T", 1<<63 - 1: "8.0E",
	} {
		if got := Size(bytes); got != want || len(got) > 6 {
			t.Errorf("Size(%d) is %q, not %q", bytes, got, want)
		}
	}
}

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "4096": 4096, "1M": 1 << 20, "3k": 3072, "7E": 7 << 60} {
		if got, err := ParseSize(text); err != nil || got != want {
			t.Errorf("ParseSize(%q) is %d, %v, not %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "M", "-1", "1.5M", "8E", "1MB", " 1", "99999999999999999999"} {
		if got, err := ParseSize(text); err == nil {
			t.Errorf("ParseSize(%q) is %d", text, got)
		}
	}
}

func TestLetters(t *testing.T) {
	for seals, want := range map[memfd.Seals]string{
		0: "------", memfd.Immutable: "Sgw-s-", memfd.Immutable | memfd.SealFutureWrite | memfd.SealExec: "SgwWsx",
	} {
		if got := Letters(seals); got != want {
			t.Errorf("Letters(%v) is %q, not %q", seals, got, want)
		}
	}
}
