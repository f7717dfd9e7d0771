# SPDX-License-Identifier: MIT
"""Mappings of files, whose memory lives as long as there are views of it."""

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


_PAGE = os.sysconf("SC_PAGESIZE")
_FIND_CHUNK = 1 << 20  # bytes that find() copies at a time
_ITER_CHUNK = 1 << 12  # bytes that iteration copies at a time


class Mapping(Closing):
    """Mapped memory of a file, returned by MemFd.map(). The MemFd may be closed before it.

    It can be indexed, sliced and searched like mmap.mmap. view() returns a memoryview without
    copying. Since Python 3.12 the mapping itself is a buffer; numpy.asarray() accepts it on
    every Python. Pass view() to numpy.ndarray(), which would not keep the mapping's buffer.

    close() raises BufferError while views of the memory exist, numpy arrays included. A "with"
    block that ends with an exception unmaps the memory with its last view instead.
    """

    __slots__ = ("__weakref__", "_exporter", "_length", "_readonly")

    def __init__(self, address: int, length: int, mapped: int, *, readonly: bool) -> None:
        """Take ownership of 'mapped' bytes at 'address', and show 'length' of them."""
        try:
            memory = _ffi.memory_at(address, length)
        except BaseException:
            raw.unmap(address, mapped)
            raise
        _ffi.when_deallocated(memory, raw.unmap, address, mapped)
        # The object that exports the buffer; empty once closed. list.pop() is atomic.
        self._exporter: list[Any] = [memory]
        self._length = length
        self._readonly = readonly

    @classmethod
    def _of(
        cls, fd: int, opts: int, offset: int, length: int | None, *, past_end: bool
    ) -> Self:
        """Map a part of a file; see MemFd.map()."""
        length, block = _extent(fd, offset, length, past_end)
        # munmap(2) removes only whole huge pages, so map whole pages.
        mapped = -(-length // block) * block
        try:
            address = raw.map(fd, opts, offset, mapped)
        except OSError as error:
            raise explaining(error, explain_map, fd, opts, offset, mapped, block) from None
        return cls(address, length, mapped, readonly=not opts & raw.MEMFD_GO_OPT_WRITE)

    @classmethod
    def _ring(cls, fd: int, opts: int, offset: int, length: int | None) -> Self:
        """Map a part of a file twice; see MemFd.map_ring()."""
        length, block = _extent(fd, offset, length, past_end=False)
        if length % block:
            raise ValueError(f"length {length} is not a multiple of the page size, {block}")
        try:
            address = raw.map_ring(fd, opts, offset, length)
        except OSError as error:
            raise explaining(error, explain_map, fd, opts, offset, length, block) from None
        readonly = not opts & raw.MEMFD_GO_OPT_WRITE
        return cls(address, 2 * length, 2 * length, readonly=readonly)

    @property
    def closed(self) -> bool:
        """Whether the mapping is closed."""
        return not self._exporter

    @property
    def readonly(self) -> bool:
        """Whether the memory is read-only."""
        return self._readonly

    def view(self) -> memoryview:
        """Return a memoryview of all the memory, as bytes. Release it before close().

        If the file shrinks, accessing pages past its end kills the process (SIGBUS).
        Seal.SHRINK prevents this.
        """
        return _ffi.view_of(self._memory(), self._length, self._readonly)

    def _memory(self) -> Any:
        try:
            return self._exporter[0]
        except IndexError:
            raise ValueError("the mapping is closed") from None

    def close(self) -> None:
        """Unmap the memory. Closing twice does nothing.

        Errors: BufferError if views exist.
        """
        try:
            memory = self._exporter.pop()
        except IndexError:
            return
        # Each view refers to the exporter: if the exporter still exists, so does a view.
        exporter = weakref.ref(memory)
        del memory
        memory = exporter()
        if memory is not None:
            self._exporter.append(memory)
            raise BufferError("views of the mapping still exist: release them before close()")

    def _abandon(self) -> None:
        self._exporter.clear()

    # --------------------------------------------------------- Like mmap.mmap

    def find(self, sub: Buffer, start: int = 0, end: int | None = None) -> int:
        """Return the lowest index of 'sub' in [start:end], or -1 if it is not there."""
        if start > self._length:
            return -1
        pattern = bytes(sub)
        start, end, _ = slice(start, end).indices(self._length)
        with self.view() as view:
            while start + len(pattern) <= end:
                stop = min(start + max(_FIND_CHUNK, 2 * len(pattern)), end)
                found = bytes(view[start:stop]).find(pattern)
                if found >= 0:
                    return start + found
                if stop == end:
                    break
                start = stop - len(pattern) + 1
        return -1

    def madvise(self, option: int, start: int = 0, length: int | None = None) -> None:
        """Pass advice about a range of the memory to the kernel; option is mmap.MADV_*."""
        if not 0 <= start < self._length:
            raise ValueError("madvise start out of bounds")
        if length is None or length > self._length - start:
            length = self._length - start
        if length < 0:
            raise ValueError("madvise length invalid")
        _ffi.advise(self._memory(), start, length, option)

    # -------------------------------------------------------- Special methods

    def __buffer__(self, flags: int, /) -> memoryview:
        return self.view()

    def __release_buffer__(self, view: memoryview, /) -> None:
        # With this method numpy.frombuffer() keeps the view. Without it, numpy keeps only the
        # mapping, and the array may outlive the memory.
        view.release()

    @property
    def __array_interface__(self) -> dict[str, Any]:
        # Before Python 3.12 numpy.asarray() would otherwise copy byte by byte. The array
        # keeps the view.
        return {"version": 3, "typestr": "|u1", "shape": (self._length,), "data": self.view()}

    def __bytes__(self) -> bytes:
        return self.view().tobytes()

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        """Yield each byte as a bytes object of length 1, as mmap.mmap does."""
        for start in range(0, self._length, _ITER_CHUNK):
            for byte in self[start : start + _ITER_CHUNK]:
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
        raise TypeError(f"cannot pickle {type(self).__name__!r} object: pass the MemFd instead")

    def __repr__(self) -> str:
        state = "closed" if self.closed else "read-only" if self._readonly else "writable"
        return f"<{type(self).__name__} of {self._length} bytes, {state}>"


def _extent(fd: int, offset: int, length: int | None, past_end: bool) -> tuple[int, int]:
    """Return the length of a mapping and the page size of the file, after checking both."""
    status = os.fstat(fd)
    size, block = status.st_size, status.st_blksize
    # Other files than those of huge pages may have large blocks, too: memfds if transparent
    # huge pages are enabled for them, and files on NFS.
    if block != _PAGE:
        block = raw.inspect(fd).huge_page or _PAGE
    if length is None:
        length = size - offset
        if length <= 0:
            raise ValueError(f"offset is {offset}, but the file has only {size} bytes")
    length = _ffi.to_size(length)
    if length == 0:
        raise ValueError("length is 0")
    if offset + length > size and not past_end:
        raise ValueError(
            f"the file has {size} bytes, but the mapping would end at {offset + length}"
        )
    return length, block
