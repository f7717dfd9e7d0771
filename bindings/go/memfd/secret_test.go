// SPDX-License-Identifier: MIT

//go:build linux

package memfd_test

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"libmemfd_go/bindings/go/memfd"
	"libmemfd_go/internal/leaks"
)

// unlocked lets tests run with a low RLIMIT_MEMLOCK.
var unlocked = &memfd.SecretOptions{AllowUnlocked: true}

func newSecret(t *testing.T, n int, opts memfd.SecretOptions) *memfd.SecretBuffer {
	t.Helper()
	opts.AllowUnlocked = true
	return closeLater(t, must(memfd.NewSecretBuffer(n, &opts)))
}

func needSecretMem(t *testing.T) {
	t.Helper()
	if !features(t, memfd.FeatureSecret).Has(memfd.FeatureSecret) {
		t.Skip("memfd_secret(2) does not work")
	}
}

// byteAt returns the byte at an offset from the start of memory, which may be outside it.
func byteAt(memory []byte, offset int) *byte {
	return (*byte)(unsafe.Add(addressOf(memory), offset))
}

func TestSecretBuffer(t *testing.T) {
	leaks.Check(t)
	for _, opts := range []memfd.SecretOptions{{}, {NoSecretMem: true}} {
		for _, n := range []int{1, page, page + 1, 3 * page} {
			b := newSecret(t, n, opts)
			want(t, "Len", b.Len(), n)
			want(t, "contents", strings.Trim(string(b.Bytes()), "\x00"), "")
			want(t, "length", len(b.Bytes()), n)
			copy(b.Bytes(), "the key")
			whole := (n + page - 1) / page * page
			want(t, "a load from the guard in front faults", faults(byteAt(b.Bytes(), -1)), true)
			want(t, "a load from the guard behind faults", faults(byteAt(b.Bytes(), whole)), true)
			want(t, "File", b.File(), nil)
		}
	}
}

func TestSecretBufferKind(t *testing.T) {
	leaks.Check(t)
	want(t, "without memfd_secret(2)", newSecret(t, 1, memfd.SecretOptions{NoSecretMem: true}).Kind(), memfd.SecretLocked)
	needSecretMem(t)
	want(t, "with memfd_secret(2)", newSecret(t, 1, memfd.SecretOptions{}).Kind(), memfd.SecretMem)
	want(t, "with RequireSecretMem", newSecret(t, 1, memfd.SecretOptions{RequireSecretMem: true}).Kind(), memfd.SecretMem)
}

func TestSecretBufferAlignEnd(t *testing.T) {
	leaks.Check(t)
	for _, n := range []int{1, 100, page, page + 1} {
		b := newSecret(t, n, memfd.SecretOptions{AlignEnd: true})
		want(t, "a store to the last byte faults", storeFaults(byteAt(b.Bytes(), n-1)), false)
		want(t, "a load from the guard behind faults", faults(byteAt(b.Bytes(), n)), true)
	}
}

func TestSecretBufferUnderrun(t *testing.T) {
	leaks.Check(t)
	b := must(memfd.NewSecretBuffer(100, &memfd.SecretOptions{AlignEnd: true, AllowUnlocked: true}))
	*byteAt(b.Bytes(), -1) ^= 1
	wantPathError(t, "Close", b.Close(), "free", "secret memory", syscall.EUCLEAN)
	wantPathError(t, "Close again", b.Close(), "free", "secret memory", fs.ErrClosed)
}

