# SPDX-License-Identifier: MIT
"""Functions for the size, the seals and the properties of a file."""

from __future__ import annotations

from memfd_go import _ffi
from memfd_go._ffi import MEMFD_GO_STYLE_NAMES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import SupportsIndex


_quick_get_seals = _ffi.quick_get_seals


def get_size(fd: SupportsIndex) -> int:
    """Return the size of the file 'fd' in bytes. Any descriptor works, O_PATH included.

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
    """Set the size of the file 'fd'.

    fd    open for writing
    opts  0, or MEMFD_GO_OPT_RESERVE: allocate the memory of the whole file now
    size  in bytes, 0 to 2**63 - 1. The size of a secret file can be set once. The size of a
          file of huge pages is a multiple of its page size.

    Errors: OSError EBADF, EINVAL (not open for writing; size or opts out of range; the file
    has no size to set), EPERM (a seal forbids it), EFBIG (over RLIMIT_FSIZE), ENOSPC, ENOMEM,
    EOPNOTSUPP, ENODEV or ESPIPE (OPT_RESERVE is not supported); OverflowError.
    Source: ftruncate(2), fallocate(2).

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
    r"""Free the memory of a range of the file 'fd', which then reads as zeros.

    fd           open for writing
    opts         0
    off, length  in bytes

    Errors: OSError EINVAL (length is 0; off or length is over 2**63 - 1; unknown options),
    EPERM (sealed against writing), EFBIG (off + length is too large for the file system),
    EBADF, EOPNOTSUPP, ENODEV or ESPIPE (the file cannot have holes); OverflowError.
    Source: fallocate(2).

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
    """Add seals to the file 'fd', all or none, like fcntl(fd, F_ADD_SEALS, seals).

    fd     open for writing
    seals  F_SEAL_* bits; they may include seals that are already set

    Errors: OSError EBADF, EPERM (F_SEAL_SEAL is set; fd is not open for writing), EINVAL
    (unknown seals; the file does not support seals), EBUSY (F_SEAL_WRITE while a shared
    mapping of a writable descriptor exists, or, for a moment, while direct I/O or the kernel
    uses a page); OverflowError. Source: F_ADD_SEALS(2const).

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
    """Return the F_SEAL_* bits of the file, like fcntl(fd, F_GET_SEALS).

    fd  open for reading or writing

    Linux 6.3 and later may set F_SEAL_EXEC on its own, so test bits instead of comparing the
    result. Other files than memfds have seals, too.

    Errors: OSError EBADF (not open, or opened with O_PATH), EINVAL (the file does not support
    seals); OverflowError. Source: F_GET_SEALS(2const).

    >>> import os
    >>> fd = create("example", MFD_CLOEXEC)
    >>> bool(get_seals(fd) & F_SEAL_WRITE)
    False
    >>> os.close(fd)
    """
    if type(fd) is not int or fd >> 31:  # negative numbers, too
        fd = _ffi.to_int(fd)
    seals: int = _quick_get_seals(fd)
    return seals if seals >= 0 else _ffi.check(seals)


def ensure_seals(fd: SupportsIndex, seals: SupportsIndex) -> None:
    """Add those of 'seals' that are missing.

    If all are set already, this succeeds even if F_SEAL_SEAL is set or fd is not open for
    writing.

    Errors: those of add_seals(). Source: F_ADD_SEALS(2const).

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
    """Return the bits of 'required' that are not set, or 0 if the file has all of them.

    The C function returns -EKEYREJECTED if seals are missing. F_SEAL_FUTURE_WRITE does not
    imply F_SEAL_WRITE, nor the reverse.

    Errors: those of get_seals(). Source: F_GET_SEALS(2const).

    >>> import os
    >>> fd = create_sealed("example", MFD_CLOEXEC, F_SEAL_GROW, b"hello")
    >>> format_seals(check_seals(fd, F_SEAL_GROW | F_SEAL_WRITE))
    'WRITE'
    >>> os.close(fd)
    """
    missing = _ffi.Uint32()
    result = _ffi.memfd_go_check_seals(_ffi.to_int(fd), _ffi.to_uint32(required), missing)
    if not missing.value:  # otherwise the result is -EKEYREJECTED
        _ffi.check(result)
    return missing.value


def format_seals(seals: SupportsIndex, style: SupportsIndex = MEMFD_GO_STYLE_NAMES) -> str:
    """Return seals as text.

    seals  any bits; those without a name are written in hexadecimal
    style  MEMFD_GO_STYLE_NAMES, _LETTERS or _HEX

    Errors: OSError EINVAL (unknown style); OverflowError. Source: memfd_create(2),
    EXAMPLES.

    >>> [format_seals(F_SEAL_WRITE | 0x40, style) for style in range(3)]
    ['WRITE 0x40', 'w 0x40', '0x48']
    """
    buffer = _ffi.ByteBuffer(64)  # enough for any mask in any style, says the header
    _ffi.check(
        _ffi.memfd_go_format_seals(
            _ffi.to_uint32(seals), _ffi.to_uint32(style), buffer, len(buffer)
        )
    )
    return buffer.value.decode()


def parse_seals(text: str | bytes) -> int:
    """Return the union of the seals that a text names.

    text  words, separated by blanks, commas, "|" or "+": names with or without "F_SEAL_"
          (upper or lower case), letters such as "sgw", hexadecimal numbers, "immutable", "none"

    Errors: OSError EINVAL (an unknown word); ValueError (NUL in the text).
    Source: memfd_create(2), EXAMPLES.

    >>> parse_seals("F_SEAL_WRITE | shrink") == parse_seals("ws") == 0xA
    True
    """
    seals = _ffi.Uint32()
    _ffi.check(_ffi.memfd_go_parse_seals(_ffi.to_text(text), seals))
    return seals.value


def inspect(fd: SupportsIndex) -> _ffi.Info:
    """Return the properties of a descriptor and its file. The contents are not read.

    The result is Info: 'kind' is MEMFD_GO_KIND_*, 'seals' F_SEAL_*, 'access'
    MEMFD_GO_ACCESS_*. 'mode', 'device' and 'inode' are those of os.stat(). 'size' and
    'allocated' are in bytes. 'huge_page' is the page size of a file of huge pages in bytes,
    else 0. 'name' is the name of a memfd, or b"" if /proc is not mounted.

    Errors: OSError EBADF, EMFILE, ENFILE, ENOMEM, ENOSYS (before Linux 4.11); OverflowError.
    Source: statx(2), statfs(2), F_GETFL(2const), proc_pid_fd(5).

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
