# SPDX-License-Identifier: MIT
"""Creating files."""

from __future__ import annotations

from memfd_go import _ffi
from memfd_go._ffi import INT_MAX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import SupportsIndex

    from typing_extensions import Buffer

_memfd_go_create, _to_text, _to_uint32 = _ffi.memfd_go_create, _ffi.to_text, _ffi.to_uint32
_quick_create_with, _quick_create_sealed = _ffi.quick_create_with, _ffi.quick_create_sealed


def create(name: str | bytes, mfd_flags: SupportsIndex) -> int:
    """Create an empty file in memory, like memfd_create(2).

    name       shown in /proc/PID/fd after "memfd:"; at most 249 bytes, without NUL. A str is
               encoded like a file name. Several files may have the same name.
    mfd_flags  MFD_* bits, or 0. MFD_CLOEXEC is not added.

    Return a descriptor that is open for reading and writing. The caller closes it.

    Errors: OSError EINVAL (unknown or contradictory flags; the name is too long; MFD_EXEC or
    MFD_NOEXEC_SEAL before Linux 6.3), EACCES (MFD_EXEC, and vm.memfd_noexec is 2), EMFILE,
    ENFILE, ENODEV, ENOENT or ENOSYS (huge pages are not available), ENOMEM; ValueError (NUL in
    the name); OverflowError. Source: memfd_create(2).

    >>> import os
    >>> fd = create("example", MFD_CLOEXEC | MFD_ALLOW_SEALING)
    >>> os.readlink(f"/proc/self/fd/{fd}")
    '/memfd:example (deleted)'
    >>> os.close(fd)
    """
    # Without _ffi.check(), which would cost a call.
    fd: int = _memfd_go_create(_to_text(name), _to_uint32(mfd_flags))
    return fd if fd >= 0 else _ffi.check(fd)


def create_with(name: str | bytes, args: _ffi.CreateArgs | None) -> int:
    """Create a file, then set its mode, size and seals.

    MFD_NOEXEC_SEAL and MFD_EXEC also work before Linux 6.3. There fchmod(2) takes their place,
    and the file lacks F_SEAL_EXEC.

    name  like create()
    args  CreateArgs, with the members
          flags  MFD_* bits
          seals  F_SEAL_* bits to add at the end; they imply MFD_ALLOW_SEALING
          size   in bytes
          mode   permissions such as 0o600, or 0 for the kernel's default
          opts   MEMFD_GO_OPT_STRICT_NOEXEC (never emulate), _UNSEALABLE (add F_SEAL_SEAL)
          None means MFD_CLOEXEC | MFD_NOEXEC_SEAL.

    Return a descriptor. The caller closes it.

    Errors: those of create(), set_size() and add_seals(), and OSError EINVAL (unknown or
    contradictory flags, seals, options or mode), EOPNOTSUPP (OPT_STRICT_NOEXEC, and the kernel
    lacks the flag), EACCES (vm.memfd_noexec forbids the file). Source: memfd_create(2),
    fchmod(2).

    >>> import os
    >>> args = CreateArgs(flags=MFD_CLOEXEC | MFD_NOEXEC_SEAL, seals=F_SEAL_GROW, size=10)
    >>> fd = create_with("example", args)
    >>> get_size(fd), bool(get_seals(fd) & F_SEAL_GROW), os.fstat(fd).st_mode & 0o111
    (10, True, 0)
    >>> os.close(fd)
    """
    text = _to_text(name)
    if args is None:  # the most frequent call
        fd: int = _quick_create_with(text, None, 0)
        return fd if fd >= 0 else _ffi.check(fd)
    size = _ffi.sizeof(_ffi.CreateArgs)
    return _ffi.check(_ffi.memfd_go_create_with(text, args, size))


def create_sealed(
    name: str | bytes, mfd_flags: SupportsIndex, seals: SupportsIndex, data: Buffer
) -> int:
    """Create a file with a copy of 'data', and seal it.

    name, mfd_flags  like create(); MFD_ALLOW_SEALING is implied
    seals            F_SEAL_* bits; 0 means MEMFD_GO_SEALS_IMMUTABLE
    data             any contiguous buffer; it is copied once, by the kernel

    Return a descriptor with offset 0. The caller closes it.

    Errors: those of create(), and OSError EINVAL (unknown seals), EFBIG (over RLIMIT_FSIZE),
    ENOSPC, ENOMEM; BufferError or ValueError (data is not contiguous); TypeError (data is
    not a buffer). Source: memfd_create(2), F_ADD_SEALS(2const).

    >>> import os
    >>> fd = create_sealed("example", MFD_CLOEXEC, 0, b"hello")
    >>> format_seals(get_seals(fd) & MEMFD_GO_SEALS_IMMUTABLE)
    'SEAL GROW WRITE SHRINK'
    >>> os.pread(fd, 5, 0)
    b'hello'
    >>> os.close(fd)
    """
    text, flags, bits = _ffi.to_text(name), _ffi.to_uint32(mfd_flags), _ffi.to_uint32(seals)
    if type(data) is bytes and flags <= INT_MAX and bits <= INT_MAX and len(data) <= INT_MAX:
        fd: int = _quick_create_sealed(text, flags, bits, data, len(data))
        return fd if fd >= 0 else _ffi.check(fd)
    with _ffi.Readable(data) as (address, length):
        return _ffi.check(_ffi.memfd_go_create_sealed(text, flags, bits, address, length))


