// SPDX-License-Identifier: MIT

package purego_test

import (
	"os"
	"syscall"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// outcome returns "ok", or the name of the error.
func outcome(result int32) string {
	if result >= 0 {
		return "ok"
	}
	return unix.ErrnoName(syscall.Errno(-result))
}

// row is the result of one call, and its expected outcome.
type row struct {
	what string
	got  int32
	want string // the expected outcome
}

// check compares the outcomes of calls with the expected ones.
func check(t *testing.T, rows []row) {
	t.Helper()
	want, got := make(map[string]string), make(map[string]string)
	for _, r := range rows {
		if _, twice := want[r.what]; twice {
			t.Errorf("two rows are called %q", r.what)
		}
		want[r.what], got[r.what] = r.want, outcome(r.got)
	}
	same(t, "outcomes", want, got)
}

// same reports how two values differ.
func same[T any](t *testing.T, what string, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s, -want +got:\n%s", what, diff)
	}
}

// newFile creates a file that is closed at the end of the test.
func newFile(t *testing.T, flags uint32) int32 {
	t.Helper()
	return closeLater(t, lib.Create("purego", flags))
}

// newSizedFile creates a sealable file of size zero bytes.
func newSizedFile(t *testing.T, size uint64) int32 {
	t.Helper()
	fd := newFile(t, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if r := lib.SetSize(fd, 0, size); r != 0 {
		t.Fatalf("SetSize: %s", outcome(r))
	}
	return fd
}

// newSealedFile creates a sealed file.
func newSealedFile(t *testing.T, contents string, seals uint32) int32 {
	t.Helper()
	data := unsafe.Pointer(unsafe.StringData(contents))
	return closeLater(t, lib.CreateSealed("purego", unix.MFD_CLOEXEC, seals, data, uintptr(len(contents))))
}

func closeLater(t *testing.T, fd int32) int32 {
	t.Helper()
	if fd < 0 {
		t.Fatalf("no descriptor: %s", outcome(fd))
	}
	t.Cleanup(func() { unix.Close(int(fd)) })
	return fd
}

// reopen opens a file again, through /proc.
func reopen(t *testing.T, fd int32, flags int) int32 {
	t.Helper()
	again, err := unix.Open(fdPath(fd), flags|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	return closeLater(t, int32(again))
}

// newPipe returns both ends of a pipe.
func newPipe(t *testing.T) (reading, writing int32) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return int32(r.Fd()), int32(w.Fd())
}

func contents(t *testing.T, fd int32, length int) string {
	t.Helper()
	text := make([]byte, length+1)
	n, err := unix.Pread(int(fd), text, 0)
	if err != nil {
		t.Fatal(err)
	}
	return string(text[:n])
}

// withLimit runs f with the given soft limit.
func withLimit(t *testing.T, resource int, limit uint64, f func()) {
	t.Helper()
	var old unix.Rlimit
	if err := unix.Getrlimit(resource, &old); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(resource, &unix.Rlimit{Cur: limit, Max: old.Max}); err != nil {
		t.Fatal(err)
	}
	defer unix.Setrlimit(resource, &old)
	f()
}
