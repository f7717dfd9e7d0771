# SPDX-License-Identifier: MIT
"""take(), compare(), wipe(), exceptions in "with" blocks, and fork()."""

# pyright does not know that the body of pytest.raises() runs.
# pyright: reportPossiblyUnboundVariable=false

from __future__ import annotations

import array
import ctypes
import gc
import os
import resource
import sys
from typing import Any, Callable

import pytest
from helpers import address_of, fails_with, in_child, permissions

from memfd_go import MemFd, SecretBuffer, SecretFallbackWarning, SecretKind, SecretPool
from memfd_go.secrets import wipe

pytestmark = pytest.mark.filterwarnings("ignore::memfd_go.SecretFallbackWarning")

LOCKED: dict[str, Any] = {"secretmem": False, "fork_share": True}


def protection(key: SecretBuffer) -> str:
    return permissions(key._area.address)  # pyright: ignore[reportPrivateUsage]


def fill(key: SecretBuffer, data: bytes) -> SecretBuffer:
    with key.writable() as view:
        view[:] = data
    return key


def locked_kib() -> int:
    with open("/proc/self/status", encoding="utf-8") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmLck:"))


# ------------------------------------------------------------------ Take and wipe


@pytest.mark.parametrize(
    "options", [{}, {"secretmem": False}, {"align_end": True}, {"fork_share": True}]
)
def test_take(options: dict[str, Any]) -> None:
    source = bytearray(b"secret")
    with SecretBuffer.take(source, **options) as key:
        assert source == bytes(6)
        with key.readable() as view:
            assert bytes(view) == b"secret"
        assert protection(key) == "---"
    source.append(0)  # the bytearray is released


def test_take_from_other_buffers() -> None:
    numbers = array.array("H", [1, 2])
    with SecretBuffer.take(memoryview(numbers)[1:]) as key:
        assert len(key) == 2
    assert list(numbers) == [1, 0]


def test_take_read_only_buffer() -> None:
    with pytest.raises(BufferError):
        SecretBuffer.take(b"secret")
    with pytest.raises(TypeError):
        SecretBuffer.take("secret")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


def test_failed_take_keeps_the_source() -> None:
    source = bytearray(b"secret")
    with pytest.raises(ValueError, match="is not a SecretKind"):
        SecretBuffer.take(source, least=9)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    with fails_with("EINVAL", text="size is 0"):
        SecretBuffer.take(bytearray())
    assert source == b"secret"


def test_take_warns_like_the_constructor(monkeypatch: pytest.MonkeyPatch) -> None:
    from memfd_go import raw

    original = raw.secret_alloc

    def locked(length: int, opts: int) -> raw.SecretArea:
        return original(length, opts | raw.MEMFD_GO_OPT_NO_SECRETMEM)

    monkeypatch.setattr(raw, "secret_alloc", locked)
    with pytest.warns(SecretFallbackWarning, match="the secret is in locked memory") as caught:
        SecretBuffer.take(bytearray(b"secret")).close()
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    "buffer",
    [bytearray(b"secret"), array.array("I", [1, 2, 3]), memoryview(bytearray(b"secret"))],
)
def test_wipe(buffer: Any) -> None:
    wipe(buffer)
    assert bytes(buffer) == bytes(len(memoryview(buffer).cast("B")))


def test_wipe_slice() -> None:
    data = bytearray(b"secret")
    wipe(memoryview(data)[2:4])
    assert data == b"se\0\0et"
    wipe(bytearray())


def test_wipe_read_only_buffer(hello: MemFd) -> None:
    with pytest.raises(BufferError):
        wipe(b"secret")
    with hello.map() as mapping, mapping.view() as view:
        with pytest.raises(BufferError):
            wipe(view)
        assert bytes(view) == b"hello"


# ------------------------------------------------------------------------ Compare


def test_compare() -> None:
    with fill(SecretBuffer(6), b"secret") as key, fill(SecretBuffer(6), b"secrex") as other:
        assert key.compare(b"secret")
        assert key.compare(bytearray(b"secret"))
        assert key.compare(key)
        for wrong in (b"secreT", b"Secret", b"secre", b"secrets", b"", other):
            assert not key.compare(wrong)
        with SecretPool(6, 1) as pool, pool.take() as slot:
            assert not slot.compare(key)
            with slot.writable() as view:
                view[:] = b"secret"
            assert slot.compare(key)
            assert key.compare(slot)
        assert protection(key) == "---"
        with pytest.raises(TypeError):
            key.compare("secret")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="the secret is closed"):
        key.compare(b"secret")


# -------------------------------------------------------- Exceptions in a block


def test_exception_is_not_replaced() -> None:
    """A remaining view keeps the memory; no new view can be created."""
    key = fill(SecretBuffer(6), b"secret")
    with pytest.raises(KeyError, match="mine"), key:
        guard = key.readable()
        view = guard.__enter__()
        raise KeyError("mine")
    assert key.closed
    assert "closed" in repr(key)
    address = key._area.address  # pyright: ignore[reportPrivateUsage]
    assert bytes(view) == b"secret"
    uses: list[Callable[[], Any]] = [
        lambda: key.readable().__enter__(),
        lambda: key.compare(b"x"),
        key.wipe,
    ]
    for use in uses:
        with pytest.raises(ValueError, match="the secret is closed"):
            use()
    key.close()
    assert bytes(view) == b"secret"
    del guard, view
    gc.collect()
    assert permissions(address) == ""


