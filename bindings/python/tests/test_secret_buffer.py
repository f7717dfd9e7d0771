# SPDX-License-Identifier: MIT
"""Secret buffers: access, lifetime, and errors."""

from __future__ import annotations

import copy
import errno
import gc
import hashlib
import hmac
import os
import pickle
import resource
import sys
import threading
import warnings
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable

import pytest
from helpers import address_of, fails_with, in_child, permissions

from memfd_go import MemFd, SecretBuffer, SecretFallbackWarning, SecretKind, raw

PAGE = os.sysconf("SC_PAGESIZE")

# The tests also run on kernels without memfd_secret(2).
pytestmark = pytest.mark.filterwarnings("ignore::memfd_go.SecretFallbackWarning")

buffers = pytest.mark.skipif(sys.version_info < (3, 12), reason="PEP 688 came with Python 3.12")


def secretmem(**options: Any) -> SecretBuffer:
    """A buffer from memfd_secret(2), if the kernel has it."""
    try:
        return SecretBuffer(32, least=SecretKind.SECRETMEM, **options)
    except OSError as error:
        pytest.skip(f"memfd_secret: {error}")


def protection(key: SecretBuffer) -> str:
    """Return the current permissions of the memory."""
    return permissions(key._area.address)  # pyright: ignore[reportPrivateUsage]


# ----------------------------------------------------------------------- Access


@pytest.mark.parametrize("size", [1, 32, PAGE, PAGE + 1])
@pytest.mark.parametrize("options", [{}, {"secretmem": False}, {"align_end": True}])
def test_holds_what_was_written(size: int, options: dict[str, bool]) -> None:
    with SecretBuffer(size, **options) as key:  # type: ignore[arg-type]
        assert len(key) == size
        with key.readable() as view:
            assert bytes(view) == bytes(size)
            assert (view.readonly, view.format, view.nbytes) == (True, "B", size)
            with pytest.raises(TypeError):
                view[0] = 1
        with key.writable() as view:
            view[:] = b"\x55" * size
        with key.readable() as view:
            assert bytes(view) == b"\x55" * size


def test_inaccessible_outside_of_blocks() -> None:
    with SecretBuffer(32) as key:
        assert protection(key) == "---"
        with key.readable():
            assert protection(key) == "r--"
        assert protection(key) == "---"
        with key.writable():
            assert protection(key) == "rw-"
        assert protection(key) == "---"


def test_nested_blocks() -> None:
    with SecretBuffer(32) as key:
        with key.readable() as outer:
            with key.writable() as inner:
                inner[0] = 7
                with key.readable():
                    assert protection(key) == "rw-"
                assert protection(key) == "rw-"
            assert protection(key) == "r--"
            assert outer[0] == 7
        guard = key.writable()
        with guard as first, guard as second:
            first[1] = 8
            assert second[1] == 8
        assert protection(key) == "---"


def test_block_ends_on_errors() -> None:
    with SecretBuffer(32) as key:
        with pytest.raises(ZeroDivisionError), key.writable():
            raise ZeroDivisionError
        assert protection(key) == "---"


def test_view_released_early() -> None:
    with SecretBuffer(32) as key, key.readable() as view:
        view.release()
        assert protection(key) == "---"


def test_derived_views_keep_it_readable() -> None:
    key = SecretBuffer(32)
    guard = key.readable()
    part = guard.__enter__()[1:3]
    with pytest.raises(BufferError, match="views of the secret still exist"):
        guard.__exit__(None, None, None)
    assert protection(key) == "r--"
    assert bytes(part) == b"\0\0"
    with pytest.raises(BufferError, match="views of the secret still exist"):
        key.close()
    part.release()
    assert protection(key) == "---"
    key.close()


def test_numpy_keeps_it_writable() -> None:
    numpy = pytest.importorskip("numpy")
    key = SecretBuffer(32)
    guard = key.writable()
    array = numpy.frombuffer(guard.__enter__(), dtype="u1")
    with pytest.raises(BufferError):
        guard.__exit__(None, None, None)
    array[:] = 3
    del array
    assert protection(key) == "---"
    with key.readable() as view:
        assert bytes(view) == b"\3" * 32
    key.close()


