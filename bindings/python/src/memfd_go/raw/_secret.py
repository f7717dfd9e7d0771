# SPDX-License-Identifier: MIT
"""Secret memory."""

from __future__ import annotations

from memfd_go import _ffi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import SupportsIndex


def secret(flags: SupportsIndex) -> int:
    """memfd_secret(2): create a file that only processes which hold it can see.

    flags  0 or os.O_CLOEXEC

    Returns a descriptor. Size it once with set_size(), then map() it with
    MEMFD_GO_OPT_WRITE. The caller closes it. While the file or a mapping of it exists, the
    machine cannot hibernate.

    Errors: OSError ENOSYS (this kernel has or allows no secret memory), EINVAL (unknown
    flags), EMFILE, ENFILE, ENOMEM; under a seccomp filter often EPERM; OverflowError.
    Source: memfd_secret(2).

    >>> import os
    >>> try:
    ...     os.close(secret(os.O_CLOEXEC))
    ... except OSError as error:
    ...     assert error.errno in (errno.ENOSYS, errno.EPERM)
    """
    return _ffi.check(_ffi.memfd_go_secret(_ffi.to_uint32(flags)))


def secret_alloc(length: SupportsIndex, opts: SupportsIndex) -> _ffi.SecretArea:
    """Allocate memory for secrets: zeroed, locked, between two pages that nobody can touch.

    length  in bytes, more than 0
    opts    any of MEMFD_GO_OPT_REQUIRE (memfd_secret(2) or fail), _NO_SECRETMEM (without it:
            hibernation stays possible), _ALLOW_UNLOCKED (even memory that may be swapped,
            where limits forbid more), _ALIGN_END (against the guard behind), _FORK_SHARE (a
            child sees it too), _KEEP_FD (keep the descriptor in the result)

    Returns SecretArea: 'data' is the address, 'len' the length, 'kind' is
    MEMFD_GO_AREA_SECRETMEM or, where there is no memfd_secret(2), _MLOCK or _UNLOCKED. The
    caller frees it, by secret_free().

    Errors: OSError ENOSYS or EPERM (OPT_REQUIRE), EAGAIN or ENOMEM (over RLIMIT_MEMLOCK, or
    no memory), EPERM (RLIMIT_MEMLOCK is 0), EINVAL (length is 0, unknown or contradictory
    options), EMFILE, ENFILE; OverflowError. Source: memfd_secret(2), mlock(2), madvise(2).

    >>> import ctypes
    >>> area = secret_alloc(32, MEMFD_GO_OPT_ALLOW_UNLOCKED)
    >>> ctypes.string_at(area.data, area.len) == bytes(32)
    True
    >>> secret_free(area)
    >>> area.data is None
    True
    """
    area = _ffi.SecretArea()
    _ffi.check(_ffi.memfd_go_secret_alloc(area, _ffi.to_size(length), _ffi.to_uint32(opts)))
    return area


def secret_alloc_from(
    addr: SupportsIndex, length: SupportsIndex, opts: SupportsIndex
) -> _ffi.SecretArea:
    r"""Allocate like secret_alloc(), and move 'length' bytes there from 'addr'.

    They are wiped where they were once they are copied. If the allocation fails they stay.
    Nothing checks the address.

    addr    of writable memory
    length  in bytes, more than 0
    opts    like secret_alloc()

    Returns SecretArea. The caller frees it, by secret_free().

    Errors: like secret_alloc(), and OSError EFAULT (addr is 0). Source: the library.

    >>> import ctypes
    >>> key = ctypes.create_string_buffer(b"secret")
    >>> area = secret_alloc_from(ctypes.addressof(key), 6, MEMFD_GO_OPT_ALLOW_UNLOCKED)
    >>> ctypes.string_at(area.data, area.len), key.raw
    (b'secret', b'\x00\x00\x00\x00\x00\x00\x00')
    >>> secret_free(area)
    """
    area = _ffi.SecretArea()
    _ffi.check(
        _ffi.memfd_go_secret_alloc_from(
            area, _ffi.to_address(addr), _ffi.to_size(length), _ffi.to_uint32(opts)
        )
    )
    return area


