// SPDX-License-Identifier: MIT

package scan

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/sys/unix"
)

func TestParseMapping(t *testing.T) {
	m, ok := parseMapping("7fa1413a7000-7fa1413a9000 rw-s 00001000 00:0e 6211673                    ")
	want := mapped{ID{unix.Mkdev(0, 0xe), 6211673}, "7fa1413a7000-7fa1413a9000", 0x1000, 0x2000}
	if !ok || m != want {
		t.Errorf("%+v, %v", m, ok)
	}
	for _, line := range []string{"", "Size: 8 kB", "zz-zz r--p 0 00:01 5", "0-1 r--p 0 00:01 x", "0-1 r--p 0 0 1",
		"0-1 rw-p 0 00:00 0   [anon:", "0-1 rw-s 0 00:01 0   [anon_shmem:"} {
		if m, ok := parseMapping(line); ok {
			t.Errorf("%q is %+v", line, m)
		}
	}
}

func TestContainer(t *testing.T) {
	id := strings.Repeat("0123456789abcdef", 4)
	for groups, want := range map[string]string{
		"0::/user.slice/user-0.slice/session-1.scope\n":     "",
		"0::/system.slice/docker-" + id + ".scope\n":        id[:12],
		"12:cpu:/docker/" + id + "\n":                       id[:12],
		"0::/kubepods/pod7/cri-containerd-" + id + ".scope": id[:12],
		"0::/lxc.payload.web/init.scope\n":                  "web",
		"0::/machine.slice/machine-web.scope\n":             "web",
		"0::/../../docker-" + id[:63] + "g.scope":           "",
		"":         "",
		"nonsense": "",
	} {
		if got := containerOf(groups); got != want {
			t.Errorf("the container in %q is %q, not %q", groups, got, want)
		}
	}
}

// Lines are passed on whole, however the reads divide the text. A line longer than the buffer is cut.
func TestLines(t *testing.T) {
	text := "one\n\n" + strings.Repeat("x", 100) + "\nlast\n"
	want := []string{"one", "", strings.Repeat("x", 16), "last"}
	for name, reader := range map[string]io.Reader{
		"at once":      strings.NewReader(text),
		"byte by byte": iotest.OneByteReader(strings.NewReader(text)),
	} {
		var got []string
		if err := lines(reader, make([]byte, 16), func(line []byte) { got = append(got, string(line)) }); err != nil {
			t.Fatal(err)
		}
		if strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("%s: %q", name, got)
		}
	}
	failing := iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader(text)))
	if err := lines(failing, make([]byte, 16), func([]byte) {}); err == nil {
		t.Error("the reader's error is lost")
	}
}

func TestHidesProcesses(t *testing.T) {
	for mounts, want := range map[string]bool{
		"": false,
		"22 1 0:21 / /proc rw,relatime shared:5 - proc proc rw\n":                               false,
		"22 1 0:21 / /proc rw,relatime - proc proc rw,gid=5,hidepid=invisible\n":                true,
		"22 1 0:21 / /proc rw - proc proc rw,hidepid=2\n":                                       true,
		"22 1 0:21 / /proc rw - proc proc rw,hidepid=1\n":                                       false,
		"22 1 0:21 / /mnt rw - proc proc rw,hidepid=2\n":                                        false,
		"22 1 0:21 / /proc rw - proc proc rw,hidepid=2\n30 22 0:25 / /proc rw - proc proc rw\n": false,
		"22 1 0:21 / /proc\n": false,
	} {
		if got := hidesProcesses(mounts); got != want {
			t.Errorf("%q: %v", mounts, got)
		}
	}
}

func TestUnescape(t *testing.T) {
	for text, want := range map[string]string{`/a\040b`: "/a b", `/a\134040`: `/a\040`, `/a\9`: `/a\9`, `\011`: "\t"} {
		if got := unescape(text); got != want {
			t.Errorf("%q is %q, not %q", text, got, want)
		}
	}
}