func TestNewSecretBufferErrors(t *testing.T) {
	leaks.Check(t)
	for what, opts := range map[string]memfd.SecretOptions{
		"RequireSecretMem and NoSecretMem": {RequireSecretMem: true, NoSecretMem: true},
		"KeepFile and NoSecretMem":         {KeepFile: true, NoSecretMem: true},
	} {
		_, err := memfd.NewSecretBuffer(1, &opts)
		wantPathError(t, what, err, "allocate", "secret memory", syscall.EINVAL)
	}
	for _, n := range []int{0, -1, math.MinInt} {
		_, err := memfd.NewSecretBuffer(n, unlocked)
		wantPathError(t, fmt.Sprint(n, " bytes"), err, "allocate", "secret memory", syscall.EINVAL)
	}
	if strconv.IntSize == 64 {
		_, err := memfd.NewSecretBuffer(math.MaxInt, unlocked)
		want(t, "allocating MaxInt bytes is an error", err != nil, true)
	}
}

func TestSecretBufferMemlockLimit(t *testing.T) {
	leaks.Check(t)
	withLockLimit(t, page, func() {
		anonymous := &memfd.SecretOptions{NoSecretMem: true}
		_, err := memfd.NewSecretBuffer(2*page, anonymous)
		wantError(t, "over RLIMIT_MEMLOCK", err, syscall.ENOMEM)
		must(memfd.NewSecretBuffer(page, anonymous)).Close() // guard pages do not count
		b := must(memfd.NewSecretBuffer(2*page, &memfd.SecretOptions{NoSecretMem: true, AllowUnlocked: true}))
		want(t, "kind", b.Kind(), memfd.SecretUnlocked)
		b.Close()
	})
}

// withLockLimit runs f with RLIMIT_MEMLOCK n and without the capability that overrides it.
func withLockLimit(t *testing.T, n int, f func()) {
	t.Helper()
	runtime.LockOSThread() // capabilities belong to threads
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
	withLimit(t, unix.RLIMIT_MEMLOCK, uint64(n), f)
}

func TestSecretBufferFrom(t *testing.T) {
	leaks.Check(t)
	data := []byte("the key")
	b := closeLater(t, must(memfd.SecretBufferFrom(data, unlocked)))
	want(t, "contents", string(b.Bytes()), "the key")
	want(t, "the source", string(data), "\x00\x00\x00\x00\x00\x00\x00")

	data = []byte("the key")
	_, err := memfd.SecretBufferFrom(data, &memfd.SecretOptions{RequireSecretMem: true, NoSecretMem: true})
	wantError(t, "invalid options", err, syscall.EINVAL)
	want(t, "the source after an error", string(data), "\x00\x00\x00\x00\x00\x00\x00")
	_, err = memfd.SecretBufferFrom(nil, unlocked)
	wantError(t, "length 0", err, syscall.EINVAL)
}

func TestSecretBufferEqual(t *testing.T) {
	leaks.Check(t)
	b := must(memfd.SecretBufferFrom([]byte("the key"), unlocked))
	for data, equal := range map[string]bool{"the key": true, "the kez": false, "the ke": false, "the key ": false, "": false} {
		want(t, data, b.Equal([]byte(data)), equal)
	}
	b.Close()
	want(t, "Equal after Close", b.Equal([]byte("the key")), false)
	want(t, "Equal(nil) after Close", b.Equal(nil), false)
}

func TestSecretBufferProtect(t *testing.T) {
	leaks.Check(t)
	for _, opts := range []memfd.SecretOptions{{}, {NoSecretMem: true}, {AlignEnd: true}} {
		b := newSecret(t, page+1, opts)
		copy(b.Bytes(), "the key")
		last := &b.Bytes()[page]
		for _, c := range []struct {
			access      memfd.Access
			load, store bool // whether it faults
		}{
			{memfd.AccessNone, true, true},
			{memfd.AccessRead, false, true},
			{memfd.AccessNone, true, true},
			{memfd.AccessReadWrite, false, false},
		} {
			if err := b.Protect(c.access); err != nil {
				t.Fatal(err)
			}
			want(t, "a load faults", faults(last), c.load)
			want(t, "a store faults", storeFaults(last), c.store)
		}
		want(t, "contents", string(b.Bytes()[:7]), "the key")
	}
	wantPathError(t, "AccessWrite", newSecret(t, 1, memfd.SecretOptions{}).Protect(memfd.AccessWrite), "protect", "secret memory", syscall.EINVAL)
}

