// SPDX-License-Identifier: MIT

package text

import (
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// An escaped name is one line without control characters, and different names remain different.
func FuzzEscape(f *testing.F) {
	f.Add("a\nb\x1b[2J")
	f.Add(`say "hello\"`)
	f.Add(strings.Repeat("\x00", 249))
	f.Fuzz(func(t *testing.T, name string) {
		escaped := Escape(name)
		if !utf8.ValidString(escaped) {
			t.Errorf("%q is not UTF-8", escaped)
		}
		for _, r := range escaped {
			if !unicode.IsPrint(r) {
				t.Errorf("%q has a character that cannot be printed", escaped)
			}
		}
		if back, err := strconv.Unquote(`"` + strings.ReplaceAll(escaped, `"`, `\"`) + `"`); err != nil || back != name {
			t.Errorf("%q is printed as %q, which is %q, %v", name, escaped, back, err)
		}
	})
}

func FuzzCut(f *testing.F) {
	f.Add("größe", 4)
	f.Fuzz(func(t *testing.T, text string, width int) {
		cut := Cut(text, width)
		if width > 0 && utf8.RuneCountInString(cut) > width {
			t.Errorf("Cut(%q, %d) is %q", text, width, cut)
		}
	})
}

// A size is read back from the digits and from each unit, and Size stays within its column.
func FuzzSize(f *testing.F) {
	f.Add("7E")
	f.Add("1M")
	f.Add("4096")
	f.Fuzz(func(t *testing.T, text string) {
		size, err := ParseSize(text)
		if err != nil {
			return
		}
		if again, err := ParseSize(strconv.FormatInt(size, 10)); size < 0 || err != nil || again != size {
			t.Errorf("ParseSize(%q) is %d, which is %d, %v", text, size, again, err)
		}
		short := Size(size)
		if len(short) > 6 {
			t.Errorf("Size(%d) is %q", size, short)
		}
		if near, err := ParseSize(short); err == nil && (near > size+size/10 || near < size-size/10) {
			t.Errorf("Size(%d) is %q, which is %d", size, short, near)
		}
	})
}
