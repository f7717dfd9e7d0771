// SPDX-License-Identifier: MIT

package main

import "testing"

// TestArchive compares every byte of archives with one function and with two: their indexes and
// objects have odd and even sizes, and a member of an odd size is padded.
func TestArchive(t *testing.T) {
	const attributes = "0           0     0     644     "
	for _, test := range []struct {
		exports      []string
		object, want string
	}{
		{[]string{"f"}, "odd", "!<arch>\n" +
			"/               " + attributes + "10        `\n\x00\x00\x00\x01\x00\x00\x00\x4ef\x00" +
			"memfd_go.o/     " + attributes + "3         `\nodd\n"},
		{[]string{"f", "go"}, "even", "!<arch>\n" +
			"/               " + attributes + "17        `\n\x00\x00\x00\x02\x00\x00\x00\x56\x00\x00\x00\x56f\x00go\x00\n" +
			"memfd_go.o/     " + attributes + "4         `\neven"},
	} {
		lib := &library{}
		for _, name := range test.exports {
			lib.exports = append(lib.exports, &atom{name: name})
		}
		if got := string(lib.archive([]byte(test.object))); got != test.want {
			t.Errorf("%q: %q, want %q", test.exports, got, test.want)
		}
	}
}
