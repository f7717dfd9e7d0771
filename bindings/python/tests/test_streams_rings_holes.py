# SPDX-License-Identifier: MIT
"""clone_stream(), map_ring(), discard(), no_holes and huge pages."""

from __future__ import annotations

import os
import resource
import signal
import socket
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from helpers import fails_with

from memfd_go import CreateFlag, FileKind, MemFd, Seal, probe

PAGE = os.sysconf("SC_PAGESIZE")
HUGE = CreateFlag.CLOEXEC | CreateFlag.HUGETLB


def content(file: MemFd) -> bytes:
    with file, file.map() as mapping:
        return bytes(mapping)


def need_huge_page() -> None:
    """Skip a test if no huge page is free."""
    try:
        with MemFd.create("test", HUGE) as file:
            file.set_size(file.info.huge_page)
            file.map().close()
    except OSError as error:
        pytest.skip(f"no huge page is free: {error}")


# ------------------------------------------------------------------------ Streams


def test_pipe() -> None:
    """All data is copied, also more than fits into the pipe."""
    reading, writing = os.pipe()
    data = os.urandom(300_000)

    def write() -> None:
        with open(writing, "wb") as stream:
            stream.write(data)

    thread = threading.Thread(target=write)
    thread.start()
    with MemFd.clone_stream("copy", reading) as file:
        assert Seal.IMMUTABLE in file.seals
        assert content(file.share()) == data
    thread.join()
    os.close(reading)


def test_socket_and_file(hello: MemFd) -> None:
    a, b = socket.socketpair()
    with b:
        with a:
            a.sendall(b"text")
        assert content(MemFd.clone_stream("copy", b)) == b"text"
    with hello.open("rb", 0) as stream:
        stream.seek(2)
        assert content(MemFd.clone_stream("copy", stream)) == b"llo"


@pytest.mark.parametrize("flags", [CreateFlag.DEFAULT, HUGE], ids=["DEFAULT", "HUGETLB"])
def test_signals_do_not_interrupt(flags: CreateFlag) -> None:
    if flags is HUGE:
        need_huge_page()
    reading, writing = os.pipe()
    seen: list[int] = []

    def handle(number: int, _frame: object) -> None:
        seen.append(number)
        if len(seen) == 2:
            os.write(writing, b"second")
            os.close(writing)

    os.write(writing, b"first, ")
    before = signal.signal(signal.SIGALRM, handle)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
        file = MemFd.clone_stream("copy", reading, flags=flags)
        assert content(file).rstrip(b"\0") == b"first, second"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        os.close(reading)
    assert len(seen) >= 2


def test_errors_leave_no_file() -> None:
    with open("/dev/null", "rb", 0) as null, fails_with("EINVAL", text="unknown seals: 0x4000"):
        MemFd.clone_stream("copy", null, Seal(0x4000))
    reading, writing = os.pipe()
    with open(reading, "rb", 0) as reader, open(writing, "wb", 0) as writer:
        os.set_blocking(reading, False)
        writer.write(b"lost")
        with pytest.raises(BlockingIOError):
            MemFd.clone_stream("copy", reader)
        with fails_with("EBADF"):
            MemFd.clone_stream("copy", writer)
    for max_size in (-1, 1 << 64):
        with pytest.raises(OverflowError):
            MemFd.clone_stream("copy", 0, max_size=max_size)


def test_wrong_arguments_read_nothing() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"hello")
    os.close(writing)
    wrong: list[Any] = [-1, 1 << 40]
    with open(reading, "rb", 0) as reader:
        for number in wrong:
            with pytest.raises(OverflowError):
                MemFd.clone_stream("copy", reader, number)
        assert reader.read() == b"hello"


def test_stream_over_the_limit_of_the_process() -> None:
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    text = f"the source is longer than RLIMIT_FSIZE ({limit} bytes)"
    with open("/dev/zero", "rb", 0) as zeros, fails_with("EFBIG", text=text):
        MemFd.clone_stream("copy", zeros)


def test_stream_over_max_size() -> None:
    with open("/dev/zero", "rb", 0) as zeros:
        with fails_with("EFBIG", text="the source is longer than max_size (1000 bytes)"):
            MemFd.clone_stream("copy", zeros, max_size=1000)


def test_proc() -> None:
    with open("/proc/self/status", "rb") as status:
        assert content(MemFd.clone("status", status)).startswith(b"Name:")


