"""Files in memory."""

from __future__ import annotations

import os
import sys

from memfd_go import raw
from memfd_go._descriptor import Descriptor
from memfd_go._errors import MissingSealsError
from memfd_go._flags import CreateFlag, Seal
from memfd_go._mapping import Mapping
from memfd_go._records import Info
from memfd_go._sockets import descriptor_of, patiently

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable
    from collections.abc import Mapping as Dictionary
    from typing import Any, NoReturn, SupportsIndex

    from _typeshed import FileDescriptorLike
    from typing_extensions import Buffer, Self

# Plain integers: create() is measured against os.memfd_create(), and flags compute slowly.
_SEALABLE = int(CreateFlag.CLOEXEC | CreateFlag.ALLOW_SEALING)
_EXECUTABILITY = int(CreateFlag.NOEXEC_SEAL | CreateFlag.EXEC)

_UNCHANGING = Seal.WRITE | Seal.SHRINK
_ANY_SIZE = (1 << 63) - 1  # of a file


class MemFd(Descriptor):
    """A file in memory, that is: its descriptor, closed with the object.

    create(), sealed() and clone() make a new one; receive(), from_fd(), from_pid() and
    from_pidfd() take one that somebody else made. It closes by close() or at the end of a
    "with" block; one that is forgotten is closed with a ResourceWarning. What takes an object
    with fileno(), such as fcntl, select, mmap and os.sendfile(), takes it.

    Every method is safe to call from several threads, but for close() and detach() while
    another still uses the descriptor; and after fork(): the child has its own descriptor of
    the same file. A closed file is a ValueError.

    It goes through multiprocessing and concurrent.futures, as an argument or a result, however
    processes are started: the other process gets a descriptor of its own. Elsewhere it cannot
    be pickled, nor copied.

    >>> with MemFd.create("example") as file:
    ...     written = os.write(file.fileno(), b"hello")
    ...     file.seal(Seal.IMMUTABLE)
    ...     print(file.size, Seal.WRITE in file.seals)
    5 True
    """

    __slots__ = ()

    # ------------------------------------------------------------------- Create

    @classmethod
    def create(
        cls,
        name: str | bytes = "",
        flags: int = _SEALABLE,
        *,
        size: int = 0,
        mode: int = 0,
        seals: int = 0,
        strict: bool = False,
    ) -> Self:
        """Create a file, empty or of zeros, open for reading and writing.

        name    what /proc/PID/fd shows behind "memfd:", at most 249 bytes without a NUL. Text
                is encoded like a file name. Names need not differ.
        flags   CreateFlag bits; by default it closes on exec and takes seals
        size    in bytes, 0 to 2**63 - 1
        mode    permissions such as 0o600, up to 0o777; 0: as the kernel makes them
        seals   Seal bits to set in the end; they imply ALLOW_SEALING
        strict  NOEXEC_SEAL and EXEC work before Linux 6.3 too: mode bits take their place, and
                Seal.EXEC is then missing. This asks for an error instead.

        Errors: OSError EINVAL (unknown or contradictory flags, seals or mode, a name too long),
        EACCES (vm.memfd_noexec is 2), EOPNOTSUPP (strict, and the kernel is too old), EMFILE,
        ENFILE, ENODEV, ENOENT, ENOSYS (HUGETLB is not there), ENOMEM, and those of set_size();
        ValueError (an embedded NUL); OverflowError. Safe: threads, fork.
        Source: memfd_create(2), fchmod(2).

        >>> with MemFd.create("example", size=4096, seals=Seal.GROW | Seal.SHRINK) as file:
        ...     os.readlink(f"/proc/self/fd/{file.fileno()}"), Seal.GROW in file.seals
        ('/memfd:example (deleted)', True)
        """
        if not (size or mode or seals or strict or flags & _EXECUTABILITY):
            return cls(raw.create(name, flags))
        args = raw.CreateArgs(
            mfd_flags=flags,
            opts=raw.MEMFD_GO_OPT_STRICT_NOEXEC if strict else 0,
            seals=seals,
            size=size,
            mode=mode,
        )
        return cls(raw.create_with(name, args))

    @classmethod
    def sealed(
        cls,
        name: str | bytes,
        data: Buffer,
        seals: int = Seal.IMMUTABLE,
        flags: int = _SEALABLE,
    ) -> Self:
        """Create a file that holds a copy of some bytes, and seal it.

        name, flags  like create(); ALLOW_SEALING is implied
        data         any contiguous buffer: bytes, bytearray, memoryview, array, mmap, a numpy
                     array. The kernel copies from it, nobody else does.
        seals        Seal bits, one at least

        The file's offset is 0.

        Errors: like create(), and OSError EINVAL (unknown seals), EFBIG (over RLIMIT_FSIZE),
        ENOSPC, ENOMEM; BufferError or ValueError (data is not contiguous); TypeError (data is
        no buffer). Safe: threads, fork. Source: memfd_create(2), F_ADD_SEALS(2const).

        >>> with MemFd.sealed("example", b"hello") as file:
        ...     os.write(file.fileno(), b"x")
        Traceback (most recent call last):
        PermissionError: [Errno 1] Operation not permitted
        """
        _some(seals)
        return cls(raw.create_sealed(name, flags, seals, data))

    @classmethod
    def clone(
        cls,
        name: str | bytes,
        source: FileDescriptorLike,
        seals: int = Seal.IMMUTABLE,
        flags: int = _SEALABLE,
        *,
        max_size: int = _ANY_SIZE,
    ) -> Self:
        """Create a sealed copy of a regular file, from its first byte to its last.

        name, seals, flags  like sealed()
        source              a descriptor open for reading, or what has fileno(). Its offset is
                            neither used nor moved; what a Python file object still buffers is
                            not in the file.
        max_size            the largest size to copy, in bytes

        A source that is written to meanwhile gives a mixture of old and new, unless its size
        changes. The file's offset is 0.

        Errors: like sealed(), and OSError EFBIG (longer than max_size), EAGAIN (the size
        changed meanwhile, or is not what it claims, as in /proc), EINVAL (not a regular file),
        ESPIPE (a secret file), EBADF (not open for reading), EIO. Safe: threads, fork.
        Source: sendfile(2).

        >>> with open("/bin/true", "rb") as program, MemFd.clone("true", program) as file:
        ...     file.size == os.fstat(program.fileno()).st_size
        True
        """
        _some(seals)
        return cls(raw.clone(name, flags, seals, descriptor_of(source), max_size))

    # ------------------------------------------------------- Take from elsewhere

    @classmethod
    def from_fd(cls, fd: int, required: int = 0) -> Self:
        """Own a descriptor that came from elsewhere.

        fd        an open descriptor. From now on the object closes it; on an error it stays
                  the caller's.
        required  Seal bits that the file must have. Without any the file need not be one that
                  takes seals. Of a file from somebody who is not trusted, map_verified() asks
                  for more than that.

        Errors: MissingSealsError; OSError EBADF (not open, or O_PATH), EINVAL (a file that
        takes no seals); OverflowError. Safe: threads, fork. Source: F_GET_SEALS(2const).

        >>> fd = raw.create_sealed("example", CreateFlag.CLOEXEC, 0, b"hello")
        >>> with MemFd.from_fd(fd, Seal.WRITE | Seal.SHRINK) as file:
        ...     file.size
        5
        """
        if required:
            _require(fd, required)
        else:
            raw.get_size(fd)
        return cls(fd)

    @classmethod
    def from_pid(
        cls, pid: int, remote_fd: int, required: int = 0, flags: int = os.O_RDONLY
    ) -> Self:
        """Open a file that another process has open, through /proc/PID/fd.

        pid        the process's number as seen from here, more than 0
        remote_fd  its descriptor, 0 or more
        required   Seal bits that the file must have, like from_fd()
        flags      of os.open(). O_CLOEXEC is always added.

        The descriptor has an offset of its own.

        Errors: MissingSealsError; OSError ENOENT (no such process or descriptor, or no /proc),
        EACCES (no right to it), EINVAL (out of range; a file that takes no seals), ENXIO (a
        secret file, a socket), EMFILE, ENFILE, ENOMEM; OverflowError. Safe: threads, fork.
        Source: proc_pid_fd(5), ptrace(2).

        >>> with MemFd.sealed("example", b"hello") as file:
        ...     with MemFd.from_pid(os.getpid(), file.fileno(), Seal.WRITE) as other:
        ...         other.size
        5
        """
        return cls._checked(raw.import_pid(pid, remote_fd, flags), required)

    @classmethod
    def from_pidfd(cls, pidfd: FileDescriptorLike, remote_fd: int, required: int = 0) -> Self:
        """Duplicate a descriptor of another process. Secret files can be had that way, too.

        pidfd      from os.pidfd_open(), or what has fileno()
        remote_fd  the process's descriptor
        required   Seal bits that the file must have, like from_fd()

        The descriptor is close-on-exec, and shares its offset with the process's.

        Errors: MissingSealsError; OSError EBADF (pidfd is none, or there is no such
        descriptor), EPERM (no right to it), ESRCH (the process has ended), EINVAL (a file that
        takes no seals), ENOSYS (before Linux 5.6), EMFILE; OverflowError. Safe: threads, fork.
        Source: pidfd_getfd(2).

        >>> with MemFd.sealed("example", b"hello") as file:
        ...     process = os.pidfd_open(os.getpid())
        ...     with MemFd.from_pidfd(process, file.fileno()) as other:
        ...         os.path.sameopenfile(other.fileno(), file.fileno())
        ...     os.close(process)
        True
        """
        return cls._checked(raw.import_pidfd(descriptor_of(pidfd), remote_fd), required)

    @classmethod
    def receive(
        cls,
        sock: socket.socket | int,
        required: int | None = _UNCHANGING,
        *,
        max_size: int = _ANY_SIZE,
    ) -> Self:
        """Receive one file over a Unix socket, from somebody who need not be trusted.

        sock      a socket, whose timeout counts, or its descriptor
        required  Seal bits that the file must have; Seal.SHRINK it must have in any case. What
                  map_verified() asks for is asked for too, so that a mapping can be read
                  without fault, and with Seal.WRITE never changes. None: take any file, of
                  whatever size, unseen.
        max_size  the largest size to accept, in bytes

        One byte of the message is dropped, of a datagram all of it; memfd_go.raw.recv_fds()
        returns bytes, too. What is refused is closed. The descriptor is close-on-exec; the
        sender may move its offset.

        Errors: MissingSealsError; EOFError (the other side has closed); OSError EPROTO (a
        message without a file), EMSGSIZE (more than one), EFBIG (longer than max_size), ENODATA
        (an empty file), EINVAL (a file that takes no seals; not connected), EACCES (not open
        for reading), EBADF, ENOTSOCK, ENOTCONN, ECONNRESET; BlockingIOError (a socket that does
        not block, and no message yet); TimeoutError; OverflowError. Safe: threads, fork.
        Source: unix(7), recvmsg(2), F_GET_SEALS(2const).

        >>> import socket
        >>> a, b = socket.socketpair()
        >>> with a, b, MemFd.sealed("example", b"hello") as file:
        ...     sent = file.send(a)
        ...     with MemFd.receive(b, max_size=100) as received, received.map() as mapping:
        ...         bytes(mapping)
        b'hello'
        """
        if required is None:
            fds, _ = patiently(sock, "in", lambda fd: raw.recv_fds(fd, 1, 0))
            if not fds:
                raise EOFError("the other side has closed")
            return cls(fds[0])
        # To C, 0 is what is the default here; SHRINK is what it adds to anything.
        bits = required or Seal.SHRINK
        try:
            return cls(patiently(sock, "in", lambda fd: raw.recv_verified(fd, bits, max_size)))
        except BrokenPipeError:
            raise EOFError("the other side has closed") from None
        except OSError as error:
            raise _better(error) from None

    @classmethod
    def _checked(cls, fd: int, required: int) -> Self:
        """Own a descriptor that is closed if it does not have the seals."""
        file = cls(fd)
        try:
            if required:
                _require(fd, required)
        except BaseException:
            file.close()
            raise
        return file

    # ------------------------------------------------------------------ Hand on

    def send(self, sock: socket.socket | int, data: Buffer = b"") -> int:
        """Send the file over a Unix socket: the other side gets a descriptor of its own.

        sock  a socket, whose timeout counts, or its descriptor. Internet sockets drop files.
        data  any contiguous buffer, to be sent in the same message; of nothing, one zero byte

        Returns the number of bytes of 'data' sent, which on a stream may be less than all. The
        file went with the first of them.

        Errors: OSError EPIPE, ECONNREFUSED, ECONNRESET, ENOTCONN (nobody is there), EMSGSIZE (a
        datagram too long), ENOTSOCK, EBADF, ETOOMANYREFS (too many files are under way);
        BlockingIOError (a socket that does not block, and no room); TimeoutError; BufferError
        or ValueError (data is not contiguous); ValueError (closed). Safe: threads, fork.
        Source: unix(7), sendmsg(2).

        >>> import socket
        >>> a, b = socket.socketpair()
        >>> with a, b, MemFd.sealed("example", b"hello") as file:
        ...     file.send(a, b"a file")
        ...     fds, data = raw.recv_fds(b.fileno(), 1, 100)
        ...     MemFd.from_fd(fds[0], Seal.WRITE).close()
        6
        >>> data
        b'a file'
        """
        fds = [self.fileno()]
        return patiently(sock, "out", lambda fd: raw.send_fds(fd, fds, data))

    def reopen(self, flags: int = os.O_RDONLY) -> Self:
        """Open the file once more, through /proc: with an offset and an access of its own.

        flags  of os.open(). O_CLOEXEC is always added.

        A descriptor for reading only is no protection: whoever has it may reopen it for
        writing, as far as the file's mode goes. Seals are.

        Errors: OSError ENOENT (no /proc), EACCES, ENXIO (a secret file), EMFILE, ENFILE,
        ENOMEM, and what else open(2) gives; ValueError (closed); OverflowError.
        Safe: threads, fork. Source: open(2), proc_pid_fd(5).

        >>> with MemFd.sealed("example", b"hello") as file, file.reopen() as reader:
        ...     os.read(reader.fileno(), 2), os.read(file.fileno(), 5)
        (b'he', b'hello')
        """
        return type(self)(raw.reopen(self.fileno(), flags))

    def exec(
        self,
        args: Iterable[str | bytes],
        env: Dictionary[str, str] | None = None,
        *,
        keep_fd: bool = False,
    ) -> NoReturn:
        """Replace the process by the program in the file, like os.execve().

        args     arguments, of which the first is the program's name
        env      environment; None: that of this process
        keep_fd  let the program inherit the descriptor, which a script ("#!") needs

        The file must not be open for writing by os.open() or reopen(). What Python does at its
        end is not done: flush what has to be.

        Errors: OSError EACCES (not executable), ENOENT (a script without keep_fd, or without
        its interpreter), ENOEXEC (no program for this machine), ETXTBSY (open for writing),
        E2BIG (too many arguments), and what else execve(2) gives; ValueError (an embedded NUL;
        closed). Safe: fork; other threads end. Source: execveat(2), execve(2).

        >>> with MemFd.create("example", CreateFlag.CLOEXEC | CreateFlag.NOEXEC_SEAL) as file:
        ...     try:
        ...         file.exec(["example"])
        ...     except PermissionError as error:
        ...         error.filename
        'EACCES'
        """
        source = os.environ if env is None else env
        variables = [
            os.fsencode(name) + b"=" + os.fsencode(value) for name, value in source.items()
        ]
        opts = raw.MEMFD_GO_OPT_KEEP_FD if keep_fd else 0
        raw.exec(self.fileno(), args, variables, opts)

    def __reduce_ex__(self, protocol: SupportsIndex, /) -> tuple[Any, ...]:
        # A descriptor's number means nothing in another process. multiprocessing can pass the
        # descriptor itself, but importing it to say so would take longer than all the rest of
        # the package. Who pickles is the caller: its pickler, in C, has no frame.
        caller = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]
        if caller.f_globals.get("__name__") != "multiprocessing.reduction":
            raise TypeError(f"cannot pickle {type(self).__name__!r} object")
        from memfd_go._multiprocessing import passing

        return passing(self)

    # --------------------------------------------------------------- Inspection

    @property
    def info(self) -> Info:
        """What the descriptor is: kind, seals, size, access, name. See Info.

        Of a file that others hold too and that is not sealed, it may be outdated at once; kind
        and access do not change.

        Errors: OSError EMFILE, ENFILE, ENOMEM (nothing left to compare with); ValueError
        (closed). Safe: threads, fork. Source: statx(2), statfs(2), F_GETFL(2const),
        proc_pid_fd(5).

        >>> with MemFd.sealed("example", b"hello") as file:
        ...     file.info.name, file.info.size, str(file.info.kind), str(file.info.access)
        ('example', 5, 'MEMFD', 'READ WRITE')
        """
        return Info.of(self.fileno())

    # -------------------------------------------------------------------- Seals

    @property
    def seals(self) -> Seal:
        """The seals of the file.

        A kernel from 6.3 on may set Seal.EXEC unasked: test bits, never compare.

        Errors: OSError EINVAL (a file that takes no seals, such as a secret one); ValueError
        (closed). Safe: threads, fork. Source: F_GET_SEALS(2const).

        >>> with MemFd.sealed("example", b"hello") as file:
        ...     print(file.seals & Seal.IMMUTABLE)
        SEAL GROW WRITE SHRINK
        """
        return Seal(raw.get_seals(self.fileno()))

    def seal(self, seals: int = Seal.IMMUTABLE) -> None:
        """Add seals, all or none, to a file that can be sealed further.

        seals  Seal bits; those that are set already may be named

        Errors: OSError EPERM (Seal.SEAL is set, or the file is not open for writing), EINVAL
        (unknown seals, or a file that takes none), EBUSY (Seal.WRITE, and a shared mapping
        could still be written to, here or in a child); OverflowError; ValueError (closed).
        Safe: threads, fork. Source: F_ADD_SEALS(2const).

        >>> with MemFd.create("example") as file:
        ...     file.seal(Seal.GROW | Seal.SHRINK)
        ...     file.set_size(1)
        Traceback (most recent call last):
        PermissionError: [Errno 1] Operation not permitted: 'EPERM'
        """
        raw.add_seals(self.fileno(), seals)

    def freeze(self) -> None:
        """Make the file immutable: neither size nor contents can change any more.

        It succeeds as well if that was so already, unlike seal().

        Errors: like seal(). Safe: threads, fork. Source: F_ADD_SEALS(2const).

        >>> with MemFd.create("example") as file:
        ...     file.freeze()
        ...     file.freeze()
        ...     Seal.IMMUTABLE in file.seals
        True
        """
        raw.ensure_seals(self.fileno(), Seal.IMMUTABLE)

    def ensure(self, seals: int) -> None:
        """Make sure that seals are set, adding only those that are missing.

        Where none is missing it succeeds, whether or not the file can be sealed further.

        Errors: like seal(). Safe: threads, fork. Source: F_ADD_SEALS(2const).

        >>> with MemFd.sealed("example", b"hello") as file:
        ...     file.ensure(Seal.WRITE)
        """
        raw.ensure_seals(self.fileno(), seals)

    def check(self, required: int) -> None:
        """Raise MissingSealsError unless all of 'required' are set.

        Seal.FUTURE_WRITE does not count as Seal.WRITE, nor the reverse.

        Errors: MissingSealsError; OSError EINVAL (a file that takes no seals);
        OverflowError; ValueError (closed). Safe: threads, fork. Source: F_GET_SEALS(2const).

        >>> with MemFd.create("example") as file:
        ...     try:
        ...         file.check(Seal.WRITE)
        ...     except MissingSealsError as error:
        ...         error.missing
        <Seal: WRITE>
        """
        _require(self.fileno(), required)

    # ---------------------------------------------------------------------- Map

    def map(
        self,
        length: int | None = None,
        *,
        offset: int = 0,
        writable: bool = False,
        private: bool = False,
        executable: bool = False,
        populate: bool = False,
    ) -> Mapping:
        """Map a part of the file into memory, shared and read-only unless asked otherwise.

        length      in bytes, more than 0; None: up to the end of the file
        offset      in bytes, a multiple of the page size (of a file of huge pages: its own)
        writable    stores are possible too
        private     stores stay in this process (copy on write)
        executable  code can run in it
        populate    fault all pages in now

        Errors: OSError EINVAL (length is 0, also because the file is empty; offset is not a
        multiple; private, and the file is secret), EPERM (writable, and the file is sealed
        against it), EACCES (not open for it), EOVERFLOW (offset + length over 2**63 - 1),
        EAGAIN (a secret file over RLIMIT_MEMLOCK), ENODEV, ENOMEM; OverflowError; ValueError
        (closed). Safe: threads, fork. Source: mmap(2).

        >>> with MemFd.create("example", size=5) as file:
        ...     with file.map(writable=True) as mapping:
        ...         mapping[:] = b"hello"
        ...     os.pread(file.fileno(), 5, 0)
        b'hello'
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
        if length is None:
            length = max(self.size - offset, 0)
        return Mapping.of(self.fileno(), opts, offset, length)

    def map_verified(
        self, required: int = _UNCHANGING, *, max_size: int = _ANY_SIZE
    ) -> Mapping:
        """Map a file from somebody who is not trusted, whole and read-only, if it is sealed.

        Whatever the other side does, before, during or after the call, the mapping can be read
        without fault, and with Seal.WRITE among 'required' it never changes.

        required  Seal bits that must be set; Seal.SHRINK must be in any case
        max_size  the largest size to accept, in bytes

        Errors: MissingSealsError (also if the seals prove nothing: with Seal.EXEC on a file
        that can be executed, or with huge pages that could be taken out); OSError ENODATA (an
        empty file), EFBIG (longer than max_size), EINVAL (a file that takes no seals), EACCES
        (not open for reading), EOVERFLOW, ENOMEM; ValueError (closed); OverflowError.
        Safe: threads, fork. Source: F_GET_SEALS(2const), mmap(2).

        >>> with MemFd.create("example", size=5) as file:
        ...     file.map_verified()
        Traceback (most recent call last):
        memfd_go.MissingSealsError: [Errno 129] missing seals: WRITE SHRINK: 'EKEYREJECTED'
        """
        fd = self.fileno()
        bits = required or Seal.SHRINK  # to C, 0 is what is the default here
        try:
            address, length = raw.map_verified(fd, bits, max_size)
        except OSError as error:
            raise _better(error, fd, bits | Seal.SHRINK) from None
        return Mapping(address, length, length, readonly=True)


def _some(seals: int) -> None:
    if not seals:  # to C this is "immutable"; to a reader of the call it is not
        raise ValueError("no seals given")


def _require(fd: int, required: int) -> None:
    missing = raw.check_seals(fd, required)
    if missing:
        raise MissingSealsError(Seal(missing))


def _better(error: OSError, fd: int = -1, required: int = 0) -> OSError:
    """The error to raise instead: one that says which seals are missing, if that is it."""
    if error.filename != "EKEYREJECTED":
        return error
    missing = raw.check_seals(fd, required) if required else 0
    return MissingSealsError(Seal(missing))
