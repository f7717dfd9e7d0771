# SPDX-License-Identifier: MIT
"""Sending and receiving files: timeouts, signals, and refused messages."""

from __future__ import annotations

import array
import errno
import os
import signal
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from helpers import fails_with

from memfd_go import MemFd, MissingSealsError, RefusedError, Seal, raw

if TYPE_CHECKING:
    from collections.abc import Iterator

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture(params=[socket.SOCK_STREAM, socket.SOCK_SEQPACKET, socket.SOCK_DGRAM])
def any_pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    a, b = socket.socketpair(socket.AF_UNIX, request.param)
    with a, b:
        yield a, b


@pytest.fixture
def pair() -> Iterator[Pair]:
    a, b = socket.socketpair()
    with a, b:
        yield a, b


def test_send_and_receive(any_pair: Pair, hello: MemFd) -> None:
    a, b = any_pair
    assert hello.send(a) == 0
    with MemFd.receive(b) as received, received.map() as mapping:
        assert bytes(mapping) == b"hello"
        assert not os.get_inheritable(received.fileno())
        assert os.path.sameopenfile(received.fileno(), hello.fileno())


def test_descriptors_instead_of_sockets(pair: Pair, hello: MemFd) -> None:
    a, b = pair
    hello.send(a.fileno())
    MemFd.receive(b.fileno(), Seal.IMMUTABLE, max_size=5).close()


def test_send_with_data(pair: Pair, hello: MemFd) -> None:
    a, b = pair
    assert hello.send(a, b"message") == 7
    received, data = MemFd.receive_message(b)
    assert received
    with received, received.map() as mapping:
        assert (bytes(mapping), data) == (b"hello", b"message")


def test_refused_message(any_pair: Pair, file: MemFd) -> None:
    """The data is returned with the error, so a stream keeps its framing."""
    a, b = any_pair
    file.set_size(5)
    file.send(a, b"one")
    with pytest.raises(MissingSealsError, match="missing seals: WRITE SHRINK") as missing:
        MemFd.receive_message(b)
    assert missing.value.data == b"one"
    file.freeze()
    file.send(a, b"two")
    with pytest.raises(RefusedError, match="max_size is 4") as refused:
        MemFd.receive_message(b, max_size=4)
    assert refused.value.data == b"two"
    file.send(a, b"three")
    received, data = MemFd.receive_message(b, None)
    assert received
    received.close()
    assert data == b"three"


def test_message_without_a_file(any_pair: Pair) -> None:
    a, b = any_pair
    a.send(b"plain")
    assert MemFd.receive_message(b) == (None, b"plain")
    a.send(b"plain")
    with pytest.raises(RefusedError, match="the message has no file"):
        MemFd.receive(b)


def test_message_with_several_files(any_pair: Pair, hello: MemFd) -> None:
    """All files are closed, which nothing_leaks checks; the data is returned."""
    a, b = any_pair
    for count in (2, raw.MEMFD_GO_FDS_MAX):
        raw.send_fds(a.fileno(), [hello.fileno()] * count, b"text")
        with pytest.raises(RefusedError, match=f"the message has {count} files") as refused:
            MemFd.receive_message(b)
        assert refused.value.data == b"text"


