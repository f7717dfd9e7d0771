// SPDX-License-Identifier: MIT

package purego_test

import (
	"math"
	"os"
	"testing"
	"unsafe"

	"libmemfd_go/internal/leaks"

	"golang.org/x/sys/unix"
)

var page = uintptr(os.Getpagesize())

// newMapping maps a file until the end of the test.
func newMapping(t *testing.T, fd int32, opts uint32, off uint64, length uintptr) []byte {
	t.Helper()
	var memory unsafe.Pointer
	if r := lib.Map(fd, opts, off, length, &memory); r != 0 {
		t.Fatalf("Map(%#x): %s", opts, outcome(r))
	}
	t.Cleanup(func() { lib.Unmap(memory, length) })
	return unsafe.Slice((*byte)(memory), length)
}

func TestMapSharesWrites(t *testing.T) {
	leaks.Check(t)
	fd := newSizedFile(t, uint64(2*page))
	copy(newMapping(t, fd, optWrite|optPopulate, uint64(page), 5), "hello")
	same(t, "read through the other page's mapping", "hello", string(newMapping(t, fd, 0, 0, 2*page)[page:][:5]))
}

func TestMapPrivate(t *testing.T) {
	leaks.Check(t)
	fd := newSealedFile(t, "hello", 0)
	private := newMapping(t, fd, optWrite|optPrivate, 0, 5)
	copy(private, "J")
	same(t, "the mapping", "Jello", string(private))
	same(t, "the file", "hello", contents(t, fd, 5))
}

func TestMapSealed(t *testing.T) {
	leaks.Check(t)
	fd := newSealedFile(t, "hello", 0)
	same(t, "writable descriptor", "hello", string(newMapping(t, fd, 0, 0, 5)))
	same(t, "read-only descriptor", "hello", string(newMapping(t, reopen(t, fd, unix.O_RDONLY), 0, 0, 5)))
}

// The offset does not fit into a word of a 32-bit architecture.
func TestMapFarOffset(t *testing.T) {
	leaks.Check(t)
	const far = 1 << 40
	fd := newSizedFile(t, far+uint64(page))
	if _, err := unix.Pwrite(int(fd), []byte("far"), far); err != nil {
		t.Fatal(err)
	}
	same(t, "contents", "far", string(newMapping(t, fd, 0, far, 3)))
}

func TestMapErrors(t *testing.T) {
	leaks.Check(t)
	fd := newSizedFile(t, uint64(page))
	readOnly := reopen(t, fd, unix.O_RDONLY)
	sealed := newSealedFile(t, "hello", 0)
	pipe, _ := newPipe(t)
	untouched := unsafe.Pointer(t)
	memory := untouched
	call := func(fd int32, opts uint32, off uint64, length uintptr) int32 {
		return lib.Map(fd, opts, off, length, &memory)
	}
	check(t, []row{
		{"bad descriptor", call(-1, 0, 0, page), "EBADF"},
		{"O_PATH", call(reopen(t, fd, unix.O_PATH), 0, 0, page), "EBADF"},
		{"length 0", call(fd, 0, 0, 0), "EINVAL"},
		{"unaligned offset", call(fd, 0, 1, page), "EINVAL"},
		{"offset over INT64_MAX", call(fd, 0, 1<<63, page), "EINVAL"},
		{"end over INT64_MAX", call(fd, 0, math.MaxInt64+1-uint64(page), 2*page), "EOVERFLOW"},
		{"option of another function", call(fd, optReserve, 0, page), "EINVAL"},
		{"unknown option", call(fd, 1<<31, 0, page), "EINVAL"},
		{"writing, reading only", call(readOnly, optWrite, 0, page), "EACCES"},
		{"writing, sealed", call(sealed, optWrite, 0, page), "EPERM"},
		{"pipe", call(pipe, 0, 0, page), "ENODEV"},
		{"more than the address space", call(fd, 0, 0, ^uintptr(0)-page+1), tooLongOutcome()},
		{"null address", lib.Map(fd, 0, 0, page, nil), "EFAULT"},
	})
	same(t, "address after errors", true, memory == untouched)
}

// tooLongOutcome is that of the longest length of all. On 64-bit machines it is over
// INT64_MAX.
func tooLongOutcome() string {
	if unsafe.Sizeof(page) == 8 {
		return "EOVERFLOW"
	}
	return "ENOMEM"
}

func TestMapExecutable(t *testing.T) {
	leaks.Check(t)
	newMapping(t, newSizedFile(t, uint64(page)), optExec, 0, page)
}
