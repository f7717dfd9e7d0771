"""Sending and receiving files in asyncio: awaitable forms of MemFd.send() and receive().

    file = await memfd_go.aio.receive(sock)

Cancelling is safe: a message has then been received or sent as a whole, and the coroutine
has returned, or nothing has happened. So is waiting in several tasks for the same socket.
The socket must not block: sock.setblocking(False). Give it to nobody else, since the streams
of asyncio read ahead and drop descriptors.
"""

from __future__ import annotations

import asyncio
import weakref

from memfd_go._flags import UNCHANGING
from memfd_go._memfd import MemFd
from memfd_go._sockets import descriptor_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from typing import Any, Callable, TypeVar

    from typing_extensions import Buffer

    from memfd_go._flags import Seal

    T = TypeVar("T")

__all__ = ["receive", "receive_message", "send"]


async def receive(
    sock: socket.socket,
    required: Seal | None = UNCHANGING,
    *,
    max_size: int | None = None,
) -> MemFd:
    """Receive one file, as MemFd.receive() does."""
    return await _when(sock, "reader", lambda: MemFd.receive(sock, required, max_size=max_size))


async def receive_message(
    sock: socket.socket,
    required: Seal | None = UNCHANGING,
    *,
    max_size: int | None = None,
    max_data: int = 1 << 16,
) -> tuple[MemFd | None, bytes]:
    """Receive a file and bytes, as MemFd.receive_message() does."""
    return await _when(
        sock,
        "reader",
        lambda: MemFd.receive_message(sock, required, max_size=max_size, max_data=max_data),
    )


async def send(file: MemFd, sock: socket.socket, data: Buffer = b"") -> int:
    """Send a file, as MemFd.send() does, and return the number of bytes sent.

    On a stream, send the rest by loop.sock_sendall(). The file may be closed meanwhile.
    """
    with file.share() as shared:
        return await _when(sock, "writer", lambda: shared.send(sock, data))


async def _when(sock: socket.socket, direction: str, attempt: Callable[[], T]) -> T:
    """Repeat an attempt whenever the socket is ready, until it succeeds."""
    if sock.gettimeout() != 0:
        raise ValueError("the socket must be non-blocking")
    while True:
        try:
            return attempt()
        except BlockingIOError:
            await _Waiters.of(descriptor_of(sock), direction).wait()


# Of each loop, by descriptor and direction.
_waiters: weakref.WeakKeyDictionary[Any, dict[tuple[int, str], _Waiters]]
_waiters = weakref.WeakKeyDictionary()


class _Waiters:
    """Those who wait for one descriptor in one direction. A loop takes only one callback."""

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
