"""What a file in memory is to Python: a descriptor that is closed with its object."""

from __future__ import annotations

import os
import warnings

from memfd_go import raw
from memfd_go._closing import Closing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO, Any


class Descriptor(Closing):
    """The part of MemFd that does not depend on what kind of file it is."""

    __slots__ = ("__weakref__", "_owned")

    # The descriptor; empty once closed. Only one thread can pop it, whatever locks the
    # interpreter has.
    _owned: list[int]

    def __init__(self, fd: int) -> None:
        """Own a descriptor, without any check. See from_fd()."""
        self._owned = [fd]

    @property
    def closed(self) -> bool:
        """Whether the object has given up its descriptor, by close() or detach().

        Errors: none. Safe: threads, fork. Source: this package.

        >>> file = MemFd.create("example")
        >>> file.closed, file.close(), file.closed
        (False, None, True)
        """
        return not self._owned

    def fileno(self) -> int:
        """The descriptor, which stays the object's.

        Errors: ValueError (closed). Safe: threads, fork. Source: this package.

        >>> with MemFd.create("example") as file:
        ...     os.get_inheritable(file.fileno())
        False
        """
        try:
            return self._owned[0]
        except IndexError:
            raise ValueError("the file is closed") from None

    def detach(self) -> int:
        """Give up the descriptor, and return it. The caller closes it.

        Errors: ValueError (closed). Safe: threads (one of them gets it), fork.
        Source: this package.

        >>> os.close(MemFd.create("example").detach())
        """
        try:
            return self._owned.pop()
        except IndexError:
            raise ValueError("the file is closed") from None

    def close(self) -> None:
        """Close the descriptor. Doing so again is harmless; mappings stay.

        Errors: OSError EBADF (somebody else has closed the descriptor). Safe: fork; threads,
        see the class. Source: close(2).

        >>> file = MemFd.create("example")
        >>> file.close()
        >>> file.close()
        """
        try:
            fd = self._owned.pop()
        except IndexError:
            return
        os.close(fd)

    def open(
        self,
        mode: str = "rb",
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
    ) -> IO[Any]:
        """Make a Python file object on a duplicate of the descriptor.

        mode, buffering, encoding, errors, newline  those of the built-in function. "w" does
                                                    not empty the file.

        The file object and this one share their offset, and close on their own. One that shall
        have an offset of its own is file.reopen().open().

        Errors: OSError EMFILE; ValueError (closed; a mode that open() does not know).
        Safe: threads, fork. Source: dup(2).

        >>> with MemFd.create("example") as file:
        ...     with file.open("w", encoding="utf-8") as text:
        ...         print("hello", file=text)
        ...     file.size
        6
        """
        # An opener, because open() closes a descriptor it was given on some errors only.
        return open(
            repr(self),
            mode,
            buffering,
            encoding,
            errors,
            newline,
            opener=lambda _name, _flags: os.dup(self.fileno()),
        )

    # --------------------------------------------------------------------- Size

    @property
    def size(self) -> int:
        """The size of the file in bytes.

        Errors: OSError ENOSYS (before Linux 4.11); ValueError (closed). Safe: threads, fork.
        Source: statx(2).

        >>> with MemFd.sealed("example", b"hello") as file:
        ...     file.size
        5
        """
        return raw.get_size(self.fileno())

    def set_size(self, size: int, *, reserve: bool = False) -> None:
        """Cut the file off, or extend it by zeros.

        size     in bytes, 0 to 2**63 - 1. A secret file can be sized once only; a file of
                 huge pages takes multiples of its page size only.
        reserve  allocate the memory of the whole file now, so that no later store to a
                 mapping of it can fail for want of memory (SIGBUS). If that fails, nothing
                 has changed. A signal interrupts it only if its handler raises.

        Errors: OSError EINVAL (over 2**63 - 1, not open for writing, a secret file that has a
        size), EPERM (sealed against it), EFBIG (over RLIMIT_FSIZE), ENOSPC, ENOMEM,
        EOPNOTSUPP (cannot be reserved); OverflowError; ValueError (closed).
        Safe: threads, fork. Source: ftruncate(2), fallocate(2).

        >>> with MemFd.create("example") as file:
        ...     file.set_size(4096, reserve=True)
        ...     file.size
        4096
        """
        opts = raw.MEMFD_GO_OPT_RESERVE if reserve else 0
        while True:
            try:
                return raw.set_size(self.fileno(), opts, size)
            except InterruptedError:  # as PEP 475 has it; the handler has run by now
                continue

    # ----------------------------------------------------------- Python's habits

    def __del__(self) -> None:
        try:
            if not self._owned:
                return
        except AttributeError:  # __init__() has not run
            return
        warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self, stacklevel=1)
        self.close()

    def __repr__(self) -> str:
        fds = self._owned[:]
        return f"<{type(self).__name__} {f'fd={fds[0]}' if fds else 'closed'}>"
