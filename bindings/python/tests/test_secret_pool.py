# SPDX-License-Identifier: MIT
"""Secret pools: taking and giving back slots, lifetime, and errors."""

from __future__ import annotations

import copy
import ctypes
import gc
import os
import pickle
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable

import pytest
from helpers import address_of, fails_with, ignored_errors, in_child, permissions

from memfd_go import Access, SecretFallbackWarning, SecretKind, SecretPool, raw

pytestmark = pytest.mark.filterwarnings("ignore::memfd_go.SecretFallbackWarning")


def test_take_and_give() -> None:
    with SecretPool(100, 3) as pool:
        assert (pool.slots, pool.used, pool.slot_size) == (3, 0, 100)
        slots = [pool.take() for _ in range(3)]
        assert pool.used == 3
        assert [len(slot) for slot in slots] == [100] * 3
        with fails_with("ENOSPC"):
            pool.take()
        with slots[1].writable() as view:
            view[:] = b"\x55" * 100
        slots[1].close()
        slots[1].close()
        assert pool.used == 2
        with pool.take() as again, again.readable() as view:
            assert bytes(view) == bytes(100)
            assert view.readonly
        for slot in slots:
            slot.close()


def test_slots_are_separate() -> None:
    with SecretPool(16, 4) as pool:
        slots = [pool.take() for _ in range(4)]
        for number, slot in enumerate(slots):
            with slot.writable() as view:
                view[:] = bytes([number]) * 16
        for number, slot in enumerate(slots):
            with slot.readable() as view:
                assert bytes(view) == bytes([number]) * 16
        slots[2].wipe()
        with slots[2].readable() as view, slots[3].readable() as neighbour:
            assert bytes(view) == bytes(16)
            assert bytes(neighbour) == b"\3" * 16


def test_kind() -> None:
    with SecretPool(32, 2, secretmem=False) as pool, pool.take() as slot:
        assert pool.kind is slot.kind is SecretKind.MLOCK
    assert pool.kind is SecretKind.MLOCK


def test_fallback_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    init = raw.secret_pool_init

    def without_secretmem(length: int, slots: int, opts: int) -> raw.SecretPool:
        return init(length, slots, opts | raw.MEMFD_GO_OPT_NO_SECRETMEM)

    monkeypatch.setattr(raw, "secret_pool_init", without_secretmem)
    with pytest.warns(SecretFallbackWarning, match="locked memory"):
        SecretPool(32, 2).close()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(SecretFallbackWarning):
            SecretPool(32, 2)


def test_close_with_views() -> None:
    pool = SecretPool(32, 2)
    slot = pool.take()
    with slot.readable():
        with pytest.raises(BufferError, match="views of the secret still exist"):
            slot.close()
        with pytest.raises(BufferError, match="slots of the pool have views"):
            pool.close()
        assert not pool.closed
    pool.close()
    assert slot.closed
    with pytest.raises(ValueError, match="the secret is closed"):
        slot.wipe()
    slot.close()


def test_closed() -> None:
    pool = SecretPool(32, 2)
    pool.close()
    pool.close()
    assert (pool.closed, pool.slots, pool.used, pool.slot_size) == (True, 0, 0, 32)
    with pytest.raises(ValueError, match="the pool is closed"):
        pool.take()
    assert repr(pool) == "<SecretPool of 32 bytes each, closed>"


def test_repr() -> None:
    with SecretPool(32, 2) as pool, pool.take() as slot:
        assert repr(pool) == "<SecretPool of 32 bytes each, 1 of 2 slots used>"
        assert repr(slot) == f"<SecretSlot of 32 bytes, {slot.kind}>"


def test_overrun_is_detected() -> None:
    pool = SecretPool(32, 2)
    slot = pool.take()
    with slot.writable() as view:
        ctypes.memset(address_of(view) + 32, 0x55, 16)
    text = "something wrote past the end of a slot; closing the pool wipes all slots"
    with fails_with("EINVAL", text=text):
        slot.close()
    assert not slot.closed
    pool.close()
    assert slot.closed


@pytest.mark.parametrize("kept", [True, False])
def test_overrun_does_not_keep_the_pool(kept: bool) -> None:
    """A pool that is abandoned is freed even if a slot cannot be given back."""
    pool: Any = SecretPool(32, 3)
    slot: Any = pool.take()
    other: Any = pool.take()
    with slot.writable() as view:
        address = address_of(view)
        ctypes.memset(address + 32, 0x55, 16)
    del view
    if kept:
        with pytest.raises(ZeroDivisionError), pool:
            _ = 1 / 0
        assert (pool.closed, slot.closed, other.closed) == (True, True, True)
    else:
        with pytest.warns(ResourceWarning, match="unclosed <SecretPool"):
            del pool
        for area in (slot._area, other._area):  # what __del__() does
            assert permissions(address) != ""
            with fails_with("EINVAL"):
                area.abandon()
    assert permissions(address) == ""


