"""Mappings of files, as buffers that cannot outlive the memory."""

from __future__ import annotations

import os
import weakref

from memfd_go import _ffi, raw
from memfd_go._closing import Closing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn, overload

    from typing_extensions import Buffer, Self
else:

    def overload(function):
        return function


class Mapping(Closing):
    """Mapped memory of a file, made by MemFd.map(). It stays when the MemFd is closed.

    It reads and writes like mmap.mmap: an index gives an int, a slice gives bytes. view()
    gives a memoryview, without a copy; since Python 3.12 the mapping is a buffer itself.
    Read-only memory gives read-only views.

    The memory is unmapped by close(), by the end of a "with" block, or with the last
    reference to the mapping and to its views. close() refuses while there are views.

    Safe: threads, as far as the bytes themselves are concerned like any shared memory;
    fork: a child inherits the mapping, and shares the memory unless it is private.

    >>> with MemFd.sealed("example", b"hello") as file, file.map() as mapping:
    ...     mapping[:4], mapping[4], len(mapping), mapping.readonly
    (b'hell', 111, 5, True)
    """

    __slots__ = ("__weakref__", "_held", "_length", "_readonly")

    # What exports the memory; empty once closed. Only one thread can pop it.
    _held: list[Any]

    def __init__(self, address: int, length: int, mapped: int, *, readonly: bool) -> None:
        """Own 'mapped' bytes at an address, and show 'length' of them. See MemFd.map()."""
        try:
            memory = _ffi.memory_at(address, length)
        except BaseException:
            raw.unmap(address, mapped)
            raise
        # Any: mypy takes the property for a missing slot.
        unmapping: Any = weakref.finalize(memory, raw.unmap, address, mapped)
        # When the interpreter exits, threads may use views still: leave it to the kernel.
        unmapping.atexit = False
        self._held = [memory]
        self._length = length
        self._readonly = readonly

    @classmethod
    def of(cls, fd: int, opts: int, offset: int, length: int) -> Self:
        """Map a part of any file. MemFd.map() says it in Python's words.

        fd, opts, offset, length  those of memfd_go.raw.map()

        Errors: like MemFd.map(). Safe: threads, fork. Source: mmap(2).

        >>> with MemFd.sealed("example", b"hello") as file:
        ...     with Mapping.of(file.fileno(), 0, 0, 5) as mapping:
        ...         bytes(mapping)
        b'hello'
        """
        # munmap(2) of huge pages takes whole ones only, so whole blocks are mapped. What
        # lies beyond 'length' is never touched.
        length = _ffi.to_size(length)
        block = os.fstat(fd).st_blksize
        mapped = -(-length // block) * block
        readonly = not opts & raw.MEMFD_GO_OPT_WRITE
        return cls(raw.map(fd, opts, offset, mapped), length, mapped, readonly=readonly)

    @property
    def closed(self) -> bool:
        """Whether it has been closed.

        Errors: none. Safe: threads, fork. Source: this package.

        >>> with MemFd.sealed("example", b"hello") as file:
        ...     mapping = file.map()
        >>> mapping.closed, mapping.close(), mapping.closed
        (False, None, True)
        """
        return not self._held

    @property
    def readonly(self) -> bool:
        """Whether the memory can only be read.

        Errors: none. Safe: threads, fork. Source: this package.

        >>> with MemFd.create("example", size=1) as file, file.map(writable=True) as mapping:
        ...     mapping.readonly
        False
        """
        return self._readonly

    def view(self) -> memoryview:
        """A new memoryview of all the memory, in bytes. Release it before close().

        Touching a page that lies past the end of the file kills the process (SIGBUS), which
        cannot happen on a file sealed against shrinking.

        Errors: ValueError (closed). Safe: threads, fork. Source: mmap(2).

        >>> with MemFd.sealed("example", b"hello") as file, file.map() as mapping:
        ...     with mapping.view() as view:
        ...         bytes(view[1:3]), view.readonly
        (b'el', True)
        """
        try:
            memory = self._held[0]
        except IndexError:
            raise ValueError("the mapping is closed") from None
        return _ffi.view_of(memory, self._length, self._readonly)

    def close(self) -> None:
        """Unmap the memory. Doing so again is harmless.

        Errors: BufferError (there are views, or what was made of them; nothing has changed).
        Safe: threads (whoever comes while this runs may be told that the mapping is closed,
        even if it stays open), fork. Source: munmap(2).

        >>> with MemFd.sealed("example", b"hello") as file:
        ...     mapping = file.map()
        >>> view = mapping.view()
        >>> mapping.close()
        Traceback (most recent call last):
        BufferError: the mapping has views
        >>> view.release()
        >>> mapping.close()
        """
        try:
            memory = self._held.pop()
        except IndexError:
            return
        # All views refer to the exporter; if it survives this, there are some.
        exporter = weakref.ref(memory)
        del memory
        memory = exporter()
        if memory is not None:
            self._held.append(memory)
            raise BufferError("the mapping has views")

    def __buffer__(self, flags: int, /) -> memoryview:
        return self.view()

    def __bytes__(self) -> bytes:
        return self.view().tobytes()

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, key: int) -> int: ...
    @overload
    def __getitem__(self, key: slice) -> bytes: ...
    def __getitem__(self, key: int | slice) -> int | bytes:
        part = self.view()[key]
        return part.tobytes() if isinstance(part, memoryview) else part

    @overload
    def __setitem__(self, key: int, value: int) -> None: ...
    @overload
    def __setitem__(self, key: slice, value: Buffer) -> None: ...
    def __setitem__(self, key: int | slice, value: Any) -> None:
        self.view()[key] = value

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"cannot pickle {type(self).__name__!r} object")

    def __repr__(self) -> str:
        state = "closed" if self.closed else "read-only" if self._readonly else "writable"
        return f"<{type(self).__name__} of {self._length} bytes, {state}>"
