# SPDX-License-Identifier: MIT
"""Functions for secret memory."""

from __future__ import annotations

from memfd_go import _ffi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import SupportsIndex


def secret(flags: SupportsIndex) -> int:
    """Create a secret file, whose memory the kernel itself cannot access: memfd_secret(2).

    flags  0 or os.O_CLOEXEC

    Return a descriptor. Set its size once with set_size(), then map() it with
    MEMFD_GO_OPT_WRITE. The caller closes it. While the file or a mapping of it exists, the
    system cannot hibernate.

    Errors: OSError ENOSYS (not available, or disabled), EPERM (a seccomp filter), EINVAL
    (unknown flags), EMFILE, ENFILE, ENOMEM; OverflowError. Source: memfd_secret(2).

    >>> import os
    >>> try:
    ...     os.close(secret(os.O_CLOEXEC))
    ... except OSError as error:
    ...     assert error.errno in (errno.ENOSYS, errno.EPERM)
    """
    return _ffi.check(_ffi.memfd_go_secret(_ffi.to_uint32(flags)))


def secret_alloc(length: SupportsIndex, opts: SupportsIndex) -> _ffi.SecretArea:
    """Allocate memory for secrets: zeroed, locked, and between two guard pages.

    length  in bytes, more than 0
    opts    any of the following MEMFD_GO_OPT_* bits
            REQUIRE          fail unless memfd_secret(2) works
            NO_SECRETMEM     do not use memfd_secret(2): hibernation stays possible
            ALLOW_UNLOCKED   accept memory that may be swapped out if limits forbid locking
            ALIGN_END        place the end, not the start, at a guard page
            FORK_SHARE       share the area with children of fork()
            KEEP_FD          keep the descriptor in the result

    Return SecretArea: 'data' is the address, 'len' the length, 'kind' is
    MEMFD_GO_AREA_SECRETMEM, or _MLOCK or _UNLOCKED if memfd_secret(2) does not work. Free it
    with secret_free().

    Errors: OSError ENOSYS or EPERM (OPT_REQUIRE, and memfd_secret(2) does not work), EPERM
    (RLIMIT_MEMLOCK is 0), EAGAIN or ENOMEM (over RLIMIT_MEMLOCK; not enough memory), EINVAL
    (length is 0; unknown or contradictory options), EMFILE, ENFILE, EFBIG (over RLIMIT_FSIZE);
    OverflowError. Source: memfd_secret(2), mlock(2), madvise(2).

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
    r"""Allocate like secret_alloc(), and move 'length' bytes from 'addr' into the area.

    The bytes at 'addr' are wiped. If the allocation fails, they are unchanged.

    addr    the address of writable memory; it is not checked
    length  in bytes, more than 0
    opts    like secret_alloc()

    Return SecretArea. Free it with secret_free().

    Errors: those of secret_alloc(), and OSError EFAULT (addr is 0). Source: memfd_go.h.

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
    """Map a whole secret file that another process created, like secret_alloc().

    fd       a secret file that has a size; it stays open
    max_len  the largest size to accept, in bytes
    opts     any of MEMFD_GO_OPT_FORK_SHARE, _ALIGN_END, _KEEP_FD (keep a duplicate of fd)

    Return SecretArea. Free it with secret_free(), which does not wipe the contents.

    Errors: those of secret_alloc(), and OSError EINVAL (not a secret file), ENODATA (the file
    has no size), EFBIG (longer than max_len), EBADF. Source: memfd_secret(2).

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

    Any other access to it kills the process (SIGSEGV).

    access  MEMFD_GO_ACCESS_NONE, _READ or _READ_WRITE

    Errors: OSError EINVAL (invalid access; the area was freed), ENOMEM (too many mappings),
    ENXIO (the area is not in this process), EPERM (sealed with mseal(2)); OverflowError.
    Safe: for one area in one thread at a time. Source: mprotect(2).

    >>> area = secret_alloc(32, MEMFD_GO_OPT_ALLOW_UNLOCKED)
    >>> secret_protect(area, MEMFD_GO_ACCESS_READ)
    >>> secret_free(area)
    """
    _ffi.check(_ffi.memfd_go_secret_protect(area, _ffi.to_uint32(access)))


def secret_relock(area: _ffi.SecretArea) -> None:
    """Lock an area into memory again, in a child of fork(), and update its 'kind'.

    Errors: OSError EACCES (the access is MEMFD_GO_ACCESS_NONE), ENOMEM or EPERM (over
    RLIMIT_MEMLOCK), EINVAL (the area was freed), ENXIO (the area is not in this process).
    Safe: for one area in one thread at a time. Source: mlock(2).

    >>> area = secret_alloc(32, MEMFD_GO_OPT_FORK_SHARE)
    >>> secret_relock(area)
    >>> secret_free(area)
    """
    _ffi.check(_ffi.memfd_go_secret_relock(area))


