# SPDX-License-Identifier: MIT
"""Sizes, seals, and what a file is."""

from __future__ import annotations

from memfd_go import _ffi
from memfd_go._ffi import INT_MAX, INT_MIN, MEMFD_GO_STYLE_NAMES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import SupportsIndex


_quick_get_seals = _ffi.quick_get_seals


def get_size(fd: SupportsIndex) -> int:
    """The size of the file 'fd' in bytes. Any descriptor will do, O_PATH too.

    Errors: OSError EBADF, ENOSYS (before Linux 4.11); OverflowError. Source: statx(2).

    >>> import os
    >>> fd = create_sealed("example", MFD_CLOEXEC, 0, b"hello")
    >>> get_size(fd)
    5
    >>> os.close(fd)
    """
    size = _ffi.Uint64()
    _ffi.check(_ffi.memfd_go_get_size(_ffi.to_int(fd), size))
    return size.value


def set_size(fd: SupportsIndex, opts: SupportsIndex, size: SupportsIndex) -> None:
    """Make the file 'fd' exactly 'size' bytes long.

    fd    open for writing
    opts  0, or MEMFD_GO_OPT_RESERVE: allocate the memory of the whole file now
    size  in bytes, 0 to 2**63 - 1. A secret file can be sized once only; a file of huge
          pages takes multiples of its page size only.

    Errors: OSError EBADF, EINVAL (not writable, size or opts out of range, not a file that
    can be sized), EPERM (sealed against it), EFBIG (over RLIMIT_FSIZE), ENOSPC, ENOMEM,
    EOPNOTSUPP, ENODEV, ESPIPE (cannot be reserved); OverflowError. Source: ftruncate(2),
    fallocate(2).

    >>> import os
    >>> fd = create("example", MFD_CLOEXEC)
    >>> set_size(fd, MEMFD_GO_OPT_RESERVE, 4096)
    >>> get_size(fd)
    4096
    >>> os.close(fd)
    """
    _ffi.check(
        _ffi.memfd_go_set_size(_ffi.to_int(fd), _ffi.to_uint32(opts), _ffi.to_uint64(size))
    )


def discard(
    fd: SupportsIndex, opts: SupportsIndex, off: SupportsIndex, length: SupportsIndex
) -> None:
    r"""Give the memory of a part of the file 'fd' back: it reads as zeros then.

    fd           open for writing
    opts         0
    off, length  in bytes

    Errors: OSError EINVAL (length is 0, off or length over 2**63 - 1, unknown options),
    EPERM (sealed against writing), EBADF, EFBIG, EOPNOTSUPP, ENODEV, ESPIPE (not a file
    that can have holes); OverflowError. Source: fallocate(2).

    >>> import os
    >>> fd = create("example", MFD_CLOEXEC)
    >>> os.write(fd, b"hello")
    5
    >>> discard(fd, 0, 1, 3)
    >>> os.pread(fd, 5, 0)
    b'h\x00\x00\x00o'
    >>> os.close(fd)
    """
    _ffi.check(
        _ffi.memfd_go_discard(
            _ffi.to_int(fd), _ffi.to_uint32(opts), _ffi.to_uint64(off), _ffi.to_uint64(length)
        )
    )


def add_seals(fd: SupportsIndex, seals: SupportsIndex) -> None:
    """fcntl(fd, F_ADD_SEALS, seals), verbatim: add all of 'seals' to the file, or none.

    fd     open for writing
    seals  F_SEAL_* bits; those that are set already may be named

    Errors: OSError EBADF, EPERM (F_SEAL_SEAL is set, or fd is not open for writing), EINVAL
    (unknown seals, or a file that takes none), EBUSY (F_SEAL_WRITE, and a shared mapping
    could still be written to); OverflowError. Source: F_ADD_SEALS(2const).

    >>> import os
    >>> fd = create("example", MFD_CLOEXEC | MFD_ALLOW_SEALING)
    >>> add_seals(fd, F_SEAL_GROW)
    >>> os.write(fd, b"x")
    Traceback (most recent call last):
    PermissionError: [Errno 1] Operation not permitted
    >>> os.close(fd)
    """
    _ffi.check(_ffi.memfd_go_add_seals(_ffi.to_int(fd), _ffi.to_uint32(seals)))


def get_seals(fd: SupportsIndex) -> int:
    """fcntl(fd, F_GET_SEALS), verbatim: the F_SEAL_* bits of the file.

    fd  need be open for reading only

    A kernel from 6.3 on may report F_SEAL_EXEC without having been asked: test bits, never
    compare. Success does not prove that the file is a memfd.

    Errors: OSError EBADF (also O_PATH), EINVAL (a file that takes no seals); OverflowError.
    Source: F_GET_SEALS(2const).

    >>> import os
    >>> fd = create("example", MFD_CLOEXEC)
    >>> bool(get_seals(fd) & F_SEAL_WRITE)
    False
    >>> os.close(fd)
    """
    if type(fd) is not int or not INT_MIN <= fd <= INT_MAX:
        fd = _ffi.to_int(fd)
    seals: int = _quick_get_seals(fd)
    return seals if seals >= 0 else _ffi.check(seals)


