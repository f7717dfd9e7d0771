// SPDX-License-Identifier: MIT

//go:build linux

package memfd_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"golang.org/x/sys/unix"

	"libmemfd_go/bindings/go/memfd"
	"libmemfd_go/internal/leaks"
)

func TestCreate(t *testing.T) {
	leaks.Check(t)
	f := closeLater(t, must(memfd.Create("new")))
	want(t, "Name", f.Name(), "memfd:new")
	want(t, "close-on-exec", closesOnExec(t, f), true)
	want(t, "mode", must(f.Stat()).Mode()&0o111, 0)
	want(t, "size", must(f.Stat()).Size(), 0)
	must(f.WriteString("hello"))
	want(t, "contents", contents(t, f), "hello")
	if err := memfd.AddSeals(f, memfd.Immutable); err != nil {
		t.Error("the file does not accept seals:", err)
	}
}

// The kernel accepts any bytes but NUL, and Name returns them unchanged.
func TestCreateNames(t *testing.T) {
	leaks.Check(t)
	for _, name := range []string{"", "a", "a/b", "two\nlines", "\xff\xfe", strings.Repeat("n", 249)} {
		f := closeLater(t, must(memfd.Create(name)))
		want(t, "Name", f.Name(), "memfd:"+name)
		want(t, "the kernel's name", must(memfd.Inspect(f)).Name, name)
	}
}

func TestCreateErrors(t *testing.T) {
	leaks.Check(t)
	for _, c := range []struct {
		what string
		name string
		opts *memfd.Options
		err  error
	}{
		{"a name of 250 bytes", strings.Repeat("n", 250), nil, syscall.EINVAL},
		{"a name with a NUL", "a\x00b", nil, syscall.EINVAL},
		{"a negative size", "x", &memfd.Options{Size: -1}, syscall.EINVAL},
		{"a mode with a type", "x", &memfd.Options{Mode: fs.ModeDir | 0o700}, syscall.EINVAL},
		{"a mode with set-user-ID", "x", &memfd.Options{Mode: fs.ModeSetuid}, syscall.EINVAL},
		{"execute permission without Exec", "x", &memfd.Options{Mode: 0o700}, syscall.EINVAL},
		{"an unknown seal", "x", &memfd.Options{Seals: 1 << 30}, syscall.EINVAL},
		{"huge pages of three bytes", "x", &memfd.Options{HugePageSize: 3}, syscall.EINVAL},
		{"huge pages of -1 byte", "x", &memfd.Options{HugePageSize: -1}, syscall.EINVAL},
	} {
		f, err := memfd.CreateWith(c.name, c.opts)
		wantPathError(t, c.what, err, "create", "memfd:"+c.name, c.err)
		want(t, c.what, f, nil)
	}
	withLimit(t, unix.RLIMIT_NOFILE, 0, func() {
		_, err := memfd.Create("x")
		wantPathError(t, "RLIMIT_NOFILE reached", err, "create", "memfd:x", syscall.EMFILE)
	})
}

// wantPathError fails the test unless err is a PathError with exactly these members.
func wantPathError(t *testing.T, what string, err error, op, path string, cause error) {
	t.Helper()
	var e *fs.PathError
	if !errors.As(err, &e) {
		t.Errorf("%s: %v (%T), want a *fs.PathError", what, err, err)
		return
	}
	want(t, what, *e, fs.PathError{Op: op, Path: path, Err: cause})
}

func TestCreateWith(t *testing.T) {
	leaks.Check(t)
	f := create(t, &memfd.Options{Size: 1<<32 + 5, Seals: memfd.SealGrow, Unsealable: true, Mode: 0o640})
	want(t, "size", must(f.Stat()).Size(), 1<<32+5)
	want(t, "mode", must(f.Stat()).Mode(), 0o640)
	want(t, "seals", must(memfd.GetSeals(f))&memfd.Immutable, memfd.SealGrow|memfd.SealSeal)
	wantError(t, "another seal", memfd.AddSeals(f, memfd.SealShrink), fs.ErrPermission)
}

func TestCreateWithExec(t *testing.T) {
	leaks.Check(t)
	if features(t, 0).NoexecPolicy == 2 {
		_, err := memfd.CreateWith("x", &memfd.Options{Exec: true})
		wantError(t, "where vm.memfd_noexec is 2", err, fs.ErrPermission)
		return
	}
	f := create(t, &memfd.Options{Exec: true})
	want(t, "mode", must(f.Stat()).Mode()&0o111, 0o111)
	if err := memfd.AddSeals(f, memfd.Immutable); err != nil {
		t.Error("the file does not accept seals:", err)
	}
}