def test_unclosed_slot_is_given_back() -> None:
    with SecretPool(32, 1) as pool:
        slot = pool.take()
        with pytest.warns(ResourceWarning, match="unclosed <SecretSlot of 32 bytes"):
            del slot
        assert pool.used == 0


def test_unclosed_pool_is_freed_with_last_slot() -> None:
    pool = SecretPool(32, 1)
    slot = pool.take()
    view = slot.writable().__enter__()
    address = address_of(view)
    with pytest.warns(ResourceWarning, match="unclosed <SecretPool"):
        del pool
    view[:2] = b"ab"
    with pytest.warns(ResourceWarning, match="unclosed <SecretSlot"):
        del slot
    assert bytes(view[:2]) == b"ab"
    del view
    gc.collect()
    assert permissions(address) == ""


def test_cannot_be_pickled_or_copied() -> None:
    with SecretPool(32, 1) as pool, pool.take() as slot:
        hows: list[Callable[[Any], object]] = [pickle.dumps, copy.copy, copy.deepcopy]
        for thing in (pool, slot):
            for how in hows:
                with pytest.raises(TypeError, match=f"cannot pickle '{type(thing).__name__}'"):
                    how(thing)


def test_invalid() -> None:
    for slot_size, slots in ((0, 1), (1, 0), (1, (1 << 20) + 1)):
        with fails_with("EINVAL"):
            SecretPool(slot_size, slots)
    with pytest.raises(OverflowError):
        SecretPool(32, -1)


def test_threads() -> None:
    """The C pool has no lock; SecretPool has one."""
    with SecretPool(8, 8) as pool:

        def work(number: int) -> bool:
            with pool.take() as slot:
                with slot.writable() as view:
                    view[:] = bytes([number % 256]) * 8
                with slot.readable() as view:
                    return bytes(view) == bytes([number % 256]) * 8

        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        try:
            with ThreadPoolExecutor(8) as threads:
                assert all(threads.map(work, range(400)))
        finally:
            sys.setswitchinterval(interval)
        assert pool.used == 0


def test_child_of_fork_does_not_have_it() -> None:
    pool = SecretPool(3, 2)
    slot = pool.take()
    with slot.writable() as view:
        view[:] = b"abc"

    def child() -> None:
        for use in (pool.take, slot.wipe, slot.readable().__enter__):
            with pytest.raises(RuntimeError, match=f"belongs to process {os.getppid()}"):
                use()
        assert pool.closed
        assert slot.closed
        slot.close()
        pool.close()

    def child_that_forgets() -> None:
        nonlocal pool, slot
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            del pool, slot
            gc.collect()

    in_child(child)
    in_child(child_that_forgets)
    with slot.readable() as view:
        assert bytes(view) == b"abc"
    pool.close()


# -------------------------------------------------------------------- Protection


def test_protect() -> None:
    with SecretPool(32, 2) as pool, pool.take() as slot:
        address = slot._area.address  # pyright: ignore[reportPrivateUsage]
        for access, allowed in ((Access.NONE, "---"), (Access.READ, "r--")):
            pool.protect(access)
            assert permissions(address) == allowed
            for use in (slot.writable().__enter__, slot.wipe, pool.take, slot.close):
                with pytest.raises(PermissionError):
                    use()
        with slot.readable() as view:
            assert bytes(view) == bytes(32)
            with pytest.raises(BufferError, match="slots of the pool have views"):
                pool.protect(Access.NONE)
        pool.protect(Access.NONE)
        with pytest.raises(PermissionError, match=r"the pool is set to Access\.NONE"):
            slot.readable().__enter__()
        pool.protect(Access.READ_WRITE)
        with slot.writable() as view:
            view[:] = b"x" * 32
    with pytest.raises(ValueError, match="the pool is closed"):
        pool.protect(Access.READ)


def test_protected_pool_is_freed_after_an_exception() -> None:
    pool = SecretPool(32, 2)
    slot = pool.take()
    address = slot._area.address  # pyright: ignore[reportPrivateUsage]
    with pytest.raises(ZeroDivisionError), pool:
        pool.protect(Access.NONE)
        _ = 1 / 0
    assert pool.closed
    assert slot.closed
    assert permissions(address) == ""


def test_protected_pool_is_freed_with_its_last_view() -> None:
    pool = SecretPool(32, 2)
    slot, other = pool.take(), pool.take()
    address = slot._area.address  # pyright: ignore[reportPrivateUsage]
    pool.protect(Access.READ)
    view = other.readable().__enter__()
    with pytest.raises(ZeroDivisionError), pool:
        _ = 1 / 0
    assert (pool.closed, slot.closed, other.closed) == (True, True, True)
    assert bytes(view) == bytes(32)
    with ignored_errors() as errors:
        del view
    assert permissions(address) == ""
    assert errors == ["[Errno 13] the pool is not writable; change that with protect()"]


def test_protected_pool_is_freed() -> None:
    with SecretPool(32, 2) as pool:
        slot = pool.take()
        pool.protect(Access.NONE)
    assert pool.closed
    assert slot.closed
