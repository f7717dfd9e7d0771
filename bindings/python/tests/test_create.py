# SPDX-License-Identifier: MIT
"""Creating files: names, flags, and sealed files."""

from __future__ import annotations

import array
import mmap
import os
import resource
from typing import TYPE_CHECKING, Any

import pytest
from helpers import fails_with

from memfd_go import CreateFlag, MemFd, Seal, raw

if TYPE_CHECKING:
    from typing_extensions import Buffer


def link(file: MemFd) -> bytes:
    return os.readlink(b"/proc/self/fd/%d" % file.fileno())


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("", b""),
        ("greeting", b"greeting"),
        (b"greeting", b"greeting"),
        ("a/b\nc", b"a/b\nc"),
        ("gr\u00fc\u00dfe", "gr\u00fc\u00dfe".encode()),
        ("\udcff", b"\xff"),
        (b"\xff", b"\xff"),
        ("x" * raw.MEMFD_GO_NAME_MAX, b"x" * 249),
    ],
)
def test_name(name: str | bytes, shown: bytes) -> None:
    with MemFd.create(name) as file, MemFd.sealed(name, b"") as sealed:
        assert link(file) == link(sealed) == b"/memfd:" + shown + b" (deleted)"


@pytest.mark.parametrize("name", ["x" * 250, "\u00fc" * 125, "x" * 100_000])
def test_name_too_long(name: str) -> None:
    with fails_with("EINVAL"):
        MemFd.create(name)
    with fails_with("EINVAL"):
        MemFd.sealed(name, b"")


def test_defaults() -> None:
    with MemFd.create() as file:
        assert not os.get_inheritable(file.fileno())
        assert file.size == 0
        assert not file.seals & Seal.IMMUTABLE


@pytest.mark.usefixtures("executable_by_default")
def test_flags_are_not_changed() -> None:
    with MemFd.create("test", CreateFlag(0)) as file:
        assert os.get_inheritable(file.fileno())
        with pytest.raises(PermissionError):
            file.seal(Seal.WRITE)


@pytest.mark.parametrize(
    ("flags", "text"),
    [
        (CreateFlag(0x4000), "flags has unknown bits: 0x4000"),
        (CreateFlag(1 << 31), "flags has unknown bits: 0x80000000"),
        (CreateFlag(0x20), "flags has unknown bits: 0x20"),
        (CreateFlag.EXEC | CreateFlag.NOEXEC_SEAL, "flags contains both NOEXEC_SEAL and EXEC"),
    ],
)
def test_unknown_flags(flags: CreateFlag, text: str) -> None:
    with fails_with("EINVAL", text=text):
        MemFd.create("test", flags)
    with fails_with("EINVAL", text=text):
        MemFd.sealed("test", b"", flags=flags)


def test_noexec() -> None:
    try:
        os.close(os.memfd_create("test", CreateFlag.NOEXEC_SEAL))
        known = True
    except OSError:  # before Linux 6.3
        known = False
    with MemFd.create("test", CreateFlag.CLOEXEC | CreateFlag.NOEXEC_SEAL) as file:
        assert (Seal.EXEC in file.seals) == known
        assert os.fstat(file.fileno()).st_mode & 0o111 == 0


def test_nonexistent_huge_page_size() -> None:
    with fails_with("ENODEV", "ENOENT", "ENOSYS"):
        MemFd.create("test", CreateFlag.HUGETLB | 60 << 26)


def test_size() -> None:
    with MemFd.create("test", size=10_000) as file:
        assert file.size == 10_000
        assert os.pread(file.fileno(), 20_000, 0) == bytes(10_000)


def test_failed_resize_closes_the_file() -> None:
    with fails_with("EINVAL"):
        MemFd.create("test", size=1 << 63)


