// SPDX-License-Identifier: MIT

//go:build linux

package memfd

import (
	"fmt"
	"strings"
)

// String returns the names of the seals, separated by spaces, such as "SEAL GROW WRITE SHRINK".
// Unknown bits follow in hexadecimal. The empty set is "none".
func (s Seals) String() string {
	if s == 0 {
		return "none"
	}
	return s.names()
}

// ParseSeals parses a set of seals: words separated by white space, commas, "|" or "+". A word
// is
//
//   - a name that String writes, in any case, with or without F_SEAL_ in front
//   - the letters of memfd_create(2)'s example, such as "sgwS"
//   - a hexadecimal number, such as 0xf
//   - "immutable", for Immutable
//   - "none"
func ParseSeals(text string) (Seals, error) {
	if !strings.Contains(text, "\x00") {
		if s, ok := parseSeals(text); ok {
			return s, nil
		}
	}
	return 0, fmt.Errorf("memfd: not a set of seals: %q", text)
}

// MarshalText implements encoding.TextMarshaler. The text is that of String.
func (s Seals) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// AppendText implements encoding.TextAppender. The text is that of String.
func (s Seals) AppendText(b []byte) ([]byte, error) { return append(b, s.String()...), nil }

// UnmarshalText implements encoding.TextUnmarshaler. The text is that of ParseSeals.
func (s *Seals) UnmarshalText(text []byte) error {
	seals, err := ParseSeals(string(text))
	if err == nil {
		*s = seals
	}
	return err
}
