// SPDX-License-Identifier: MIT

package scan

import (
	"fmt"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/sys/unix"
)

// Formatting a parsed line as the kernel does, and parsing it again, gives the same result.
func FuzzParseMapping(f *testing.F) {
	f.Add("7fa1413a7000-7fa1413a9000 rw-s 00001000 00:0e 6211673 ")
	f.Add("0-1 rw-p 0 00:00 0   [anon:")
	f.Fuzz(func(t *testing.T, line string) {
		m, ok := parseMapping(line)
		if !ok {
			return
		}
		again := fmt.Sprintf("%s rw-s %08x %02x:%02x %d    ", m.name, uint64(m.offset), unix.Major(m.Dev), unix.Minor(m.Dev), m.Ino)
		if n, ok := parseMapping(again); !ok || n != m {
			t.Errorf("%q is %+v, but %q is %+v", line, m, again, n)
		}
	})
}

// Each line is passed on once, cut to the size of the buffer, however the reads divide the text.
func FuzzLines(f *testing.F) {
	f.Add("one\n\nthree\n", uint8(4))
	f.Add("a line without an end", uint8(3))
	f.Fuzz(func(t *testing.T, text string, size uint8) {
		buffer := int(size)%64 + 1
		whole := strings.SplitAfter(text, "\n")
		var want []string
		for _, line := range whole {
			if line, ended := strings.CutSuffix(line, "\n"); ended || len(line) >= buffer {
				want = append(want, line[:min(len(line), buffer)])
			}
		}
		var got, slow []string
		keep := func(to *[]string) func([]byte) {
			return func(line []byte) { *to = append(*to, string(line)) }
		}
		if err := lines(strings.NewReader(text), make([]byte, buffer), keep(&got)); err != nil {
			t.Fatal(err)
		}
		if err := lines(iotest.OneByteReader(strings.NewReader(text)), make([]byte, buffer), keep(&slow)); err != nil {
			t.Fatal(err)
		}
		if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) || fmt.Sprintf("%q", slow) != fmt.Sprintf("%q", want) {
			t.Errorf("got %q, byte by byte %q, want %q", got, slow, want)
		}
	})
}

// The name of a container is a component of a path in the text.
func FuzzContainer(f *testing.F) {
	f.Add("0::/system.slice/docker-" + strings.Repeat("0123456789abcdef", 4) + ".scope\n")
	f.Add("0::/lxc.payload.web/init.scope\n0::/machine.slice/machine-web.scope\n")
	f.Fuzz(func(t *testing.T, groups string) {
		if name := containerOf(groups); strings.ContainsAny(name, "/\n") || !strings.Contains(groups, name) {
			t.Errorf("the container in %q is %q", groups, name)
		}
	})
}

// unescape restores a path that was escaped as in mountinfo.
func FuzzUnescape(f *testing.F) {
	f.Add("/a b\t\\040")
	f.Fuzz(func(t *testing.T, path string) {
		unescape(path) // must not panic
		escaped := strings.NewReplacer(" ", `\040`, "\t", `\011`, "\n", `\012`, `\`, `\134`).Replace(path)
		if got := unescape(escaped); got != path {
			t.Errorf("%q is %q, not %q", escaped, got, path)
		}
	})
}
