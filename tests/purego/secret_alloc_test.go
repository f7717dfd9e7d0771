// SPDX-License-Identifier: MIT

package purego_test

import (
	"runtime"
	"runtime/debug"
	"testing"
	"unsafe"

	"libmemfd_go/internal/leaks"

	"golang.org/x/sys/unix"
)

// newArea allocates an area that is freed at the end of the test.
func newArea(t *testing.T, length uintptr, opts uint32) *SecretArea {
	t.Helper()
	s := &SecretArea{}
	if r := lib.SecretAlloc(s, length, opts|optAllowUnlocked); r != 0 {
		t.Fatalf("SecretAlloc(%d, %#x): %s", length, opts, outcome(r))
	}
	t.Cleanup(func() { lib.SecretFree(s) })
	return s
}

func bytesAt(p unsafe.Pointer, length uintptr) []byte {
	return unsafe.Slice((*byte)(p), length)
}

func (s *SecretArea) bytes() []byte { return bytesAt(s.Data, s.Len) }

// faults reports whether a load is SIGSEGV or SIGBUS.
func faults(p unsafe.Pointer) (fault bool) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() { fault = recover() != nil }()
	sink = *(*byte)(p)
	return false
}

// storeFaults reports whether a store is.
func storeFaults(p unsafe.Pointer) (fault bool) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() { fault = recover() != nil }()
	*(*byte)(p) = 0
	return false
}

var sink byte

// expectedKind is the kind of an area within RLIMIT_MEMLOCK.
func expectedKind(opts uint32) uint32 {
	if opts&optNoSecretmem != 0 || rawSecret(0) != "ok" {
		return areaMlock
	}
	return areaSecretmem
}

func TestSecretAlloc(t *testing.T) {
	leaks.Check(t)
	for _, opts := range []uint32{0, optNoSecretmem, optForkShare, optForkShare | optNoSecretmem} {
		for _, length := range []uintptr{1, page, page + 1, 3 * page} {
			s := newArea(t, length, opts)
			whole := (length + page - 1) / page * page
			kept := *s
			kept.Reserved = [4]uint64{}
			same(t, "area", SecretArea{
				Kind:       expectedKind(opts),
				Data:       unsafe.Add(s.Base, page),
				Len:        length,
				Base:       s.Base,
				BaseLen:    whole + 3*page,
				Fd:         -1,
				Opts:       opts & optForkShare,
				Protection: accessReadWrite,
			}, kept)
			same(t, "contents", string(make([]byte, length)), string(s.bytes()))
			copy(s.bytes(), "the key")
			same(t, "guard in front", true, faults(unsafe.Add(s.Data, -1)))
			same(t, "start of it", true, faults(s.Base))
			same(t, "guard behind", true, faults(unsafe.Add(s.Data, whole)))
			same(t, "end of it", true, faults(unsafe.Add(s.Base, s.BaseLen-page-1)))
			same(t, "free", 0, lib.SecretFree(s))
		}
	}
}

func TestSecretAllocAlignEnd(t *testing.T) {
	leaks.Check(t)
	for _, length := range []uintptr{1, 100, page, page + 1} {
		s := newArea(t, length, optAlignEnd)
		same(t, "length", length, s.Len)
		same(t, "last byte", false, storeFaults(unsafe.Add(s.Data, length-1)))
		same(t, "one more", true, faults(unsafe.Add(s.Data, length)))
	}
}

func TestSecretAllocOverwrites(t *testing.T) {
	leaks.Check(t)
	s := &SecretArea{Kind: 9, Data: unsafe.Pointer(t), Base: unsafe.Pointer(t), Fd: 9, Opts: 9}
	s.Reserved[3] = 9
	check(t, []row{{"alloc", lib.SecretAlloc(s, 10, optAllowUnlocked), "ok"}})
	same(t, "descriptor", -1, s.Fd)
	same(t, "reserved", 0, s.Reserved[3])
	check(t, []row{{"free", lib.SecretFree(s), "ok"}})
}

// Without memfd_secret(2), as under qemu-user, OPT_REQUIRE fails.
func TestSecretAllocRequired(t *testing.T) {
	leaks.Check(t)
	s := &SecretArea{}
	r := lib.SecretAlloc(s, 10, optRequire|optAllowUnlocked)
	same(t, "outcome", rawSecret(0), outcome(r))
	if r < 0 {
		same(t, "area", SecretArea{}, *s)
		return
	}
	same(t, "kind", areaSecretmem, s.Kind)
	check(t, []row{{"free", lib.SecretFree(s), "ok"}})
}