def test_no_free_descriptor() -> None:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(fd) for fd in os.listdir("/proc/self/fd")) + 1
    taken = [os.dup(0)]
    while taken[-1] < highest:
        taken.append(os.dup(0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (taken[-1] + 1, limits[1]))
    try:
        with fails_with("EMFILE"):
            MemFd.create("test")
        with fails_with("EMFILE"):
            MemFd.sealed("test", b"x")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        for fd in taken:
            os.close(fd)


def anonymous_memory() -> mmap.mmap:
    memory = mmap.mmap(-1, 5)
    memory[:] = b"hello"
    return memory


@pytest.mark.parametrize(
    "data",
    [
        b"hello",
        bytearray(b"hello"),
        memoryview(b"hello"),
        memoryview(b"a hello b")[2:7],
        memoryview(bytearray(b"hello")).toreadonly(),
        memoryview(b"hello").cast("c"),
        array.array("B", b"hello"),
        anonymous_memory(),
    ],
    ids=lambda data: type(data).__name__,
)
def test_sealed_accepts_any_buffer(data: Buffer) -> None:
    with MemFd.sealed("test", data) as file:
        assert os.pread(file.fileno(), 10, 0) == b"hello"
        assert os.lseek(file.fileno(), 0, os.SEEK_CUR) == 0
        assert Seal.IMMUTABLE in file.seals
        assert not os.get_inheritable(file.fileno())


def test_length_is_in_bytes_not_items() -> None:
    numbers = array.array("Q", range(100))
    with MemFd.sealed("test", numbers) as file:
        assert file.size == 800
        assert os.pread(file.fileno(), 800, 0) == numbers.tobytes()


def test_multidimensional_buffer() -> None:
    matrix = memoryview(bytes(range(24))).cast("B", (2, 3, 4))
    with MemFd.sealed("test", matrix) as file:
        assert os.pread(file.fileno(), 24, 0) == bytes(range(24))


def test_numpy() -> None:
    numpy = pytest.importorskip("numpy")
    numbers = numpy.arange(1000, dtype="f8")
    numbers.flags.writeable = False
    with MemFd.sealed("test", numbers) as file, file.map() as mapping, mapping.view() as view:
        assert (numpy.frombuffer(view, dtype="f8") == numbers).all()
    with pytest.raises((BufferError, ValueError)):
        MemFd.sealed("test", numbers[::2])


@pytest.mark.parametrize("data", [b"", bytearray(), memoryview(b"")])
def test_sealed_and_empty(data: Buffer) -> None:
    with MemFd.sealed("test", data) as file:
        assert file.size == 0
        assert Seal.IMMUTABLE in file.seals


def test_not_contiguous() -> None:
    with pytest.raises(BufferError):
        MemFd.sealed("test", memoryview(b"hello")[::2])


def test_source_is_released(file: MemFd) -> None:
    """A bytearray with an exported buffer cannot be resized."""
    data = bytearray(b"hello")
    MemFd.sealed("test", data).close()
    data.append(0)
    with fails_with("EINVAL", text="unknown seals: 0x80000000"):
        MemFd.sealed("test", data, Seal(1 << 31))
    data.append(0)


def test_source_is_not_copied() -> None:
    """There is no address space for a copy."""
    size = 8 << 20
    data = bytearray(size)
    limits = resource.getrlimit(resource.RLIMIT_AS)
    with open("/proc/self/statm", encoding="ascii") as statm:
        used = int(statm.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + size // 2, limits[1]))
    try:
        with MemFd.sealed("test", data) as file:
            assert file.size == size
        with MemFd.sealed("test", memoryview(data).toreadonly()) as file:
            assert file.size == size
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)


@pytest.mark.parametrize("seals", [Seal.WRITE, Seal.GROW | Seal.SHRINK, Seal.SEAL])
def test_requested_seals(seals: Seal) -> None:
    with MemFd.sealed("test", b"hello", Seal(seals)) as file:
        assert file.seals & Seal.IMMUTABLE == seals


def test_zero_seals() -> None:
    with pytest.raises(ValueError, match="seals is empty"):
        MemFd.sealed("test", b"hello", Seal.NONE)
    fd = raw.create_sealed("test", raw.MFD_CLOEXEC, 0, b"hello")
    assert raw.check_seals(fd, raw.MEMFD_GO_SEALS_IMMUTABLE) == 0
    os.close(fd)


@pytest.mark.parametrize("seals", [0x40, 1 << 31])
def test_unknown_seals(seals: int) -> None:
    with fails_with("EINVAL"):
        MemFd.sealed("test", b"hello", Seal(seals))


def test_over_rlimit_fsize() -> None:
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    with fails_with("EFBIG"):
        MemFd.sealed("test", bytes(limit + 1))


def test_immutable_file_cannot_change(hello: MemFd) -> None:
    fd = hello.fileno()
    attempts: list[Any] = [
        lambda: os.pwrite(fd, b"x", 0),
        lambda: os.pwrite(fd, b"x", 5),
        lambda: os.ftruncate(fd, 0),
        lambda: hello.set_size(4),
        lambda: hello.set_size(6),
        lambda: hello.set_size(6, reserve=True),
        lambda: hello.seal(Seal.FUTURE_WRITE),
        lambda: hello.map(writable=True),
    ]
    for attempt in attempts:
        with pytest.raises(PermissionError):
            attempt()
    assert os.pread(fd, 10, 0) == b"hello"
