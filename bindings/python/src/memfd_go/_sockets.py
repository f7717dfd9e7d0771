# SPDX-License-Identifier: MIT
"""Calls that wait for a socket or are repeated after a signal."""

from __future__ import annotations

import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from typing import Any, Callable, TypeVar

    from _typeshed import FileDescriptorLike

    T = TypeVar("T")

_AF_UNIX = 1


def descriptor_of(file: FileDescriptorLike) -> int:
    """Return the descriptor of an object with a fileno() method, or the descriptor itself."""
    if isinstance(file, int):
        return file
    try:
        method = file.fileno
    except AttributeError:
        raise TypeError(
            "expected a descriptor or an object with a fileno() method, "
            f"not {type(file).__name__}"
        ) from None
    return method()


def retry_on_eintr(function: Callable[..., T], *arguments: Any) -> T:
    """Call a function again if a signal interrupts it (PEP 475)."""
    while True:
        try:
            return function(*arguments)
        except InterruptedError:
            continue


def unix_socket(sock: socket.socket | int) -> int:
    """Return the descriptor of a Unix socket; no other kind of socket passes descriptors."""
    fd = descriptor_of(sock)
    family = getattr(sock, "family", None)
    if family is None:
        family = _family(fd)
    if family != _AF_UNIX:
        raise ValueError("only a Unix socket (AF_UNIX) can pass descriptors")
    return fd


def _family(fd: int) -> int:
    import socket  # slow to import, and seldom needed here

    # As a non-blocking type, or Python would apply the default timeout to the descriptor.
    sock = socket.socket(type=socket.SOCK_STREAM | socket.SOCK_NONBLOCK, fileno=fd)
    try:
        return int(sock.family)
    finally:
        sock.detach()


def waiting(sock: socket.socket | int, direction: str, function: Callable[[int], T]) -> T:
    """Call a function on a socket's descriptor, and wait like the socket's own methods.

    A Python socket with a timeout is non-blocking, and Python waits for it; gevent does this
    with every socket. Any other non-blocking socket raises BlockingIOError.
    """
    timeout = None if isinstance(sock, int) else _timeout_of(sock)
    deadline = time.monotonic() + (timeout or 0)
    fd = unix_socket(sock)
    while True:
        try:
            return retry_on_eintr(function, fd)
        except BlockingIOError:
            if timeout:
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    raise TimeoutError("timed out") from None
                _wait(sock, direction, remaining)
            elif timeout is None and _gevent_of(sock) is not None:
                _wait(sock, direction, None)
            else:
                raise
        fd = descriptor_of(sock)


def _timeout_of(sock: Any) -> float | None:
    method: Any = getattr(sock, "gettimeout", None)
    return None if method is None else method()


def _gevent_of(sock: object) -> Any:
    """Return the module gevent.socket if it created the socket, else None."""
    module = sys.modules.get("gevent.socket")
    return module if module is not None and isinstance(sock, module.socket) else None


def _wait(sock: Any, direction: str, seconds: float | None) -> None:
    """Wait until the socket is ready for input ("in") or output ("out")."""
    gevent = _gevent_of(sock)
    if gevent is not None:
        wait = gevent.wait_read if direction == "in" else gevent.wait_write
        wait(sock.fileno(), seconds, TimeoutError("timed out"))
        return
    import select  # slow to import, and seldom needed

    poll = select.poll()
    poll.register(sock.fileno(), select.POLLIN if direction == "in" else select.POLLOUT)
    if not poll.poll(None if seconds is None else seconds * 1000):
        raise TimeoutError("timed out")
