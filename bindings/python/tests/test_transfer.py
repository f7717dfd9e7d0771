# SPDX-License-Identifier: MIT
"""raw functions that send, receive and import descriptors."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest
from helpers import fails_with

from memfd_go import MemFd, Seal, raw

if TYPE_CHECKING:
    from collections.abc import Iterator

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Two connected non-blocking sockets."""
    a, b = socket.socketpair()
    a.setblocking(False)
    b.setblocking(False)
    with a, b:
        yield a, b


def fds_of(pair: Pair) -> tuple[int, int]:
    return pair[0].fileno(), pair[1].fileno()


@pytest.mark.parametrize("n", [1, 2, raw.MEMFD_GO_FDS_MAX])
def test_send_and_receive(pair: Pair, hello: MemFd, n: int) -> None:
    a, b = fds_of(pair)
    assert raw.send_fds(a, [hello.fileno()] * n, bytearray(b"data")) == 4
    fds, data = raw.recv_fds(b, n, 100)
    assert data == b"data"
    assert len(fds) == n
    for fd in fds:
        assert os.path.sameopenfile(fd, hello.fileno())
        assert not os.get_inheritable(fd)
        os.close(fd)


def test_without_data(pair: Pair, hello: MemFd) -> None:
    a, b = fds_of(pair)
    assert raw.send_fds(a, [hello.fileno()]) == 0
    fds, data = raw.recv_fds(b, 1, 0)
    assert data == b""
    os.close(fds[0])
    with fails_with("EAGAIN"):  # the zero byte was consumed
        raw.recv_fds(b, 1, 0)


def test_end_of_stream(pair: Pair) -> None:
    pair[0].close()
    with fails_with("EPIPE"):
        raw.recv_fds(pair[1].fileno(), 1, 10)
    with fails_with("EPIPE"):
        raw.recv_verified(pair[1].fileno(), 0, 10)


def test_too_many_descriptors(pair: Pair, hello: MemFd) -> None:
    a, b = fds_of(pair)
    raw.send_fds(a, [hello.fileno()] * 3)
    with fails_with("EMSGSIZE"):
        raw.recv_fds(b, 2, 10)
    raw.send_fds(a, [hello.fileno()] * 2)
    with fails_with("EMSGSIZE"):
        raw.recv_verified(b, 0, 10)


def test_no_descriptors(pair: Pair) -> None:
    a, b = fds_of(pair)
    assert raw.send_fds(a, [], b"data") == 4
    assert raw.recv_fds(b, 1, 10) == ([], b"data")
    raw.send_fds(a, [])
    with fails_with("EPROTO"):
        raw.recv_verified(b, 0, 10)


def test_dontwait(pair: Pair) -> None:
    pair[1].setblocking(True)
    b = pair[1].fileno()
    with fails_with("EAGAIN"):
        raw.recv_fds(b, 1, 10, raw.MEMFD_GO_OPT_DONTWAIT)
    with fails_with("EAGAIN"):
        raw.recv_verified(b, 0, 10, raw.MEMFD_GO_OPT_DONTWAIT)


def test_arguments_out_of_range(pair: Pair) -> None:
    a, b = fds_of(pair)
    with fails_with("EINVAL"):
        raw.send_fds(a, [a] * (raw.MEMFD_GO_FDS_MAX + 1))
    raw.send_fds(a, [a])
    fds, _ = raw.recv_fds(b, raw.MEMFD_GO_FDS_MAX + 1, 10)  # more than the maximum
    os.close(fds[0])


def test_wrong_descriptors(pair: Pair, hello: MemFd) -> None:
    a, _ = fds_of(pair)
    with fails_with("EBADF"):
        raw.send_fds(a, [-1])
    for sock, name in ((-1, "EBADF"), (hello.fileno(), "ENOTSOCK")):
        with fails_with(name):
            raw.send_fds(sock, [a])
        with fails_with(name):
            raw.recv_fds(sock, 1, 10)
        with fails_with(name):
            raw.recv_verified(sock, 0, 10)


def test_peer_closed(pair: Pair, hello: MemFd) -> None:
    pair[1].close()
    with fails_with("EPIPE"):
        raw.send_fds(pair[0].fileno(), [hello.fileno()])


def test_receive_verified(pair: Pair, hello: MemFd, file: MemFd) -> None:
    a, b = fds_of(pair)
    raw.send_fds(a, [hello.fileno()])
    fd, data = raw.recv_verified(b, Seal.IMMUTABLE, 5)
    assert data == b""
    with MemFd.from_fd(fd) as received:
        assert os.pread(received.fileno(), 10, 0) == b"hello"
    for sent, max_len, name in (
        (hello, 4, "EFBIG"),
        (file, 5, "EKEYREJECTED"),
    ):
        raw.send_fds(a, [sent.fileno()])
        with fails_with(name):
            raw.recv_verified(b, 0, max_len)


def test_import_by_pid(hello: MemFd) -> None:
    fd = raw.import_pid(os.getpid(), hello.fileno(), os.O_RDONLY)
    assert not os.get_inheritable(fd)
    assert os.read(fd, 10) == b"hello"
    os.close(fd)


def test_import_by_pid_errors(hello: MemFd) -> None:
    for pid, fd, name in (
        (0, hello.fileno(), "EINVAL"),
        (-1, hello.fileno(), "EINVAL"),
        (os.getpid(), -1, "EINVAL"),
        (os.getpid(), 1 << 20, "ENOENT"),
        ((1 << 31) - 1, 0, "ENOENT"),
    ):
        with fails_with(name):
            raw.import_pid(pid, fd, os.O_RDONLY)


def test_import_by_pidfd(hello: MemFd) -> None:
    process = os.pidfd_open(os.getpid())
    try:
        fd = raw.import_pidfd(process, hello.fileno())
        assert not os.get_inheritable(fd)
        assert os.path.sameopenfile(fd, hello.fileno())
        os.close(fd)
        with fails_with("EBADF"):
            raw.import_pidfd(process, -1)
    finally:
        os.close(process)
    with fails_with("EBADF"):
        raw.import_pidfd(hello.fileno(), 0)
