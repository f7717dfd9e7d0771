// SPDX-License-Identifier: MIT

//go:build linux

package memfd_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"libmemfd_go/bindings/go/memfd"
	"libmemfd_go/internal/leaks"
)

func TestSealConstants(t *testing.T) {
	leaks.Check(t)
	for _, c := range []struct {
		seal memfd.Seals
		bit  int
	}{
		{memfd.SealSeal, unix.F_SEAL_SEAL},
		{memfd.SealShrink, unix.F_SEAL_SHRINK},
		{memfd.SealGrow, unix.F_SEAL_GROW},
		{memfd.SealWrite, unix.F_SEAL_WRITE},
		{memfd.SealFutureWrite, unix.F_SEAL_FUTURE_WRITE},
		{memfd.SealExec, unix.F_SEAL_EXEC},
	} {
		want(t, c.seal.String(), int(c.seal), c.bit)
	}
}

func TestAddSeals(t *testing.T) {
	leaks.Check(t)
	f := create(t, nil)
	want(t, "seals of a new file", must(memfd.GetSeals(f))&memfd.Immutable, 0)
	for _, seal := range []memfd.Seals{memfd.SealShrink, memfd.SealGrow, memfd.SealWrite} {
		if err := memfd.AddSeals(f, seal); err != nil {
			t.Fatal(seal, err)
		}
		want(t, "added", must(memfd.GetSeals(f))&seal, seal)
	}
	if err := memfd.AddSeals(f, memfd.Immutable); err != nil {
		t.Error("adding SealSeal and seals that are set:", err)
	}
	want(t, "all seals", must(memfd.GetSeals(f))&memfd.Immutable, memfd.Immutable)
}

func TestAddSealsErrors(t *testing.T) {
	leaks.Check(t)
	f := create(t, &memfd.Options{Size: 4096})
	readOnly := closeLater(t, must(memfd.Reopen(f, os.O_RDONLY)))
	closed := must(memfd.Create("test"))
	closed.Close()
	wantPathError(t, "an unknown seal", memfd.AddSeals(f, 1<<30), "add seals", "memfd:test", syscall.EINVAL)
	wantPathError(t, "not for writing", memfd.AddSeals(readOnly, memfd.SealGrow), "add seals", "memfd:test", syscall.EPERM)
	wantPathError(t, "sealed", memfd.AddSeals(sealed(t, "x"), memfd.SealFutureWrite), "add seals", "memfd:test", syscall.EPERM)
	wantPathError(t, "closed", memfd.AddSeals(closed, memfd.SealGrow), "add seals", "memfd:test", fs.ErrClosed)
	wantError(t, "a nil file", memfd.AddSeals(nil, memfd.SealGrow), fs.ErrInvalid)
	null := closeLater(t, must(os.OpenFile("/dev/null", os.O_RDWR, 0)))
	wantPathError(t, "a device", memfd.AddSeals(null, memfd.SealGrow), "add seals", "/dev/null", syscall.EINVAL)

	m := must(memfd.Map(f, 0, 4096, memfd.MapWrite))
	wantPathError(t, "mapped writable", memfd.AddSeals(f, memfd.SealWrite), "add seals", "memfd:test", syscall.EBUSY)
	m.Close()
	if err := memfd.AddSeals(f, memfd.SealWrite); err != nil {
		t.Error("after unmapping:", err)
	}
}

func TestEnsureSeals(t *testing.T) {
	leaks.Check(t)
	f := create(t, nil)
	for range 2 {
		if err := memfd.EnsureSeals(f, memfd.Immutable); err != nil {
			t.Fatal(err)
		}
	}
	readOnly := closeLater(t, must(memfd.Reopen(f, os.O_RDONLY)))
	if err := memfd.EnsureSeals(readOnly, memfd.SealWrite); err != nil {
		t.Error("a read-only file that has the seals:", err)
	}
	wantPathError(t, "a new seal on a file with SealSeal", memfd.EnsureSeals(f, memfd.SealFutureWrite), "add seals", "memfd:test", syscall.EPERM)
}

