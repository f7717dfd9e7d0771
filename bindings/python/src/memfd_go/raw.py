"""The functions and constants of memfd_go.h, one to one.

Descriptors, flags and addresses are plain integers here. A negative result becomes an
OSError whose arguments are the errno, its text and its name; what C hands over in an
out-parameter is returned. The classes of memfd_go are made of these functions.

A number that does not fit the C type is an OverflowError, never cut off. All functions
may be called from several threads at once, and in a child after fork(); other
Python threads run meanwhile.
"""

from __future__ import annotations

from memfd_go import _ffi
from memfd_go._ffi import (
    F_SEAL_EXEC,
    F_SEAL_FUTURE_WRITE,
    F_SEAL_GROW,
    F_SEAL_SEAL,
    F_SEAL_SHRINK,
    F_SEAL_WRITE,
    MEMFD_GO_NAME_MAX,
    MEMFD_GO_OPT_EXEC,
    MEMFD_GO_OPT_POPULATE,
    MEMFD_GO_OPT_PRIVATE,
    MEMFD_GO_OPT_RESERVE,
    MEMFD_GO_OPT_WRITE,
    MEMFD_GO_SEALS_IMMUTABLE,
    MEMFD_GO_STYLE_HEX,
    MEMFD_GO_STYLE_LETTERS,
    MEMFD_GO_STYLE_NAMES,
    MEMFD_GO_VERSION,
    MEMFD_GO_VERSION_MAJOR,
    MEMFD_GO_VERSION_MINOR,
    MEMFD_GO_VERSION_PATCH,
    MEMFD_GO_VERSION_STRING,
    MFD_ALLOW_SEALING,
    MFD_CLOEXEC,
    MFD_EXEC,
    MFD_HUGETLB,
    MFD_NOEXEC_SEAL,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import SupportsIndex

    from typing_extensions import Buffer

__all__ = [
    "F_SEAL_EXEC",
    "F_SEAL_FUTURE_WRITE",
    "F_SEAL_GROW",
    "F_SEAL_SEAL",
    "F_SEAL_SHRINK",
    "F_SEAL_WRITE",
    "MEMFD_GO_NAME_MAX",
    "MEMFD_GO_OPT_EXEC",
    "MEMFD_GO_OPT_POPULATE",
    "MEMFD_GO_OPT_PRIVATE",
    "MEMFD_GO_OPT_RESERVE",
    "MEMFD_GO_OPT_WRITE",
    "MEMFD_GO_SEALS_IMMUTABLE",
    "MEMFD_GO_STYLE_HEX",
    "MEMFD_GO_STYLE_LETTERS",
    "MEMFD_GO_STYLE_NAMES",
    "MEMFD_GO_VERSION",
    "MEMFD_GO_VERSION_MAJOR",
    "MEMFD_GO_VERSION_MINOR",
    "MEMFD_GO_VERSION_PATCH",
    "MEMFD_GO_VERSION_STRING",
    "MFD_ALLOW_SEALING",
    "MFD_CLOEXEC",
    "MFD_EXEC",
    "MFD_HUGETLB",
    "MFD_NOEXEC_SEAL",
    "add_seals",
    "check_seals",
    "create",
    "create_sealed",
    "ensure_seals",
    "errname",
    "format_seals",
    "get_seals",
    "get_size",
    "map",
    "parse_seals",
    "secret",
    "set_size",
    "unmap",
    "version",
    "version_string",
]


def version() -> int:
    """The version of the library that is running: MAJOR << 16 | MINOR << 8 | PATCH.

    Errors: none. Safe: threads, fork. Source: the library.

    >>> version() >> 16
    1
    """
    return int(_ffi.memfd_go_version())


def version_string() -> str:
    """The version of the library that is running, as text such as "1.0.0".

    Errors: none. Safe: threads, fork. Source: the library.

    >>> version_string().startswith("1.")
    True
    """
    text: bytes = _ffi.memfd_go_version_string()
    return text.decode()


def errname(err: SupportsIndex) -> str:
    """The name of an error number, given as in the errno module or negative.

    err  -2**31 to 2**31 - 1

    Returns "E?" for an unknown number, 0 included.

    Errors: OverflowError. Safe: threads, fork. Source: errno(3).

    >>> errname(16), errname(-16), errname(0)
    ('EBUSY', 'EBUSY', 'E?')
    """
    name: bytes = _ffi.memfd_go_errname(_ffi.to_int(err))
    return name.decode()


def create(name: str | bytes, mfd_flags: SupportsIndex) -> int:
    """memfd_create(2), verbatim: create an empty file in memory.

    name       what /proc/PID/fd shows behind "memfd:", at most 249 bytes without a NUL.
               Text is encoded like a file name. Names need not differ.
    mfd_flags  MFD_* bits, or 0. Note that MFD_CLOEXEC is not implied.

    Returns a descriptor, open for reading and writing. The caller closes it.

    Errors: OSError EINVAL (unknown or contradictory flags, a name too long, MFD_EXEC or
    MFD_NOEXEC_SEAL before Linux 6.3), EACCES (vm.memfd_noexec is 2), EMFILE, ENFILE,
    ENODEV, ENOENT, ENOSYS (MFD_HUGETLB is not there), ENOMEM; ValueError (an embedded
    NUL); OverflowError. Safe: threads, fork. Source: memfd_create(2).

    >>> import os
    >>> fd = create("example", MFD_CLOEXEC | MFD_ALLOW_SEALING)
    >>> os.readlink(f"/proc/self/fd/{fd}")
    '/memfd:example (deleted)'
    >>> os.close(fd)
    """
    return _ffi.check(_ffi.memfd_go_create(_ffi.to_text(name), _ffi.to_uint32(mfd_flags)))


def create_sealed(
    name: str | bytes, mfd_flags: SupportsIndex, seals: SupportsIndex, data: Buffer
) -> int:
    """Create a file that holds a copy of 'data', and seal it.

    name, mfd_flags  like create(); MFD_ALLOW_SEALING is implied
    seals            F_SEAL_* bits; 0 means MEMFD_GO_SEALS_IMMUTABLE
    data             any contiguous buffer, read-only ones too; the kernel copies from it,
                     nobody else does

    Returns a descriptor whose offset is 0. The caller closes it.

    Errors: like create(), and OSError EINVAL (unknown seals), EFBIG (over RLIMIT_FSIZE),
    ENOSPC, ENOMEM; BufferError or ValueError (data is not contiguous); TypeError (data is
    no buffer). Safe: threads, fork. Source: memfd_create(2), F_ADD_SEALS(2const).

    >>> import os
    >>> fd = create_sealed("example", MFD_CLOEXEC, 0, b"hello")
    >>> format_seals(get_seals(fd) & MEMFD_GO_SEALS_IMMUTABLE)
    'SEAL GROW WRITE SHRINK'
    >>> os.pread(fd, 5, 0)
    b'hello'
    >>> os.close(fd)
    """
    text, flags, bits = _ffi.to_text(name), _ffi.to_uint32(mfd_flags), _ffi.to_uint32(seals)
    with _ffi.Readable(data) as (address, length):
        return _ffi.check(_ffi.memfd_go_create_sealed(text, flags, bits, address, length))


def get_size(fd: SupportsIndex) -> int:
    """The size of the file 'fd' in bytes. Any descriptor will do, O_PATH too.

    Errors: OSError EBADF, ENOSYS (before Linux 4.11); OverflowError. Safe: threads, fork.
    Source: statx(2).

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
    EOPNOTSUPP, ENODEV, ESPIPE (cannot be reserved), EINTR (with RESERVE; nothing has
    changed); OverflowError. Safe: threads, fork. Source: ftruncate(2), fallocate(2).

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


def add_seals(fd: SupportsIndex, seals: SupportsIndex) -> None:
    """fcntl(fd, F_ADD_SEALS, seals), verbatim: add all of 'seals' to the file, or none.

    fd     open for writing
    seals  F_SEAL_* bits; those that are set already may be named

    Errors: OSError EBADF, EPERM (F_SEAL_SEAL is set, or fd is not open for writing), EINVAL
    (unknown seals, or a file that takes none), EBUSY (F_SEAL_WRITE, and a shared mapping
    could still be written to); OverflowError. Safe: threads, fork.
    Source: F_ADD_SEALS(2const).

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

    Errors: OSError EBADF (also O_PATH), EINVAL (a file that takes no seals);
    OverflowError. Safe: threads, fork. Source: F_GET_SEALS(2const).

    >>> import os
    >>> fd = create("example", MFD_CLOEXEC)
    >>> bool(get_seals(fd) & F_SEAL_WRITE)
    False
    >>> os.close(fd)
    """
    return _ffi.check(_ffi.memfd_go_get_seals(_ffi.to_int(fd)))


def ensure_seals(fd: SupportsIndex, seals: SupportsIndex) -> None:
    """Make sure that all of 'seals' are set, adding only those that are missing.

    Unlike add_seals() it succeeds where all are set already, whether or not the file can
    be sealed further or fd is open for writing.

    Errors: like add_seals(). Safe: threads, fork. Source: F_ADD_SEALS(2const).

    >>> import os
    >>> fd = create_sealed("example", MFD_CLOEXEC, 0, b"hello")
    >>> ensure_seals(fd, F_SEAL_WRITE)
    >>> add_seals(fd, F_SEAL_WRITE)
    Traceback (most recent call last):
    PermissionError: [Errno 1] Operation not permitted: 'EPERM'
    >>> os.close(fd)
    """
    _ffi.check(_ffi.memfd_go_ensure_seals(_ffi.to_int(fd), _ffi.to_uint32(seals)))


def check_seals(fd: SupportsIndex, required: SupportsIndex) -> int:
    """The bits of 'required' that are not set: 0 if the file has all of them.

    C says -EKEYREJECTED where this is not 0. F_SEAL_FUTURE_WRITE does not count as
    F_SEAL_WRITE, nor the reverse.

    Errors: like get_seals(). Safe: threads, fork. Source: F_GET_SEALS(2const).

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

    Errors: OSError EINVAL (unknown style); OverflowError. Safe: threads, fork.
    Source: memfd_create(2), EXAMPLES.

    >>> [format_seals(F_SEAL_WRITE | 0x40, style) for style in range(3)]
    ['WRITE 0x40', 'w 0x40', '0x48']
    """
    buffer = _ffi.TextBuffer(64)  # the header: enough for any mask in any style
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
    Safe: threads, fork. Source: memfd_create(2), EXAMPLES.

    >>> parse_seals("F_SEAL_WRITE | shrink") == parse_seals("ws") == 0xA
    True
    """
    seals = _ffi.Uint32()
    _ffi.check(_ffi.memfd_go_parse_seals(_ffi.to_text(text), seals))
    return seals.value


def map(
    fd: SupportsIndex, opts: SupportsIndex, off: SupportsIndex, length: SupportsIndex
) -> int:
    """Map 'length' bytes of the file 'fd' from offset 'off' on, shared and readable.

    fd      open for reading; for OPT_WRITE without OPT_PRIVATE for writing too
    opts    any of MEMFD_GO_OPT_WRITE, _PRIVATE, _EXEC, _POPULATE
    off     in bytes, a multiple of the page size (of a file of huge pages: its own)
    length  in bytes, more than 0

    Returns the address. The caller unmaps it. Nothing guards it: MemFd.map() does.

    Errors: OSError EINVAL (length is 0, off not a multiple or over 2**63 - 1, unknown
    options, OPT_PRIVATE on a secret file), EACCES, EPERM (OPT_WRITE on a write-sealed
    file), EOVERFLOW (off + length over 2**63 - 1), EBADF, ENODEV, EAGAIN (over
    RLIMIT_MEMLOCK), ENOMEM; OverflowError. Safe: threads, fork. Source: mmap(2).

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


def unmap(addr: SupportsIndex, length: SupportsIndex) -> None:
    """munmap(2): remove all mappings of the pages from 'addr' on that hold 'length' bytes.

    addr    a multiple of the page size, such as map() gives
    length  in bytes, more than 0; for a file of huge pages a multiple of their size

    Errors: OSError EINVAL (either is not as above), ENOMEM (too many mappings);
    OverflowError. Safe: fork; threads, as long as none uses the memory still.
    Source: munmap(2).

    >>> import os
    >>> fd = create_sealed("example", MFD_CLOEXEC, 0, b"hello")
    >>> unmap(map(fd, 0, 0, 5), 5)
    >>> os.close(fd)
    """
    _ffi.check(_ffi.memfd_go_unmap(_ffi.to_address(addr), _ffi.to_size(length)))


def secret(flags: SupportsIndex) -> int:
    """memfd_secret(2): create a file that only processes which hold it can see.

    flags  0 or os.O_CLOEXEC

    Returns a descriptor. Size it once with set_size(), then map() it with
    MEMFD_GO_OPT_WRITE. The caller closes it. While the file or a mapping of it exists, the
    machine cannot hibernate.

    Errors: OSError ENOSYS (this kernel has or allows no secret memory), EINVAL (unknown
    flags), EMFILE, ENFILE, ENOMEM; under a seccomp filter often EPERM; OverflowError.
    Safe: threads, fork. Source: memfd_secret(2).

    >>> import os
    >>> try:
    ...     os.close(secret(os.O_CLOEXEC))
    ... except OSError as error:
    ...     assert error.filename in ("ENOSYS", "EPERM")
    """
    return _ffi.check(_ffi.memfd_go_secret(_ffi.to_uint32(flags)))