def secret_attach(
    fd: SupportsIndex, max_len: SupportsIndex, opts: SupportsIndex
) -> _ffi.SecretArea:
    """Map a secret file that another process made, whole, like secret_alloc().

    fd       a secret file that has been sized; it stays the caller's
    max_len  the largest size to accept, in bytes
    opts     any of MEMFD_GO_OPT_FORK_SHARE, _ALIGN_END, _KEEP_FD (keep a duplicate of fd)

    Returns SecretArea. The caller frees it, by secret_free(), which leaves the contents to
    others.

    Errors: like secret_alloc(), and OSError EINVAL (not a secret file), ENODATA (not
    sized), EFBIG (longer than max_len), EBADF. Source: memfd_secret(2).

    >>> try:
    ...     first = secret_alloc(32, MEMFD_GO_OPT_REQUIRE | MEMFD_GO_OPT_KEEP_FD)
    ... except OSError as error:
    ...     assert error.errno in (errno.ENOSYS, errno.EPERM, errno.EAGAIN)
    ... else:
    ...     second = secret_attach(first.fd, 1 << 16, 0)
    ...     assert second.data != first.data
    ...     secret_free(second)
    ...     secret_free(first)
    """
    area = _ffi.SecretArea()
    _ffi.check(
        _ffi.memfd_go_secret_attach(
            area, _ffi.to_int(fd), _ffi.to_uint64(max_len), _ffi.to_uint32(opts)
        )
    )
    return area


def secret_protect(area: _ffi.SecretArea, access: SupportsIndex) -> None:
    """Make the area inaccessible, read-only, or writable again, for the whole process.

    Touching it otherwise kills the process.

    access  MEMFD_GO_ACCESS_NONE, _READ or _READ_WRITE

    Errors: OSError EINVAL (another access, a freed area), ENOMEM; OverflowError.
    Safe: fork; threads, one at a time for each area. Source: mprotect(2).

    >>> area = secret_alloc(32, MEMFD_GO_OPT_ALLOW_UNLOCKED)
    >>> secret_protect(area, MEMFD_GO_ACCESS_READ)
    >>> secret_free(area)
    """
    _ffi.check(_ffi.memfd_go_secret_protect(area, _ffi.to_uint32(access)))


def secret_relock(area: _ffi.SecretArea) -> None:
    """Lock an area into memory again, in a child of fork(), and make its 'kind' true.

    Errors: OSError EACCES (MEMFD_GO_ACCESS_NONE), ENOMEM or EPERM (RLIMIT_MEMLOCK), EINVAL (a
    freed area), ENXIO (the area is not in this process). Safe: fork; threads, one at a time
    for each area. Source: mlock(2).

    >>> area = secret_alloc(32, MEMFD_GO_OPT_FORK_SHARE)
    >>> secret_relock(area)
    >>> secret_free(area)
    """
    _ffi.check(_ffi.memfd_go_secret_relock(area))


def secret_free(area: _ffi.SecretArea) -> None:
    """Wipe the area, unmap it, and close what OPT_KEEP_FD kept. Twice is harmless.

    An area that was attached is not wiped: others may use it.

    Errors: OSError EUCLEAN (OPT_ALIGN_END, and somebody wrote in front of the area, which has
    been freed), ENOMEM (too many mappings; nothing has been freed), EPERM (mseal(2)).
    Safe: fork; threads, one at a time for each area. Source: munmap(2).

    >>> area = secret_alloc(32, MEMFD_GO_OPT_ALLOW_UNLOCKED)
    >>> secret_free(area)
    >>> secret_free(area)
    """
    _ffi.check(_ffi.memfd_go_secret_free(area))


def wipe(addr: SupportsIndex, length: SupportsIndex) -> None:
    """Overwrite memory with zeros. Nothing checks the address; 0 does nothing.

    addr    of writable memory
    length  in bytes

    Errors: OverflowError. Source: the library.

    >>> import ctypes
    >>> key = ctypes.create_string_buffer(b"secret")
    >>> wipe(ctypes.addressof(key), 6)
    >>> key.raw == bytes(7)
    True
    """
    _ffi.memfd_go_wipe(_ffi.to_address(addr), _ffi.to_size(length))


def equal(a: SupportsIndex, b: SupportsIndex, length: SupportsIndex) -> bool:
    """Compare memory, in a time that depends on 'length' alone.

    a, b    addresses of readable memory; 0 is equal to nothing. Nothing else is checked.
    length  in bytes

    Errors: OverflowError. Source: the library.

    >>> import ctypes
    >>> one, two = ctypes.create_string_buffer(b"key"), ctypes.create_string_buffer(b"kex")
    >>> equal(ctypes.addressof(one), ctypes.addressof(two), 3)
    False
    >>> equal(ctypes.addressof(one), ctypes.addressof(two), 2)
    True
    """
    result = _ffi.memfd_go_equal(_ffi.to_address(a), _ffi.to_address(b), _ffi.to_size(length))
    return bool(result)


