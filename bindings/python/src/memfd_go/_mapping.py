"""Mappings of files, as buffers that cannot outlive the memory."""

from __future__ import annotations

import os
import weakref

from memfd_go import _ffi, raw

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, NoReturn, overload

    from typing_extensions import Buffer, Self
else:

    def overload(function):
        return function


class Mapping:
    """Mapped memory of a file, made by MemFd.map(). It stays when the MemFd is closed.

    It reads and writes like mmap.mmap: an index gives an int, a slice gives bytes. view()
    gives a memoryview, without a copy; since Python 3.12 the mapping is a buffer itself.
    Read-only memory gives read-only views.

    The memory is unmapped by close(), by the end of a "with" block, or with the last
    reference to the mapping and to its views. close() refuses while there are views.

    Safe: threads, as far as the bytes themselves are concerned like any shared memory;
    fork: a child inherits the mapping, and shares the memory unless it is private.

    >>> from memfd_go import MemFd
    >>> with MemFd.sealed("example", b"hello") as file, file.map() as mapping:
    ...     mapping[:4], mapping[4], len(mapping), mapping.readonly
    (b'hell', 111, 5, True)
    """

    __slots__ = ("__weakref__", "_length", "_memory", "_readonly")

    _memory: Any  # None once closed

    def __init__(self, fd: int, opts: int, offset: int, length: int) -> None:
        # munmap(2) of huge pages takes whole ones only, so whole blocks are mapped. What
        # lies beyond 'length' is never touched.
        length = _ffi.to_size(length)
        block = os.fstat(fd).st_blksize
        mapped = -(-length // block) * block
        address = raw.map(fd, opts, offset, mapped)
        try:
            self._memory = _ffi.memory_at(address, length)
        except BaseException:
            raw.unmap(address, mapped)
            raise
        # Any: mypy takes the property for a missing slot.
        unmapping: Any = weakref.finalize(self._memory, raw.unmap, address, mapped)
        # When the interpreter exits, threads may use views still: leave it to the kernel.
        unmapping.atexit = False
        self._length = length
        self._readonly = not opts & raw.MEMFD_GO_OPT_WRITE

    @property
    def closed(self) -> bool:
        """Whether close() has been called.

        Errors: none. Safe: threads, fork.

        >>> from memfd_go import MemFd
        >>> with MemFd.sealed("example", b"hello") as file:
        ...     mapping = file.map()
        >>> mapping.closed, mapping.close(), mapping.closed
        (False, None, True)
        """
        return self._memory is None

    @property
    def readonly(self) -> bool:
        """Whether the memory can only be read.

        Errors: none. Safe: threads, fork.

        >>> from memfd_go import MemFd
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

        >>> from memfd_go import MemFd
        >>> with MemFd.sealed("example", b"hello") as file, file.map() as mapping:
        ...     with mapping.view() as view:
        ...         bytes(view[1:3]), view.readonly
        (b'el', True)
        """
        if self._memory is None:
            raise ValueError("the mapping is closed")
        view = memoryview(self._memory).cast("B")
        return view.toreadonly() if self._readonly else view

    def close(self) -> None:
        """Unmap the memory. Doing so again is harmless.

        Errors: BufferError (there are views, or what was made of them; nothing has changed).
        Safe: threads, fork. Source: munmap(2).

        >>> from memfd_go import MemFd
        >>> with MemFd.sealed("example", b"hello") as file:
        ...     mapping = file.map()
        >>> view = mapping.view()
        >>> mapping.close()
        Traceback (most recent call last):
        BufferError: the mapping has views
        >>> view.release()
        >>> mapping.close()
        """
        memory, self._memory = self._memory, None
        if memory is None:
            return
        # All views refer to the exporter; if it survives this, there are some.
        exporter = weakref.ref(memory)
        del memory
        memory = exporter()
        if memory is not None:
            self._memory = memory
            raise BufferError("the mapping has views")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

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