# -------------------------------------------------------------------------- Rings


def test_ring(file: MemFd) -> None:
    file.set_size(PAGE)
    with file.map_ring() as ring:
        assert len(ring) == 2 * PAGE
        ring[PAGE - 2 : PAGE + 2] = b"ring"
        assert (ring[:2], ring[PAGE - 2 : PAGE]) == (b"ng", b"ri")
        with ring.view() as view:
            assert not view.readonly
            with pytest.raises(BufferError):
                ring.close()
    assert ring.closed  # nothing_leaks checks that both mappings are gone


def test_ring_of_a_part(file: MemFd) -> None:
    file.set_size(3 * PAGE)
    os.pwrite(file.fileno(), b"abc", PAGE)
    with file.map_ring(PAGE, offset=PAGE, writable=False, populate=True) as ring:
        assert (ring[:3], ring[PAGE : PAGE + 3], ring.readonly) == (b"abc", b"abc", True)


def test_block_size_is_not_the_page_size(file: MemFd, monkeypatch: pytest.MonkeyPatch) -> None:
    """The block size of a memfd is larger if transparent huge pages are enabled for it."""
    fstat = os.fstat

    def fstat_with_large_blocks(fd: int) -> Any:
        return SimpleNamespace(st_size=fstat(fd).st_size, st_blksize=2 << 20)

    file.set_size(3 * PAGE)
    monkeypatch.setattr(os, "fstat", fstat_with_large_blocks)
    file.map_ring(PAGE).close()
    with fails_with("EINVAL", text=f"offset 1 is not a multiple of the page size, {PAGE}"):
        file.map(offset=1)


def test_ring_errors(file: MemFd, hello: MemFd) -> None:
    with pytest.raises(ValueError, match="length 5 is not a multiple of the page size"):
        hello.map_ring()
    file.set_size(PAGE)
    with pytest.raises(ValueError, match="the mapping would end at"):
        file.map_ring(2 * PAGE)
    file.freeze()
    with fails_with(
        "EPERM", text="the mapping is writable, but the file is sealed against writing"
    ):
        file.map_ring()


# -------------------------------------------------------------------------- Holes


def test_discard(file: MemFd) -> None:
    os.write(file.fileno(), b"x" * 2 * PAGE)
    before = os.fstat(file.fileno()).st_blocks
    file.discard(PAGE, PAGE)
    assert os.fstat(file.fileno()).st_blocks < before
    assert file.size == 2 * PAGE
    assert os.pread(file.fileno(), 2, PAGE - 1) == b"x\0"


def test_discard_errors(file: MemFd, hello: MemFd) -> None:
    with fails_with("EPERM", text="the file is sealed against writing"):
        hello.discard(0, 1)
    with fails_with("EINVAL", text="length is 0, or the range ends past 2**63 - 1"):
        file.discard(0, 0)
    for arguments in ((-1, 1), (0, -1)):
        with pytest.raises(OverflowError):
            file.discard(*arguments)


def test_no_holes(file: MemFd) -> None:
    """no_holes allocates the missing pages of a file."""
    file.set_size(8 * PAGE)
    file.freeze()
    file.map_verified().close()
    assert os.fstat(file.fileno()).st_blocks == 0
    a, b = socket.socketpair()
    with a, b:
        file.send(a)
        MemFd.receive(b).close()
        assert os.fstat(file.fileno()).st_blocks == 0
        file.send(a)
        MemFd.receive(b, no_holes=True).close()
    assert os.fstat(file.fileno()).st_blocks >= 8 * PAGE // 512
    file.map_verified(no_holes=True).close()


# --------------------------------------------------------------------- Huge pages


def test_huge_pages() -> None:
    sizes = probe().huge_sizes
    for size in sizes:
        with MemFd.create("huge", huge_page=size) as file:
            assert (file.info.kind, file.info.huge_page) == (FileKind.HUGETLB, size)
    if sizes:
        with MemFd.create("huge", huge_page=0) as file:
            assert file.info.huge_page in sizes
    with fails_with("ENODEV", "ENOSYS", "ENOENT", "EINVAL"):
        MemFd.create("huge", huge_page=1 << 13)


def test_invalid_huge_page() -> None:
    for size in (1, 3, (1 << 21) + 1):
        with pytest.raises(ValueError, match=f"huge_page is {size}, not 0 or a power of two"):
            MemFd.create("huge", huge_page=size)