def test_buffer_error_does_not_replace_exception() -> None:
    key = SecretBuffer(32)
    parts: list[memoryview] = []
    with pytest.raises(ZeroDivisionError), key.readable() as view:
        parts.append(view[1:])
        raise ZeroDivisionError
    parts.clear()
    key.close()


def test_threads_in_blocks_of_one_buffer() -> None:
    """The memory stays accessible until the last thread leaves its block."""
    with SecretBuffer(8 * 8) as key:

        def work(number: int) -> bool:
            place = slice(8 * (number % 8), 8 * (number % 8) + 8)
            with key.writable() as view, view[place] as mine:
                mine[:] = bytes([number]) * 8
            with key.readable() as view:
                return len(bytes(view)) == 64

        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        try:
            with ThreadPoolExecutor(8) as pool:
                assert all(pool.map(work, range(240)))
        finally:
            sys.setswitchinterval(interval)
        assert protection(key) == "---"


def test_one_thread_reads_while_another_wrote() -> None:
    entered, leave = threading.Event(), threading.Event()
    with SecretBuffer(32) as key:

        def write() -> None:
            with key.writable():
                entered.set()
                leave.wait()

        thread = threading.Thread(target=write)
        thread.start()
        entered.wait()
        with key.readable():
            leave.set()
            thread.join()
            assert protection(key) == "r--"


def test_wipe() -> None:
    with SecretBuffer(32) as key:
        with key.writable() as view:
            view[:] = b"k" * 32
        key.wipe()
        with key.readable() as view:
            assert bytes(view) == bytes(32)
        assert protection(key) == "---"


def test_readinto_and_hash_without_copy() -> None:
    with SecretBuffer(32) as key, open("/dev/urandom", "rb", buffering=0) as random:
        with key.writable() as view:
            assert random.readinto(view) == 32
        with key.readable() as view:
            assert hmac.compare_digest(view, bytes(view))
            code = hashlib.blake2b(b"message", key=view).digest()
            assert code == hashlib.blake2b(b"message", key=bytes(view)).digest()


@buffers
def test_array_keeps_it_readable() -> None:
    numpy = pytest.importorskip("numpy")
    key: Any = SecretBuffer(32)
    array = numpy.frombuffer(key, dtype="u1")
    assert protection(key) == "r--"
    with pytest.raises(BufferError):
        key.close()
    assert bytes(array) == bytes(32)
    del array
    assert protection(key) == "---"
    key.close()


def test_hmac_key() -> None:
    pytest.importorskip("_hashlib", reason="without OpenSSL, hmac takes no view as a key")
    with SecretBuffer(32) as key, key.readable() as view:
        code = hmac.digest(view, b"message", "sha256")
        assert code == hmac.digest(bytes(32), b"message", "sha256")


@buffers
def test_is_a_buffer() -> None:
    key: Any = SecretBuffer(32)
    with memoryview(key) as view:
        assert view.readonly
        assert protection(key) == "r--"
        with pytest.raises(BufferError):
            key.close()
    assert protection(key) == "---"
    with open("/dev/urandom", "rb", buffering=0) as random:
        assert random.readinto(key) == 32
    assert hashlib.sha256(key).digest() != hashlib.sha256(bytes(32)).digest()
    assert protection(key) == "---"
    key.close()


# --------------------------------------------------------------------- Lifetime


def test_close() -> None:
    key = SecretBuffer(32)
    uses: list[Callable[[], object]] = [
        key.wipe,
        lambda: key.readable().__enter__(),
        lambda: key.writable().__enter__(),
    ]
    key.close()
    key.close()
    assert key.closed
    for use in uses:
        with pytest.raises(ValueError, match="the secret is closed"):
            use()
    assert len(key) == 32


def test_unclosed_buffer_warns_and_frees() -> None:
    key = SecretBuffer(32)
    address = key._area.address  # pyright: ignore[reportPrivateUsage]
    with pytest.warns(ResourceWarning, match="unclosed <SecretBuffer of 32 bytes"):
        del key
    assert permissions(address) == ""


