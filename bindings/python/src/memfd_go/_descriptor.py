# SPDX-License-Identifier: MIT
"""The descriptor of a file: closed with its object, and handed to other processes."""

from __future__ import annotations

import os
import warnings

from memfd_go import _pickling
from memfd_go._closing import Closing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, SupportsIndex

    from typing_extensions import Self


class Descriptor(Closing):
    """The part of MemFd that does not depend on what kind of file it is."""

    __slots__ = ("__weakref__", "_owned")

    def __init__(self, fd: int) -> None:
        """Own a descriptor, without asking what it is. from_fd() asks."""
        if type(fd) is not int or fd < 0:
            _refuse(fd, type(self).__name__)
        # Empty once closed. Only one thread can pop it, whatever locks the interpreter has.
        self._owned: list[int] = [fd]

    @property
    def closed(self) -> bool:
        """Whether the object has given up its descriptor, by close() or detach()."""
        return not self._owned

    def fileno(self) -> int:
        """Return the descriptor, which stays the object's."""
        try:
            return self._owned[0]
        except IndexError:
            raise ValueError(_pickling.why_missing(self._owned)) from None

    @property
    def path(self) -> str:
        """The file's path, /proc/self/fd/N. It is this process's, and valid until close()."""
        return f"/proc/self/fd/{self.fileno()}"

    def detach(self) -> int:
        """Give up the descriptor and return it. The caller closes it."""
        try:
            return self._owned.pop()
        except IndexError:
            raise ValueError(_pickling.why_missing(self._owned)) from None

    def close(self) -> None:
        """Close the descriptor. Closing twice is harmless; mappings stay.

        No other thread may still use the descriptor: its number may soon be another file's.
        """
        try:
            fd = self._owned.pop()
        except IndexError:
            return
        os.close(fd)

    def share(self) -> Self:
        """Return a duplicate to hand over: to a Queue, to a pool, or as a worker's result.

        It can be pickled once, which closes it here, and needs no closing if it is not: this
        file may be closed at once. Call share() for each receiver.
        """
        shared = type(self)(os.dup(self.fileno()))
        shared._owned = _pickling.Handover(shared.detach())
        return shared

    def __reduce_ex__(self, protocol: SupportsIndex, /) -> tuple[Any, ...]:
        return _pickling.reduce_file(self)

    def __del__(self) -> None:
        try:
            if not self._owned:
                return
        except AttributeError:  # __init__() has not run
            return
        if not isinstance(self._owned, _pickling.Handover):
            warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self, stacklevel=1)
        self.close()

    def __repr__(self) -> str:
        fds = self._owned[:]
        return f"<{type(self).__name__} {f'fd={fds[0]}' if fds else 'closed'}>"


def _refuse(fd: object, kind: str) -> None:
    """Raise an error unless it is a descriptor in another integer's clothes."""
    if isinstance(fd, (str, bytes)):
        raise TypeError(f"{kind}() takes a descriptor; {kind}.create({fd!r}) creates a file")
    if not isinstance(fd, int) or isinstance(fd, bool):
        raise TypeError(f"{kind}() takes a descriptor, an int, not {type(fd).__name__}")
    if fd < 0:
        raise ValueError(f"{kind}() takes a descriptor, and {fd} is negative")