def secret_free(area: _ffi.SecretArea) -> None:
    """Wipe an area, unmap it, and close its descriptor. Freeing it twice does nothing.

    An attached area is not wiped, because other processes may use it.

    Errors: OSError EUCLEAN (OPT_ALIGN_END, and something was written in front of the area,
    which has been freed), ENOMEM (too many mappings; nothing has been freed), EPERM (sealed
    with mseal(2)). Safe: for one area in one thread at a time. Source: munmap(2).

    >>> area = secret_alloc(32, MEMFD_GO_OPT_ALLOW_UNLOCKED)
    >>> secret_free(area)
    >>> secret_free(area)
    """
    _ffi.check(_ffi.memfd_go_secret_free(area))


def wipe(addr: SupportsIndex, length: SupportsIndex) -> None:
    """Overwrite memory with zeros.

    addr    the address of writable memory, which is not checked; 0 does nothing
    length  in bytes

    Errors: OverflowError. Source: memfd_go.h.

    >>> import ctypes
    >>> key = ctypes.create_string_buffer(b"secret")
    >>> wipe(ctypes.addressof(key), 6)
    >>> key.raw == bytes(7)
    True
    """
    _ffi.memfd_go_wipe(_ffi.to_address(addr), _ffi.to_size(length))


def equal(a: SupportsIndex, b: SupportsIndex, length: SupportsIndex) -> bool:
    """Return whether memory is equal, in a time that depends only on 'length'.

    a, b    addresses of readable memory, which are not checked; 0 equals nothing
    length  in bytes

    Errors: OverflowError. Source: memfd_go.h.

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
    """Allocate one secret area with slots of one size. Taking a slot needs no system call.

    slot_len  the length of a slot in bytes, more than 0
    slots     1 to 1048576
    opts      like secret_alloc(), except OPT_ALIGN_END

    Return SecretPool. Free it with secret_pool_free(). The pool has no lock.

    Errors: those of secret_alloc(), and OSError EINVAL (slots is out of range).
    Source: memfd_secret(2).

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
    """Take a free slot, which contains zeros.

    Return its address. Give it back with secret_pool_give().

    Errors: OSError ENOSPC (all slots are in use), EINVAL (an overrun changed the free slot; the
    pool was freed), EACCES (the pool is not MEMFD_GO_ACCESS_READ_WRITE), ENXIO (the pool is not
    in this process). Safe: for one pool in one thread at a time. Source: memfd_go.h.

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
    """Wipe a slot and give it back to the pool.

    slot  the address of the slot

    Errors: OSError EINVAL (not a slot in use; an overrun went into or out of the slot; the
    pool was freed), EACCES or ENXIO (as in secret_pool_take()); OverflowError.
    Safe: for one pool in one thread at a time. Source: memfd_go.h.

    >>> pool = secret_pool_init(32, 1, MEMFD_GO_OPT_ALLOW_UNLOCKED)
    >>> secret_pool_give(pool, secret_pool_take(pool))
    >>> pool.used
    0
    >>> secret_pool_free(pool)
    """
    _ffi.check(_ffi.memfd_go_secret_pool_give(pool, _ffi.to_address(slot)))


def secret_pool_protect(pool: _ffi.SecretPool, access: SupportsIndex) -> None:
    """Make all slots inaccessible, read-only, or writable again, for the whole process.

    Slots can be taken and given back only while they are writable.

    access  MEMFD_GO_ACCESS_NONE, _READ or _READ_WRITE

    Errors: those of secret_protect(). Safe: for one pool in one thread at a time.
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
    """Lock the memory of a pool again, like secret_relock().

    Errors: those of secret_relock(). Safe: for one pool in one thread at a time.
    Source: mlock(2).

    >>> pool = secret_pool_init(32, 1, MEMFD_GO_OPT_FORK_SHARE)
    >>> secret_pool_relock(pool)
    >>> secret_pool_free(pool)
    """
    _ffi.check(_ffi.memfd_go_secret_pool_relock(pool))


def secret_pool_free(pool: _ffi.SecretPool) -> None:
    """Wipe and free a pool, including slots in use. Freeing it twice does nothing.

    Errors: those of secret_free(). Safe: for one pool in one thread at a time.
    Source: munmap(2).

    >>> pool = secret_pool_init(32, 1, MEMFD_GO_OPT_ALLOW_UNLOCKED)
    >>> secret_pool_free(pool)
    >>> pool.slots
    0
    """
    _ffi.check(_ffi.memfd_go_secret_pool_free(pool))
