# SPDX-License-Identifier: MIT
"""raw functions for secret areas and pools."""

from __future__ import annotations

import ctypes
import faulthandler
import os
import resource
from typing import Callable

import pytest
from helpers import fails_with

from memfd_go import raw

KINDS = (raw.MEMFD_GO_AREA_SECRETMEM, raw.MEMFD_GO_AREA_MLOCK, raw.MEMFD_GO_AREA_UNLOCKED)
PAGE = os.sysconf("SC_PAGESIZE")
ANY = raw.MEMFD_GO_OPT_ALLOW_UNLOCKED


def allocate(length: int, opts: int) -> raw.SecretArea:
    """An area from memfd_secret(2), if the kernel has it."""
    try:
        return raw.secret_alloc(length, opts | raw.MEMFD_GO_OPT_REQUIRE)
    except OSError as error:
        pytest.skip(f"memfd_secret: {error}")


@pytest.mark.parametrize("length", [1, 32, PAGE, PAGE + 1])
@pytest.mark.parametrize("opts", [0, raw.MEMFD_GO_OPT_NO_SECRETMEM])
def test_area(length: int, opts: int) -> None:
    area = raw.secret_alloc(length, opts | ANY)
    assert (area.len, area.fd) == (length, -1)
    assert area.kind in KINDS[1:] if opts else KINDS
    assert area.data % PAGE == 0
    assert area.base == area.data - PAGE
    assert ctypes.string_at(area.data, length) == bytes(length)
    ctypes.memset(area.data, 0x55, length)
    raw.secret_free(area)
    assert (area.data, area.len, area.base, area.base_len) == (None, 0, None, 0)


def test_align_end() -> None:
    area = raw.secret_alloc(100, raw.MEMFD_GO_OPT_ALIGN_END | ANY)
    assert (area.data + 100) % PAGE == 0
    raw.secret_free(area)


@pytest.mark.parametrize(
    ("access", "survives"),
    [
        (raw.MEMFD_GO_ACCESS_NONE, (False, False)),
        (raw.MEMFD_GO_ACCESS_READ, (True, False)),
        (raw.MEMFD_GO_ACCESS_READ_WRITE, (True, True)),
    ],
)
def test_protect(access: int, survives: tuple[bool, bool]) -> None:
    area = raw.secret_alloc(8, raw.MEMFD_GO_OPT_FORK_SHARE | ANY)
    raw.secret_protect(area, access)
    assert in_child(lambda: ctypes.string_at(area.data, 8)) == survives[0]
    assert in_child(lambda: ctypes.memset(area.data, 1, 8)) == survives[1]
    raw.secret_free(area)


def in_child(use: Callable[[], object]) -> bool:
    """Return whether a child survives an access."""
    pid = os.fork()
    if pid == 0:
        faulthandler.disable()
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        try:
            use()
        finally:
            os._exit(0)
    return os.waitpid(pid, 0)[1] == 0


def test_guard_pages() -> None:
    area = raw.secret_alloc(PAGE, raw.MEMFD_GO_OPT_FORK_SHARE | ANY)
    start: int = area.data
    assert in_child(lambda: ctypes.string_at(start, PAGE))
    assert not in_child(lambda: ctypes.string_at(start - 1, 1))
    assert not in_child(lambda: ctypes.string_at(start + PAGE, 1))
    raw.secret_free(area)


def test_attach() -> None:
    first = allocate(32, raw.MEMFD_GO_OPT_KEEP_FD)
    second = raw.secret_attach(first.fd, 1 << 16, 0)
    assert (second.kind, second.fd) == (raw.MEMFD_GO_AREA_SECRETMEM, -1)
    ctypes.memmove(first.data, b"shared", 6)
    raw.secret_free(second)  # does not wipe
    assert ctypes.string_at(first.data, 6) == b"shared"
    raw.secret_free(first)
    assert first.fd == -1


def test_attach_errors() -> None:
    fd = raw.create("test", raw.MFD_CLOEXEC)
    with fails_with("EINVAL"):
        raw.secret_attach(fd, 1 << 16, 0)
    os.close(fd)
    with fails_with("EBADF"):
        raw.secret_attach(-1, 1 << 16, 0)


@pytest.mark.parametrize(
    ("length", "opts"),
    [
        (0, 0),
        (32, 1 << 31),
        (32, raw.MEMFD_GO_OPT_RESERVE),
        (32, raw.MEMFD_GO_OPT_REQUIRE | raw.MEMFD_GO_OPT_NO_SECRETMEM),
        ((1 << 8 * ctypes.sizeof(ctypes.c_size_t)) - 1, 0),
    ],
)
def test_invalid(length: int, opts: int) -> None:
    with fails_with("EINVAL"):
        raw.secret_alloc(length, opts)


def test_protect_errors() -> None:
    area = raw.secret_alloc(32, ANY)
    for access in (raw.MEMFD_GO_ACCESS_WRITE, 4):
        with fails_with("EINVAL"):
            raw.secret_protect(area, access)
    raw.secret_free(area)
    with fails_with("EINVAL"):
        raw.secret_protect(area, raw.MEMFD_GO_ACCESS_READ)


def test_wipe() -> None:
    memory = ctypes.create_string_buffer(b"\x55" * 64, 64)
    raw.wipe(ctypes.addressof(memory) + 3, 50)
    assert memory.raw == b"\x55" * 3 + bytes(50) + b"\x55" * 11
    raw.wipe(0, 100)


def test_pool() -> None:
    pool = raw.secret_pool_init(100, 3, ANY)
    slots = [raw.secret_pool_take(pool) for _ in range(3)]
    assert (pool.used, pool.slots, pool.slot_len) == (3, 3, 100)
    assert [slot % 16 for slot in slots] == [0, 0, 0]
    with fails_with("ENOSPC"):
        raw.secret_pool_take(pool)
    ctypes.memset(slots[1], 0x55, 100)
    raw.secret_pool_give(pool, slots[1])
    assert raw.secret_pool_take(pool) == slots[1]
    assert ctypes.string_at(slots[1], 100) == bytes(100)
    raw.secret_pool_free(pool)
    with fails_with("EINVAL"):
        raw.secret_pool_take(pool)


def test_pool_errors() -> None:
    for slot_len, slots, opts in (
        (0, 1, 0),
        (1, 0, 0),
        (1, (1 << 20) + 1, 0),
        (1, 1, raw.MEMFD_GO_OPT_ALIGN_END),
    ):
        with fails_with("EINVAL"):
            raw.secret_pool_init(slot_len, slots, opts)
    pool = raw.secret_pool_init(32, 2, ANY)
    slot = raw.secret_pool_take(pool)
    for wrong in (0, slot + 1, slot + 16, slot + pool.stride):
        with fails_with("EINVAL"):
            raw.secret_pool_give(pool, wrong)
    raw.secret_pool_give(pool, slot)
    with fails_with("EINVAL"):
        raw.secret_pool_give(pool, slot)
    raw.secret_pool_free(pool)
