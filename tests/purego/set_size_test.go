// SPDX-License-Identifier: MIT

package purego_test

import (
	"os/signal"
	"testing"

	"libmemfd_go/internal/leaks"

	"golang.org/x/sys/unix"
)

func TestSetSize(t *testing.T) {
	leaks.Check(t)
	fd := newFile(t, unix.MFD_CLOEXEC)
	for _, want := range []uint64{1, 1<<32 + 5, largestSize(t), 4097, 0} {
		var size uint64
		check(t, []row{
			{"set_size", lib.SetSize(fd, 0, want), "ok"},
			{"get_size", lib.GetSize(fd, &size), "ok"},
		})
		same(t, "size", want, size)
	}
}

func TestSetSizeReserves(t *testing.T) {
	leaks.Check(t)
	fd := newFile(t, unix.MFD_CLOEXEC)
	const size = 1 << 16 // a page at least, on any machine
	blocks := func(opts uint32) int64 {
		check(t, []row{{"set_size", lib.SetSize(fd, opts, size), "ok"}})
		var st unix.Stat_t
		if err := unix.Fstat(int(fd), &st); err != nil {
			t.Fatal(err)
		}
		return st.Blocks * 512
	}
	same(t, "memory without the option", 0, blocks(0))
	same(t, "memory with it", size, blocks(optReserve))
	check(t, []row{{"reserve nothing", lib.SetSize(fd, optReserve, 0), "ok"}})
}

func TestSetSizeErrors(t *testing.T) {
	leaks.Check(t)
	fd := newSizedFile(t, 4096)
	readOnly := reopen(t, fd, unix.O_RDONLY)
	sealed := newSealedFile(t, "text", 0)
	pipe, _ := newPipe(t)
	check(t, []row{
		{"bad descriptor", lib.SetSize(-1, 0, 1), "EBADF"},
		{"no descriptor, reserving", lib.SetSize(-1, optReserve, 1), "EBADF"},
		{"read-only descriptor", lib.SetSize(readOnly, 0, 1), "EINVAL"},
		{"read-only descriptor, reserving", lib.SetSize(readOnly, optReserve, 1), "EBADF"},
		{"over INT64_MAX", lib.SetSize(fd, 0, 1<<63), "EINVAL"},
		{"over INT64_MAX, reserving", lib.SetSize(fd, optReserve, 1<<63), "EINVAL"},
		{"option of another function", lib.SetSize(fd, optWrite, 1), "EINVAL"},
		{"unknown option", lib.SetSize(fd, 1<<31, 1), "EINVAL"},
		{"sealed against shrinking", lib.SetSize(sealed, 0, 1), "EPERM"},
		{"sealed against growing", lib.SetSize(sealed, 0, 5), "EPERM"},
		{"sealed against growing, reserving", lib.SetSize(sealed, optReserve, 5), "EPERM"},
		{"pipe", lib.SetSize(pipe, 0, 1), "EINVAL"},
	})
	signal.Ignore(unix.SIGXFSZ)
	defer signal.Reset(unix.SIGXFSZ)
	withLimit(t, unix.RLIMIT_FSIZE, 8192, func() {
		check(t, []row{
			{"up to the limit", lib.SetSize(fd, 0, 8192), "ok"},
			{"over the limit", lib.SetSize(fd, 0, 8193), "EFBIG"},
			{"over the limit, reserving", lib.SetSize(fd, optReserve, 8193), "EFBIG"},
		})
	})
	var size uint64
	check(t, []row{{"get_size", lib.GetSize(fd, &size), "ok"}})
	same(t, "size after errors", 8192, size)
}