func TestCreateWithStrictNoexec(t *testing.T) {
	leaks.Check(t)
	f, err := memfd.CreateWith("x", &memfd.Options{StrictNoexec: true})
	if found := features(t, 0); !found.Has(memfd.FeatureNoexecSeal) {
		wantError(t, "before Linux 6.3", err, syscall.EOPNOTSUPP)
		return
	}
	want(t, "SealExec", must(memfd.GetSeals(closeLater(t, must(f, err))))&memfd.SealExec, memfd.SealExec)
}

func TestCreateWithHugePages(t *testing.T) {
	leaks.Check(t)
	found := features(t, 0)
	for _, size := range found.HugePages {
		info := must(memfd.Inspect(create(t, &memfd.Options{HugePageSize: size})))
		want(t, "kind", info.Kind, memfd.KindHugetlb)
		want(t, "page size", info.HugePage, size)
	}
	f, err := memfd.CreateWith("x", &memfd.Options{HugePages: true})
	if !found.Has(memfd.FeatureHugetlb) {
		want(t, "a file of huge pages without FeatureHugetlb: no error", err == nil, false)
		return
	}
	want(t, "kind", must(memfd.Inspect(closeLater(t, must(f, err)))).Kind, memfd.KindHugetlb)
}

// Files of huge pages cannot be written to, only mapped, and their size is rounded up.
func TestSealedWithHugePages(t *testing.T) {
	leaks.Check(t)
	opts := &memfd.Options{HugePages: true}
	f, err := memfd.SealedWith("huge", []byte("hello"), opts)
	if errors.Is(err, syscall.ENOMEM) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.ENOSYS) || errors.Is(err, syscall.ENOENT) {
		t.Skip("no free huge pages:", err)
	}
	closeLater(t, must(f, err))
	info := must(memfd.Inspect(f))
	want(t, "size", info.Size, info.HugePage)
	m := closeLater(t, must(memfd.MapVerified(f, memfd.Immutable, info.HugePage)))
	want(t, "contents", string(m.Bytes()[:6]), "hello\x00")
	clone := closeLater(t, must(memfd.CloneWith("huge", sealed(t, "hello"), 5, opts)))
	m = closeLater(t, must(memfd.MapVerified(clone, memfd.Immutable, info.HugePage)))
	want(t, "contents of a clone", string(m.Bytes()[:6]), "hello\x00")
}

func TestSealed(t *testing.T) {
	leaks.Check(t)
	for _, length := range []int{0, 1, 4095, 4096, 4097, 1 << 20} {
		text := strings.Repeat("memfd_go", length/8+1)[:length]
		f := closeLater(t, must(memfd.Sealed("text", []byte(text))))
		want(t, "Name", f.Name(), "memfd:text")
		want(t, "contents", contents(t, f) == text, true)
		want(t, "offset", must(f.Seek(0, io.SeekCurrent)), 0)
		want(t, "close-on-exec", closesOnExec(t, f), true)
		want(t, "mode", must(f.Stat()).Mode()&0o111, 0)
		want(t, "seals", must(memfd.GetSeals(f))&memfd.Immutable, memfd.Immutable)
		_, err := f.WriteAt([]byte("x"), 0)
		wantError(t, "writing", err, fs.ErrPermission)
		wantError(t, "growing", f.Truncate(int64(length)+1), fs.ErrPermission)
	}
}

func TestSealedWithFewerSeals(t *testing.T) {
	leaks.Check(t)
	f := closeLater(t, must(memfd.SealedWith("text", []byte("text"), &memfd.Options{Seals: memfd.SealGrow})))
	want(t, "seals", must(memfd.GetSeals(f))&memfd.Immutable, memfd.SealGrow)
	must(f.WriteAt([]byte("T"), 0))
	_, err := f.WriteAt([]byte("T"), 4)
	wantError(t, "growing", err, fs.ErrPermission)
	f = closeLater(t, must(memfd.SealedWith("text", nil, &memfd.Options{Seals: memfd.SealGrow, Unsealable: true})))
	want(t, "seals", must(memfd.GetSeals(f))&memfd.Immutable, memfd.SealGrow|memfd.SealSeal)
}

func TestSealedErrors(t *testing.T) {
	leaks.Check(t)
	for what, opts := range map[string]*memfd.Options{
		"a size":          {Size: 1},
		"a mode":          {Mode: 0o600},
		"StrictNoexec":    {StrictNoexec: true},
		"an unknown seal": {Seals: 1 << 30},
	} {
		_, err := memfd.SealedWith("x", []byte("text"), opts)
		wantPathError(t, what, err, "create", "memfd:x", syscall.EINVAL)
	}
	signal.Ignore(unix.SIGXFSZ)
	defer signal.Reset(unix.SIGXFSZ)
	withLimit(t, unix.RLIMIT_FSIZE, 4096, func() {
		_, err := memfd.Sealed("x", make([]byte, 8192))
		wantError(t, "over RLIMIT_FSIZE", err, syscall.EFBIG)
	})
}