def test_views_outlive_the_object() -> None:
    key = SecretBuffer(3)
    with key.writable() as view:
        view[:] = b"abc"
    address = key._area.address  # pyright: ignore[reportPrivateUsage]
    view = key.readable().__enter__()
    with pytest.warns(ResourceWarning, match="unclosed"):
        del key
    assert bytes(view) == b"abc"
    view.release()
    assert permissions(address) == ""


def test_reference_cycle() -> None:
    key = SecretBuffer(32)
    cycle: list[Any] = [key, key.readable().__enter__()]
    cycle.append(cycle)
    address = key._area.address  # pyright: ignore[reportPrivateUsage]
    del key, cycle
    with pytest.warns(ResourceWarning, match="unclosed"):
        gc.collect()
    assert permissions(address) == ""


def test_weak_reference() -> None:
    with SecretBuffer(32) as key:
        assert weakref.ref(key)() is key


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_cannot_be_pickled(protocol: int) -> None:
    with SecretBuffer(32) as key:
        with pytest.raises(TypeError, match="cannot pickle 'SecretBuffer' object: it is a sec"):
            pickle.dumps(key, protocol)


def test_cannot_be_copied() -> None:
    with SecretBuffer(32) as key:
        for how in (copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="cannot pickle 'SecretBuffer' object"):
                how(key)


def test_repr_shows_only_length() -> None:
    with SecretBuffer(6) as key:
        with key.writable() as view:
            view[:] = b"secret"
        for text in (repr(key), str(key), f"{key}"):
            assert text == f"<SecretBuffer of 6 bytes, {key.kind}>"
    assert repr(key) == "<SecretBuffer of 6 bytes, closed>"


# ----------------------------------------------------------------------- Kinds


def test_kind_and_warning() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with SecretBuffer(32) as key:
            kind = key.kind
    texts = [(warning.category, str(warning.message)) for warning in caught]
    if kind is SecretKind.SECRETMEM:
        assert texts == []
    else:
        assert texts == [(SecretFallbackWarning, "the secret is in locked memory")]
        assert caught[0].filename == __file__


def test_no_warning_for_requested_kind() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with SecretBuffer(32, secretmem=False) as key:
            assert key.kind is SecretKind.MLOCK


def test_warning_as_error_leaks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    alloc = raw.secret_alloc
    areas: list[raw.SecretArea] = []

    def without_secretmem(length: int, opts: int) -> raw.SecretArea:
        areas.append(alloc(length, opts | raw.MEMFD_GO_OPT_NO_SECRETMEM))
        return areas[-1]

    monkeypatch.setattr(raw, "secret_alloc", without_secretmem)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(SecretFallbackWarning):
            SecretBuffer(32)
        password = bytearray(b"password")
        with pytest.raises(SecretFallbackWarning):
            SecretBuffer.take(password)
    assert [area.data for area in areas] == [None, None]
    assert password == b"password"


def test_over_the_limit() -> None:
    limits = resource.getrlimit(resource.RLIMIT_MEMLOCK)

    def child() -> None:
        if os.geteuid() == 0:
            os.seteuid(65534)  # root may lock more
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, limits[1]))
        with fails_with("EPERM", "EAGAIN", "ENOMEM"):
            SecretBuffer(32)
        with SecretBuffer(32, least=SecretKind.UNLOCKED) as key:
            assert key.kind is SecretKind.UNLOCKED

    in_child(child)


@pytest.mark.parametrize(
    "arguments",
    [
        {"size": 0},
        {"size": 32, "secretmem": False, "least": SecretKind.SECRETMEM},
        {"size": 32, "secretmem": False, "keep_fd": True},
    ],
)
def test_invalid(arguments: dict[str, Any]) -> None:
    with fails_with("EINVAL"):
        SecretBuffer(**arguments)


def test_wrong_arguments() -> None:
    with pytest.raises(ValueError, match="4 is not a SecretKind"):
        SecretBuffer(32, least=4)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    with pytest.raises(OverflowError):
        SecretBuffer(-1)
    with pytest.raises(TypeError):
        SecretBuffer("32")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


