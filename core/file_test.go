// SPDX-License-Identifier: MIT

package core

import (
	"bytes"
	"math"
	"os"
	"testing"
	"unsafe"

	"libmemfd_go/internal/leaks"

	"golang.org/x/sys/unix"
)

func mustCreate(t *testing.T, flags uint32) int32 {
	t.Helper()
	name := []byte("core_test\x00")
	fd := create(&name[0], flags)
	if fd < 0 {
		t.Fatalf("create: %d", fd)
	}
	t.Cleanup(func() { closeFD(int32(fd)) })
	return int32(fd)
}

// openFDs counts the descriptors of the process.
func openFDs(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func TestCreateSealed(t *testing.T) {
	leaks.Check(t)
	name := []byte("core_test\x00")
	for _, n := range []int{0, 1, 4095, 4096, 4097, 1 << 20} {
		data := bytes.Repeat([]byte("memfd_go"), n/8+1)[:n+1]
		fd := CreateSealed(&name[0], unix.MFD_CLOEXEC, 0, &data[0], uintptr(n))
		if fd < 0 {
			t.Fatalf("CreateSealed(%d bytes): %d", n, fd)
		}
		got := make([]byte, n+1)
		k, err := unix.Read(fd, got)
		if err != nil || k != n || !bytes.Equal(got[:k], data[:n]) {
			t.Errorf("%d bytes: read %d, %v, equal %v", n, k, err, bytes.Equal(got[:k], data[:n]))
		}
		if seals := getSeals(int32(fd)); uint32(seals)&SealsImmutable != SealsImmutable {
			t.Errorf("%d bytes: seals %#x", n, seals)
		}
		closeFD(int32(fd))
	}
}

func TestCreateSealedLeaksNothing(t *testing.T) {
	leaks.Check(t)
	name, data := []byte("core_test\x00"), make([]byte, 10)
	before := openFDs(t)
	for what, r := range map[string]int{
		"no data":       CreateSealed(&name[0], 0, 0, nil, 10),
		"no name":       CreateSealed(nil, 0, 0, &data[0], 10),
		"unknown seals": CreateSealed(&name[0], 0, 1<<30, &data[0], 10),
		"unknown flags": CreateSealed(&name[0], 1<<20, 0, &data[0], 10),
	} {
		if r != -int(unix.EFAULT) && r != -int(unix.EINVAL) {
			t.Errorf("%s: %d", what, r)
		}
	}
	if after := openFDs(t); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

func TestSize(t *testing.T) {
	leaks.Check(t)
	fd := mustCreate(t, unix.MFD_ALLOW_SEALING)
	for _, want := range []uint64{0, 1, 1<<32 + 5, math.MaxInt64, 4096} {
		var got uint64
		if r := SetSize(fd, 0, want); r != 0 {
			t.Errorf("SetSize(%d): %d", want, r)
		} else if r := GetSize(fd, &got); r != 0 || got != want {
			t.Errorf("GetSize: %d, %d; want %d", r, got, want)
		}
	}
	for what, c := range map[string]struct{ got, want int }{
		"over INT64_MAX":  {SetSize(fd, 0, 1<<63), -int(unix.EINVAL)},
		"unknown option":  {SetSize(fd, OptWrite, 1), -int(unix.EINVAL)},
		"bad descriptor":  {SetSize(-1, 0, 1), -int(unix.EBADF)},
		"reserve 0 bytes": {SetSize(fd, OptReserve, 0), 0},
		"reserve":         {SetSize(fd, OptReserve, 8192), 0},
		"size to null":    {GetSize(fd, nil), -int(unix.EFAULT)},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %d, want %d", what, c.got, c.want)
		}
	}
	var st unix.Stat_t
	if err := unix.Fstat(int(fd), &st); err != nil || st.Size != 8192 || st.Blocks != 16 {
		t.Errorf("after OptReserve: size %d, %d blocks, %v; want 8192, 16", st.Size, st.Blocks, err)
	}
}

func TestSeals(t *testing.T) {
	leaks.Check(t)
	fd := mustCreate(t, unix.MFD_ALLOW_SEALING)
	missing := uint32(0xdead)
	if r := CheckSeals(fd, SealsImmutable, &missing); r != -int(unix.EKEYREJECTED) || missing != SealsImmutable {
		t.Errorf("CheckSeals: %d, missing %#x", r, missing)
	}
	for range 2 { // the second time F_SEAL_SEAL is set
		if r := EnsureSeals(fd, SealsImmutable); r != 0 {
			t.Errorf("EnsureSeals: %d", r)
		}
	}
	if r := CheckSeals(fd, SealsImmutable, &missing); r != 0 || missing != 0 {
		t.Errorf("CheckSeals: %d, missing %#x", r, missing)
	}
	if r := CheckSeals(fd, unix.F_SEAL_FUTURE_WRITE, nil); r != -int(unix.EKEYREJECTED) {
		t.Errorf("F_SEAL_WRITE counted as F_SEAL_FUTURE_WRITE: %d", r)
	}
	if r := EnsureSeals(fd, unix.F_SEAL_FUTURE_WRITE); r != -int(unix.EPERM) {
		t.Errorf("EnsureSeals after F_SEAL_SEAL: %d, want -EPERM", r)
	}
}

func TestMap(t *testing.T) {
	leaks.Check(t)
	fd := mustCreate(t, unix.MFD_ALLOW_SEALING)
	page := uintptr(os.Getpagesize())
	if r := SetSize(fd, 0, uint64(2*page)); r != 0 {
		t.Fatal(r)
	}
	var addr uintptr
	if r := Map(fd, OptWrite, uint64(page), page, &addr); r != 0 {
		t.Fatalf("Map: %d", r)
	}
	*(*uint64)(pointer(addr)) = 0x1122334455667788
	if r := Unmap(addr, page); r != 0 {
		t.Errorf("Unmap: %d", r)
	}
	if r := addSeals(fd, unix.F_SEAL_WRITE|unix.F_SEAL_SHRINK); r != 0 {
		t.Fatalf("addSeals: %d", r)
	}
	if r := Map(fd, 0, 0, 2*page, &addr); r != 0 {
		t.Fatalf("Map of a sealed file: %d", r)
	}
	if got := *(*uint64)(unsafe.Add(pointer(addr), page)); got != 0x1122334455667788 {
		t.Errorf("read %#x", got)
	}
	Unmap(addr, 2*page)
}

func TestMapErrors(t *testing.T) {
	leaks.Check(t)
	fd := mustCreate(t, unix.MFD_ALLOW_SEALING)
	SetSize(fd, 0, 1<<16)
	addSeals(fd, unix.F_SEAL_WRITE)
	addr := uintptr(0xdead)
	for what, c := range map[string]struct{ got, want int }{
		"no address":      {Map(fd, 0, 0, 1, nil), -int(unix.EFAULT)},
		"unknown option":  {Map(fd, OptReserve, 0, 1, &addr), -int(unix.EINVAL)},
		"offset over max": {Map(fd, 0, 1<<63, 1, &addr), -int(unix.EINVAL)},
		"end over max":    {Map(fd, 0, math.MaxInt64, 4096, &addr), -int(unix.EOVERFLOW)},
		"odd offset":      {Map(fd, 0, 1, 1, &addr), -int(unix.EINVAL)},
		"length 0":        {Map(fd, 0, 0, 0, &addr), -int(unix.EINVAL)},
		"sealed":          {Map(fd, OptWrite, 0, 1, &addr), -int(unix.EPERM)},
		"bad descriptor":  {Map(-1, 0, 0, 1, &addr), -int(unix.EBADF)},
	} {
		if c.got != c.want || addr != 0xdead {
			t.Errorf("%s: got %d, want %d; address %#x", what, c.got, c.want, addr)
		}
	}
}

func TestSecretFlags(t *testing.T) {
	leaks.Check(t)
	fd := Secret(0)
	if fd == -int(unix.ENOSYS) {
		t.Skip("this kernel has no memfd_secret")
	}
	closeFD(int32(fd))
	for _, flags := range []uint32{unix.O_CLOEXEC, unix.FD_CLOEXEC} {
		fd := Secret(flags)
		if got, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || got != unix.FD_CLOEXEC {
			t.Errorf("Secret(%#x): descriptor %d, flags %d, %v", flags, fd, got, err)
		}
		closeFD(int32(fd))
	}
	if r := Secret(0xfffe); r != -int(unix.EINVAL) {
		t.Errorf("Secret(0xfffe) = %d, want -EINVAL", r)
	}
}

func TestCopyBytes(t *testing.T) {
	leaks.Check(t)
	from := []byte("0123456789abcdefghijklmnopqrstuvwxyz")
	for shift := range 9 {
		for n := range len(from) - shift {
			to := make([]byte, len(from)+1)
			copyBytes(unsafe.Pointer(&to[0]), unsafe.Pointer(&from[shift]), uintptr(n))
			if !bytes.Equal(to[:n], from[shift:shift+n]) || to[n] != 0 {
				t.Errorf("shift %d, length %d: %q", shift, n, to)
			}
		}
	}
}
