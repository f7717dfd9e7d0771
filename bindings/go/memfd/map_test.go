// SPDX-License-Identifier: MIT

//go:build linux

package memfd_test

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"libmemfd_go/bindings/go/memfd"
	"libmemfd_go/internal/leaks"
)

var page = os.Getpagesize()

var sink byte

// faults reports whether loading *p is SIGSEGV or SIGBUS.
func faults(p *byte) (fault bool) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() { fault = recover() != nil }()
	sink = *p
	return false
}

// storeFaults reports whether storing to *p is.
func storeFaults(p *byte) (fault bool) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() { fault = recover() != nil }()
	*p = 0
	return false
}

func TestMap(t *testing.T) {
	leaks.Check(t)
	f := create(t, &memfd.Options{Size: int64(2 * page)})
	m := closeLater(t, must(memfd.Map(f, int64(page), page, memfd.MapWrite)))
	want(t, "length", len(m.Bytes()), page)
	copy(m.Bytes(), "hello")
	want(t, "contents of the file", contents(t, f)[page:page+5], "hello")
	must(f.WriteAt([]byte("J"), int64(page)))
	want(t, "contents of the mapping", string(m.Bytes()[:5]), "Jello")
}

func TestMapFlags(t *testing.T) {
	leaks.Check(t)
	f := create(t, &memfd.Options{Size: int64(page)})
	readOnly := closeLater(t, must(memfd.Map(f, 0, page, memfd.MapPopulate)))
	want(t, "a store to a read-only mapping faults", storeFaults(&readOnly.Bytes()[0]), true)
	private := closeLater(t, must(memfd.Map(f, 0, page, memfd.MapWrite|memfd.MapPrivate)))
	copy(private.Bytes(), "mine")
	want(t, "contents of the file after a store to a private mapping", contents(t, f)[:4], "\x00\x00\x00\x00")
}

func TestMappingOutlivesFile(t *testing.T) {
	leaks.Check(t)
	f := must(memfd.Sealed("x", []byte("hello")))
	m := closeLater(t, must(memfd.Map(f, 0, 5, 0)))
	f.Close()
	want(t, "contents", string(m.Bytes()), "hello")
}

// The garbage collector does not unmap memory.
func TestBytesOutliveMapping(t *testing.T) {
	leaks.Check(t)
	f := sealed(t, "hello")
	bytes := must(memfd.Map(f, 0, 5, 0)).Bytes()
	for range 3 {
		runtime.GC()
	}
	want(t, "contents", string(bytes), "hello")
	if err := unix.MunmapPtr(addressOf(bytes), uintptr(len(bytes))); err != nil {
		t.Fatal(err)
	}
}

// Before Linux 6.7 a private mapping replaces the shared one, which the kernel refuses.
func TestMapSealedFile(t *testing.T) {
	leaks.Check(t)
	f := create(t, nil)
	must(f.WriteString("hello"))
	if err := memfd.AddSeals(f, memfd.SealWrite); err != nil {
		t.Fatal(err)
	}
	want(t, "contents", string(closeLater(t, must(memfd.Map(f, 0, 5, 0))).Bytes()), "hello")
	_, err := memfd.Map(f, 0, 5, memfd.MapWrite)
	wantPathError(t, "writable", err, "map", "memfd:test", syscall.EPERM)
}

func TestMapErrors(t *testing.T) {
	leaks.Check(t)
	f := create(t, &memfd.Options{Size: int64(page)})
	readOnly := closeLater(t, must(memfd.Reopen(f, os.O_RDONLY)))
	closed := must(memfd.Create("test"))
	closed.Close()
	for _, c := range []struct {
		what   string
		f      *os.File
		offset int64
		length int
		flags  memfd.MapFlags
		err    error
	}{
		{"length 0", f, 0, 0, 0, syscall.EINVAL},
		{"a negative length", f, 0, -1, 0, syscall.EINVAL},
		{"a negative offset", f, -1, page, 0, syscall.EINVAL},
		{"an offset inside a page", f, 1, page, 0, syscall.EINVAL},
		{"an end above MaxInt64", f, math.MaxInt64 - int64(page) + 1, 2 * page, 0, syscall.EOVERFLOW},
		{"unknown flags", f, 0, page, 1 << 31, syscall.EINVAL},
		{"MapWrite of a read-only file", readOnly, 0, page, memfd.MapWrite, syscall.EACCES},
		{"a closed file", closed, 0, page, 0, fs.ErrClosed},
	} {
		m, err := memfd.Map(c.f, c.offset, c.length, c.flags)
		wantPathError(t, c.what, err, "map", "memfd:test", c.err)
		want(t, c.what, m, nil)
	}
	_, err := memfd.Map(nil, 0, page, 0)
	wantError(t, "a nil file", err, fs.ErrInvalid)
}