func TestSecretBufferClose(t *testing.T) {
	leaks.Check(t)
	for _, opts := range []memfd.SecretOptions{{}, {NoSecretMem: true}, {AlignEnd: true}} {
		opts.AllowUnlocked = true
		b := must(memfd.NewSecretBuffer(10, &opts))
		first := &b.Bytes()[0]
		if err := b.Protect(memfd.AccessNone); err != nil {
			t.Fatal(err)
		}
		want(t, "Close of an inaccessible buffer", b.Close(), nil)
		want(t, "a load after Close faults", faults(first), true)
		want(t, "Bytes", b.Bytes() == nil, true)
		want(t, "Len", b.Len(), 0)
		wantPathError(t, "Close again", b.Close(), "free", "secret memory", fs.ErrClosed)
		wantPathError(t, "Protect", b.Protect(memfd.AccessRead), "protect", "secret memory", fs.ErrClosed)
	}
}

// An attached buffer sees the contents, and that Close overwrites them.
func TestSecretBufferFile(t *testing.T) {
	leaks.Check(t)
	needSecretMem(t)
	b := newSecret(t, page, memfd.SecretOptions{KeepFile: true})
	want(t, "kind", must(memfd.Inspect(b.File())).Kind, memfd.KindSecret)
	want(t, "close-on-exec", closesOnExec(t, b.File()), true)
	other := closeLater(t, must(memfd.AttachSecretBuffer(b.File(), int64(page), nil)))
	copy(b.Bytes(), "the key")
	want(t, "contents of the attached buffer", string(other.Bytes()[:7]), "the key")
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	want(t, "contents of the attached buffer after Close", string(other.Bytes()[:7]), "\x00\x00\x00\x00\x00\x00\x00")
	_, err := memfd.GetSeals(b.File())
	wantError(t, "the file after Close", err, fs.ErrClosed)
}

// Closing an attached buffer does not overwrite the shared memory.
func TestAttachSecretBuffer(t *testing.T) {
	leaks.Check(t)
	needSecretMem(t)
	b := newSecret(t, page, memfd.SecretOptions{KeepFile: true})
	copy(b.Bytes(), "the key")
	other := must(memfd.AttachSecretBuffer(b.File(), int64(page), &memfd.SecretOptions{KeepFile: true}))
	want(t, "length", other.Len(), page)
	want(t, "the attached buffer has another File", other.File() != nil && other.File() != b.File(), true)
	want(t, "a load from the guard in front faults", faults(byteAt(other.Bytes(), -1)), true)
	want(t, "a load from the guard behind faults", faults(byteAt(other.Bytes(), page)), true)
	other.Close()
	want(t, "contents", string(b.Bytes()[:7]), "the key")
	_, err := memfd.AttachSecretBuffer(b.File(), int64(page)-1, nil)
	wantPathError(t, "longer than maxSize", err, "attach", "secret", syscall.EFBIG)
}

func TestAttachSecretBufferErrors(t *testing.T) {
	leaks.Check(t)
	_, err := memfd.AttachSecretBuffer(sealed(t, "hello"), 5, nil)
	wantPathError(t, "a memfd", err, "attach", "memfd:test", syscall.EINVAL)
	_, err = memfd.AttachSecretBuffer(sealed(t, "hello"), -1, nil)
	wantPathError(t, "a negative limit", err, "attach", "memfd:test", syscall.EINVAL)
	_, err = memfd.AttachSecretBuffer(nil, 5, nil)
	wantError(t, "a nil file", err, fs.ErrInvalid)
}

func TestSecretsAreNotPrinted(t *testing.T) {
	leaks.Check(t)
	b := must(memfd.SecretBufferFrom([]byte("the key"), unlocked))
	defer b.Close()
	p := closeLater(t, must(memfd.NewSecretPool(7, 3, unlocked)))
	copy(must(p.Take()), "the key")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		want(t, verb, fmt.Sprintf(verb, b), "memfd.SecretBuffer(7 bytes)")
		want(t, verb, fmt.Sprintf(verb, p), "memfd.SecretPool(1 of 3 slots of 7 bytes taken)")
	}
}

