# SPDX-License-Identifier: MIT
"""Passing files to other processes, and executing them."""

from __future__ import annotations

import errno
import os

from memfd_go import _ffi
from memfd_go._ffi import MEMFD_GO_FDS_MAX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, NoReturn, SupportsIndex

    from typing_extensions import Buffer


def send_fds(
    sock: SupportsIndex,
    fds: Iterable[SupportsIndex],
    data: Buffer = b"",
    opts: SupportsIndex = 0,
) -> int:
    """Send descriptors and bytes over a Unix socket, in one message.

    sock  the descriptor of the socket. A TCP socket sends the data without the descriptors.
    fds   0 to MEMFD_GO_FDS_MAX descriptors, which stay open
    data  any contiguous buffer; if it is empty, one zero byte is sent
    opts  0, or MEMFD_GO_OPT_DONTWAIT

    Return the number of bytes of 'data' that were sent. On a stream socket it may be less
    than the length of 'data'.

    Errors: OSError EINVAL (too many descriptors), EBADF, ENOTSOCK, EAGAIN (the receiver's
    buffer is full), EINTR, EPIPE, ECONNREFUSED, ECONNRESET, ENOTCONN, EMSGSIZE (the datagram
    is too long), ETOOMANYREFS; BufferError or ValueError (data is not contiguous);
    OverflowError. Source: unix(7), sendmsg(2).

    >>> import os, socket
    >>> a, b = socket.socketpair()
    >>> with a, b, open("/bin/true", "rb") as program:
    ...     send_fds(a.fileno(), [program.fileno()], b"hello")
    ...     fds, data = recv_fds(b.fileno(), 1, 100)
    5
    >>> len(fds), data
    (1, b'hello')
    >>> os.close(fds[0])
    """
    numbers = _ffi.to_ints(fds)
    with _ffi.Readable(data) as (address, length):
        return _ffi.check(
            _ffi.memfd_go_send_fds(
                _ffi.to_int(sock), _ffi.to_uint32(opts), numbers, len(numbers), address, length
            )
        )


def recv_fds(
    sock: SupportsIndex, n: SupportsIndex, length: SupportsIndex, opts: SupportsIndex = 0
) -> tuple[list[int], bytes]:
    """Receive one message with its descriptors, which are close-on-exec.

    sock    the descriptor of the socket
    n       the largest number of descriptors to accept
    length  the largest number of bytes to receive; with 0, one byte is read and dropped
    opts    0, or MEMFD_GO_OPT_DONTWAIT

    Return the descriptors, which the caller closes, and the bytes.

    Errors: OSError EPIPE (the other end is closed, or sent an empty datagram), EMSGSIZE (more
    than n or MEMFD_GO_FDS_MAX descriptors, or than this process can open, or a datagram longer
    than length; all descriptors are closed, and the attribute 'data' of the exception holds the
    bytes), EINVAL (unknown options; not connected), EBADF, ENOTSOCK, ENOTCONN, ECONNRESET,
    EAGAIN (no message yet), EINTR; MemoryError; OverflowError. Source: unix(7), recvmsg(2).

    >>> import socket
    >>> a, b = socket.socketpair()
    >>> with a, b:
    ...     sent = send_fds(a.fileno(), [], b"hello")
    ...     recv_fds(b.fileno(), 1, 100)
    ([], b'hello')
    """
    room, size = _ffi.Uint32(_ffi.to_uint32(n)), _ffi.Size(_ffi.to_size(length))
    fds = _ffi.to_ints([-1] * min(room.value, MEMFD_GO_FDS_MAX))
    data = _ffi.ByteBuffer(size.value)
    result = _ffi.memfd_go_recv_fds(
        _ffi.to_int(sock), _ffi.to_uint32(opts), fds, room, data, size
    )
    if result != -errno.EMSGSIZE:
        _ffi.check(result)
        return fds[: room.value], data.raw[: size.value]
    error: Any = OSError(errno.EMSGSIZE, os.strerror(errno.EMSGSIZE))
    error.data = data.raw[: size.value]
    raise error


def recv_verified(
    sock: SupportsIndex,
    required: SupportsIndex,
    max_len: SupportsIndex,
    opts: SupportsIndex = 0,
    length: SupportsIndex = 0,
) -> tuple[int, bytes]:
    """Receive one descriptor from an untrusted process, and check the file like verify().

    sock               the descriptor of the socket
    required, max_len  like verify()
    opts               any of MEMFD_GO_OPT_DONTWAIT, _NO_HOLES
    length             like recv_fds()

    Return the descriptor, which is close-on-exec and which the caller closes, and the bytes.

    Errors: those of recv_fds() and verify(), and OSError EPROTO (no descriptor), EMSGSIZE (more
    than one descriptor). After an error the descriptor is closed, and the bytes are lost; to
    keep them, call recv_fds() and verify(). Source: unix(7), recvmsg(2), F_GET_SEALS(2const).

    >>> import os, socket
    >>> a, b = socket.socketpair()
    >>> fd = create("example", MFD_CLOEXEC | MFD_ALLOW_SEALING)
    >>> with a, b:
    ...     sent = send_fds(a.fileno(), [fd])
    ...     recv_verified(b.fileno(), 0, 100)
    Traceback (most recent call last):
    OSError: [Errno 129] Key was rejected by service
    >>> os.close(fd)
    """
    size = _ffi.Size(_ffi.to_size(length))
    data = _ffi.ByteBuffer(size.value)
    fd = _ffi.check(
        _ffi.memfd_go_recv_verified(
            _ffi.to_int(sock),
            _ffi.to_uint32(required),
            _ffi.to_uint64(max_len),
            _ffi.to_uint32(opts),
            data,
            size,
        )
    )
    return fd, data.raw[: size.value]