def ensure_seals(fd: SupportsIndex, seals: SupportsIndex) -> None:
    """Make sure that all of 'seals' are set, adding only those that are missing.

    Unlike add_seals() it succeeds where all are set already, whether or not the file can
    be sealed further or fd is open for writing.

    Errors: like add_seals(). Source: F_ADD_SEALS(2const).

    >>> import os
    >>> fd = create_sealed("example", MFD_CLOEXEC, 0, b"hello")
    >>> ensure_seals(fd, F_SEAL_WRITE)
    >>> add_seals(fd, F_SEAL_WRITE)
    Traceback (most recent call last):
    PermissionError: [Errno 1] Operation not permitted
    >>> os.close(fd)
    """
    _ffi.check(_ffi.memfd_go_ensure_seals(_ffi.to_int(fd), _ffi.to_uint32(seals)))


def check_seals(fd: SupportsIndex, required: SupportsIndex) -> int:
    """The bits of 'required' that are not set: 0 if the file has all of them.

    C says -EKEYREJECTED where this is not 0. F_SEAL_FUTURE_WRITE does not count as
    F_SEAL_WRITE, nor the reverse.

    Errors: like get_seals(). Source: F_GET_SEALS(2const).

    >>> import os
    >>> fd = create_sealed("example", MFD_CLOEXEC, F_SEAL_GROW, b"hello")
    >>> format_seals(check_seals(fd, F_SEAL_GROW | F_SEAL_WRITE))
    'WRITE'
    >>> os.close(fd)
    """
    missing = _ffi.Uint32()
    result = _ffi.memfd_go_check_seals(_ffi.to_int(fd), _ffi.to_uint32(required), missing)
    if not missing.value:  # else the result says no more than that
        _ffi.check(result)
    return missing.value


def format_seals(seals: SupportsIndex, style: SupportsIndex = MEMFD_GO_STYLE_NAMES) -> str:
    """The seals as text.

    seals  any bits; those without a name follow in hexadecimal
    style  MEMFD_GO_STYLE_NAMES, _LETTERS or _HEX

    Errors: OSError EINVAL (unknown style); OverflowError. Source: memfd_create(2),
    EXAMPLES.

    >>> [format_seals(F_SEAL_WRITE | 0x40, style) for style in range(3)]
    ['WRITE 0x40', 'w 0x40', '0x48']
    """
    buffer = _ffi.ByteBuffer(64)  # the header: enough for any mask in any style
    _ffi.check(
        _ffi.memfd_go_format_seals(
            _ffi.to_uint32(seals), _ffi.to_uint32(style), buffer, len(buffer)
        )
    )
    return buffer.value.decode()


def parse_seals(text: str | bytes) -> int:
    """The union of the seals that a text names: what format_seals() writes, and more.

    text  words, separated by blanks, commas, "|" or "+": names with or without "F_SEAL_"
          (upper or lower case), letters as in "sgw", hexadecimal numbers, "immutable", "none"

    Errors: OSError EINVAL (a word is none of these); ValueError (an embedded NUL).
    Source: memfd_create(2), EXAMPLES.

    >>> parse_seals("F_SEAL_WRITE | shrink") == parse_seals("ws") == 0xA
    True
    """
    seals = _ffi.Uint32()
    _ffi.check(_ffi.memfd_go_parse_seals(_ffi.to_text(text), seals))
    return seals.value


def inspect(fd: SupportsIndex) -> _ffi.Info:
    """What the descriptor 'fd' is. Nothing of the file's contents is read.

    Returns Info: 'kind' is MEMFD_GO_KIND_*, 'seals' F_SEAL_*, 'mode' as in os.stat(), 'size'
    and 'allocated' in bytes, 'huge_page' the page size of KIND_HUGETLB, 'device' and 'inode'
    as in os.stat(), 'access' MEMFD_GO_ACCESS_* of the descriptor, 'name' that of a memfd, b""
    without /proc.

    Errors: OSError EBADF, EMFILE, ENFILE, ENOMEM; OverflowError. Source: statx(2),
    statfs(2), F_GETFL(2const), proc_pid_fd(5).

    >>> import os
    >>> fd = create_sealed("example", MFD_CLOEXEC, 0, b"hello")
    >>> info = inspect(fd)
    >>> info.kind == MEMFD_GO_KIND_MEMFD, info.size, info.name
    (True, 5, b'example')
    >>> os.close(fd)
    """
    info = _ffi.Info()
    _ffi.check(_ffi.memfd_go_inspect(_ffi.to_int(fd), 0, info, _ffi.sizeof(info)))
    return info
