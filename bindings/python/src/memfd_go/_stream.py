# SPDX-License-Identifier: MIT
"""Copying a stream into a sealed file, which a signal does not interrupt."""

from __future__ import annotations

import errno
import os

from memfd_go import _ffi, raw

_CHUNK = 1 << 18  # bytes that are read at a time
_SEALING_ATTEMPTS = 10  # the kernel waits for about 0.1 s in each


def clone_stream(name: str | bytes, flags: int, seals: int, source: int, max_size: int) -> int:
    """Do what raw.clone_stream() does, and read again after a signal (PEP 475).

    The C function returns -EINTR after a signal handler of Python has run, and what it has read
    is lost.
    """
    # Wrong arguments are refused before anything is read.
    most, bits = _ffi.to_uint64(max_size), _ffi.to_uint32(seals)
    if flags & raw.MFD_HUGETLB:
        return _clone_to_huge_pages(name, flags, bits, source, most)
    fd = raw.create_with(name, raw.CreateArgs(flags=flags | raw.MFD_ALLOW_SEALING))
    try:
        _copy(source, fd, most)
        _seal(fd, bits)
    except BaseException:
        os.close(fd)
        raise
    return fd


def _clone_to_huge_pages(
    name: str | bytes, flags: int, seals: int, source: int, max_size: int
) -> int:
    """Copy the stream twice, because huge pages cannot be filled with write(2)."""
    os.close(raw.create_with(name, raw.CreateArgs(flags=flags)))  # fails before reading
    copy = clone_stream(name, raw.MEMFD_GO_CREATE_DEFAULT, raw.F_SEAL_SEAL, source, max_size)
    try:
        return raw.clone(name, flags, seals, copy, max_size)
    finally:
        os.close(copy)


def _copy(source: int, target: int, most: int) -> None:
    buffer = memoryview(bytearray(min(most + 1, _CHUNK)))
    size = 0
    while True:
        count = os.readv(source, [buffer[: most + 1 - size]])
        if count == 0:
            return
        if size + count > most:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        done = 0
        while done < count:
            done += os.pwrite(target, buffer[done:count], size + done)
        size += count


def _seal(fd: int, seals: int) -> None:
    """Add seals. For a moment the kernel itself may use pages that were just written."""
    for attempt in range(1, _SEALING_ATTEMPTS + 1):
        try:
            raw.add_seals(fd, seals)
        except OSError as error:
            if error.errno != errno.EBUSY or attempt == _SEALING_ATTEMPTS:
                raise
        else:
            return
