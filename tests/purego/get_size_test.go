// SPDX-License-Identifier: MIT

package purego_test

import (
	"math"
	"testing"

	"libmemfd_go/internal/leaks"

	"golang.org/x/sys/unix"
)

// largestSize is the maximum size of a file, somewhat less than 16 TiB on a 32-bit kernel.
func largestSize(t *testing.T) uint64 {
	t.Helper()
	fd := newFile(t, unix.MFD_CLOEXEC)
	if unix.Ftruncate(int(fd), math.MaxInt64) == unix.EFBIG {
		return 1 << 43
	}
	return math.MaxInt64
}

func TestGetSize(t *testing.T) {
	leaks.Check(t)
	for _, want := range []uint64{0, 1, 4096, 1<<32 - 1, 1<<32 + 5, largestSize(t)} {
		fd := newSizedFile(t, want)
		for _, again := range []int32{fd, reopen(t, fd, unix.O_RDONLY), reopen(t, fd, unix.O_PATH)} {
			var size uint64
			check(t, []row{{"get_size", lib.GetSize(again, &size), "ok"}})
			same(t, "size", want, size)
		}
	}
}

func TestGetSizeOfAPipe(t *testing.T) {
	leaks.Check(t)
	pipe, _ := newPipe(t)
	size := uint64(1)
	check(t, []row{{"pipe", lib.GetSize(pipe, &size), "ok"}})
	same(t, "size", 0, size)
}

func TestGetSizeErrors(t *testing.T) {
	leaks.Check(t)
	size := uint64(0xdead)
	check(t, []row{
		{"bad descriptor", lib.GetSize(-1, &size), "EBADF"},
		{"closed descriptor", lib.GetSize(1<<20, &size), "EBADF"},
		{"null size", lib.GetSize(newFile(t, 0), nil), "EFAULT"},
	})
	same(t, "size after errors", 0xdead, size)
}
