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
    """memfd_create(2), verbatim: create an empty file in memory.

    name       what /proc/PID/fd shows behind "memfd:", at most 249 bytes without a NUL.
               Text is encoded like a file name. Names need not differ.
    mfd_flags  MFD_* bits, or 0. Note that MFD_CLOEXEC is not implied.

    Returns a descriptor, open for reading and writing. The caller closes it.

    Errors: OSError EINVAL (unknown or contradictory flags, a name too long, MFD_EXEC or
    MFD_NOEXEC_SEAL before Linux 6.3), EACCES (vm.memfd_noexec is 2), EMFILE, ENFILE,
    ENODEV, ENOENT, ENOSYS (MFD_HUGETLB is not there), ENOMEM; ValueError (an embedded NUL);
    OverflowError. Source: memfd_create(2).

    >>> import os
    >>> fd = create("example", MFD_CLOEXEC | MFD_ALLOW_SEALING)
    >>> os.readlink(f"/proc/self/fd/{fd}")
    '/memfd:example (deleted)'
    >>> os.close(fd)
    """
    # Without _ffi.check(): this is the call whose cost is measured against os.memfd_create().
    fd: int = _memfd_go_create(_to_text(name), _to_uint32(mfd_flags))
    return fd if fd >= 0 else _ffi.check(fd)


def create_with(name: str | bytes, args: _ffi.CreateArgs | None) -> int:
    """Create a file and give it mode, size and seals.

    MFD_NOEXEC_SEAL and MFD_EXEC work before Linux 6.3 too: mode bits take their place, and
    the file lacks F_SEAL_EXEC.

    name  like create()
    args  CreateArgs: 'flags', MFD_* bits; 'seals' to add in the end, which imply
          MFD_ALLOW_SEALING; 'size' in bytes; 'mode', permissions such as 0o600, or 0;
          'opts', any of MEMFD_GO_OPT_STRICT_NOEXEC (never emulate) and _UNSEALABLE (add
          F_SEAL_SEAL).
          None stands for MFD_CLOEXEC | MFD_NOEXEC_SEAL.

    Returns a descriptor. The caller closes it.

    Errors: OSError EINVAL (unknown or contradictory flags, seals, options or mode; a name
    too long), EOPNOTSUPP (OPT_STRICT_NOEXEC, and the kernel lacks the flag), EACCES
    (vm.memfd_noexec forbids it), and like create(), set_size() and add_seals(); ValueError
    (an embedded NUL); OverflowError. Source: memfd_create(2), fchmod(2).

    >>> import os
    >>> args = CreateArgs(flags=MFD_CLOEXEC | MFD_NOEXEC_SEAL, seals=F_SEAL_GROW, size=10)
    >>> fd = create_with("example", args)
    >>> get_size(fd), bool(get_seals(fd) & F_SEAL_GROW), os.fstat(fd).st_mode & 0o111
    (10, True, 0)
    >>> os.close(fd)
    """
    text = _to_text(name)
    if args is None:  # the usual file, whose cost is measured
        fd: int = _quick_create_with(text, None, 0)
        return fd if fd >= 0 else _ffi.check(fd)
    size = _ffi.sizeof(_ffi.CreateArgs)
    return _ffi.check(_ffi.memfd_go_create_with(text, args, size))


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
    no buffer). Source: memfd_create(2), F_ADD_SEALS(2const).

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
    """Create a sealed copy of the regular file 'src_fd', from its first byte to its last.

    name, mfd_flags, seals  like create_sealed()
    src_fd                  open for reading; its offset is neither used nor moved
    max_len                 the largest size to copy, in bytes

    Returns a descriptor whose offset is 0. The caller closes it.

    Errors: like create_sealed(), and OSError EBADF (src_fd is not open, or not for
    reading), EINVAL (not a regular file), ESPIPE (a secret file), EFBIG (longer than
    max_len), EAGAIN (its size changed meanwhile), EIO. Source: sendfile(2).

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
    """Create a sealed copy of what can be read from 'src_fd', up to its end.

    It may block. What has been read is gone from the stream, also after an error.

    name, mfd_flags, seals  like create_sealed()
    src_fd                  a pipe, a socket, or a file, which is read from its offset on
    max_len                 the largest size to copy, in bytes

    Returns a descriptor whose offset is 0. The caller closes it.

    Errors: like create_sealed(), and OSError EBADF (src_fd is not open, or not for
    reading), EFBIG (more than max_len), EINTR, EAGAIN (non-blocking, and nothing to read),
    and what else read(2) can give. Source: read(2).

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
    """Open the file of 'fd' once more, by way of /proc: with an offset and access of its own.

    This is no security boundary: a read-only descriptor may be reopened for writing.

    fd          also one opened with O_PATH
    open_flags  of os.open(), usually os.O_RDONLY. O_CLOEXEC is always added.

    Returns a descriptor. The caller closes it.

    Errors: OSError EBADF, ENOENT (no /proc), EACCES, ENXIO (a secret file, a socket),
    EMFILE, ENFILE, ENOMEM, and what else open(2) gives; OverflowError. Source: open(2),
    proc_pid_fd(5).

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
    """What create() wants for a file of huge pages: MFD_HUGETLB and the size's logarithm.

    page_size  in bytes: a power of two more than 1, or 0 for the system's default size.
               Whether the system has them, probe() tells.

    Errors: OSError EINVAL (neither); OverflowError. Source: memfd_create(2).

    >>> huge_flags(2 << 20) == MFD_HUGETLB | 21 << 26
    True
    """
    flags = _ffi.Uint32()
    _ffi.check(_ffi.memfd_go_huge_flags(_ffi.to_uint64(page_size), flags))
    return flags.value