func TestSecretAllocKeepFD(t *testing.T) {
	leaks.Check(t)
	s := newArea(t, 10, optKeepFD)
	if rawSecret(0) != "ok" {
		same(t, "descriptor", -1, s.Fd)
		return
	}
	same(t, "what it is", info{kindSecret, unix.S_IFREG, accessReadWrite, uint64(page), ""}, inspect(t, s.Fd))
	closesOnExec, _ := unix.FcntlInt(uintptr(s.Fd), unix.F_GETFD, 0)
	same(t, "close-on-exec", unix.FD_CLOEXEC, closesOnExec)
}

// withLockLimit runs f with RLIMIT_MEMLOCK and without the capability that overrides it.
func withLockLimit(t *testing.T, limit uintptr, f func()) {
	t.Helper()
	runtime.LockOSThread() // capabilities are a thread's
	defer runtime.UnlockOSThread()
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var old [2]unix.CapUserData
	if err := unix.Capget(&header, &old[0]); err != nil {
		t.Fatal(err)
	}
	data := old
	data[0].Effective &^= 1 << unix.CAP_IPC_LOCK
	if err := unix.Capset(&header, &data[0]); err != nil {
		t.Fatal(err)
	}
	defer unix.Capset(&header, &old[0])
	withLimit(t, unix.RLIMIT_MEMLOCK, uint64(limit), f)
}

func TestSecretAllocMemlockLimit(t *testing.T) {
	leaks.Check(t)
	if rawSecret(0) != "ok" {
		t.Skip("memfd_secret(2) does not work")
	}
	s := &SecretArea{}
	withLockLimit(t, page, func() {
		check(t, []row{
			{"over the limit", lib.SecretAlloc(s, 2*page, 0), "EAGAIN"},
			{"guards do not count", lib.SecretAlloc(s, page, 0), "ok"},
			{"free", lib.SecretFree(s), "ok"},
			{"OPT_ALLOW_UNLOCKED", lib.SecretAlloc(s, 2*page, optAllowUnlocked), "ok"},
		})
		same(t, "kind", areaUnlocked, s.Kind)
		check(t, []row{{"free", lib.SecretFree(s), "ok"}})
	})
}

func TestSecretAllocAnonymousMemlockLimit(t *testing.T) {
	leaks.Check(t)
	s := &SecretArea{}
	withLockLimit(t, page, func() {
		check(t, []row{
			{"over the limit", lib.SecretAlloc(s, 2*page, optNoSecretmem), "ENOMEM"},
			{"guards do not count", lib.SecretAlloc(s, page, optNoSecretmem), "ok"},
			{"free", lib.SecretFree(s), "ok"},
			{"OPT_ALLOW_UNLOCKED", lib.SecretAlloc(s, 2*page, optNoSecretmem|optAllowUnlocked), "ok"},
		})
		same(t, "kind", areaUnlocked, s.Kind)
		check(t, []row{{"free", lib.SecretFree(s), "ok"}})
	})
	withLockLimit(t, 0, func() {
		check(t, []row{{"limit 0", lib.SecretAlloc(s, 1, optNoSecretmem), "EPERM"}})
	})
}

func TestSecretAllocErrors(t *testing.T) {
	leaks.Check(t)
	s := SecretArea{}
	check(t, []row{
		{"length 0", lib.SecretAlloc(&s, 0, 0), "EINVAL"},
		{"maximum length", lib.SecretAlloc(&s, ^uintptr(0), 0), "EINVAL"},
		{"unknown option", lib.SecretAlloc(&s, 1, 1<<31), "EINVAL"},
		{"option of another function", lib.SecretAlloc(&s, 1, optReserve), "EINVAL"},
		{"contradictory options", lib.SecretAlloc(&s, 1, optRequire|optNoSecretmem), "EINVAL"},
		{"OPT_KEEP_FD without a descriptor", lib.SecretAlloc(&s, 1, optKeepFD|optNoSecretmem), "EINVAL"},
		{"null struct", lib.SecretAlloc(nil, 1, 0), "EFAULT"},
	})
	same(t, "area after errors", SecretArea{}, s)
	if rawSecret(0) == "ok" {
		withLimit(t, unix.RLIMIT_NOFILE, 0, func() {
			check(t, []row{{"RLIMIT_NOFILE reached", lib.SecretAlloc(&s, 1, 0), "EMFILE"}})
		})
	}
}