def test_message_with_more_files_than_possible(any_pair: Pair, hello: MemFd) -> None:
    """The kernel passes up to 253 descriptors."""
    a, b = any_pair
    count = raw.MEMFD_GO_FDS_MAX + 1
    rights = array.array("i", [hello.fileno()] * count)
    a.sendmsg([b"text"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
    hello.send(a, b"next")
    with pytest.raises(RefusedError, match="the message has too many files") as refused:
        MemFd.receive_message(b)
    assert refused.value.errno == errno.EMSGSIZE
    assert refused.value.data == b"text"
    received, data = MemFd.receive_message(b)
    assert received
    received.close()
    assert data == b"next"


def test_peer_adds_seals_too_late(
    pair: Pair, file: MemFd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The seals were missing when they were checked."""
    a, b = pair
    file.set_size(5)
    file.send(a)

    def has_them(_fd: int, _required: int) -> int:
        return 0

    monkeypatch.setattr(raw, "check_seals", has_them)
    with pytest.raises(MissingSealsError, match="missing seals: WRITE SHRINK"):
        MemFd.receive(b)


def test_max_data(hello: MemFd) -> None:
    a, b = socket.socketpair()
    with a, b:
        hello.send(a, bytes(100))
        received, data = MemFd.receive_message(b, max_data=10)
        assert received
        received.close()
        assert data + b.recv(100) == bytes(100)
        with pytest.raises(ValueError, match="max_data must be at least 1"):
            MemFd.receive_message(b, max_data=0)
    a, b = socket.socketpair(type=socket.SOCK_SEQPACKET)
    with a, b:
        hello.send(a, bytes(100))
        with pytest.raises(RefusedError, match="more data than max_data") as refused:
            MemFd.receive_message(b, max_data=10)
        assert refused.value.data == bytes(10)


def test_refused_files_are_closed(pair: Pair, file: MemFd, hello: MemFd) -> None:
    a, b = pair
    file.set_size(5)
    file.send(a)
    with pytest.raises(MissingSealsError, match="missing seals: WRITE SHRINK"):
        MemFd.receive(b)
    hello.send(a)
    with fails_with("EFBIG"):
        MemFd.receive(b, max_size=4)
    file.seal(Seal.SHRINK)
    file.send(a)
    MemFd.receive(b, Seal.NONE).close()
    a.send(b"x")
    with fails_with("EPROTO"):
        MemFd.receive(b)


def test_wrong_arguments_lose_no_message(pair: Pair, hello: MemFd) -> None:
    a, b = pair
    hello.send(a)
    wrong: list[Any] = [-1, 1 << 64, 1e6]
    for max_size in wrong:
        with pytest.raises((OverflowError, TypeError)):
            MemFd.receive(b, max_size=max_size)
    for required in wrong:
        with pytest.raises((OverflowError, TypeError)):
            MemFd.receive(b, required)
    MemFd.receive(b).close()


def test_any_file(pair: Pair, file: MemFd) -> None:
    a, b = pair
    file.send(a)
    with MemFd.receive(b, None) as received:
        received.set_size(7)
    assert file.size == 7


def test_end_of_the_stream(pair: Pair) -> None:
    a, b = pair
    a.close()
    for required in (Seal.WRITE, None):
        with pytest.raises(EOFError, match="the other end of the socket is closed"):
            MemFd.receive(b, required)


def test_peer_closed(pair: Pair, hello: MemFd) -> None:
    a, b = pair
    b.close()
    with pytest.raises(BrokenPipeError):
        hello.send(a)


def test_closed_socket(pair: Pair, hello: MemFd) -> None:
    for sock in pair:
        sock.close()
        with fails_with("EBADF"):
            hello.send(sock)
        with fails_with("EBADF"):
            MemFd.receive(sock)


def test_non_blocking(pair: Pair) -> None:
    _, b = pair
    b.setblocking(False)
    with pytest.raises(BlockingIOError):
        MemFd.receive(b)


def test_timeout(pair: Pair, hello: MemFd) -> None:
    a, b = pair
    b.settimeout(0.05)
    start = time.monotonic()
    with pytest.raises(TimeoutError):
        MemFd.receive(b)
    assert time.monotonic() - start >= 0.05
    a.settimeout(0.05)
    with pytest.raises(TimeoutError):
        while True:
            hello.send(a, bytes(1 << 16))


def test_default_timeout_leaves_descriptors_alone(pair: Pair, hello: MemFd) -> None:
    a, _ = pair
    socket.setdefaulttimeout(30)
    try:
        hello.send(a.fileno())
    finally:
        socket.setdefaulttimeout(None)
    assert os.get_blocking(a.fileno())


def test_within_the_timeout(pair: Pair, hello: MemFd) -> None:
    a, b = pair
    b.settimeout(30)
    timer = threading.Timer(0.05, hello.send, [a])
    timer.start()
    with MemFd.receive(b) as received:
        assert received.size == 5
    timer.join()


@pytest.mark.parametrize("timeout", [None, 30])
def test_signals_do_not_interrupt(pair: Pair, hello: MemFd, timeout: int | None) -> None:
    a, b = pair
    b.settimeout(timeout)
    seen: list[int] = []

    def handle(number: int, _frame: object) -> None:
        seen.append(number)
        hello.send(a)

    before = signal.signal(signal.SIGALRM, handle)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with MemFd.receive(b) as received:
            assert received.size == 5
    finally:
        signal.signal(signal.SIGALRM, before)
    assert seen == [signal.SIGALRM]