def test_wiped_with_the_last_view() -> None:
    """Checked through a descriptor of the same memory."""
    try:
        key = SecretBuffer(6, least=SecretKind.SECRETMEM, keep_fd=True)
    except OSError as error:
        pytest.skip(f"memfd_secret: {error}")
    with SecretBuffer.attach(key) as other:
        fill(key, b"secret")
        with pytest.raises(KeyError), key, key.readable() as view:
            kept = view[:]
            raise KeyError
        with other.readable() as view:
            assert bytes(view[:6]) == b"secret"
        kept.release()
        gc.collect()
        with other.readable() as view:
            assert bytes(view[:6]) == bytes(6)


def test_exception_in_a_pool() -> None:
    pool = SecretPool(32, 4)
    unused = pool.take()
    with pytest.raises(KeyError, match="mine"), pool, pool.take() as slot:
        guard = slot.writable()
        view = guard.__enter__()
        raise KeyError("mine")
    assert (pool.closed, slot.closed, unused.closed) == (True, True, True)
    with pytest.raises(ValueError, match="the pool is closed"):
        pool.take()
    view[:] = b"x" * 32
    del guard, view
    gc.collect()
    assert pool.slots == 0


def test_views_at_block_end_raise() -> None:
    key = SecretBuffer(6)
    guard = key.readable()
    view = guard.__enter__()
    with pytest.raises(BufferError), key:
        pass
    assert not key.closed
    del guard, view
    gc.collect()
    key.close()


def test_underrun_is_detected() -> None:
    key = SecretBuffer(6, align_end=True)
    with key.writable() as view:
        ctypes.c_char.from_address(address_of(view) - 1).value = b"x"
    with fails_with(
        "EUCLEAN",
        text="something wrote in front of the secret, which has been wiped and freed",
    ):
        key.close()
    assert key.closed
    key.close()


MEMORY = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGESIZE")


@pytest.mark.parametrize("size", [sys.maxsize, sys.maxsize // 2, 1 << 45, 1 << 60])
def test_size_over_system_memory(size: int) -> None:
    """More than the memory of the system is refused for root, too, who has no limit."""
    if not 2 * MEMORY < size <= sys.maxsize:
        pytest.skip("the size is possible on this architecture, or not a size_t")
    for secretmem in (True, False):
        with fails_with("ENOMEM", "EAGAIN", "EINVAL", "EFBIG"):
            SecretBuffer(size, secretmem=secretmem)


def test_attach_over_max_size() -> None:
    try:
        key = SecretBuffer(6, least=SecretKind.SECRETMEM, keep_fd=True)
    except OSError as error:
        pytest.skip(f"memfd_secret: {error}")
    page = os.sysconf("SC_PAGESIZE")
    with key:
        SecretBuffer.attach(key, max_size=page).close()
        with fails_with("EFBIG", text=f"the file is {page} bytes long; max_size is 5"):
            SecretBuffer.attach(key, max_size=5)


# -------------------------------------------------------------------------- Forks


def test_child_relocks() -> None:
    """A child inherits the memory, but not mlock(2)."""
    with fill(SecretBuffer(6, **LOCKED), b"secret") as key:
        before = locked_kib()
        assert before > 0

        def child() -> None:
            assert locked_kib() == before
            assert key.kind is SecretKind.MLOCK
            assert protection(key) == "---"
            assert key.compare(b"secret")
            key.close()
            assert locked_kib() == 0

        in_child(child)
        assert key.compare(b"secret")


def test_child_that_cannot_relock_raises_once() -> None:
    """os.register_at_fork() ignores exceptions, so the next use raises it."""

    def parent() -> None:
        if os.getuid() == 0:  # root has no limits
            os.setuid(65534)
        key = fill(SecretBuffer(6, **LOCKED), b"secret")
        lenient = fill(SecretBuffer(6, least=SecretKind.UNLOCKED, **LOCKED), b"secret")
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))

        def child() -> None:
            with pytest.raises(OSError, match=r"6 bytes exceed RLIMIT_MEMLOCK \(0 bytes\)"):
                key.compare(b"secret")
            assert key.kind is SecretKind.UNLOCKED
            assert key.compare(b"secret")
            assert lenient.compare(b"secret")
            assert lenient.kind is SecretKind.UNLOCKED

        in_child(child)
        assert key.compare(b"secret")
        assert key.kind is SecretKind.MLOCK

    in_child(parent)


def test_access_after_fork_during_access_change() -> None:
    """At the fork, another thread may have changed the access without recording it yet."""
    with fill(SecretBuffer(6, **LOCKED), b"secret") as key:
        area = key._area  # pyright: ignore[reportPrivateUsage]
        area._access = 1  # pyright: ignore[reportPrivateUsage] # but it is none
        in_child(lambda: key.compare(b"secret") or os._exit(2))
        area._access = 0  # pyright: ignore[reportPrivateUsage]


def test_child_with_pid_of_the_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a new PID namespace, both may be 1."""
    monkeypatch.setattr(os, "getpid", lambda: 1)
    with SecretBuffer(6) as key, SecretPool(6, 1) as pool:

        def child() -> None:
            with pytest.raises(RuntimeError, match="belongs to process 1"):
                key.readable().__enter__()
            with pytest.raises(RuntimeError, match="belongs to process 1"):
                pool.take()
            key.close()
            pool.close()

        in_child(child)
        fill(key, b"secret")