func TestGetSealsErrors(t *testing.T) {
	leaks.Check(t)
	r, w := must2(os.Pipe())
	defer r.Close()
	defer w.Close()
	_, err := memfd.GetSeals(r)
	wantPathError(t, "a pipe", err, "get seals", "|0", syscall.EINVAL)
	pathOnly := closeLater(t, must(memfd.Reopen(create(t, nil), unix.O_PATH)))
	_, err = memfd.GetSeals(pathOnly)
	wantPathError(t, "O_PATH", err, "get seals", "memfd:test", syscall.EBADF)
}

func TestCheckSeals(t *testing.T) {
	leaks.Check(t)
	f := create(t, nil)
	if err := memfd.AddSeals(f, memfd.SealGrow); err != nil {
		t.Fatal(err)
	}
	for _, required := range []memfd.Seals{0, memfd.SealGrow} {
		if err := memfd.CheckSeals(f, required); err != nil {
			t.Error(required, err)
		}
	}
	err := memfd.CheckSeals(f, memfd.SealGrow|memfd.SealWrite|memfd.SealShrink)
	var missing *memfd.MissingSealsError
	if !errors.As(err, &missing) {
		t.Fatal("not a MissingSealsError:", err)
	}
	want(t, "members", *missing, memfd.MissingSealsError{Path: "memfd:test", Missing: memfd.SealWrite | memfd.SealShrink})
	want(t, "message", err.Error(), "memfd:test: missing seals: WRITE SHRINK")
	wantError(t, "error number", err, syscall.EKEYREJECTED)
}

func TestSealsString(t *testing.T) {
	leaks.Check(t)
	for seals, text := range map[memfd.Seals]string{
		0:                     "none",
		memfd.Immutable:       "SEAL GROW WRITE SHRINK",
		memfd.SealFutureWrite: "FUTURE_WRITE",
		0x3f:                  "SEAL GROW WRITE FUTURE_WRITE SHRINK EXEC",
		0x48:                  "WRITE 0x40",
		0xffffffff:            "SEAL GROW WRITE FUTURE_WRITE SHRINK EXEC 0xffffffc0",
	} {
		want(t, "String", seals.String(), text)
		want(t, "ParseSeals of it", must(memfd.ParseSeals(text)), seals)
		want(t, "AppendText", string(must(seals.AppendText([]byte("+")))), "+"+text)
	}
}

func TestParseSeals(t *testing.T) {
	leaks.Check(t)
	for text, seals := range map[string]memfd.Seals{
		"":                         0,
		" \t\n,|+":                 0,
		"write":                    0x8,
		"F_SEAL_WRITE":             0x8,
		"f_seal_future_write":      0x10,
		"shrink,GROW|SEAL+exec":    0x27,
		"  WRITE  ":                0x8,
		"gswWSx":                   0x3f,
		"0x3f":                     0x3f,
		"0XFFFFFFFF":               0xffffffff,
		"0x40 w":                   0x48,
		"immutable":                0xf,
		"IMMUTABLE FUTURE_WRITE":   0x1f,
		"F_SEAL_SEAL|F_SEAL_WRITE": 0x9,
	} {
		want(t, text, must(memfd.ParseSeals(text)), seals)
	}
	for _, text := range []string{"x y z", "WRIT", "WRITES", "F_SEAL_", "0x", "0x123456789", "0xg", "12", "w,?", "w;s", "\xff", "w\x00", "w\x00?"} {
		if seals, err := memfd.ParseSeals(text); err == nil {
			t.Errorf("ParseSeals(%q): got %v, want an error", text, seals)
		}
	}
}

func TestSealsInJSON(t *testing.T) {
	leaks.Check(t)
	var config struct{ Required memfd.Seals }
	if err := json.Unmarshal([]byte(`{"Required":"write, shrink"}`), &config); err != nil {
		t.Fatal(err)
	}
	want(t, "read", config.Required, memfd.SealWrite|memfd.SealShrink)
	want(t, "written", string(must(json.Marshal(config))), `{"Required":"WRITE SHRINK"}`)
	err := json.Unmarshal([]byte(`{"Required":"read-only"}`), &config)
	want(t, "an unknown word is an error", err != nil, true)
	want(t, "the value after an error", config.Required, memfd.SealWrite|memfd.SealShrink)
}
