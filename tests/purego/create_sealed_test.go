// SPDX-License-Identifier: MIT

package purego_test

import (
	"math"
	"os/signal"
	"strings"
	"testing"
	"unsafe"

	"libmemfd_go/internal/leaks"

	"golang.org/x/sys/unix"
)

func TestCreateSealed(t *testing.T) {
	leaks.Check(t)
	for _, length := range []int{0, 1, 4095, 4096, 4097, 1 << 20} {
		text := strings.Repeat("memfd_go", length/8+1)[:length]
		fd := newSealedFile(t, text, 0)
		if got := contents(t, fd, length); got != text {
			t.Errorf("%d bytes: read %d bytes that differ", length, len(got))
		}
		same(t, "seals", sealsImmutable, lib.GetSeals(fd)&sealsImmutable)
		offset, err := unix.Seek(int(fd), 0, unix.SEEK_CUR)
		if offset != 0 || err != nil {
			t.Errorf("offset %d, %v", offset, err)
		}
	}
}

func TestCreateSealedWithFewerSeals(t *testing.T) {
	leaks.Check(t)
	fd := newSealedFile(t, "text", unix.F_SEAL_GROW)
	same(t, "seals", unix.F_SEAL_GROW, lib.GetSeals(fd)&sealsImmutable)
	if _, err := unix.Pwrite(int(fd), []byte("T"), 0); err != nil {
		t.Errorf("writing where only growing is sealed: %v", err)
	}
	if _, err := unix.Pwrite(int(fd), []byte("T"), 4); err != unix.EPERM {
		t.Errorf("growing: %v", err)
	}
}

func TestCreateSealedErrors(t *testing.T) {
	leaks.Check(t)
	data := make([]byte, 8192)
	at := unsafe.Pointer(&data[0])
	check(t, []row{
		{"unknown flag", lib.CreateSealed("x", 1<<25, 0, at, 10), "EINVAL"},
		{"unknown seal", lib.CreateSealed("x", 0, 1<<30, at, 10), "EINVAL"},
		{"name of 250 bytes", lib.CreateSealed(strings.Repeat("n", 250), 0, 0, at, 10), "EINVAL"},
		{"null data", lib.CreateSealed("x", 0, 0, nil, 10), "EFAULT"},
	})
	if tooLong := uint64(math.MaxInt64) + 1; uint64(uintptr(tooLong)) == tooLong {
		check(t, []row{{"over INT64_MAX", lib.CreateSealed("x", 0, 0, at, uintptr(tooLong)), "EINVAL"}})
	}
	signal.Ignore(unix.SIGXFSZ)
	defer signal.Reset(unix.SIGXFSZ)
	withLimit(t, unix.RLIMIT_FSIZE, 4096, func() {
		check(t, []row{{"over the limit", lib.CreateSealed("x", 0, 0, at, 8192), "EFBIG"}})
	})
	withLimit(t, unix.RLIMIT_NOFILE, 0, func() {
		check(t, []row{{"RLIMIT_NOFILE reached", lib.CreateSealed("x", 0, 0, at, 10), "EMFILE"}})
	})
}

func TestCreateSealedEmpty(t *testing.T) {
	leaks.Check(t)
	fd := closeLater(t, lib.CreateSealed("x", 0, 0, nil, 0))
	same(t, "seals", sealsImmutable, lib.GetSeals(fd)&sealsImmutable)
	same(t, "contents", "", contents(t, fd, 0))
}