func TestMapRing(t *testing.T) {
	leaks.Check(t)
	f := create(t, &memfd.Options{Size: int64(2 * page)})
	m := must(memfd.MapRing(f, int64(page), page, memfd.MapWrite))
	want(t, "length", len(m.Bytes()), 2*page)
	copy(m.Bytes()[page-2:], "ring")
	want(t, "bytes that wrapped around", string(m.Bytes()[:2]), "ng")
	want(t, "contents of the file", contents(t, f)[page:page+2], "ng")
	first, second := &m.Bytes()[0], &m.Bytes()[page]
	want(t, "Close", m.Close(), nil)
	want(t, "the first half faults", faults(first), true)
	want(t, "the second half faults", faults(second), true)
	for what, length := range map[string]int{"length 0": 0, "a negative length": -1, "part of a page": page - 1} {
		_, err := memfd.MapRing(f, 0, length, 0)
		wantPathError(t, what, err, "map", "memfd:test", syscall.EINVAL)
	}
	_, err := memfd.MapRing(f, 0, page, memfd.MapPrivate)
	wantPathError(t, "MapPrivate", err, "map", "memfd:test", syscall.EINVAL)
	_, err = memfd.MapRing(f, 0, math.MaxInt/page*page, 0)
	wantPathError(t, "twice the length is more than a slice can have", err, "map", "memfd:test", syscall.EOVERFLOW)
}

// NoHoles allocates memory for holes.
func TestVerifyNoHoles(t *testing.T) {
	leaks.Check(t)
	f := create(t, &memfd.Options{Size: int64(4 * page), Seals: memfd.Immutable})
	blocks := func() int64 { return must(f.Stat()).Sys().(*syscall.Stat_t).Blocks * 512 }
	want(t, "Verify", must(memfd.Verify(f, 0, 1<<20)), int64(4*page))
	want(t, "memory without NoHoles", blocks(), 0)
	want(t, "Verify", must(memfd.Verify(f, 0, 1<<20, memfd.NoHoles)), int64(4*page))
	want(t, "memory", blocks(), int64(4*page))
	closeLater(t, must(memfd.MapVerified(f, 0, 1<<20, memfd.NoHoles)))
	_, err := memfd.Verify(f, 0, 1<<20, 1<<30)
	wantPathError(t, "an unknown flag", err, "verify", "memfd:test", syscall.EINVAL)
}

func TestMappingClose(t *testing.T) {
	leaks.Check(t)
	f := create(t, &memfd.Options{Size: int64(page)})
	m := must(memfd.Map(f, 0, page, 0))
	first := &m.Bytes()[0]
	want(t, "a load before Close faults", faults(first), false)
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	want(t, "a load after Close faults", faults(first), true)
	want(t, "Bytes", m.Bytes() == nil, true)
	wantPathError(t, "a second Close", m.Close(), "unmap", "memfd:test", fs.ErrClosed)
}

func TestMapVerified(t *testing.T) {
	leaks.Check(t)
	f := sealed(t, "hello")
	for _, from := range []*os.File{f, closeLater(t, must(memfd.Reopen(f, os.O_RDONLY)))} {
		for _, required := range []memfd.Seals{0, memfd.SealShrink, memfd.SealWrite, memfd.Immutable} {
			m := closeLater(t, must(memfd.MapVerified(from, required, 5)))
			want(t, "contents", string(m.Bytes()), "hello")
			want(t, "Verify", must(memfd.Verify(from, required, 5)), 5)
		}
	}
}

func TestMapVerifiedMissingSeals(t *testing.T) {
	leaks.Check(t)
	for _, c := range []struct {
		has, required, missing memfd.Seals
	}{
		{memfd.SealGrow, 0, memfd.SealWrite | memfd.SealShrink},
		{memfd.SealWrite, memfd.SealWrite, memfd.SealShrink},
		{memfd.SealGrow, memfd.SealShrink, memfd.SealShrink},
		{memfd.SealShrink, 0, memfd.SealWrite},
		{memfd.SealShrink | memfd.SealWrite, memfd.SealGrow | memfd.SealWrite, memfd.SealGrow},
		{memfd.SealShrink | memfd.SealFutureWrite, 0, memfd.SealWrite},
		{memfd.Immutable, 1 << 30, 1 << 30},
	} {
		f := closeLater(t, must(memfd.SealedWith("peer", []byte("x"), &memfd.Options{Seals: c.has})))
		_, err := memfd.MapVerified(f, c.required, 5)
		_, verifyErr := memfd.Verify(f, c.required, 5)
		for _, err := range []error{err, verifyErr} {
			var missing *memfd.MissingSealsError
			if !errors.As(err, &missing) {
				t.Errorf("%v of %v: %v", c.required, c.has, err)
				continue
			}
			want(t, c.has.String(), *missing, memfd.MissingSealsError{Path: "memfd:peer", Missing: c.missing})
		}
	}
}

