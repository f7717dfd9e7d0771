// SPDX-License-Identifier: MIT

package leaks

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// leak is the variable that tells TestLeaving in a child process what to leak.
const leak = "MEMFD_GO_LEAK"

func TestLeaksAreNoticed(t *testing.T) {
	for what, want := range map[string]string{
		"nothing":    "PASS",
		"descriptor": "/memfd:leak (deleted)",
		"mapping":    "the test leaked mapping",
		"locked":     "the test changed locked memory from",
		"subtest":    "/memfd:leak (deleted)",
	} {
		test := exec.Command(os.Args[0], "-test.run=^TestLeaving$", "-test.v")
		test.Env = append(os.Environ(), leak+"="+what)
		out, err := test.CombinedOutput()
		if !strings.Contains(string(out), want) || (err == nil) != (what == "nothing") {
			t.Errorf("%s: %v, the output lacks %q:\n%s", what, err, want, out)
		}
	}
}

// TestLeaving runs in the child process. Without the variable it leaks nothing.
func TestLeaving(t *testing.T) {
	Check(t)
	create := func() int {
		fd, err := unix.MemfdCreate("leak", unix.MFD_CLOEXEC)
		if err != nil || unix.Ftruncate(fd, 1) != nil {
			t.Fatal(err)
		}
		return fd
	}
	switch os.Getenv(leak) {
	case "nothing":
		unix.Close(create())
	case "descriptor":
		create()
	case "subtest":
		t.Run("sub", func(*testing.T) { create() })
	case "mapping":
		fd := create()
		if _, err := unix.Mmap(fd, 0, 1, unix.PROT_READ, unix.MAP_SHARED); err != nil {
			t.Fatal(err)
		}
		unix.Close(fd)
	case "locked":
		page, err := unix.Mmap(-1, 0, 1, unix.PROT_READ, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
		if err == nil {
			err = unix.Mlock(page)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
