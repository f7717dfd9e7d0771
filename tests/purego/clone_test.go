// SPDX-License-Identifier: MIT

package purego_test

import (
	"math"
	"os"
	"os/signal"
	"strings"
	"testing"

	"libmemfd_go/internal/leaks"

	"golang.org/x/sys/unix"
)

// newDiskFile creates a file in the temporary directory.
func newDiskFile(t *testing.T, contents string) *os.File {
	t.Helper()
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	if _, err := file.WriteString(contents); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestClone(t *testing.T) {
	leaks.Check(t)
	for _, length := range []int{0, 1, 4096, 4097, 1 << 20} {

		text := strings.Repeat("memfd_go", length/8+1)[:length]
		source := newDiskFile(t, text) // its offset is at its end
		fd := closeLater(t, lib.Clone("x", unix.MFD_CLOEXEC, 0, int32(source.Fd()), uint64(length)))
		if contents(t, fd, length) != text {
			t.Errorf("%d bytes: the contents differ", length)
		}
		same(t, "seals", sealsImmutable, lib.GetSeals(fd)&sealsImmutable)
		offset, _ := unix.Seek(int(fd), 0, unix.SEEK_CUR)
		same(t, "offset", 0, offset)
		offset, _ = unix.Seek(int(source.Fd()), 0, unix.SEEK_CUR)
		same(t, "the source's offset", int64(length), offset)
	}
}

func TestCloneOfAMemfd(t *testing.T) {
	leaks.Check(t)
	source := reopen(t, newSealedFile(t, "hello", 0), unix.O_RDONLY)
	fd := closeLater(t, lib.Clone("x", unix.MFD_CLOEXEC, unix.F_SEAL_GROW, source, math.MaxUint64))
	same(t, "contents", "hello", contents(t, fd, 5))
	same(t, "seals", unix.F_SEAL_GROW, lib.GetSeals(fd)&sealsImmutable)
}

// The size of a file in /proc is 0.
func TestCloneProcFile(t *testing.T) {
	leaks.Check(t)
	version, err := os.Open("/proc/version")
	if err != nil {
		t.Fatal(err)
	}
	defer version.Close()
	want, err := os.ReadFile("/proc/version")
	if err != nil {
		t.Fatal(err)
	}
	fd := closeLater(t, lib.Clone("x", unix.MFD_CLOEXEC, 0, int32(version.Fd()), math.MaxUint64))
	same(t, "contents", string(want), contents(t, fd, len(want)))
}

func TestCloneStream(t *testing.T) {
	leaks.Check(t)
	reader, writer := newPipe(t)
	if _, err := unix.Write(int(writer), []byte("hello")); err != nil {
		t.Fatal(err)
	}
	unix.SetNonblock(int(reader), true)
	check(t, []row{{"not at its end", lib.CloneStream("x", unix.MFD_CLOEXEC, 0, reader, 5), "EAGAIN"}})
	file := newSealedFile(t, "hello", 0)
	check(t, []row{{"longer", lib.CloneStream("x", unix.MFD_CLOEXEC, 0, file, 4), "EFBIG"}})
	fd := closeLater(t, lib.CloneStream("x", unix.MFD_CLOEXEC, 0, newSealedFile(t, "hello", 0), 5))
	same(t, "contents", "hello", contents(t, fd, 5))
	same(t, "seals", sealsImmutable, lib.GetSeals(fd)&sealsImmutable)
}

func TestCloneErrors(t *testing.T) {
	leaks.Check(t)
	disk := newDiskFile(t, strings.Repeat("x", 8192))
	source := int32(disk.Fd())
	writeOnly := reopen(t, source, unix.O_WRONLY)
	pipe, _ := newPipe(t)
	folder, err := os.Open(".")
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	clone := func(fd int32) int32 { return lib.Clone("x", 0, 0, fd, math.MaxUint64) }
	check(t, []row{
		{"bad descriptor", clone(-1), "EBADF"},
		{"not for reading", clone(writeOnly), "EBADF"},
		{"pipe", clone(pipe), "EINVAL"},
		{"folder", clone(int32(folder.Fd())), "EINVAL"},
		{"too long", lib.Clone("x", 0, 0, source, 8191), "EFBIG"},
		{"unknown flag", lib.Clone("x", 1<<25, 0, source, 8192), "EINVAL"},
		{"unknown seal", lib.Clone("x", 0, 1<<30, source, 8192), "EINVAL"},
		{"name of 250 bytes", lib.Clone(strings.Repeat("n", 250), 0, 0, source, 8192), "EINVAL"},
	})
	signal.Ignore(unix.SIGXFSZ)
	defer signal.Reset(unix.SIGXFSZ)
	withLimit(t, unix.RLIMIT_FSIZE, 4096, func() {
		check(t, []row{{"over the limit", clone(source), "EFBIG"}})
	})
	withLimit(t, unix.RLIMIT_NOFILE, 0, func() {
		check(t, []row{{"RLIMIT_NOFILE reached", clone(source), "EMFILE"}})
	})
}
