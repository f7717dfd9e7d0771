# SPDX-License-Identifier: MIT
"""The descriptor of a file: closed with its object, and passed to other processes."""

from __future__ import annotations

import os

from memfd_go import _pickling
from memfd_go._closing import Closing, warn_unclosed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, SupportsIndex

    from typing_extensions import Self


class Descriptor(Closing):
    """The methods of MemFd that work for any descriptor."""

    __slots__ = ("__weakref__", "_owned")

    def __init__(self, fd: int) -> None:
        """Take ownership of a descriptor without checking it. from_fd() checks it."""
        if type(fd) is not int or fd < 0:
            _check_descriptor(fd, type(self).__name__)
        # Empty once closed. list.pop() is atomic, so only one thread closes the descriptor,
        # with or without the interpreter lock.
        self._owned: list[int] = [fd]

    @property
    def closed(self) -> bool:
        """Whether the object has no descriptor any more, as after close() or detach()."""
        return not self._owned

    def fileno(self) -> int:
        """Return the descriptor, which the object still owns."""
        try:
            return self._owned[0]
        except IndexError:
            raise ValueError(_pickling.why_missing(self._owned)) from None

    @property
    def path(self) -> str:
        """The path /proc/self/fd/N, valid in this process until close()."""
        return f"/proc/self/fd/{self.fileno()}"

    def detach(self) -> int:
        """Close the object without closing the descriptor, and return the descriptor."""
        try:
            return self._owned.pop()
        except IndexError:
            raise ValueError(_pickling.why_missing(self._owned)) from None

    def close(self) -> None:
        """Close the descriptor. Mappings stay valid. Closing twice does nothing.

        No other thread may use the descriptor meanwhile: its number may be reused at once.
        """
        try:
            fd = self._owned.pop()
        except IndexError:
            return
        os.close(fd)

    def share(self) -> Self:
        """Return a duplicate to pass to a Queue or a pool, or to return from a worker.

        It can be pickled once, which closes it in this process. It need not be closed. The
        original may be closed at once. Call share() once for each receiver.
        """
        shared = type(self)(os.dup(self.fileno()))
        shared._owned = _pickling.Shared(shared.detach())
        return shared

    def __reduce_ex__(self, protocol: SupportsIndex, /) -> tuple[Any, ...]:
        return _pickling.reduce_file(self)

    def __del__(self) -> None:
        try:
            if not self._owned:
                return
        except AttributeError:  # __init__() has not run
            return
        try:
            if not isinstance(self._owned, _pickling.Shared):
                warn_unclosed(self)
        finally:
            self.close()

    def __repr__(self) -> str:
        fds = self._owned[:]
        return f"<{type(self).__name__} {f'fd={fds[0]}' if fds else 'closed'}>"


def _check_descriptor(fd: object, kind: str) -> None:
    """Raise an error unless 'fd' is an integer that can be a descriptor."""
    if isinstance(fd, (str, bytes)):
        raise TypeError(f"{kind}() takes a descriptor; {kind}.create({fd!r}) creates a file")
    if not isinstance(fd, int) or isinstance(fd, bool):
        raise TypeError(f"{kind}() takes a descriptor (an int), not {type(fd).__name__}")
    if fd < 0:
        raise ValueError(f"{kind}() takes a descriptor, but {fd} is negative")
