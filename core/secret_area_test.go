// SPDX-License-Identifier: MIT

package core

import (
	"os"
	"strings"
	"testing"
	"unsafe"

	"libmemfd_go/internal/leaks"

	"golang.org/x/sys/unix"
)

func newArea(t *testing.T, length uintptr, opts uint32) *SecretArea {
	t.Helper()
	s := &SecretArea{}
	if r := SecretAlloc(s, length, opts); r != 0 {
		t.Fatalf("SecretAlloc(%d, %#x): %d", length, opts, r)
	}
	t.Cleanup(func() {
		if r := SecretFree(s); r != 0 {
			t.Errorf("SecretFree: %d", r)
		}
	})
	return s
}

// protection returns the permissions of the mapping that holds addr, such as "rw-s".
func protection(t *testing.T, addr uintptr) string {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(maps)) {
		var from, to uintptr
		span, rest, _ := strings.Cut(line, " ")
		lo, hi, _ := strings.Cut(span, "-")
		from, to = hexValue(lo), hexValue(hi)
		if addr >= from && addr < to {
			return rest[:4]
		}
	}
	return "none"
}

func hexValue(s string) (v uintptr) {
	for _, c := range []byte(s) {
		digit := uintptr(c - '0')
		if c >= 'a' {
			digit = uintptr(c-'a') + 10
		}
		v = v<<4 | digit
	}
	return v
}

func TestSecretAllocKinds(t *testing.T) {
	leaks.Check(t)
	haveSecretmem := false
	if fd := Secret(0); fd >= 0 {
		haveSecretmem = true
		closeFD(int32(fd))
	}
	for _, c := range []struct {
		name       string
		opts       uint32
		secretmem  bool
		permission string
	}{
		{"default", 0, true, "rw-s"},
		{"without secretmem", OptNoSecretmem, false, "rw-p"},
		{"shared on fork", OptForkShare, true, "rw-s"},
		{"shared on fork without secretmem", OptNoSecretmem | OptForkShare, false, "rw-s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newArea(t, 100, c.opts)
			want, permission := AreaMlock, c.permission
			if c.secretmem && haveSecretmem {
				want = AreaSecretmem
			} else if c.opts&OptForkShare == 0 {
				permission = "rw-p"
			}
			if s.Kind != want {
				t.Errorf("kind %d, want %d", s.Kind, want)
			}
			page := uintptr(os.Getpagesize())
			for addr, want := range map[uintptr]string{
				s.Data: permission, s.Base: "---p", s.Base + s.BaseLen - 2*page: "---p",
			} {
				if got := protection(t, addr); got != want {
					t.Errorf("%#x of %#x+%#x is %s, want %s", addr, s.Base, s.BaseLen, got, want)
				}
			}
			if s.BaseLen != 4*page || s.Data != s.Base+page || s.Len != 100 || s.FD != -1 {
				t.Errorf("%+v", *s)
			}
		})
	}
}

func TestSecretAlignEnd(t *testing.T) {
	leaks.Check(t)
	page := uintptr(os.Getpagesize())
	s := newArea(t, 100, OptAlignEnd)
	if end := s.Data + s.Len; end != s.Base+2*page {
		t.Errorf("ends at %#x, guard at %#x", end, s.Base+2*page)
	}
}

func TestSecretFreeTwice(t *testing.T) {
	leaks.Check(t)
	s := newArea(t, 5000, 0)
	data := s.Data
	if r := SecretProtect(s, AccessNone); r != 0 || protection(t, data)[:3] != "---" {
		t.Errorf("SecretProtect: %d, %s", r, protection(t, data))
	}
	for range 2 {
		if r := SecretFree(s); r != 0 || s.Data != 0 || s.Base != 0 {
			t.Errorf("SecretFree: %d, %+v", r, *s)
		}
	}
	if r := SecretProtect(s, AccessRead); r != -int(unix.EINVAL) {
		t.Errorf("SecretProtect of nothing: %d", r)
	}
}

func TestSecretErrors(t *testing.T) {
	leaks.Check(t)
	alloc := func(length uintptr, opts uint32) int { return SecretAlloc(&SecretArea{}, length, opts) }
	for what, c := range map[string]struct{ got, want int }{
		"length 0":              {alloc(0, 0), -int(unix.EINVAL)},
		"length too large":      {alloc(^uintptr(0)-100, 0), -int(unix.EINVAL)},
		"unknown option":        {alloc(1, OptWrite), -int(unix.EINVAL)},
		"require, no secretmem": {alloc(1, OptRequire|OptNoSecretmem), -int(unix.EINVAL)},
		"keep fd, no secretmem": {alloc(1, OptKeepFD|OptNoSecretmem), -int(unix.EINVAL)},
		"null":                  {SecretAlloc(nil, 1, 0), -int(unix.EFAULT)},
		"access":                {SecretProtect(&SecretArea{}, AccessWrite), -int(unix.EINVAL)},
		"attach invalid fd":     {SecretAttach(&SecretArea{}, -1, 1<<20, 0), -int(unix.EBADF)},
		"attach a memfd":        {SecretAttach(&SecretArea{}, mustCreate(t, 0), 1<<20, 0), -int(unix.EINVAL)},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %d, want %d", what, c.got, c.want)
		}
	}
}