# ------------------------------------------------------------- Other processes


def test_attach() -> None:
    with secretmem(keep_fd=True) as key, SecretBuffer.attach(key) as other:
        assert other.kind is SecretKind.SECRETMEM
        with key.writable() as view, other.readable() as same:
            view[:6] = b"shared"
            assert bytes(same[:6]) == b"shared"
        other.close()
        with key.readable() as view:
            assert bytes(view[:6]) == b"shared"


def test_attach_secret_file(secret_file: MemFd) -> None:
    with fails_with("ENODATA"):
        SecretBuffer.attach(secret_file)
    secret_file.set_size(32)
    with SecretBuffer.attach(secret_file.fileno(), keep_fd=True, align_end=True) as key:
        assert len(key) == 32
        assert os.path.sameopenfile(key.fileno(), secret_file.fileno())


def test_attach_errors(hello: MemFd) -> None:
    with fails_with("EINVAL"):
        SecretBuffer.attach(hello)
    with fails_with("EBADF"):
        SecretBuffer.attach(-1)


def test_no_descriptor() -> None:
    with SecretBuffer(32) as key:
        with pytest.raises(ValueError, match="the secret has no descriptor"):
            key.fileno()
    key = secretmem(keep_fd=True)
    os.fstat(key.fileno())
    key.close()
    with pytest.raises(ValueError, match="the secret has no descriptor"):
        key.fileno()


@pytest.mark.parametrize("options", [{}, {"secretmem": False}])
def test_child_of_fork_does_not_have_it(options: dict[str, bool]) -> None:
    key = SecretBuffer(3, **options)  # type: ignore[arg-type]
    with key.writable() as view:
        view[:] = b"abc"

    def child() -> None:
        for use in (key.wipe, key.readable().__enter__, key.writable().__enter__):
            with pytest.raises(RuntimeError, match=f"belongs to process {os.getppid()}"):
                use()
        assert key.closed
        assert len(key) == 3
        key.close()
        key.close()

    def child_that_forgets() -> None:
        nonlocal key
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            del key
            gc.collect()

    in_child(child)
    in_child(child_that_forgets)
    with key.readable() as view:
        assert bytes(view) == b"abc"
        in_child(key.close)
    key.close()


def test_child_forked_in_a_block() -> None:
    key = SecretBuffer(32)

    def child() -> None:
        guard.__exit__(None, None, None)

    guard = key.readable()
    with guard:
        in_child(child)
        assert protection(key) == "r--"
    key.close()


def test_child_attaches_inherited_descriptor() -> None:
    key = secretmem(keep_fd=True)
    with key.writable() as view:
        view[:5] = b"hello"

    def child() -> None:
        with SecretBuffer.attach(key) as mine, mine.readable() as view:
            assert bytes(view[:5]) == b"hello"
        fd = key.fileno()
        key.close()
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(fd)

    in_child(child)
    os.fstat(key.fileno())
    key.close()


@pytest.mark.parametrize("options", [{}, {"secretmem": False}])
def test_fork_share(options: dict[str, bool]) -> None:
    key = SecretBuffer(5, fork_share=True, **options)  # type: ignore[arg-type]

    def child() -> None:
        with key.writable() as view:
            view[:] = b"child"
        key.close()  # does not wipe

    in_child(child)
    with key.readable() as view:
        assert bytes(view) == b"child"
    key.close()


def test_lock_held_by_another_thread_at_fork() -> None:
    key = SecretBuffer(5, fork_share=True)
    area = key._area  # pyright: ignore[reportPrivateUsage]
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with area.lock:
            held.set()
            release.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of fork() with threads
        in_child(key.wipe)
    release.set()
    thread.join()
    key.close()


def test_other_processes_cannot_read_it() -> None:
    """process_vm_readv(2) and /proc/PID/mem cannot read it."""
    key = secretmem()
    with key.writable() as view:
        address = address_of(view)
        with open("/proc/self/mem", "rb", buffering=0) as memory:
            with pytest.raises(OSError) as caught:
                os.pread(memory.fileno(), 32, address)
    assert caught.value.errno == errno.EIO
    key.close()
