# SPDX-License-Identifier: MIT
"""Files in memory."""

from __future__ import annotations

import errno
import os
import sys
from operator import index

from memfd_go import _ffi, raw
from memfd_go._errors import (
    MissingSealsError,
    RefusedError,
    explain_copy,
    explain_create,
    explain_refused,
    explaining,
)
from memfd_go._files import File, require
from memfd_go._flags import READ_ONLY, UNCHANGING, CreateFlag, Seal, create_bits, seal_bits
from memfd_go._mapping import Mapping
from memfd_go._sockets import descriptor_of, waiting
from memfd_go._stream import clone_stream

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable, Mapping as Dictionary
    from typing import Callable, NoReturn, TypeVar

    from _typeshed import FileDescriptorLike
    from typing_extensions import Buffer, Self

    T = TypeVar("T")

_DEFAULT, _NO_SEALS = CreateFlag.DEFAULT, Seal.NONE
_DEFAULT_BITS = int(_DEFAULT)
_ANY_SIZE = (1 << 63) - 1  # of a file


class MemFd(File):
    """A file in memory: a descriptor that is closed with the object.

    create(), sealed() and clone() create a file. receive(), from_fd(), from_pid() and
    from_pidfd() take one from another process. close() or the end of a "with" block closes it.
    A file that is collected while it is open is closed with a ResourceWarning.

    A file can be an argument or a result of multiprocessing, concurrent.futures and joblib. The
    other process gets a descriptor of its own. If the file may be closed before multiprocessing
    pickles it, as at the end of a "with" block, pass share() instead.
    """

    __slots__ = ()

    # ---------------------------------------------------------------- Create

    @classmethod
    def create(
        cls,
        name: str | bytes = "",
        flags: CreateFlag = _DEFAULT,
        *,
        size: int = 0,
        mode: int = 0,
        seals: Seal = _NO_SEALS,
        strict: bool = False,
        huge_page: int | None = None,
    ) -> Self:
        """Create a file of 'size' zeros, open for reading and writing.

        name       shown in /proc after "memfd:", at most 249 bytes; it need not be unique
        size       in bytes
        mode       permissions such as 0o600; 0 means 0o666 with CreateFlag.NOEXEC_SEAL or
                   if vm.memfd_noexec is set, else 0o777
        seals      seals to add at the end
        strict     fail, instead of emulating NOEXEC_SEAL and EXEC with the mode, if the
                   kernel lacks them (before Linux 6.3)
        huge_page  the size of huge pages to use, in bytes; 0 means the system's default
        """
        bits = _DEFAULT_BITS  # a plain int: operators of IntFlag are slow
        try:
            if (
                flags is _DEFAULT
                and seals is _NO_SEALS
                and huge_page is None
                and not (size or mode or strict)
            ):
                return cls(raw.create_with(name, None))
            bits = create_bits(flags)
            if huge_page is not None:
                bits |= _huge_bits(huge_page)
            args = raw.CreateArgs(
                flags=bits,
                opts=raw.MEMFD_GO_OPT_STRICT_NOEXEC if strict else 0,
                seals=seal_bits(seals, "seals"),
                size=index(size),
                mode=index(mode),
            )
            return cls(raw.create_with(name, args))
        except OSError as error:
            about = (_ffi.to_text(name), bits, seals, size, mode)
            raise explaining(error, explain_create, *about) from None

    @classmethod
    def sealed(
        cls,
        name: str | bytes,
        data: Buffer,
        seals: Seal = Seal.IMMUTABLE,
        flags: CreateFlag = _DEFAULT,
    ) -> Self:
        """Create a file with a copy of 'data', and seal it. Its offset is 0.

        data may be any contiguous buffer. It is copied once, by the kernel.
        """
        bits = _DEFAULT_BITS if flags is _DEFAULT else create_bits(flags)
        try:
            return cls(raw.create_sealed(name, bits, _nonempty_bits(seals), data))
        except OSError as error:
            about = (_ffi.to_text(name), bits, seals, memoryview(data).nbytes)
            raise explaining(error, explain_create, *about) from None

    @classmethod
    def clone(
        cls,
        name: str | bytes,
        source: FileDescriptorLike,
        seals: Seal = Seal.IMMUTABLE,
        flags: CreateFlag = _DEFAULT,
        *,
        max_size: int | None = None,
    ) -> Self:
        """Create a sealed copy of a whole file.

        source is read through its descriptor, whose offset is neither used nor changed. Flush
        a Python file first. If others write to source meanwhile, the copy may be inconsistent.

        Errors: OSError EFBIG if source has more than max_size bytes, EAGAIN if its size
        changes meanwhile.
        """
        return cls._copy(raw.clone, name, source, seals, flags, max_size)

    @classmethod
    def clone_stream(
        cls,
        name: str | bytes,
        source: FileDescriptorLike,
        seals: Seal = Seal.IMMUTABLE,
        flags: CreateFlag = _DEFAULT,
        *,
        max_size: int | None = None,
    ) -> Self:
        """Create a sealed copy of everything that can be read from a pipe, a socket or a file.

        The call waits for the end of the stream; a signal does not interrupt it, unless its
        handler raises an exception. Data that has been read is lost after an error.
        """
        return cls._copy(clone_stream, name, source, seals, flags, max_size)

    @classmethod
    def _copy(
        cls,
        function: Callable[[str | bytes, int, int, int, int], int],
        name: str | bytes,
        source: FileDescriptorLike,
        seals: Seal,
        flags: CreateFlag,
        max_size: int | None,
    ) -> Self:
        bits = _DEFAULT_BITS if flags is _DEFAULT else create_bits(flags)
        fd, most = descriptor_of(source), _ANY_SIZE if max_size is None else max_size
        try:
            return cls(function(name, bits, _nonempty_bits(seals), fd, most))
        except OSError as error:
            if error.errno == errno.EFBIG:
                raise explaining(error, explain_copy, most) from None
            about = (_ffi.to_text(name), bits, seals)
            raise explaining(error, explain_create, *about) from None

    # ------------------------------------------------- Files of other processes

    @classmethod
    def from_fd(cls, fd: int, required: Seal = _NO_SEALS) -> Self:
        """Take ownership of a descriptor if its file has the required seals.

        After an error the caller still owns it. For a file from an untrusted process use
        map_verified(), which checks more than the seals.
        """
        file = cls(fd)
        try:
            if required:
                require(fd, seal_bits(required, "required"))
            else:
                raw.get_size(fd)
        except BaseException:
            file.detach()
            raise
        return file

    @classmethod
    def from_pid(
        cls, pid: int, remote_fd: int, required: Seal = _NO_SEALS, flags: int = READ_ONLY
    ) -> Self:
        """Open a file that another process has open, through /proc.

        The new descriptor has its own offset. flags are those of os.open().
        """
        return cls._checked(raw.import_pid(pid, remote_fd, flags), required)

    @classmethod
    def from_pidfd(
        cls, pidfd: FileDescriptorLike, remote_fd: int, required: Seal = _NO_SEALS
    ) -> Self:
        """Duplicate a descriptor of another process; pidfd is from os.pidfd_open().

        This also works for secret files. The offset is shared with the other process.
        """
        return cls._checked(raw.import_pidfd(descriptor_of(pidfd), remote_fd), required)

    @classmethod
    def _checked(cls, fd: int, required: Seal) -> Self:
        """Take ownership of a descriptor, and close it if its file lacks required seals."""
        file = cls(fd)
        try:
            if required:
                require(fd, seal_bits(required, "required"))
        except BaseException:
            file.close()
            raise
        return file

    # -------------------------------------------------------------- Messages

    @classmethod
    def receive(
        cls,
        sock: socket.socket | int,
        required: Seal | None = UNCHANGING,
        *,
        max_size: int | None = None,
        no_holes: bool = False,
    ) -> Self:
        """Receive one file over a Unix socket; the sender need not be trusted.

        The file is checked as in map_verified(), so a mapping of it can be read without a
        fault and, with Seal.WRITE in 'required', never changes. Map it with map_verified():
        without Seal.GROW in 'required', a file of huge pages can grow by a part of one, which
        faults. required=None accepts any file. A refused file is closed. The socket's timeout
        applies. The data of the message is dropped: one byte of a stream, all of a datagram.

        Errors: those of map_verified(); RefusedError EPROTO (no file in the message),
        EMSGSIZE (several files); EOFError (the other end is closed); BlockingIOError.
        """
        file, _ = cls._receive(sock, 0, required, max_size, no_holes, 0)
        if file is None:
            raise RefusedError(errno.EPROTO, "the message has no file")
        return file

    @classmethod
    def receive_message(
        cls,
        sock: socket.socket | int,
        required: Seal | None = UNCHANGING,
        *,
        max_size: int | None = None,
        no_holes: bool = False,
        max_data: int = 1 << 16,
    ) -> tuple[Self | None, bytes]:
        """Receive one file, checked as in receive(), and at most max_data bytes.

        Return the file and the bytes, or None and the bytes if the message has no file. After
        a RefusedError, its 'data' attribute holds the bytes.

        Errors: those of receive(); RefusedError EMSGSIZE also for a datagram of more than
        max_data bytes.
        """
        return cls._receive(sock, 0, required, max_size, no_holes, _length(max_data))

    @classmethod
    def _receive(
        cls,
        sock: socket.socket | int,
        opts: int,
        required: Seal | None,
        max_size: int | None,
        no_holes: bool,
        length: int,
    ) -> tuple[Self | None, bytes]:
        # The arguments are checked first, because the message can be received only once.
        bits = None
        if required is not None:
            bits = _ffi.to_uint32(seal_bits(required, "required")) | Seal.SHRINK
        if max_size is not None:
            max_size = _ffi.to_uint64(max_size)
        fds, data = cls._message(sock, opts, length)
        if not fds:
            return None, data
        file = cls(fds[0])
        try:
            if bits is not None:
                file._verify(raw.verify, bits, max_size, no_holes)
        except BaseException as error:
            file.close()
            if isinstance(error, RefusedError):
                error.data = data
            raise
        return file, data

    @staticmethod
    def _message(sock: socket.socket | int, opts: int, length: int) -> tuple[list[int], bytes]:
        """Receive a message with at most one file."""
        room = raw.MEMFD_GO_FDS_MAX
        try:
            fds, data = waiting(sock, "in", lambda fd: raw.recv_fds(fd, room, length, opts))
        except BrokenPipeError:
            raise EOFError("the other end of the socket is closed") from None
        except OSError as error:
            if error.errno != errno.EMSGSIZE:
                raise
            raise _too_much(
                "the message has too many files, or more for this process than RLIMIT_NOFILE "
                "allows, or more data than max_data",
                getattr(error, "data", b""),
            ) from None
        if len(fds) > 1:
            for fd in fds:
                os.close(fd)
            raise _too_much(f"the message has {len(fds)} files, not one", data)
        return fds, data

    def send(self, sock: socket.socket | int, data: Buffer = b"") -> int:
        """Send the file over a Unix socket, with 'data' in the same message.

        Return the number of bytes sent; on a stream, send the rest with sock.sendall().
        The socket's timeout applies.
        """
        return self._send(sock, 0, data)

    def _send(self, sock: socket.socket | int, opts: int, data: Buffer) -> int:
        fds = [self.fileno()]
        return waiting(sock, "out", lambda fd: raw.send_fds(fd, fds, data, opts))

    # ------------------------------------------------------------------- Map

    def map(
        self,
        length: int | None = None,
        *,
        offset: int = 0,
        writable: bool = False,
        private: bool = False,
        executable: bool = False,
        populate: bool = False,
        past_end: bool = False,
    ) -> Mapping:
        """Map the file, or a part of it, into memory: shared, and read-only by default.

        length      in bytes; None means to the end of the file
        offset      in bytes, a multiple of the page size
        writable    allow writing
        private     copy on write: changes are not written to the file
        executable  allow executing code
        populate    fault in all pages now
        past_end    allow a mapping to extend past the end of the file; otherwise this raises
                    ValueError. Accessing pages past the end kills the process (SIGBUS).
        """
        opts = 0
        if writable:
            opts |= raw.MEMFD_GO_OPT_WRITE
        if private:
            opts |= raw.MEMFD_GO_OPT_PRIVATE
        if executable:
            opts |= raw.MEMFD_GO_OPT_EXEC
        if populate:
            opts |= raw.MEMFD_GO_OPT_POPULATE
        map_part = Mapping._of  # pyright: ignore[reportPrivateUsage]
        return map_part(self.fileno(), opts, offset, length, past_end=past_end)

    def map_ring(
        self,
        length: int | None = None,
        *,
        offset: int = 0,
        writable: bool = True,
        populate: bool = False,
    ) -> Mapping:
        """Map a part of the file twice, back to back, for use as a ring buffer.

        The mapping is 2 * length bytes long, so data that wraps around is contiguous. length
        is a multiple of the page size; None means to the end of the file.
        """
        opts = raw.MEMFD_GO_OPT_WRITE if writable else 0
        if populate:
            opts |= raw.MEMFD_GO_OPT_POPULATE
        map_part = Mapping._ring  # pyright: ignore[reportPrivateUsage]
        return map_part(self.fileno(), opts, offset, length)

    def map_verified(
        self,
        required: Seal = UNCHANGING,
        *,
        max_size: int | None = None,
        no_holes: bool = False,
    ) -> Mapping:
        """Map a whole file from an untrusted process read-only, if it is sealed.

        Whatever the other process does, the mapping can be read without a fault, and with
        Seal.WRITE in 'required' it never changes. Seal.SHRINK is always required. no_holes
        allocates missing pages now, so that reading cannot fail later for lack of memory.

        Errors: MissingSealsError; RefusedError EFBIG (more than max_size bytes), ENODATA
        (the file is empty), EINVAL (the file does not support seals); PermissionError if it
        is not open for reading.
        """
        bits = seal_bits(required, "required") | Seal.SHRINK
        address, length = self._verify(raw.map_verified, bits, max_size, no_holes)
        return Mapping(address, length, length, readonly=True)

    def _verify(
        self,
        function: Callable[[int, int, int, int], T],
        required: int,
        max_size: int | None,
        no_holes: bool,
    ) -> T:
        """Call raw.verify() or raw.map_verified(), and explain a refusal."""
        fd, most = self.fileno(), _ANY_SIZE if max_size is None else max_size
        try:
            return function(fd, required, most, raw.MEMFD_GO_OPT_NO_HOLES if no_holes else 0)
        except OSError as error:
            raise _refusal(error, fd, required, most) from None

    # ------------------------------------------------------------------ Exec

    def exec(
        self,
        args: Iterable[str | bytes],
        env: Dictionary[str, str] | None = None,
        *,
        keep_fd: bool = False,
    ) -> NoReturn:
        """Replace the process with the program in the file, like os.execve().

        args should start with the name of the program. env defaults to os.environ. The file
        needs CreateFlag.EXEC, and must not be open for writing through os.open() or reopen().
        With keep_fd the program inherits the descriptor, which a script ("#!") needs. Exit
        handlers do not run, and buffers are not flushed.
        """
        if isinstance(args, (str, bytes)):
            raise TypeError(f"args must be several strings, not one ({type(args).__name__})")
        args = list(args)
        if not args:
            raise ValueError("args is empty; the first is the name of the program")
        source = os.environ if env is None else env
        sys.audit("os.exec", self.path, args, env)
        variables = [
            os.fsencode(name) + b"=" + os.fsencode(value) for name, value in source.items()
        ]
        opts = raw.MEMFD_GO_OPT_INHERIT_FD if keep_fd else 0
        raw.exec(self.fileno(), args, variables, opts)


