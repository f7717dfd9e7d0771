// SPDX-License-Identifier: MIT

//go:build linux

package memfd

import (
	"fmt"
	"strings"
)

// String returns the names of the seals, separated by blanks, such as "SEAL GROW WRITE
// SHRINK". Bits without a name follow in hexadecimal. No seals are "none".
func (s Seals) String() string {
	if s == 0 {
		return "none"
	}
	return s.names()
}

// ParseSeals reads a set of seals from text: the names that String writes, in any case and
// with or without F_SEAL_ in front; the letters of memfd_create(2)'s example, such as
// "sgwS"; numbers such as 0xf; "immutable"; and "none". Several are separated by blanks,
// commas, "|" or "+".
func ParseSeals(text string) (Seals, error) {
	if !strings.Contains(text, "\x00") {
		if s, ok := parseSeals(text); ok {
			return s, nil
		}
	}
	return 0, fmt.Errorf("memfd: not a set of seals: %q", text)
}

// MarshalText writes what String does. It implements encoding.TextMarshaler.
func (s Seals) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// AppendText implements encoding.TextAppender.
func (s Seals) AppendText(b []byte) ([]byte, error) { return append(b, s.String()...), nil }

// UnmarshalText reads what ParseSeals does. It implements encoding.TextUnmarshaler.
func (s *Seals) UnmarshalText(text []byte) error {
	seals, err := ParseSeals(string(text))
	if err == nil {
		*s = seals
	}
	return err
}
