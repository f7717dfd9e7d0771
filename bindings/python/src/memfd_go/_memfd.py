"""Files in memory."""

from __future__ import annotations

import errno
import os

from memfd_go import _ffi, raw
from memfd_go._errors import (
    MissingSealsError,
    RefusedError,
    explain_create,
    explain_refused,
    explaining,
)
from memfd_go._files import File, require
from memfd_go._flags import READ_ONLY, UNCHANGING, CreateFlag, Seal, create_bits, seal_bits
from memfd_go._mapping import Mapping
from memfd_go._sockets import descriptor_of, waiting

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable
    from collections.abc import Mapping as Dictionary
    from typing import NoReturn

    from _typeshed import FileDescriptorLike
    from typing_extensions import Buffer, Self

_DEFAULT, _NO_SEALS = CreateFlag.DEFAULT, Seal.NONE
_DEFAULT_BITS = int(_DEFAULT)
_ANY_SIZE = (1 << 63) - 1  # of a file


class MemFd(File):
    """A file in memory: a descriptor that is closed with the object.

    create(), sealed() and clone() make a new file; receive(), from_fd(), from_pid() and
    from_pidfd() take one that somebody else made. It is closed by close(), at the end of a
    "with" block, or with a ResourceWarning when it is forgotten.

    As an argument or result of multiprocessing, concurrent.futures and joblib it arrives in
    the other process as a file with a descriptor of its own. Where it may be closed before
    multiprocessing pickles it, as at the end of a "with" block, hand over share().
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
    ) -> Self:
        """Create a file of 'size' zeros, open for reading and writing.

        name    what /proc shows after "memfd:", at most 249 bytes; it need not be unique
        mode    permissions such as 0o600; 0 means 0o666, or 0o777 with CreateFlag.EXEC
        seals   to add at the end
        strict  fail where the kernel (before Linux 6.3) does not have NOEXEC_SEAL and EXEC,
                rather than emulate them by the mode
        """
        bits = _DEFAULT_BITS  # flags compute slowly
        try:
            if flags is _DEFAULT and seals is _NO_SEALS and not (size or mode or strict):
                return cls(raw.create_with(name, None))
            bits = create_bits(flags)
            args = raw.CreateArgs(
                flags=bits,
                opts=raw.MEMFD_GO_OPT_STRICT_NOEXEC if strict else 0,
                seals=seal_bits(seals, "seals"),
                size=size,
                mode=mode,
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
        """Create a file with a copy of some bytes, and seal it. Its offset is 0.

        data may be any contiguous buffer; the kernel makes the only copy.
        """
        bits = _DEFAULT_BITS if flags is _DEFAULT else create_bits(flags)
        try:
            return cls(raw.create_sealed(name, bits, _some(seals), data))
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
        """Create a sealed copy of a file, from its first byte to its last.

        source is read by descriptor, at no offset of its own: what a Python file object
        still buffers is not copied. A source that is written to meanwhile gives a mixture.

        Errors: OSError EFBIG if it has more than max_size bytes; EAGAIN if its size changes.
        """
        bits = _DEFAULT_BITS if flags is _DEFAULT else create_bits(flags)
        fd, most = descriptor_of(source), _ANY_SIZE if max_size is None else max_size
        try:
            return cls(raw.clone(name, bits, _some(seals), fd, most))
        except OSError as error:
            if error.errno == errno.EFBIG and raw.get_size(fd) > most:
                raise explaining(error, explain_refused, fd, most) from None
            about = (_ffi.to_text(name), bits, seals)
            raise explaining(error, explain_create, *about) from None

    # --------------------------------------------------- Take from elsewhere

    @classmethod
    def from_fd(cls, fd: int, required: Seal = _NO_SEALS) -> Self:
        """Own a descriptor that came from elsewhere, if the file has the required seals.

        After an error it stays the caller's. Of a file from somebody who is not trusted,
        map_verified() asks for more.
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

        The descriptor has an offset of its own. flags are those of os.open().
        """
        return cls._checked(raw.import_pid(pid, remote_fd, flags), required)

    @classmethod
    def from_pidfd(
        cls, pidfd: FileDescriptorLike, remote_fd: int, required: Seal = _NO_SEALS
    ) -> Self:
        """Duplicate a descriptor of another process, given os.pidfd_open() of it.

        Secret files can be had that way, too. The offset is shared with the process.
        """
        return cls._checked(raw.import_pidfd(descriptor_of(pidfd), remote_fd), required)

    @classmethod
    def _checked(cls, fd: int, required: Seal) -> Self:
        """Own a descriptor, which is closed if it does not have the seals."""
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
    ) -> Self:
        """Receive one file over a Unix socket, from somebody who need not be trusted.

        The file is checked as by map_verified(), so that a mapping of it can be read
        without fault and, with Seal.WRITE among 'required', never changes. required=None
        takes any file unseen. A file that is refused is closed. The socket's timeout counts.
        Bytes of the message are dropped: one of a stream, all of a datagram.

        Errors: MissingSealsError; EOFError if the other side has closed; BlockingIOError;
        OSError EPROTO (a message without a file), EMSGSIZE (with several), EFBIG (a file of
        more than max_size bytes), ENODATA (an empty one), EINVAL (one that takes no seals).
        """
        file, _ = cls._receive(sock, required, max_size, 0)
        if file is None:
            raise OSError(errno.EPROTO, "the message has no file")
        return file

    @classmethod
    def receive_message(
        cls,
        sock: socket.socket | int,
        required: Seal | None = UNCHANGING,
        *,
        max_size: int | None = None,
        max_data: int = 1 << 16,
    ) -> tuple[Self | None, bytes]:
        """Receive a message: one file, checked as by receive(), and at most max_data bytes.

        The file is None if the message has none. If it is refused, the error is a
        RefusedError, whose 'data' are the bytes.
        """
        if max_data < 1:
            raise ValueError("max_data must be at least 1")
        return cls._receive(sock, required, max_size, max_data)

    @classmethod
    def _receive(
        cls, sock: socket.socket | int, required: Seal | None, max_size: int | None, length: int
    ) -> tuple[Self | None, bytes]:
        bits = None if required is None else seal_bits(required, "required") | Seal.SHRINK
        try:
            fds, data = waiting(sock, "in", lambda fd: raw.recv_fds(fd, 1, length))
        except BrokenPipeError:
            raise EOFError("the other side has closed") from None
        if not fds:
            return None, data
        file = cls(fds[0])
        try:
            if bits is not None:
                file._verify(bits, _ANY_SIZE if max_size is None else max_size)
        except BaseException as error:
            file.close()
            if isinstance(error, RefusedError):
                error.data = data
            raise
        return file, data

    def _verify(self, required: int, max_size: int) -> None:
        """Raise RefusedError unless the file is what map_verified() would map."""
        self._map_verified(required, max_size).close()

    def send(self, sock: socket.socket | int, data: Buffer = b"") -> int:
        """Send the file over a Unix socket, with some bytes in the same message.

        Returns the number of bytes sent; on a stream, send the rest by sock.sendall().
        The socket's timeout counts.
        """
        fds = [self.fileno()]
        return waiting(sock, "out", lambda fd: raw.send_fds(fd, fds, data))

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
        private     stores stay in this process (copy on write)
        executable  code in it can run
        populate    fault in all pages now
        past_end    allow a mapping beyond the end of the file, which is else a ValueError.
                    Touching what the file does not have kills the process (SIGBUS).
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
        return Mapping._of(self.fileno(), opts, offset, length, past_end=past_end)  # pyright: ignore[reportPrivateUsage]

    def map_verified(
        self, required: Seal = UNCHANGING, *, max_size: int | None = None
    ) -> Mapping:
        """Map a file from somebody who is not trusted, whole and read-only, if it is sealed.

        Whatever the other side does, the mapping can be read without fault, and with
        Seal.WRITE among 'required' it never changes. Seal.SHRINK is always required.

        Errors: MissingSealsError; RefusedError EFBIG (more than max_size bytes), ENODATA
        (empty), EINVAL (takes no seals); PermissionError if it is not open for reading.
        """
        bits = seal_bits(required, "required") | Seal.SHRINK
        return self._map_verified(bits, _ANY_SIZE if max_size is None else max_size)

    def _map_verified(self, required: int, max_size: int) -> Mapping:
        fd = self.fileno()
        try:
            address, length = raw.map_verified(fd, required, max_size)
        except OSError as error:
            raise _refusal(error, fd, required, max_size) from None
        return Mapping(address, length, length, readonly=True)

    # ------------------------------------------------------------------ Exec

    def exec(
        self,
        args: Iterable[str | bytes],
        env: Dictionary[str, str] | None = None,
        *,
        keep_fd: bool = False,
    ) -> NoReturn:
        """Replace the process by the program in the file, like os.execve().

        The file needs CreateFlag.EXEC, and must not be open for writing by os.open() or
        reopen(). keep_fd lets the program inherit the descriptor, which a script ("#!")
        needs. Nothing is flushed.
        """
        source = os.environ if env is None else env
        variables = [
            os.fsencode(name) + b"=" + os.fsencode(value) for name, value in source.items()
        ]
        opts = raw.MEMFD_GO_OPT_INHERIT_FD if keep_fd else 0
        raw.exec(self.fileno(), args, variables, opts)


def _some(seals: Seal) -> int:
    if not seals:  # to C this is "immutable"; to a reader of the call it is not
        raise ValueError("no seals given")
    return seal_bits(seals, "seals")


def _refusal(error: OSError, fd: int, required: int, max_size: int) -> OSError:
    """What to raise instead of an error of verification."""
    code = error.errno
    if code == errno.EKEYREVOKED:
        return MissingSealsError(Seal.NONE)
    if code == errno.EKEYREJECTED:
        return MissingSealsError(Seal(raw.check_seals(fd, required)))
    if code in (errno.EFBIG, errno.ENODATA, errno.EINVAL):
        better = explaining(error, explain_refused, fd, max_size)
        return RefusedError(*better.args)
    return error