def _too_much(text: str, data: bytes) -> RefusedError:
    error = RefusedError(errno.EMSGSIZE, text)
    error.data = data
    return error


def _huge_bits(page: int) -> int:
    try:
        return raw.huge_flags(page)
    except OSError:
        raise ValueError(f"huge_page is {page}, not 0 or a power of two above 1") from None


def _length(max_data: int) -> int:
    if max_data < 1:
        raise ValueError("max_data must be at least 1")
    return max_data


def _nonempty_bits(seals: Seal) -> int:
    if not seals:  # in C, 0 means MEMFD_GO_SEALS_IMMUTABLE
        raise ValueError("seals is empty; use create() for a file without seals")
    return seal_bits(seals, "seals")


def _refusal(error: OSError, fd: int, required: int, max_size: int) -> OSError:
    """Return the exception to raise for an error of raw.verify() or raw.map_verified()."""
    code = error.errno
    if code == errno.EKEYREVOKED:
        return MissingSealsError(Seal.NONE)
    if code == errno.EKEYREJECTED:
        # None is missing any more if the other process has just added them.
        return MissingSealsError(Seal(raw.check_seals(fd, required) or required))
    if code in (errno.EFBIG, errno.ENODATA, errno.EINVAL):
        better = explaining(error, explain_refused, fd, max_size)
        return RefusedError(*better.args)
    return error