func init() {
	tasks["secrets"] = func() error {
		maps := string(must(os.ReadFile("/proc/self/maps")))
		fmt.Println("maps", strings.Count(maps, "secretmem"))
		entries := must(os.ReadDir("/proc/self/fd"))
		n := 0
		for _, e := range entries {
			if link, _ := os.Readlink("/proc/self/fd/" + e.Name()); strings.Contains(link, "secretmem") {
				n++
			}
		}
		fmt.Println("files", n)
		return nil
	}
}

// Programs started by other goroutines inherit no secret, and do not disturb any.
func TestSecretsAcrossForkAndExec(t *testing.T) {
	leaks.Check(t)
	done := make(chan struct{})
	var using sync.WaitGroup
	for range 4 {
		using.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				b, err := memfd.NewSecretBuffer(100, &memfd.SecretOptions{AllowUnlocked: true, KeepFile: true})
				if err != nil {
					t.Error(err)
					return
				}
				copy(b.Bytes(), "the key")
				runtime.Gosched()
				want(t, "contents", string(b.Bytes()[:7]), "the key")
				want(t, "Close", b.Close(), nil)
			}
		})
	}
	defer using.Wait()
	defer close(done)
	for range rounds(1000) / 50 {
		output, err := runChild(t, "secrets")
		want(t, "error", err, nil)
		want(t, "secrets in the program", output, "maps 0\nfiles 0\n")
	}
}

func newPool(t *testing.T, n, slots int) *memfd.SecretPool {
	t.Helper()
	return closeLater(t, must(memfd.NewSecretPool(n, slots, unlocked)))
}

func TestSecretPool(t *testing.T) {
	leaks.Check(t)
	for _, n := range []int{1, 16, 100, 4096} {
		for _, slots := range []int{1, 2, 50} {
			p := newPool(t, n, slots)
			var taken [][]byte
			seen := map[*byte]bool{}
			for range slots {
				slot := must(p.Take())
				want(t, "slot taken twice", seen[&slot[0]], false)
				seen[&slot[0]] = true
				want(t, "length", len(slot), n)
				want(t, "contents", strings.Trim(string(slot), "\x00"), "")
				for i := range slot { // must not change other slots
					slot[i] = 0x55
				}
				taken = append(taken, slot)
			}
			_, err := p.Take()
			want(t, "Take when all slots are taken", err, memfd.ErrNoFreeSlot)
			for _, slot := range taken {
				want(t, "Give", p.Give(slot), nil)
				want(t, "contents", strings.Trim(string(slot), "\x00"), "")
			}
			must(p.Take())
		}
	}
}

func TestSecretPoolGiveErrors(t *testing.T) {
	leaks.Check(t)
	p := newPool(t, 100, 3)
	slot := must(p.Take())
	stride := (100+15)/16*16 + 16
	at := func(offset int) []byte { return unsafe.Slice(byteAt(slot, offset), 1) }
	for what, wrong := range map[string][]byte{
		"nil":                  nil,
		"another address":      make([]byte, 100),
		"inside a slot":        slot[16:],
		"an unaligned address": slot[1:],
		"a free slot":          at(stride),
		"in front of the pool": at(-stride),
		"behind the pool":      at(3 * stride),
	} {
		want(t, what, p.Give(wrong), memfd.ErrCorruptPool)
	}
	want(t, "a taken slot", p.Give(slot), nil)
	want(t, "giving it back twice", p.Give(slot), memfd.ErrCorruptPool)
}

func TestSecretPoolOverrun(t *testing.T) {
	leaks.Check(t)
	p := newPool(t, 100, 3)
	slot := must(p.Take())
	clear(unsafe.Slice(&slot[0], 113)) // 12 bytes up to the next multiple of 16, and one byte of the gap
	want(t, "Give", p.Give(slot), memfd.ErrCorruptPool)
}