def secret_pool_init(
    slot_len: SupportsIndex, slots: SupportsIndex, opts: SupportsIndex
) -> _ffi.SecretPool:
    """Allocate a secret area for slots of one size. Taking one then costs no system call.

    slot_len  of each, in bytes, more than 0
    slots     1 to 1048576
    opts      like secret_alloc(), but for OPT_ALIGN_END

    Returns SecretPool. The caller frees it, by secret_pool_free().

    Errors: like secret_alloc(), and OSError EINVAL (slots out of range). Safe: threads,
    fork; the pool has no lock. Source: memfd_secret(2).

    >>> pool = secret_pool_init(32, 10, MEMFD_GO_OPT_ALLOW_UNLOCKED)
    >>> pool.slots, pool.used
    (10, 0)
    >>> secret_pool_free(pool)
    """
    pool = _ffi.SecretPool()
    _ffi.check(
        _ffi.memfd_go_secret_pool_init(
            pool, _ffi.to_size(slot_len), _ffi.to_uint32(slots), _ffi.to_uint32(opts)
        )
    )
    return pool


def secret_pool_take(pool: _ffi.SecretPool) -> int:
    """Take a free slot. It holds zeros.

    Returns its address. The caller gives it back, by secret_pool_give().

    Errors: OSError ENOSPC (all are taken), EINVAL (the pool is freed; an overrun went into
    the slot). Safe: fork; threads, one at a time for each pool. Source: the library.

    >>> pool = secret_pool_init(32, 1, MEMFD_GO_OPT_ALLOW_UNLOCKED)
    >>> slot = secret_pool_take(pool)
    >>> secret_pool_take(pool)
    Traceback (most recent call last):
    OSError: [Errno 28] No space left on device
    >>> secret_pool_free(pool)
    """
    slot = _ffi.Address()
    _ffi.check(_ffi.memfd_go_secret_pool_take(pool, slot))
    return slot.value or 0


def secret_pool_give(pool: _ffi.SecretPool, slot: SupportsIndex) -> None:
    """Wipe a slot and give it back.

    slot  its address

    Errors: OSError EINVAL (not a slot that is taken; an overrun went into it or out of it;
    the pool is freed); OverflowError. Safe: fork; threads, one at a time for each pool.
    Source: the library.

    >>> pool = secret_pool_init(32, 1, MEMFD_GO_OPT_ALLOW_UNLOCKED)
    >>> secret_pool_give(pool, secret_pool_take(pool))
    >>> pool.used
    0
    >>> secret_pool_free(pool)
    """
    _ffi.check(_ffi.memfd_go_secret_pool_give(pool, _ffi.to_address(slot)))


def secret_pool_protect(pool: _ffi.SecretPool, access: SupportsIndex) -> None:
    """Make all slots inaccessible, read-only, or writable again, for the whole process.

    Slots can be taken and given only while they are writable.

    access  MEMFD_GO_ACCESS_NONE, _READ or _READ_WRITE

    Errors: like secret_protect(). Safe: fork; threads, one at a time for each pool.
    Source: mprotect(2).

    >>> pool = secret_pool_init(32, 1, MEMFD_GO_OPT_ALLOW_UNLOCKED)
    >>> secret_pool_protect(pool, MEMFD_GO_ACCESS_NONE)
    >>> secret_pool_take(pool)
    Traceback (most recent call last):
    PermissionError: [Errno 13] Permission denied
    >>> secret_pool_free(pool)
    """
    _ffi.check(_ffi.memfd_go_secret_pool_protect(pool, _ffi.to_uint32(access)))


def secret_pool_relock(pool: _ffi.SecretPool) -> None:
    """Lock the memory of a pool again: secret_relock() for a pool.

    Errors: like secret_relock(). Safe: fork; threads, one at a time for each pool.
    Source: mlock(2).

    >>> pool = secret_pool_init(32, 1, MEMFD_GO_OPT_FORK_SHARE)
    >>> secret_pool_relock(pool)
    >>> secret_pool_free(pool)
    """
    _ffi.check(_ffi.memfd_go_secret_pool_relock(pool))


def secret_pool_free(pool: _ffi.SecretPool) -> None:
    """Wipe and free the whole pool, taken slots too. Twice is harmless.

    Errors: like secret_free(). Safe: fork; threads, one at a time for each pool.
    Source: munmap(2).

    >>> pool = secret_pool_init(32, 1, MEMFD_GO_OPT_ALLOW_UNLOCKED)
    >>> secret_pool_free(pool)
    >>> pool.slots
    0
    """
    _ffi.check(_ffi.memfd_go_secret_pool_free(pool))