def clone(
    name: str | bytes,
    mfd_flags: SupportsIndex,
    seals: SupportsIndex,
    src_fd: SupportsIndex,
    max_len: SupportsIndex,
) -> int:
    """Create a sealed copy of the whole regular file 'src_fd'.

    name, mfd_flags, seals  like create_sealed()
    src_fd                  open for reading; its offset is neither used nor moved
    max_len                 the largest size to copy, in bytes

    Return a descriptor with offset 0. The caller closes it.

    Errors: those of create_sealed(), and OSError EBADF (src_fd is not open for reading),
    EINVAL (not a regular file), ESPIPE (a secret file), EFBIG (longer than max_len), EAGAIN
    (the size changed during the copy), EIO, ENOSYS (before Linux 4.11). Source: sendfile(2).

    >>> import os
    >>> with open("/bin/true", "rb") as program:
    ...     fd = clone("true", MFD_CLOEXEC, 0, program.fileno(), 1 << 24)
    ...     get_size(fd) == os.fstat(program.fileno()).st_size
    True
    >>> os.close(fd)
    """
    return _ffi.check(
        _ffi.memfd_go_clone(
            _ffi.to_text(name),
            _ffi.to_uint32(mfd_flags),
            _ffi.to_uint32(seals),
            _ffi.to_int(src_fd),
            _ffi.to_uint64(max_len),
        )
    )


def clone_stream(
    name: str | bytes,
    mfd_flags: SupportsIndex,
    seals: SupportsIndex,
    src_fd: SupportsIndex,
    max_len: SupportsIndex,
) -> int:
    """Create a sealed copy of everything that can be read from 'src_fd'.

    The function may block. Data that has been read is lost after an error.

    name, mfd_flags, seals  like create_sealed()
    src_fd                  a pipe, a socket, or a file, which is read from its offset
    max_len                 the largest size to copy, in bytes

    Return a descriptor with offset 0. The caller closes it.

    Errors: those of create_sealed() and read(2), and OSError EBADF (src_fd is not open for
    reading), EFBIG (more than max_len bytes), EINTR, EAGAIN (non-blocking, and nothing to
    read). Source: read(2).

    >>> import os
    >>> reader, writer = os.pipe()
    >>> os.write(writer, b"hello")
    5
    >>> os.close(writer)
    >>> fd = clone_stream("example", MFD_CLOEXEC, 0, reader, 100)
    >>> os.read(fd, 100)
    b'hello'
    >>> os.close(reader), os.close(fd)
    (None, None)
    """
    return _ffi.check(
        _ffi.memfd_go_clone_stream(
            _ffi.to_text(name),
            _ffi.to_uint32(mfd_flags),
            _ffi.to_uint32(seals),
            _ffi.to_int(src_fd),
            _ffi.to_uint64(max_len),
        )
    )


def reopen(fd: SupportsIndex, open_flags: SupportsIndex) -> int:
    """Open the file of 'fd' again through /proc, with its own offset and access mode.

    This is not a security boundary: a read-only descriptor can be reopened for writing.

    fd          any descriptor, including one opened with O_PATH
    open_flags  flags of os.open(), usually os.O_RDONLY. O_CLOEXEC is always added.

    Return a descriptor. The caller closes it.

    Errors: those of open(2), such as OSError EACCES, EMFILE, ENFILE and ENOMEM, and EBADF,
    ENOENT (/proc is not mounted), ENXIO (a secret file or a socket); OverflowError.
    Source: open(2), proc_pid_fd(5).

    >>> import os
    >>> fd = create_sealed("example", MFD_CLOEXEC, 0, b"hello")
    >>> reader = reopen(fd, os.O_RDONLY)
    >>> os.read(reader, 2), os.read(fd, 5)
    (b'he', b'hello')
    >>> os.close(reader)
    >>> os.close(fd)
    """
    return _ffi.check(_ffi.memfd_go_reopen(_ffi.to_int(fd), _ffi.to_uint32(open_flags)))


def huge_flags(page_size: SupportsIndex) -> int:
    """Return the flags that make create() use huge pages of one size.

    page_size  in bytes: a power of two greater than 1, or 0 for the system's default. probe()
               returns the sizes that the system has.

    Errors: OSError EINVAL (not a power of two, or 1); OverflowError. Source: memfd_create(2).

    >>> huge_flags(2 << 20) == MFD_HUGETLB | 21 << 26
    True
    """
    flags = _ffi.Uint32()
    _ffi.check(_ffi.memfd_go_huge_flags(_ffi.to_uint64(page_size), flags))
    return flags.value