func TestSecretPoolProtect(t *testing.T) {
	leaks.Check(t)
	p := newPool(t, 100, 3)
	slot := must(p.Take())
	want(t, "Protect", p.Protect(memfd.AccessRead), nil)
	want(t, "a load faults", faults(&slot[0]), false)
	want(t, "a store faults", storeFaults(&slot[0]), true)
	_, err := p.Take()
	wantPathError(t, "Take", err, "take", "secret pool", syscall.EACCES)
	wantPathError(t, "Give", p.Give(slot), "give", "secret pool", syscall.EACCES)
	want(t, "Protect", p.Protect(memfd.AccessReadWrite), nil)
	want(t, "Give", p.Give(slot), nil)
	wantPathError(t, "AccessWrite", p.Protect(memfd.AccessWrite), "protect", "secret pool", syscall.EINVAL)
}

func TestSecretPoolFile(t *testing.T) {
	leaks.Check(t)
	needSecretMem(t)
	p := must(memfd.NewSecretPool(100, 3, &memfd.SecretOptions{KeepFile: true}))
	want(t, "kind", must(memfd.Inspect(p.File())).Kind, memfd.KindSecret)
	want(t, "Close", p.Close(), nil)
	_, err := memfd.Inspect(p.File())
	wantError(t, "the file after Close", err, fs.ErrClosed)
	want(t, "File without KeepFile", newPool(t, 1, 1).File(), nil)
}

func TestSecretPoolClose(t *testing.T) {
	leaks.Check(t)
	p := must(memfd.NewSecretPool(100, 3, unlocked))
	slot := must(p.Take())
	want(t, "Close", p.Close(), nil)
	want(t, "a load after Close faults", faults(&slot[0]), true)
	_, err := p.Take()
	wantPathError(t, "Take", err, "take", "secret pool", fs.ErrClosed)
	wantPathError(t, "Give", p.Give(slot), "give", "secret pool", fs.ErrClosed)
	wantPathError(t, "Close again", p.Close(), "free", "secret pool", fs.ErrClosed)
}

func TestNewSecretPoolErrors(t *testing.T) {
	leaks.Check(t)
	for _, c := range []struct {
		what     string
		n, slots int
		opts     *memfd.SecretOptions
	}{
		{"length 0", 0, 1, nil},
		{"a negative length", -1, 1, nil},
		{"0 slots", 1, 0, nil},
		{"a negative number of slots", 1, -1, nil},
		{"too many slots", 1, 1<<20 + 1, nil},
		{"more than MaxInt bytes", math.MaxInt >> 9, 1 << 20, nil},
		{"AlignEnd", 1, 1, &memfd.SecretOptions{AlignEnd: true}},
		{"KeepFile and NoSecretMem", 1, 1, &memfd.SecretOptions{KeepFile: true, NoSecretMem: true}},
	} {
		_, err := memfd.NewSecretPool(c.n, c.slots, c.opts)
		wantPathError(t, c.what, err, "allocate", "secret pool", syscall.EINVAL)
	}
}

func TestSecretPoolConcurrently(t *testing.T) {
	leaks.Check(t)
	p := must(memfd.NewSecretPool(32, 8, unlocked))
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for range rounds(50000) / 8 {
				slot, err := p.Take()
				if err != nil {
					t.Error(err)
					return
				}
				for i := range slot {
					slot[i] = byte(g)
				}
				for i := range slot {
					if slot[i] != byte(g) {
						t.Errorf("byte %d of a slot of goroutine %d: got %d", i, g, slot[i])
					}
				}
				if err := p.Give(slot); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	for range 2 {
		all.Go(func() {
			if err := p.Close(); err != nil && !errors.Is(err, fs.ErrClosed) {
				t.Error(err)
			}
		})
	}
	all.Wait()
}
