# SPDX-License-Identifier: MIT
"""Mapping files."""

from __future__ import annotations

from memfd_go import _ffi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import SupportsIndex


def map(
    fd: SupportsIndex, opts: SupportsIndex, off: SupportsIndex, length: SupportsIndex
) -> int:
    """Map 'length' bytes of the file 'fd' at offset 'off', shared and readable.

    fd      open for reading, and for writing if OPT_WRITE is set and OPT_PRIVATE is not
    opts    any of MEMFD_GO_OPT_WRITE, _PRIVATE, _EXEC, _POPULATE
    off     in bytes, a multiple of the page size, or of the file's own huge page size
    length  in bytes, more than 0

    Return the address. The caller unmaps it; MemFd.map() returns an object that does so.

    Errors: OSError EINVAL (length is 0; off is not a multiple or over 2**63 - 1; unknown
    options; OPT_PRIVATE on a secret file), EACCES (fd is not open for that access), EPERM
    (OPT_WRITE, and the file is sealed against writing), EOVERFLOW (off + length is over
    2**63 - 1), EBADF, ENODEV, EAGAIN (over RLIMIT_MEMLOCK), ENOMEM; OverflowError.
    Source: mmap(2).

    >>> import ctypes, os
    >>> fd = create_sealed("example", MFD_CLOEXEC, 0, b"hello")
    >>> address = map(fd, 0, 0, 5)
    >>> ctypes.string_at(address, 5)
    b'hello'
    >>> unmap(address, 5)
    >>> os.close(fd)
    """
    address = _ffi.Address()
    _ffi.check(
        _ffi.memfd_go_map(
            _ffi.to_int(fd),
            _ffi.to_uint32(opts),
            _ffi.to_uint64(off),
            _ffi.to_size(length),
            address,
        )
    )
    return address.value or 0


def map_ring(
    fd: SupportsIndex, opts: SupportsIndex, off: SupportsIndex, length: SupportsIndex
) -> int:
    """Map 'length' bytes of the file 'fd' at offset 'off' twice, back to back.

    fd      open for reading, and for writing if OPT_WRITE is set
    opts    any of MEMFD_GO_OPT_WRITE, _POPULATE
    off     in bytes, a multiple of the page size, or of the file's own huge page size
    length  in bytes, more than 0, a multiple of the same size

    Return the address of the first mapping. unmap(address, 2 * length) removes both.

    Errors: those of map(), and OSError EINVAL (length is not a multiple of the page size),
    EOVERFLOW (2 * length does not fit into the address space). Source: mmap(2).

    >>> import ctypes, mmap, os
    >>> fd = create("example", MFD_CLOEXEC)
    >>> set_size(fd, 0, mmap.PAGESIZE)
    >>> address = map_ring(fd, MEMFD_GO_OPT_WRITE, 0, mmap.PAGESIZE)
    >>> _ = ctypes.memmove(address + mmap.PAGESIZE - 2, b"ring", 4)
    >>> ctypes.string_at(address, 2)
    b'ng'
    >>> unmap(address, 2 * mmap.PAGESIZE)
    >>> os.close(fd)
    """
    address = _ffi.Address()
    _ffi.check(
        _ffi.memfd_go_map_ring(
            _ffi.to_int(fd),
            _ffi.to_uint32(opts),
            _ffi.to_uint64(off),
            _ffi.to_size(length),
            address,
        )
    )
    return address.value or 0


def verify(
    fd: SupportsIndex,
    required: SupportsIndex,
    max_len: SupportsIndex,
    opts: SupportsIndex = 0,
) -> int:
    """Check that a file from an untrusted process is safe to map.

    Whatever the other process does afterwards, a mapping of the file can be read without a
    fault, and with F_SEAL_WRITE in 'required' its contents never change.

    fd        open for reading
    required  F_SEAL_* bits that must be set; F_SEAL_SHRINK is always required. 0 means
              F_SEAL_WRITE | F_SEAL_SHRINK.
    max_len   the largest size to accept, in bytes
    opts      0, or MEMFD_GO_OPT_NO_HOLES: allocate missing pages, so that no later access
              can fail for lack of memory

    Return the size of the file in bytes. Do not map more: without F_SEAL_GROW the file can
    grow, and the part of a huge page at its end is SIGBUS.

    Errors: OSError EKEYREJECTED (a required seal is missing), EKEYREVOKED (the seals are set,
    but do not guarantee it: memfd_go.h explains when), ENODATA (the file is empty), EFBIG
    (longer than max_len), EOVERFLOW (does not fit into the address space), EINVAL (the file
    does not support seals, or ends within a huge page), EACCES (not open for reading), EBADF,
    EMFILE, ENFILE, ENOMEM, ENOSYS (before Linux 4.11); OverflowError. Source:
    F_GET_SEALS(2const), fallocate(2).

    >>> import os
    >>> fd = create_sealed("example", MFD_CLOEXEC, 0, b"hello")
    >>> verify(fd, 0, 100)
    5
    >>> os.close(fd)
    """
    size = _ffi.Uint64()
    _ffi.check(
        _ffi.memfd_go_verify(
            _ffi.to_int(fd),
            _ffi.to_uint32(required),
            _ffi.to_uint64(max_len),
            _ffi.to_uint32(opts),
            size,
        )
    )
    return size.value


def map_verified(
    fd: SupportsIndex,
    required: SupportsIndex,
    max_len: SupportsIndex,
    opts: SupportsIndex = 0,
) -> tuple[int, int]:
    """Check a file like verify(), and map all of it read-only.

    Return the address and the length in bytes. The caller unmaps it.

    Errors: those of verify(). Source: F_GET_SEALS(2const), mmap(2).

    >>> import ctypes, os
    >>> fd = create_with("example", CreateArgs(flags=MFD_CLOEXEC | MFD_NOEXEC_SEAL))
    >>> os.write(fd, b"hello")
    5
    >>> add_seals(fd, MEMFD_GO_SEALS_IMMUTABLE)
    >>> address, length = map_verified(fd, 0, 100)
    >>> ctypes.string_at(address, length)
    b'hello'
    >>> unmap(address, length)
    >>> os.close(fd)
    """
    address, length = _ffi.Address(), _ffi.Size()
    _ffi.check(
        _ffi.memfd_go_map_verified(
            _ffi.to_int(fd),
            _ffi.to_uint32(required),
            _ffi.to_uint64(max_len),
            _ffi.to_uint32(opts),
            address,
            length,
        )
    )
    return address.value or 0, length.value


def unmap(addr: SupportsIndex, length: SupportsIndex) -> None:
    """Unmap the pages that contain 'length' bytes at 'addr', like munmap(2).

    addr    a multiple of the page size, such as map() returns
    length  in bytes, more than 0

    Errors: OSError EINVAL (addr is not a multiple; length is 0), EFAULT (addr is 0), ENOMEM
    (too many mappings); OverflowError. Safe: if no thread uses the memory any more.
    Source: munmap(2).

    >>> import os
    >>> fd = create_sealed("example", MFD_CLOEXEC, 0, b"hello")
    >>> unmap(map(fd, 0, 0, 5), 5)
    >>> os.close(fd)
    """
    _ffi.check(_ffi.memfd_go_unmap(_ffi.to_address(addr), _ffi.to_size(length)))