// diskFile creates a file in the temporary directory.
func diskFile(t *testing.T, contents string) *os.File {
	t.Helper()
	f := closeLater(t, must(os.CreateTemp(t.TempDir(), "")))
	must(f.WriteString(contents))
	return f
}

func TestClone(t *testing.T) {
	leaks.Check(t)
	for _, length := range []int{0, 1, 4096, 100001} {
		text := strings.Repeat("memfd_go", length/8+1)[:length]
		for what, src := range map[string]*os.File{"disk": diskFile(t, text), "memory": sealed(t, text)} {
			offset := must(src.Seek(0, io.SeekCurrent))
			f := closeLater(t, must(memfd.Clone("copy", src, int64(length))))
			want(t, "Name", f.Name(), "memfd:copy")
			want(t, what, contents(t, f) == text, true)
			want(t, "seals", must(memfd.GetSeals(f))&memfd.Immutable, memfd.Immutable)
			want(t, "offset of the source", must(src.Seek(0, io.SeekCurrent)), offset)
			want(t, "offset of the copy", must(f.Seek(0, io.SeekCurrent)), 0)
		}
	}
}

func TestCloneErrors(t *testing.T) {
	leaks.Check(t)
	f := sealed(t, "hello")
	closed := must(memfd.Create("closed"))
	closed.Close()
	r, w := must2(os.Pipe())
	defer r.Close()
	defer w.Close()
	directory := closeLater(t, must(os.Open(t.TempDir())))
	for _, c := range []struct {
		what string
		src  *os.File
		max  int64
		err  error
	}{
		{"longer than the limit", f, 4, syscall.EFBIG},
		{"a negative limit", f, -1, syscall.EINVAL},
		{"a closed file", closed, 10, fs.ErrClosed},
		{"a directory", directory, 10, syscall.EINVAL},
		{"a pipe", r, 10, syscall.EINVAL},
		{"a nil file", nil, 10, fs.ErrInvalid},
	} {
		_, err := memfd.Clone("x", c.src, c.max)
		wantError(t, c.what, err, c.err)
	}
}

func TestCloneStream(t *testing.T) {
	leaks.Check(t)
	for _, length := range []int{0, 1, 100001} {
		text := strings.Repeat("memfd_go", length/8+1)[:length]
		r, w := must2(os.Pipe())
		go func() {
			w.WriteString(text)
			w.Close()
		}()
		f := closeLater(t, must(memfd.CloneStream("copy", r, int64(length))))
		r.Close()
		want(t, "Name", f.Name(), "memfd:copy")
		want(t, "contents", contents(t, f) == text, true)
		want(t, "offset", must(f.Seek(0, io.SeekCurrent)), 0)
		want(t, "seals", must(memfd.GetSeals(f))&memfd.Immutable, memfd.Immutable)
	}
	f := closeLater(t, must(memfd.CloneStream("copy", strings.NewReader("hello"), 100)))
	want(t, "contents of a strings.Reader", contents(t, f), "hello")
}

