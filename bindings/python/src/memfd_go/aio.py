# SPDX-License-Identifier: MIT
"""Sending and receiving files with asyncio: awaitable MemFd.send() and receive().

    file = await memfd_go.aio.receive(sock)

Cancelling is safe: a whole message has been received or sent and the coroutine has returned,
or nothing has happened. Several tasks may wait for the same socket. The socket may be in
blocking mode. Do not use it for a stream of asyncio as well, which reads ahead and drops
descriptors.
"""

from __future__ import annotations

import asyncio
import errno
import weakref

from memfd_go._errors import RefusedError
from memfd_go._flags import UNCHANGING
from memfd_go._memfd import MemFd
from memfd_go._sockets import descriptor_of
from memfd_go.raw import MEMFD_GO_OPT_DONTWAIT

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from typing import Any, Callable, TypeVar

    from typing_extensions import Buffer

    from memfd_go._flags import Seal

    T = TypeVar("T")

__all__ = ["receive", "receive_message", "send"]


async def receive(
    sock: socket.socket | int,
    required: Seal | None = UNCHANGING,
    *,
    max_size: int | None = None,
    no_holes: bool = False,
) -> MemFd:
    """Receive one file, like MemFd.receive()."""
    file, _ = await _receive(sock, required, max_size, no_holes, 0)
    if file is None:
        raise RefusedError(errno.EPROTO, "the message has no file")
    return file


async def receive_message(
    sock: socket.socket | int,
    required: Seal | None = UNCHANGING,
    *,
    max_size: int | None = None,
    no_holes: bool = False,
    max_data: int = 1 << 16,
) -> tuple[MemFd | None, bytes]:
    """Receive a file and bytes, like MemFd.receive_message()."""
    if max_data < 1:
        raise ValueError("max_data must be at least 1")
    return await _receive(sock, required, max_size, no_holes, max_data)


async def send(file: MemFd, sock: socket.socket | int, data: Buffer = b"") -> int:
    """Send a file like MemFd.send(), and return the number of bytes sent.

    On a stream, send the rest with loop.sock_sendall(). The file may be closed meanwhile.
    """
    with file.share() as shared:
        fd = descriptor_of(sock)
        attempt = shared._send  # pyright: ignore[reportPrivateUsage]
        return await _when(fd, "writer", lambda: attempt(fd, MEMFD_GO_OPT_DONTWAIT, data))


async def _receive(
    sock: socket.socket | int,
    required: Seal | None,
    max_size: int | None,
    no_holes: bool,
    length: int,
) -> tuple[MemFd | None, bytes]:
    fd = descriptor_of(sock)
    attempt = MemFd._receive  # pyright: ignore[reportPrivateUsage]
    about = (fd, MEMFD_GO_OPT_DONTWAIT, required, max_size, no_holes, length)
    return await _when(fd, "reader", lambda: attempt(*about))


async def _when(fd: int, direction: str, attempt: Callable[[], T]) -> T:
    """Repeat an attempt whenever the socket is ready, until it succeeds."""
    while True:
        try:
            return attempt()
        except BlockingIOError:
            await _Waiters.of(fd, direction).wait()


# For each event loop, by descriptor and direction.
_waiters: weakref.WeakKeyDictionary[Any, dict[tuple[int, str], _Waiters]]
_waiters = weakref.WeakKeyDictionary()


class _Waiters:
    """Tasks that wait for one descriptor in one direction; a loop has only one callback."""

    def __init__(self, fd: int, direction: str) -> None:
        self._fd, self._direction = fd, direction
        self._futures: list[asyncio.Future[None]] = []

    @classmethod
    def of(cls, fd: int, direction: str) -> _Waiters:
        waiters = _waiters.setdefault(asyncio.get_running_loop(), {})
        if (fd, direction) not in waiters:
            waiters[fd, direction] = cls(fd, direction)
        return waiters[fd, direction]

    async def wait(self) -> None:
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        if not self._futures:
            getattr(loop, f"add_{self._direction}")(self._fd, self._wake)
        self._futures.append(future)
        try:
            await future
        finally:
            if future in self._futures:  # cancelled
                self._futures.remove(future)
                if not self._futures:
                    self._stop()

    def _stop(self) -> None:
        getattr(asyncio.get_running_loop(), f"remove_{self._direction}")(self._fd)

    def _wake(self) -> None:
        self._stop()
        futures, self._futures = self._futures, []
        for future in futures:
            if not future.done():
                future.set_result(None)
