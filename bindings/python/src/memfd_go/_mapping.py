# SPDX-License-Identifier: MIT
"""Mappings of files, as buffers that cannot outlive the memory."""

from __future__ import annotations

import os
import weakref

from memfd_go import _ffi, raw
from memfd_go._closing import Closing
from memfd_go._errors import explain_map, explaining

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, NoReturn, overload

    from typing_extensions import Buffer, Self
else:

    def overload(function):
        return function


_CHUNK = 1 << 20  # what find() copies at a time, in bytes
_PIECE = 1 << 12  # the same for iteration


class Mapping(Closing):
    """Mapped memory of a file, made by MemFd.map(). It stays when the MemFd is closed.

    It is indexed, sliced and searched like mmap.mmap. view() gives a memoryview without a
    copy; since Python 3.12 the mapping itself is a buffer, and numpy.asarray() takes it on
    every Python. close() fails with BufferError while there are views, which include
    whatever else knows the address, such as numpy arrays. After an exception a "with" block
    leaves the memory to the last view instead.
    """

    __slots__ = ("__weakref__", "_held", "_length", "_readonly")

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
        # What exports the memory; empty once closed. Only one thread can pop it.
        self._held: list[Any] = [memory]
        self._length = length
        self._readonly = readonly

    @classmethod
    def _of(
        cls, fd: int, opts: int, offset: int, length: int | None, *, past_end: bool
    ) -> Self:
        """Map a part of a file. See MemFd.map()."""
        length, block = _extent(fd, offset, length, past_end)
        # munmap(2) of huge pages takes whole ones only, so whole blocks are mapped. What
        # lies beyond 'length' is never touched.
        mapped = -(-length // block) * block
        try:
            address = raw.map(fd, opts, offset, mapped)
        except OSError as error:
            raise explaining(error, explain_map, offset, mapped, block) from None
        return cls(address, length, mapped, readonly=not opts & raw.MEMFD_GO_OPT_WRITE)

    @classmethod
    def _ring(cls, fd: int, opts: int, offset: int, length: int | None) -> Self:
        """Map a part of a file twice. See MemFd.map_ring()."""
        length, block = _extent(fd, offset, length, past_end=False)
        if length % block:
            raise ValueError(f"length {length} is not a multiple of the page size, {block}")
        try:
            address = raw.map_ring(fd, opts, offset, length)
        except OSError as error:
            raise explaining(error, explain_map, offset, length, block) from None
        readonly = not opts & raw.MEMFD_GO_OPT_WRITE
        return cls(address, 2 * length, 2 * length, readonly=readonly)

    @property
    def closed(self) -> bool:
        """Whether it has been closed."""
        return not self._held

    @property
    def readonly(self) -> bool:
        """Whether the memory can only be read."""
        return self._readonly

    def view(self) -> memoryview:
        """Return a memoryview of all the memory, in bytes. Release it before close().

        If the file shrinks, touching what is gone kills the process (SIGBUS). Seal.SHRINK
        rules that out.
        """
        return _ffi.view_of(self._memory(), self._length, self._readonly)

    def _memory(self) -> Any:
        try:
            return self._held[0]
        except IndexError:
            raise ValueError("the mapping is closed") from None

    def close(self) -> None:
        """Unmap the memory. Closing twice is harmless; BufferError means there are views."""
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

    def _abandon(self) -> None:
        self._held.clear()

    # ------------------------------------------------------------- As mmap.mmap

    def find(self, sub: Buffer, start: int = 0, end: int | None = None) -> int:
        """Return the lowest index where 'sub' is found between start and end, else -1."""
        if start > self._length:
            return -1
        pattern = bytes(sub)
        start, end, _ = slice(start, end).indices(self._length)
        with self.view() as view:
            while start + len(pattern) <= end:
                stop = min(start + max(_CHUNK, 2 * len(pattern)), end)
                found = bytes(view[start:stop]).find(pattern)
                if found >= 0:
                    return start + found
                if stop == end:
                    break
                start = stop - len(pattern) + 1
        return -1

    def madvise(self, option: int, start: int = 0, length: int | None = None) -> None:
        """Advise the kernel, by one of mmap.MADV_*, about a part of the memory."""
        if not 0 <= start < self._length:
            raise ValueError("madvise start out of bounds")
        if length is None or length > self._length - start:
            length = self._length - start
        if length < 0:
            raise ValueError("madvise length invalid")
        _ffi.advise(self._memory(), start, length, option)

    # ------------------------------------------------------ Conventions of Python

    def __buffer__(self, flags: int, /) -> memoryview:
        return self.view()

    # With it, numpy.frombuffer() keeps the view; without, only the mapping, which it might
    # outlive.
    def __release_buffer__(self, view: memoryview, /) -> None:
        view.release()

    @property
    def __array_interface__(self) -> dict[str, Any]:
        # The array keeps the view. Without this, numpy.asarray() would copy number by number
        # before Python 3.12.
        return {"version": 3, "typestr": "|u1", "shape": (self._length,), "data": self.view()}

    def __bytes__(self) -> bytes:
        return self.view().tobytes()

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        """Yield each byte as a bytes object of length 1, as mmap.mmap does."""
        for start in range(0, self._length, _PIECE):
            for byte in self[start : start + _PIECE]:
                yield bytes((byte,))

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
        raise TypeError(
            f"cannot pickle {type(self).__name__!r} object: hand over the MemFd instead"
        )

    def __repr__(self) -> str:
        state = "closed" if self.closed else "read-only" if self._readonly else "writable"
        return f"<{type(self).__name__} of {self._length} bytes, {state}>"


def _extent(fd: int, offset: int, length: int | None, past_end: bool) -> tuple[int, int]:
    """The length of a mapping, and the size of the file's pages, or what is wrong."""
    status = os.fstat(fd)
    size = status.st_size
    if length is None:
        length = size - offset
        if length <= 0:
            raise ValueError(f"offset is {offset}, and the file has {size} bytes")
    length = _ffi.to_size(length)
    if length == 0:
        raise ValueError("length is 0")
    if offset + length > size and not past_end:
        raise ValueError(
            f"the file has {size} bytes, and the mapping would end at {offset + length}"
        )
    return length, status.st_blksize