def import_pid(pid: SupportsIndex, remote_fd: SupportsIndex, open_flags: SupportsIndex) -> int:
    """Open /proc/PID/fd/N, a file of another process, with a new open file description.

    pid         the process, in the PID namespace of this one; more than 0
    remote_fd   its descriptor, 0 or more
    open_flags  flags of os.open(), usually os.O_RDONLY. O_CLOEXEC is always added.

    Return a descriptor. The caller closes it.

    Errors: those of open(2), and OSError EINVAL (pid or remote_fd is out of range), ENOENT (no
    such process or descriptor; /proc is not mounted), EACCES (no right to ptrace the process),
    ENXIO (a secret file, or not a regular file), EAGAIN (a process has a lease on the file),
    EMFILE, ENFILE, ENOMEM, ENOSYS (before Linux 4.11); OverflowError. Source:
    proc_pid_fd(5), ptrace(2).

    >>> import os
    >>> fd = create_sealed("example", MFD_CLOEXEC, 0, b"hello")
    >>> imported = import_pid(os.getpid(), fd, os.O_RDONLY)
    >>> os.read(imported, 5)
    b'hello'
    >>> os.close(imported)
    >>> os.close(fd)
    """
    return _ffi.check(
        _ffi.memfd_go_import_pid(
            _ffi.to_int(pid), _ffi.to_int(remote_fd), _ffi.to_uint32(open_flags)
        )
    )


def import_pidfd(
    pidfd: SupportsIndex, remote_fd: SupportsIndex, flags: SupportsIndex = 0
) -> int:
    """Duplicate a descriptor of another process, with pidfd_getfd(2).

    pidfd      from os.pidfd_open()
    remote_fd  the process's descriptor; it may be of a secret file
    flags      0

    Return a close-on-exec descriptor. The caller closes it.

    Errors: OSError EBADF (not a pidfd; no such descriptor), EPERM (no right to ptrace the
    process), ESRCH (the process has ended), ENOSYS (before Linux 5.6), EINVAL (unknown flags),
    EMFILE; OverflowError. Source: pidfd_getfd(2).

    >>> import os
    >>> fd, process = create("example", MFD_CLOEXEC), os.pidfd_open(os.getpid())
    >>> try:
    ...     imported = import_pidfd(process, fd)
    ...     os.path.sameopenfile(imported, fd)
    ...     os.close(imported)
    ... finally:
    ...     os.close(process)
    ...     os.close(fd)
    True
    """
    return _ffi.check(
        _ffi.memfd_go_import_pidfd(
            _ffi.to_int(pidfd), _ffi.to_int(remote_fd), _ffi.to_uint32(flags)
        )
    )


def exec(
    fd: SupportsIndex,
    argv: Iterable[str | bytes],
    envp: Iterable[str | bytes],
    opts: SupportsIndex,
) -> NoReturn:
    """Replace the process with the program in the file 'fd'. Return only by raising.

    fd    open for reading or with O_PATH. The file must not be open for writing through
          os.open() or reopen(), in any process. The descriptor that created it does not count.
    argv  arguments; the first is the name of the program
    envp  environment, strings of the form "NAME=value"
    opts  0, or MEMFD_GO_OPT_INHERIT_FD: the program inherits fd, which a script needs

    Exit handlers do not run, and buffers are not flushed.

    Errors: those of execve(2), such as OSError EACCES (not executable, or not a regular file),
    ENOENT (a script without OPT_INHERIT_FD, or without its interpreter), ENOEXEC (not a
    program for this machine), ETXTBSY (open for writing), E2BIG (the arguments are too long),
    EBADF, EINVAL (unknown options); ValueError (NUL in a string); OverflowError.
    Safe: other threads end. Source: execveat(2), execve(2).

    >>> import os
    >>> fd = create_with("example", None)
    >>> try:
    ...     exec(fd, ["example"], [], 0)
    ... except PermissionError as error:
    ...     error.strerror
    'Permission denied'
    >>> os.close(fd)
    """
    result = _ffi.memfd_go_exec(
        _ffi.to_int(fd), _ffi.to_texts(argv), _ffi.to_texts(envp), _ffi.to_uint32(opts)
    )
    raise AssertionError(_ffi.check(result))  # it has raised
