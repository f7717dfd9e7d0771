// SPDX-License-Identifier: MIT

package purego_test

import (
	"testing"
	"unsafe"

	"libmemfd_go/internal/leaks"
)

func newPool(t *testing.T, length uintptr, slots, opts uint32) *SecretPool {
	t.Helper()
	pool := &SecretPool{}
	if r := lib.SecretPoolInit(pool, length, slots, opts|optAllowUnlocked); r != 0 {
		t.Fatalf("SecretPoolInit: %s", outcome(r))
	}
	t.Cleanup(func() { lib.SecretPoolFree(pool) })
	return pool
}

func take(t *testing.T, pool *SecretPool) unsafe.Pointer {
	t.Helper()
	var slot unsafe.Pointer
	check(t, []row{{"take", lib.SecretPoolTake(pool, &slot), "ok"}})
	return slot
}

func TestSecretPool(t *testing.T) {
	leaks.Check(t)
	for _, length := range []uintptr{1, 16, 100, 4096} {
		for _, slots := range []uint32{1, 2, 50} {
			pool := newPool(t, length, slots, 0)
			same(t, "kind", expectedKind(0), pool.Area.Kind)
			seen := make(map[unsafe.Pointer]bool)
			for range slots {
				slot := take(t, pool)
				same(t, "taken before", false, seen[slot])
				seen[slot] = true
				same(t, "alignment", 0, uintptr(slot)%16)
				same(t, "contents", string(make([]byte, length)), string(bytesAt(slot, length)))
				for i := range length { // disturbs no other slot
					bytesAt(slot, length)[i] = 0x55
				}
			}
			var none unsafe.Pointer
			same(t, "taken", slots, pool.Used)
			same(t, "when all are taken", "ENOSPC", outcome(lib.SecretPoolTake(pool, &none)))
			same(t, "slot after an error", true, none == nil)
			for slot := range seen {
				check(t, []row{{"give", lib.SecretPoolGive(pool, slot), "ok"}})
			}
			same(t, "taken", 0, pool.Used)
			check(t, []row{{"free", lib.SecretPoolFree(pool), "ok"}})
		}
	}
}

func TestSecretPoolWipes(t *testing.T) {
	leaks.Check(t)
	pool := newPool(t, 100, 3, 0)
	slot := take(t, pool)
	copy(bytesAt(slot, 100), "the key")
	check(t, []row{{"give", lib.SecretPoolGive(pool, slot), "ok"}})
	same(t, "contents", string(make([]byte, 100)), string(bytesAt(slot, 100)))
	same(t, "the next taken", true, take(t, pool) == slot)
}

func TestSecretPoolGiveErrors(t *testing.T) {
	leaks.Check(t)
	pool := newPool(t, 100, 3, 0)
	slot := take(t, pool)
	give := func(p unsafe.Pointer) int32 { return lib.SecretPoolGive(pool, p) }
	stride := int(pool.Stride)
	check(t, []row{
		{"null", give(nil), "EINVAL"},
		{"address outside", give(unsafe.Pointer(pool)), "EINVAL"},
		{"address inside a slot", give(unsafe.Add(slot, 16)), "EINVAL"},
		{"unaligned address", give(unsafe.Add(slot, 1)), "EINVAL"},
		{"free slot", give(unsafe.Add(slot, stride)), "EINVAL"},
		{"in front of the pool", give(unsafe.Add(slot, -stride)), "EINVAL"},
		{"behind the pool", give(unsafe.Add(slot, 3*stride)), "EINVAL"},
		{"null pool", lib.SecretPoolGive(nil, slot), "EFAULT"},
		{"taken slot", give(slot), "ok"},
		{"giving it back twice", give(slot), "EINVAL"},
	})
}

// An overrun is reported when the slot is given back.
func TestSecretPoolOverrun(t *testing.T) {
	leaks.Check(t)
	pool := newPool(t, 100, 3, 0)
	slot := take(t, pool)
	for i := range pool.Stride {
		bytesAt(slot, pool.Stride)[i] = 0x55
	}
	same(t, "give", "EINVAL", outcome(lib.SecretPoolGive(pool, slot)))
	check(t, []row{{"free", lib.SecretPoolFree(pool), "ok"}})
}

func TestSecretPoolFree(t *testing.T) {
	leaks.Check(t)
	pool := newPool(t, 100, 3, 0)
	slot := take(t, pool)
	check(t, []row{
		{"free", lib.SecretPoolFree(pool), "ok"},
		{"free twice", lib.SecretPoolFree(pool), "ok"},
		{"take", lib.SecretPoolTake(pool, &slot), "EINVAL"},
		{"give", lib.SecretPoolGive(pool, slot), "EINVAL"},
		{"null pool", lib.SecretPoolFree(nil), "EFAULT"},
	})
	same(t, "a load after free faults", true, faults(slot))
}

func TestSecretPoolInitErrors(t *testing.T) {
	leaks.Check(t)
	pool := SecretPool{}
	var slot unsafe.Pointer
	check(t, []row{
		{"no length", lib.SecretPoolInit(&pool, 0, 1, 0), "EINVAL"},
		{"no slots", lib.SecretPoolInit(&pool, 1, 0, 0), "EINVAL"},
		{"many slots", lib.SecretPoolInit(&pool, 1, 1<<20+1, 0), "EINVAL"},
		{"maximum length", lib.SecretPoolInit(&pool, ^uintptr(0), 1, 0), "EINVAL"},
		{"product over the maximum", lib.SecretPoolInit(&pool, ^uintptr(0)>>10, 1<<20, 0), "EINVAL"},
		{"OPT_ALIGN_END", lib.SecretPoolInit(&pool, 1, 1, optAlignEnd), "EINVAL"},
		{"unknown option", lib.SecretPoolInit(&pool, 1, 1, 1<<31), "EINVAL"},
		{"null pool", lib.SecretPoolInit(nil, 1, 1, 0), "EFAULT"},
		{"take from a null pool", lib.SecretPoolTake(nil, &slot), "EFAULT"},
		{"an empty pool", lib.SecretPoolTake(&pool, &slot), "EINVAL"},
		{"null slot", lib.SecretPoolTake(newPool(t, 1, 1, 0), nil), "EFAULT"},
	})
	same(t, "pool after errors", SecretPool{}, pool)
}
