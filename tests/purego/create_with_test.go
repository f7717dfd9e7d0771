// SPDX-License-Identifier: MIT

package purego_test

import (
	"strings"
	"testing"
	"unsafe"

	"libmemfd_go/internal/leaks"

	"golang.org/x/sys/unix"
)

var argsSize = unsafe.Sizeof(CreateArgs{})

func modeOf(t *testing.T, fd int32) uint32 {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Fstat(int(fd), &st); err != nil {
		t.Fatal(err)
	}
	return uint32(st.Mode) & 0o7777
}

func TestCreateWithDefaults(t *testing.T) {
	leaks.Check(t)
	fd := closeLater(t, lib.CreateWith("x", nil, 0))
	closesOnExec, _ := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	same(t, "close-on-exec", unix.FD_CLOEXEC, closesOnExec)
	same(t, "execute permission", 0, modeOf(t, fd)&0o111)
	check(t, []row{{"sealing", lib.AddSeals(fd, sealsImmutable), "ok"}})
}

func TestCreateWithAllArgs(t *testing.T) {
	leaks.Check(t)
	args := CreateArgs{
		Flags: unix.MFD_CLOEXEC | unix.MFD_NOEXEC_SEAL,
		Opts:  optUnsealable,
		Seals: unix.F_SEAL_GROW,
		Size:  1<<32 + 5,
		Mode:  0o640,
	}
	want := args
	fd := closeLater(t, lib.CreateWith("x", &args, argsSize))
	same(t, "arguments", want, args)
	same(t, "mode", 0o640, modeOf(t, fd))
	same(t, "seals", unix.F_SEAL_GROW|unix.F_SEAL_SEAL, lib.GetSeals(fd)&sealsImmutable)
	var size uint64
	check(t, []row{{"size", lib.GetSize(fd, &size), "ok"}})
	same(t, "size", 1<<32+5, size)
}

// A longer struct is accepted if the unknown part is zero.
func TestCreateWithLongerStruct(t *testing.T) {
	leaks.Check(t)
	var longer struct {
		CreateArgs
		tail [64]byte
	}
	closeLater(t, lib.CreateWith("x", &longer.CreateArgs, unsafe.Sizeof(longer)))
	longer.tail[63] = 1
	check(t, []row{{"unknown member", lib.CreateWith("x", &longer.CreateArgs, unsafe.Sizeof(longer)), "E2BIG"}})
}

func TestCreateWithErrors(t *testing.T) {
	leaks.Check(t)
	with := func(change func(*CreateArgs)) int32 {
		args := CreateArgs{}
		change(&args)
		return lib.CreateWith("x", &args, argsSize)
	}
	check(t, []row{
		{"short struct", lib.CreateWith("x", &CreateArgs{}, argsSize-1), "EINVAL"},
		{"long struct", lib.CreateWith("x", &CreateArgs{}, 1<<20), "E2BIG"},
		{"contradictory flags", with(func(a *CreateArgs) { a.Flags = unix.MFD_EXEC | unix.MFD_NOEXEC_SEAL }), "EINVAL"},
		{"contradictory mode", with(func(a *CreateArgs) { a.Flags, a.Mode = unix.MFD_NOEXEC_SEAL, 0o100 }), "EINVAL"},
		{"mode", with(func(a *CreateArgs) { a.Mode = 0o1000 }), "EINVAL"},
		{"unknown flag", with(func(a *CreateArgs) { a.Flags = 1 << 25 }), "EINVAL"},
		{"unknown flag without execution", with(func(a *CreateArgs) { a.Flags = 1<<25 | unix.MFD_NOEXEC_SEAL }), "EINVAL"},
		{"unknown seal", with(func(a *CreateArgs) { a.Seals = 1 << 30 }), "EINVAL"},
		{"option of another function", with(func(a *CreateArgs) { a.Opts = optReserve }), "EINVAL"},
		{"size", with(func(a *CreateArgs) { a.Size = 1 << 63 }), "EINVAL"},
		{"name of 250 bytes", lib.CreateWith(strings.Repeat("n", 250), nil, 0), "EINVAL"},
	})
	withLimit(t, unix.RLIMIT_NOFILE, 0, func() {
		check(t, []row{{"RLIMIT_NOFILE reached", lib.CreateWith("x", nil, 0), "EMFILE"}})
	})
}
