// SPDX-License-Identifier: MIT

package main

import (
	"encoding/hex"
	"testing"
)

// The property notes of the psABIs: IBT and SHSTK on amd64, BTI on arm64.
func TestPropertyNotes(t *testing.T) {
	for goarch, want := range map[string]string{
		"amd64":   "040000001000000005000000474e5500" + "020000c0040000000300000000000000",
		"arm64":   "040000001000000005000000474e5500" + "000000c0040000000100000000000000",
		"riscv64": "",
	} {
		f, err := linkObject(t, smallObject(goarch))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if s := f.Section(".note.gnu.property"); s != nil {
			data, err := s.Data()
			if err != nil {
				t.Fatal(err)
			}
			got = hex.EncodeToString(data)
		}
		if got != want {
			t.Errorf("%s: %s, want %s", goarch, got, want)
		}
	}
}
