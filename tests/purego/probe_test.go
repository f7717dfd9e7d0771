// SPDX-License-Identifier: MIT

package purego_test

import (
	"math"
	"testing"
	"unsafe"

	"libmemfd_go/internal/leaks"

	"golang.org/x/sys/unix"
)

func newFeatures(t *testing.T, request uint64) Features {
	t.Helper()
	var f Features
	check(t, []row{{"probe", lib.Probe(&f, unsafe.Sizeof(f), request), "ok"}})
	return f
}

// expectedFeatures finds out features without the library.
func expectedFeatures() map[uint64]bool {
	mfd := func(flags uint32) bool { return closed(lib.Create("x", flags)) >= 0 }
	_, _, getfd := unix.Syscall(unix.SYS_PIDFD_GETFD, ^uintptr(0), 0, 0)
	return map[uint64]bool{
		featureCreate:      true,
		featureSealing:     true,
		featureNoexecSeal:  mfd(unix.MFD_NOEXEC_SEAL),
		featureHugetlb:     mfd(unix.MFD_HUGETLB),
		featureSecret:      false, // not asked for
		featureProcfs:      unix.Access("/proc/self/fd", unix.F_OK) == nil,
		featurePidfdGetfd:  getfd == unix.EBADF,
		featureFutureWrite: sealable(unix.F_SEAL_FUTURE_WRITE),
		featureSealExec:    sealable(unix.F_SEAL_EXEC),
	}
}

func sealable(seal uint32) bool {
	fd := lib.Create("x", unix.MFD_ALLOW_SEALING)
	defer unix.Close(int(fd))
	return lib.AddSeals(fd, seal) == 0
}

func TestProbeFeatures(t *testing.T) {
	leaks.Check(t)
	f := newFeatures(t, 0)
	want := expectedFeatures()
	got := make(map[uint64]bool)
	for bit := range want {
		got[bit] = f.Bits&bit != 0
	}
	same(t, "features", want, got)
}

func TestProbeNumbers(t *testing.T) {
	leaks.Check(t)
	f := newFeatures(t, 0)
	same(t, "page size", uint32(page), f.PageSize)
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_MEMLOCK, &limit); err != nil {
		t.Fatal(err)
	}
	same(t, "memlock", limit.Cur, f.MemlockSoft)
	withLimit(t, unix.RLIMIT_MEMLOCK, 12345, func() {
		same(t, "changed RLIMIT_MEMLOCK", 12345, newFeatures(t, 0).MemlockSoft)
	})
	for log := range 64 {
		if f.HugeSizes>>log&1 != 0 {
			closeLater(t, lib.Create("x", unix.MFD_HUGETLB|uint32(log)<<unix.MFD_HUGE_SHIFT))
		}
	}
}

func TestProbeSecret(t *testing.T) {
	leaks.Check(t)
	same(t, "secret", rawSecret(0) == "ok", newFeatures(t, featureSecret).Bits&featureSecret != 0)
}

func TestProbeSizes(t *testing.T) {
	leaks.Check(t)
	var longer struct {
		Features
		tail [100]byte
	}
	for i := range longer.tail {
		longer.tail[i] = 0xff
	}
	check(t, []row{{"longer", lib.Probe(&longer.Features, unsafe.Sizeof(longer), 0), "ok"}})
	same(t, "unknown members", [100]byte{}, longer.tail)
	same(t, "known members", newFeatures(t, 0), longer.Features)
}

func TestProbeErrors(t *testing.T) {
	leaks.Check(t)
	size := unsafe.Sizeof(Features{})
	f := Features{Bits: 0xdead}
	check(t, []row{
		{"invalid request", lib.Probe(&f, size, featureCreate), "EINVAL"},
		{"unknown request", lib.Probe(&f, size, featureSecret|1<<63), "EINVAL"},
		{"short struct", lib.Probe(&f, size-1, 0), "EINVAL"},
		{"long struct", lib.Probe(&f, math.MaxUint32, 0), "E2BIG"},
		{"null pointer", lib.Probe(nil, size, 0), "EFAULT"},
	})
	withLimit(t, unix.RLIMIT_NOFILE, 0, func() {
		check(t, []row{{"RLIMIT_NOFILE reached", lib.Probe(&f, size, 0), "EMFILE"}})
	})
	same(t, "features after errors", Features{Bits: 0xdead}, f)
}
