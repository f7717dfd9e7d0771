package purego_test

import (
	"math"
	"testing"

	"golang.org/x/sys/unix"
)

func TestGetSize(t *testing.T) {
	for _, want := range []uint64{0, 1, 4096, 1<<32 - 1, 1<<32 + 5, math.MaxInt64} {
		fd := newSizedFile(t, want)
		for _, again := range []int32{fd, reopen(t, fd, unix.O_RDONLY), reopen(t, fd, unix.O_PATH)} {
			var size uint64
			check(t, []row{{"get_size", lib.GetSize(again, &size), "ok"}})
			same(t, "size", want, size)
		}
	}
}

func TestGetSizeOfAPipe(t *testing.T) {
	pipe, _ := newPipe(t)
	size := uint64(1)
	check(t, []row{{"pipe", lib.GetSize(pipe, &size), "ok"}})
	same(t, "size", 0, size)
}

func TestGetSizeErrors(t *testing.T) {
	size := uint64(0xdead)
	check(t, []row{
		{"no descriptor", lib.GetSize(-1, &size), "EBADF"},
		{"closed descriptor", lib.GetSize(1<<20, &size), "EBADF"},
		{"no place for the size", lib.GetSize(newFile(t, 0), nil), "EFAULT"},
	})
	same(t, "size after errors", 0xdead, size)
}
