// SPDX-License-Identifier: MIT

//go:build linux

package memfd_test

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"libmemfd_go/bindings/go/memfd"
	"libmemfd_go/internal/leaks"
)

func TestInspect(t *testing.T) {
	leaks.Check(t)
	f := create(t, &memfd.Options{Size: 5, Seals: memfd.SealGrow, Mode: 0o640})
	info := must(memfd.Inspect(f))
	want(t, "kind", info.Kind, memfd.KindMemfd)
	want(t, "seals", info.Seals&memfd.Immutable, memfd.SealGrow)
	want(t, "mode", info.Mode, 0o640)
	want(t, "access", info.Access, memfd.AccessReadWrite)
	want(t, "size", info.Size, 5)
	want(t, "huge page", info.HugePage, 0)
	want(t, "memory", info.Allocated, 0)
	st := must(f.Stat()).Sys().(*syscall.Stat_t)
	want(t, "device", info.Device, uint64(st.Dev))
	want(t, "inode", info.Inode, st.Ino)
	want(t, "name", info.Name, "test")
}

func TestInspectAllocated(t *testing.T) {
	leaks.Check(t)
	f := create(t, nil)
	must(f.WriteAt([]byte("x"), int64(page)))
	want(t, "memory", must(memfd.Inspect(f)).Allocated, int64(page))
}

func TestKindString(t *testing.T) {
	leaks.Check(t)
	for value, text := range map[fmt.Stringer]string{
		memfd.KindOther:       "other",
		memfd.KindMemfd:       "memfd",
		memfd.KindHugetlb:     "hugetlb",
		memfd.KindTmpfs:       "tmpfs",
		memfd.KindSecret:      "secret",
		memfd.Kind(5):         "5",
		memfd.AccessNone:      "none",
		memfd.AccessRead:      "read",
		memfd.AccessWrite:     "write",
		memfd.AccessReadWrite: "read-write",
		memfd.SecretKind(0):   "none",
		memfd.SecretMem:       "memfd_secret",
		memfd.SecretLocked:    "locked",
		memfd.SecretUnlocked:  "unlocked",
	} {
		want(t, "String", value.String(), text)
	}
}

func TestInspectAccess(t *testing.T) {
	leaks.Check(t)
	f := create(t, nil)
	for flag, access := range map[int]memfd.Access{
		os.O_RDONLY: memfd.AccessRead,
		os.O_WRONLY: memfd.AccessWrite,
		os.O_RDWR:   memfd.AccessReadWrite,
		unix.O_PATH: memfd.AccessNone,
	} {
		again := must(memfd.Reopen(f, flag))
		want(t, "access", must(memfd.Inspect(again)).Access, access)
		again.Close()
	}
}

func TestInspectOtherFiles(t *testing.T) {
	leaks.Check(t)
	r, w := must2(os.Pipe())
	defer r.Close()
	defer w.Close()
	directory := closeLater(t, must(os.Open(t.TempDir())))
	null := closeLater(t, must(os.Open("/dev/null")))
	for _, f := range []*os.File{r, directory, null, diskFile(t, "hello")} {
		info := must(memfd.Inspect(f))
		if info.Kind != memfd.KindTmpfs || !must(f.Stat()).Mode().IsRegular() {
			want(t, f.Name(), info.Kind, memfd.KindOther)
		}
		want(t, f.Name(), info.Mode, must(f.Stat()).Mode())
		want(t, f.Name(), info.Name, "")
	}
	if shm, err := os.CreateTemp("/dev/shm", ""); err == nil {
		defer os.Remove(shm.Name())
		defer shm.Close()
		want(t, shm.Name(), must(memfd.Inspect(shm)).Kind, memfd.KindTmpfs)
	}
}

func TestInspectErrors(t *testing.T) {
	leaks.Check(t)
	f := must(memfd.Create("x"))
	f.Close()
	_, err := memfd.Inspect(f)
	wantPathError(t, "a closed file", err, "inspect", "memfd:x", fs.ErrClosed)
	_, err = memfd.Inspect(nil)
	wantError(t, "a nil file", err, fs.ErrInvalid)
}

func TestProbe(t *testing.T) {
	leaks.Check(t)
	found := features(t, memfd.FeatureSecret)
	want(t, "FeatureCreate and FeatureSealing", found.Has(memfd.FeatureCreate|memfd.FeatureSealing), true)
	want(t, "page size", found.PageSize, page)
	b, err := memfd.NewSecretBuffer(1, &memfd.SecretOptions{RequireSecretMem: true})
	if err == nil {
		b.Close()
	}
	want(t, "FeatureSecret", found.Has(memfd.FeatureSecret), err == nil)
	want(t, "FeatureSecret without a request", features(t, 0).Feature&memfd.FeatureSecret, 0)
	if found.NoexecPolicy < 0 || found.NoexecPolicy > 2 {
		t.Errorf("NoexecPolicy: got %d, want 0, 1 or 2", found.NoexecPolicy)
	}
	for _, size := range found.HugePages {
		if size <= 0 || size&(size-1) != 0 {
			t.Errorf("HugePages: got %d, want a power of two", size)
		}
	}
}

func TestProbeErrors(t *testing.T) {
	leaks.Check(t)
	for _, request := range []memfd.Feature{memfd.FeatureCreate, 1 << 40} {
		_, err := memfd.Probe(request)
		wantError(t, "an invalid request", err, syscall.EINVAL)
	}
	withLimit(t, unix.RLIMIT_NOFILE, 0, func() {
		_, err := memfd.Probe(0)
		wantError(t, "RLIMIT_NOFILE reached", err, syscall.EMFILE)
	})
}
