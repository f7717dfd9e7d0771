// SPDX-License-Identifier: MIT

package purego_test

import (
	"math"
	"os"
	"runtime"
	"testing"
	"unsafe"

	"libmemfd_go/internal/leaks"

	"golang.org/x/sys/unix"
)

// newNoexecFile creates a file that map_verified accepts: sealed, not executable.
func newNoexecFile(t *testing.T, contents string, seals uint32) int32 {
	t.Helper()
	fd := newSealedFile(t, contents, seals)
	if err := unix.Fchmod(int(fd), 0o600); err != nil {
		t.Fatal(err)
	}
	return fd
}

func TestMapVerified(t *testing.T) {
	leaks.Check(t)
	fd := newNoexecFile(t, "hello", unix.F_SEAL_WRITE|unix.F_SEAL_SHRINK)
	for _, from := range []int32{fd, reopen(t, fd, unix.O_RDONLY)} {
		for _, required := range []uint32{0, unix.F_SEAL_SHRINK, unix.F_SEAL_WRITE} {
			var memory unsafe.Pointer
			var length uintptr
			check(t, []row{{"map_verified", lib.MapVerified(from, required, 5, 0, &memory, &length), "ok"}})
			same(t, "contents", "hello", string(unsafe.Slice((*byte)(memory), length)))
			check(t, []row{{"unmap", lib.Unmap(memory, length), "ok"}})
		}
	}
}

func TestMapVerifiedRefuses(t *testing.T) {
	leaks.Check(t)
	memory, length := unsafe.Pointer(t), uintptr(0xdead)
	verify := func(fd int32, required uint32, limit uint64) int32 {
		return lib.MapVerified(fd, required, limit, 0, &memory, &length)
	}
	sealed := newNoexecFile(t, "hello", 0)
	pipe, _ := newPipe(t)
	pair := newPair(t, unix.SOCK_STREAM)
	disk := newDiskFile(t, "hello")
	null, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	check(t, []row{
		{"not sealed", verify(newSizedFile(t, 5), 0, 5), "EKEYREJECTED"},
		{"not against shrinking", verify(newNoexecFile(t, "x", unix.F_SEAL_WRITE), unix.F_SEAL_WRITE, 5), "EKEYREJECTED"},
		{"not against writing", verify(newNoexecFile(t, "x", unix.F_SEAL_SHRINK), 0, 5), "EKEYREJECTED"},
		{"not against growing", verify(newNoexecFile(t, "x", unix.F_SEAL_SHRINK|unix.F_SEAL_WRITE), unix.F_SEAL_GROW, 5), "EKEYREJECTED"},
		{"only later writing", verify(newNoexecFile(t, "x", unix.F_SEAL_SHRINK|unix.F_SEAL_FUTURE_WRITE), 0, 5), "EKEYREJECTED"},
		{"an unknown seal", verify(sealed, 1<<30, 5), "EKEYREJECTED"},
		{"empty", verify(newNoexecFile(t, "", 0), 0, 5), "ENODATA"},
		{"too long", verify(sealed, 0, 4), "EFBIG"},
		{"not for reading", verify(reopen(t, sealed, unix.O_WRONLY), 0, 5), "EACCES"},
		{"O_PATH", verify(reopen(t, sealed, unix.O_PATH), 0, 5), "EBADF"},
		{"bad descriptor", verify(-1, 0, 5), "EBADF"},
		{"pipe", verify(pipe, 0, 5), "EINVAL"},
		{"socket", verify(pair[0], 0, 5), "EINVAL"},
		{"device", verify(int32(null.Fd()), 0, 5), "EINVAL"},
		{"null address", lib.MapVerified(sealed, 0, 5, 0, nil, &length), "EFAULT"},
		{"null length", lib.MapVerified(sealed, 0, 5, 0, &memory, nil), "EFAULT"},
	})
	if r := outcome(verify(int32(disk.Fd()), 0, 5)); r != "EINVAL" && r != "EKEYREJECTED" { // tmpfs
		t.Errorf("disk file: %s", r)
	}
	if rawSecret(0) == "ok" {
		check(t, []row{{"secret file", verify(newSecret(t, 0), 0, 5), "EINVAL"}})
	}
	same(t, "address after errors", true, memory == unsafe.Pointer(t))
	same(t, "length after errors", 0xdead, length)
}

// From Linux 6.3 to a fix of 2026, F_SEAL_EXEC sets the other seals of an executable file without
// checking for writable mappings.
func TestMapVerifiedForgeableSeals(t *testing.T) {
	leaks.Check(t)
	needExecutables(t)
	if newFeatures(t, 0).Bits&featureSealExec == 0 {
		t.Skip("this kernel has no F_SEAL_EXEC")
	}
	fd := newSizedFile(t, 5)
	if err := unix.Fchmod(int(fd), 0o700); err != nil {
		t.Fatal(err)
	}
	check(t, []row{{"seal", lib.AddSeals(fd, unix.F_SEAL_EXEC|unix.F_SEAL_WRITE|unix.F_SEAL_SHRINK), "ok"}})
	var memory unsafe.Pointer
	var length uintptr
	switch r := outcome(lib.MapVerified(fd, 0, 5, 0, &memory, &length)); r {
	case "ok":
		check(t, []row{{"unmap", lib.Unmap(memory, length), "ok"}})
	case "EKEYREVOKED": // this kernel does not look for writable mappings
	default:
		t.Error(r)
	}
}

// On 32-bit architectures the size must not be truncated.
func TestMapVerifiedLargeFile(t *testing.T) {
	leaks.Check(t)
	fd := newSizedFile(t, 1<<32+1)
	unix.Fchmod(int(fd), 0o600)
	check(t, []row{{"seal", lib.AddSeals(fd, sealsImmutable), "ok"}})
	var memory unsafe.Pointer
	var length uintptr
	r := lib.MapVerified(fd, 0, math.MaxInt64, 0, &memory, &length)
	if unsafe.Sizeof(length) == 4 {
		same(t, "outcome", "EOVERFLOW", outcome(r))
		return
	}
	check(t, []row{{"map_verified", r, "ok"}, {"unmap", lib.Unmap(memory, length), "ok"}})
	same(t, "length", 1<<32+1, uint64(length))
}

// A peer changes the size until it seals the file. A mapping can be read to its end.
func TestMapVerifiedDuringTruncation(t *testing.T) {
	leaks.Check(t)
	for range 200 {
		fd := lib.Create("purego", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
		unix.Fchmod(int(fd), 0o600)
		done := make(chan struct{})
		go func() {
			defer close(done)
			for i := range 50 {
				lib.SetSize(fd, 0, uint64(page)*uint64(i%3))
				runtime.Gosched()
			}
			lib.AddSeals(fd, sealsImmutable)
		}()
		for attempt := 0; attempt < 1000; attempt++ {
			var memory unsafe.Pointer
			var length uintptr
			r := lib.MapVerified(fd, 0, 1<<20, 0, &memory, &length)
			if r == 0 {
				for _, b := range unsafe.Slice((*byte)(memory), length) {
					if b != 0 {
						t.Fatal("the mapping contains bytes that the file never contained")
					}
				}
				lib.Unmap(memory, length)
				break
			}
			if name := outcome(r); name != "EKEYREJECTED" && name != "ENODATA" {
				t.Fatal(name)
			}
		}
		<-done
		unix.Close(int(fd))
	}
}