func TestCloneStreamErrors(t *testing.T) {
	leaks.Check(t)
	_, err := memfd.CloneStream("x", strings.NewReader("hello"), 4)
	wantPathError(t, "longer than the limit", err, "clone", "memfd:x", syscall.EFBIG)
	_, err = memfd.CloneStream("x", strings.NewReader("hello"), -1)
	wantPathError(t, "a negative limit", err, "clone", "memfd:x", syscall.EINVAL)
	failing := iotest.ErrReader(errors.New("no more"))
	_, err = memfd.CloneStream("x", io.MultiReader(strings.NewReader("hello"), failing), 100)
	want(t, "the reader's error", fmt.Sprint(err), "no more")
	_, err = memfd.CloneStream("x", io.MultiReader(strings.NewReader("hello"), failing), 5)
	want(t, "the reader's error at the limit", fmt.Sprint(err), "no more")
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// While a page of a file is in a pipe, F_ADD_SEALS waits for about 0.15 s and fails with EBUSY.
func TestCloneStreamSealsAgainAfterEBUSY(t *testing.T) {
	leaks.Check(t)
	r, w := must2(os.Pipe())
	t.Cleanup(func() { r.Close(); w.Close() })
	drained := make(chan error)
	atEnd := readerFunc(func([]byte) (int, error) {
		mapping := must(unix.Mmap(descriptorOf(t, "/memfd:busy (deleted)"), 0, page, unix.PROT_READ, unix.MAP_SHARED))
		iov := unix.Iovec{Base: &mapping[0]}
		iov.SetLen(len("hello"))
		must(unix.Vmsplice(int(w.Fd()), []unix.Iovec{iov}, 0))
		if err := unix.Munmap(mapping); err != nil {
			t.Error(err)
		}
		go func() {
			time.Sleep(400 * time.Millisecond)
			_, err := io.ReadFull(r, make([]byte, len("hello")))
			drained <- err
		}()
		return 0, io.EOF
	})
	f, err := memfd.CloneStream("busy", io.MultiReader(strings.NewReader("hello"), atEnd), 100)
	want(t, "reading the pipe", <-drained, nil)
	want(t, "CloneStream", err, nil)
	if err == nil {
		closeLater(t, f)
		want(t, "contents", contents(t, f), "hello")
	}
}

// descriptorOf returns the descriptor of this process with the given link in /proc.
func descriptorOf(t *testing.T, link string) int {
	t.Helper()
	for _, e := range must(os.ReadDir("/proc/self/fd")) {
		if to, _ := os.Readlink("/proc/self/fd/" + e.Name()); to == link {
			return must(strconv.Atoi(e.Name()))
		}
	}
	t.Fatalf("no descriptor of %s", link)
	return -1
}

// The size of a file in /proc is 0.
func TestCloneProcFile(t *testing.T) {
	leaks.Check(t)
	status := closeLater(t, must(os.Open("/proc/self/status")))
	f := closeLater(t, must(memfd.Clone("status", status, 1<<20)))
	want(t, "contents", strings.HasPrefix(contents(t, f), "Name:"), true)
}

func TestDiscard(t *testing.T) {
	leaks.Check(t)
	f := create(t, &memfd.Options{Size: int64(2 * page)})
	must(f.WriteString(strings.Repeat("x", 2*page)))
	want(t, "Discard", memfd.Discard(f, 0, int64(page)), nil)
	want(t, "contents", contents(t, f), strings.Repeat("\x00", page)+strings.Repeat("x", page))
	want(t, "memory", must(f.Stat()).Sys().(*syscall.Stat_t).Blocks*512, int64(page))
	for what, err := range map[string]error{"length 0": memfd.Discard(f, 0, 0), "a negative offset": memfd.Discard(f, -1, 1), "a negative length": memfd.Discard(f, 0, -1)} {
		wantPathError(t, what, err, "discard", "memfd:test", syscall.EINVAL)
	}
	wantPathError(t, "sealed", memfd.Discard(sealed(t, "x"), 0, 1), "discard", "memfd:test", syscall.EPERM)
}

func must2[A, B any](a A, b B, err error) (A, B) {
	if err != nil {
		panic(err)
	}
	return a, b
}

func TestReopen(t *testing.T) {
	leaks.Check(t)
	f := create(t, nil)
	must(f.WriteString("hello"))
	again := closeLater(t, must(memfd.Reopen(f, os.O_RDONLY)))
	want(t, "Name", again.Name(), f.Name())
	want(t, "close-on-exec", closesOnExec(t, again), true)
	want(t, "contents", string(must(io.ReadAll(again))), "hello") // its offset is still 0
	_, err := again.WriteString("x")
	wantError(t, "writing", err, syscall.EBADF)
	writable := closeLater(t, must(memfd.Reopen(again, os.O_WRONLY)))
	must(writable.WriteString("J"))
	want(t, "contents", contents(t, f), "Jello")
}

func TestReopenErrors(t *testing.T) {
	leaks.Check(t)
	f := must(memfd.Create("x"))
	f.Close()
	_, err := memfd.Reopen(f, os.O_RDONLY)
	wantPathError(t, "closed", err, "reopen", "memfd:x", fs.ErrClosed)
	_, err = memfd.Reopen(nil, os.O_RDONLY)
	wantError(t, "a nil file", err, fs.ErrInvalid)
	_, err = memfd.Reopen(create(t, nil), math.MinInt)
	wantError(t, "unknown flags", err, syscall.EINVAL)
}

func TestReserve(t *testing.T) {
	leaks.Check(t)
	f := create(t, nil)
	const size = 1 << 16
	blocks := func() int64 { return must(f.Stat()).Sys().(*syscall.Stat_t).Blocks * 512 }
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
	want(t, "memory after Truncate", blocks(), 0)
	if err := memfd.Reserve(f, size); err != nil {
		t.Fatal(err)
	}
	want(t, "memory", blocks(), size)
	wantPathError(t, "a negative size", memfd.Reserve(f, -1), "reserve", "memfd:test", syscall.EINVAL)
	wantPathError(t, "sealed", memfd.Reserve(sealed(t, "x"), 10), "reserve", "memfd:test", syscall.EPERM)
}