func TestSecretAttach(t *testing.T) {
	leaks.Check(t)
	s := newArea(t, 10, OptKeepFD)
	if s.Kind != AreaSecretmem {
		t.Skip("this kernel has no memfd_secret")
	}
	*(*byte)(pointer(s.Data)) = 0x5a
	other := &SecretArea{}
	if r := SecretAttach(other, s.FD, 1<<20, 0); r != 0 {
		t.Fatalf("SecretAttach: %d", r)
	}
	if got := *(*byte)(pointer(other.Data)); got != 0x5a || other.Kind != AreaSecretmem {
		t.Errorf("read %#x, kind %d", got, other.Kind)
	}
	if r := SecretFree(other); r != 0 {
		t.Errorf("SecretFree: %d", r)
	}
	if got := *(*byte)(pointer(s.Data)); got != 0x5a {
		t.Errorf("freeing an attached area wiped it: %#x", got)
	}
}

func TestWipe(t *testing.T) {
	leaks.Check(t)
	b := make([]byte, 64)
	for from := range 20 {
		for to := from; to < 40; to++ {
			for i := range b {
				b[i] = 0xff
			}
			Wipe(unsafe.Pointer(&b[from]), uintptr(to-from))
			for i, c := range b {
				if want := i < from || i >= to; (c == 0xff) != want {
					t.Fatalf("wiping [%d, %d): byte %d is %#x", from, to, i, c)
				}
			}
		}
	}
	Wipe(nil, 5)
}

func TestPool(t *testing.T) {
	leaks.Check(t)
	p := &SecretPool{}
	const slots, length = 50, 33
	if r := PoolInit(p, length, slots, 0); r != 0 {
		t.Fatalf("PoolInit: %d", r)
	}
	var got [slots]uintptr
	for i := range got {
		if r := PoolTake(p, &got[i]); r != 0 || got[i]%16 != 0 || *(*byte)(pointer(got[i])) != 0 {
			t.Fatalf("PoolTake: %d, %#x", r, got[i])
		}
		for j := range uintptr(length) {
			*(*byte)(pointer(got[i] + j)) = byte(i + 1)
		}
	}
	var more uintptr
	if r := PoolTake(p, &more); r != -int(unix.ENOSPC) {
		t.Errorf("PoolTake of a full pool: %d", r)
	}
	for i := range got {
		if c := *(*byte)(pointer(got[i] + length - 1)); c != byte(i+1) {
			t.Errorf("slot %d holds %d", i, c)
		}
	}
	for what, slot := range map[string]uintptr{
		"null": 0, "unaligned": got[3] + 1, "inside": got[3] + 16, "before": p.Area.Data, "after": p.Area.Data + p.Area.Len,
	} {
		if r := PoolGive(p, slot); r != -int(unix.EINVAL) {
			t.Errorf("PoolGive of %s: %d", what, r)
		}
	}
	if r := PoolGive(p, got[7]); r != 0 || p.Used != slots-1 {
		t.Errorf("PoolGive: %d, %d used", r, p.Used)
	}
	if r := PoolGive(p, got[7]); r != -int(unix.EINVAL) {
		t.Errorf("PoolGive twice: %d", r)
	}
	if r := PoolTake(p, &more); r != 0 || more != got[7] {
		t.Errorf("PoolTake: %d, %#x", r, more)
	}
	for j := range uintptr(length) {
		if c := *(*byte)(pointer(more + j)); c != 0 {
			t.Fatalf("byte %d of a slot taken again is %d", j, c)
		}
	}
	*(*byte)(pointer(got[8] - 16)) ^= 0xff // an overrun of slot 7
	if r := PoolGive(p, got[8]); r != -int(unix.EINVAL) {
		t.Errorf("PoolGive did not detect an overrun: %d", r)
	}
	for range 2 {
		if r := PoolFree(p); r != 0 {
			t.Errorf("PoolFree: %d", r)
		}
	}
	if r := PoolTake(p, &more); r != -int(unix.EINVAL) {
		t.Errorf("PoolTake of a freed pool: %d", r)
	}
}