func TestMapVerifiedErrors(t *testing.T) {
	leaks.Check(t)
	f := sealed(t, "hello")
	null := closeLater(t, must(os.Open("/dev/null")))
	for _, c := range []struct {
		what string
		f    *os.File
		max  int64
		err  error
	}{
		{"empty", sealed(t, ""), 5, syscall.ENODATA},
		{"too long", f, 4, syscall.EFBIG},
		{"a negative limit", f, -1, syscall.EINVAL},
		{"not for reading", closeLater(t, must(memfd.Reopen(f, os.O_WRONLY))), 5, syscall.EACCES},
		{"O_PATH", closeLater(t, must(memfd.Reopen(f, unix.O_PATH))), 5, syscall.EBADF},
		{"a device", null, 5, syscall.EINVAL},
	} {
		_, err := memfd.MapVerified(c.f, 0, c.max)
		wantPathError(t, c.what, err, "map", c.f.Name(), c.err)
	}
	_, err := memfd.MapVerified(nil, 0, 5)
	wantError(t, "a nil file", err, fs.ErrInvalid)
}

// On 32-bit architectures the size must not be truncated.
func TestMapVerifiedLargeFile(t *testing.T) {
	leaks.Check(t)
	f := create(t, &memfd.Options{Size: 1<<32 + 1, Seals: memfd.Immutable})
	m, err := memfd.MapVerified(f, 0, math.MaxInt64)
	if strconv.IntSize == 32 {
		wantPathError(t, "a size above 32 bits", err, "map", "memfd:test", syscall.EOVERFLOW)
		return
	}
	want(t, "length", int64(len(closeLater(t, must(m, err)).Bytes())), 1<<32+1)
}

// A slice has at most math.MaxInt bytes, but a mapping may have more on 32-bit architectures.
func TestLongerThanASlice(t *testing.T) {
	leaks.Check(t)
	if strconv.IntSize == 64 {
		t.Skip("no file is that long")
	}
	const size = 1<<31 + 1<<20
	f := create(t, &memfd.Options{Size: size, Seals: memfd.Immutable})
	_, err := memfd.Verify(f, 0, math.MaxInt64)
	wantError(t, "Verify", err, syscall.EOVERFLOW)
	if _, err := memfd.MapVerified(f, 0, math.MaxInt64); !errors.Is(err, syscall.ENOMEM) { // no room
		wantError(t, "MapVerified", err, syscall.EOVERFLOW)
	}
}

// A peer changes the size until it seals the file. A mapping can be read to its end.
func TestMapVerifiedDuringTruncation(t *testing.T) {
	leaks.Check(t)
	for range rounds(10000) / 50 {
		f := must(memfd.Create("x"))
		done := make(chan struct{})
		go func() {
			defer close(done)
			for i := range 50 {
				f.Truncate(int64(page) * int64(i%3))
				runtime.Gosched()
			}
			memfd.AddSeals(f, memfd.Immutable)
		}()
		for range 100000 {
			m, err := memfd.MapVerified(f, 0, 1<<20)
			if err == nil {
				want(t, "contents", strings.Trim(string(m.Bytes()), "\x00"), "")
				m.Close()
				break
			}
			if !errors.Is(err, syscall.EKEYREJECTED) && !errors.Is(err, syscall.ENODATA) {
				t.Fatal(err)
			}
			runtime.Gosched()
		}
		<-done
		f.Close()
	}
}

// From Linux 6.3 to a fix of 2026, SealExec sets the other seals of an executable file without
// checking for writable mappings.
func TestMapVerifiedRefusesForgeableSeals(t *testing.T) {
	leaks.Check(t)
	if found := features(t, 0); !found.Has(memfd.FeatureSealExec|memfd.FeatureExecAllowed) || found.NoexecPolicy != 0 {
		t.Skip("no F_SEAL_EXEC, or executable files are not allowed")
	}
	f := create(t, &memfd.Options{Exec: true, Size: 5})
	writable := must(memfd.Map(f, 0, 5, memfd.MapWrite))
	err := memfd.AddSeals(f, memfd.SealExec)
	fixed := errors.Is(err, syscall.EBUSY)
	writable.Close()
	if fixed {
		err = memfd.AddSeals(f, memfd.SealExec)
	}
	want(t, "adding F_SEAL_EXEC", err, nil)
	_, err = memfd.Verify(f, 0, 5)
	if fixed {
		want(t, "a kernel that checks for writable mappings", err, nil)
		return
	}
	wantPathError(t, "a kernel that does not", err, "verify", "memfd:test", memfd.ErrUnreliableSeals)
}
