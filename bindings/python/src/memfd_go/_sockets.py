"""Calls on sockets that wait like the methods of Python's own."""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from typing import Callable, TypeVar

    from _typeshed import FileDescriptorLike

    T = TypeVar("T")


def descriptor_of(file: FileDescriptorLike) -> int:
    """The descriptor that a number or an object with fileno() stands for."""
    return file if isinstance(file, int) else file.fileno()


def patiently(sock: socket.socket | int, direction: str, function: Callable[[int], T]) -> T:
    """Call a function on a socket's descriptor, again until there is an answer.

    A signal whose handler does not raise is no answer (PEP 475). Nor is "not yet", where the
    socket has a timeout: Python then made it non-blocking, and waits on its own.
    """
    timeout = None if isinstance(sock, int) else sock.gettimeout()
    deadline = time.monotonic() + (timeout or 0)
    while True:
        try:
            return function(descriptor_of(sock))
        except InterruptedError:
            continue
        except BlockingIOError:
            if not timeout:
                raise
            _wait(descriptor_of(sock), direction, deadline - time.monotonic())


def _wait(fd: int, direction: str, seconds: float) -> None:
    """Wait until the socket is ready in that direction, "in" or "out"."""
    import select  # few need it

    poll = select.poll()
    poll.register(fd, select.POLLIN if direction == "in" else select.POLLOUT)
    if seconds <= 0 or not poll.poll(seconds * 1000):
        raise TimeoutError("timed out")
