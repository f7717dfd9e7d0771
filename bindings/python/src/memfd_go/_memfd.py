"""Files in memory."""

from __future__ import annotations

import os
import warnings

from memfd_go import raw
from memfd_go._errors import MissingSealsError
from memfd_go._flags import CreateFlag, Seal
from memfd_go._mapping import Mapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import IO, Any, NoReturn

    from typing_extensions import Buffer, Self

_SEALABLE = CreateFlag.CLOEXEC | CreateFlag.ALLOW_SEALING


class MemFd:
    """A file in memory, that is: its descriptor, closed with the object.

    create(), sealed() and from_fd() make one; so does memfd_go.secret(). It closes by
    close() or at the end of a "with" block; one that is forgotten is closed with a
    ResourceWarning. What takes an object with fileno(), such as fcntl and select, takes it.

    Every method is safe to call from several threads, but for close() and detach() while
    another still uses the descriptor; and after fork(): the child has its own descriptor of
    the same file. A closed file is a ValueError.

    >>> with MemFd.create("example") as file:
    ...     written = os.write(file.fileno(), b"hello")
    ...     file.seal(Seal.IMMUTABLE)
    ...     print(file.size, Seal.WRITE in file.seals)
    5 True
    """

    __slots__ = ("__weakref__", "_fd")

    def __init__(self, fd: int) -> None:
        """Own a descriptor, without any check. See from_fd()."""
        self._fd = fd

    # ------------------------------------------------------------------- Create

    @classmethod
    def create(cls, name: str | bytes = "", flags: int = _SEALABLE, *, size: int = 0) -> Self:
        """Create a file, empty or of zeros, open for reading and writing.

        name   what /proc/PID/fd shows behind "memfd:", at most 249 bytes without a NUL. Text
               is encoded like a file name. Names need not differ.
        flags  CreateFlag bits; by default it closes on exec and takes seals
        size   in bytes, 0 to 2**63 - 1

        Errors: OSError EINVAL (unknown or contradictory flags, a name too long, NOEXEC_SEAL
        or EXEC before Linux 6.3), EACCES (vm.memfd_noexec is 2), EMFILE, ENFILE, ENODEV,
        ENOENT, ENOSYS (HUGETLB is not there), ENOMEM, and those of set_size(); ValueError (an
        embedded NUL); OverflowError. Safe: threads, fork. Source: memfd_create(2).

        >>> with MemFd.create("example", size=4096) as file:
        ...     os.readlink(f"/proc/self/fd/{file.fileno()}")
        '/memfd:example (deleted)'
        """
        file = cls(raw.create(name, flags))
        if size:
            try:
                file.set_size(size)
            except BaseException:
                file.close()
                raise
        return file

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
        if not seals:  # to C this is "immutable"; to a reader of the call it is not
            raise ValueError("no seals given")
        return cls(raw.create_sealed(name, flags, seals, data))

    @classmethod
    def from_fd(cls, fd: int, required: int = 0) -> Self:
        """Own a descriptor that came from elsewhere.

        fd        an open descriptor. From now on the object closes it; on an error it stays
                  the caller's.
        required  Seal bits that the file must have. Without any the file need not be one that
                  takes seals.

        Errors: OSError EBADF (not open, or O_PATH), EINVAL (a file that takes no seals);
        MissingSealsError; OverflowError. Safe: threads, fork. Source: F_GET_SEALS(2const).

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

    # --------------------------------------------------------------- Descriptor

    @property
    def closed(self) -> bool:
        """Whether the object has given up its descriptor, by close() or detach().

        Errors: none. Safe: threads, fork.

        >>> file = MemFd.create("example")
        >>> file.closed, file.close(), file.closed
        (False, None, True)
        """
        return self._fd < 0

    def fileno(self) -> int:
        """The descriptor, which stays the object's.

        Errors: ValueError (closed). Safe: threads, fork.

        >>> with MemFd.create("example") as file:
        ...     os.get_inheritable(file.fileno())
        False
        """
        if self._fd < 0:
            raise ValueError("the file is closed")
        return self._fd

    def detach(self) -> int:
        """Give up the descriptor, and return it. The caller closes it.

        Errors: ValueError (closed). Safe: fork. Threads: see the class.

        >>> os.close(MemFd.create("example").detach())
        """
        fd = self.fileno()
        self._fd = -1
        return fd

    def close(self) -> None:
        """Close the descriptor. Doing so again is harmless; mappings stay.

        Errors: none of interest. Safe: fork. Threads: see the class. Source: close(2).

        >>> file = MemFd.create("example")
        >>> file.close()
        >>> file.close()
        """
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def open(
        self,
        mode: str = "rb",
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
    ) -> IO[Any]:
        """Make a Python file object on a duplicate of the descriptor.

        The parameters are those of the built-in function. The two share their offset, and
        close on their own. "w" does not empty the file.

        Errors: OSError EMFILE; ValueError (closed; a mode that open() does not know).
        Safe: threads, fork. Source: dup(2).

        >>> with MemFd.create("example") as file:
        ...     with file.open("w", encoding="utf-8") as text:
        ...         print("hello", file=text)
        ...     file.size
        6
        """
        # An opener, because open() closes a descriptor it was given on some errors only.
        return open(
            repr(self),
            mode,
            buffering,
            encoding,
            errors,
            newline,
            opener=lambda _name, _flags: os.dup(self.fileno()),
        )

    # --------------------------------------------------------------------- Size

    @property
    def size(self) -> int:
        """The size of the file in bytes.

        Errors: OSError ENOSYS (before Linux 4.11); ValueError (closed). Safe: threads, fork.
        Source: statx(2).

        >>> with MemFd.sealed("example", b"hello") as file:
        ...     file.size
        5
        """
        return raw.get_size(self.fileno())

    def set_size(self, size: int, *, reserve: bool = False) -> None:
        """Cut the file off, or extend it by zeros.

        size     in bytes, 0 to 2**63 - 1. A secret file can be sized once only; a file of
                 huge pages takes multiples of its page size only.
        reserve  allocate the memory of the whole file now, so that no later store to a
                 mapping of it can fail for want of memory (SIGBUS). If that fails, nothing
                 has changed. A signal interrupts it only if its handler raises.

        Errors: OSError EINVAL (over 2**63 - 1, not open for writing, a secret file that has a
        size), EPERM (sealed against it), EFBIG (over RLIMIT_FSIZE), ENOSPC, ENOMEM,
        EOPNOTSUPP (cannot be reserved); OverflowError; ValueError (closed).
        Safe: threads, fork. Source: ftruncate(2), fallocate(2).

        >>> with MemFd.create("example") as file:
        ...     file.set_size(4096, reserve=True)
        ...     file.size
        4096
        """
        opts = raw.MEMFD_GO_OPT_RESERVE if reserve else 0
        while True:
            try:
                return raw.set_size(self.fileno(), opts, size)
            except InterruptedError:  # as PEP 475 has it; the handler has run by now
                continue

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
        return Mapping(self.fileno(), opts, offset, length)

    # ----------------------------------------------------------- Python's habits

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_fd", -1) >= 0:  # __init__() may not have run
            warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self, stacklevel=1)
            self.close()

    def __reduce__(self) -> NoReturn:
        # A descriptor's number means nothing in another process.
        raise TypeError(f"cannot pickle {type(self).__name__!r} object")

    def __repr__(self) -> str:
        state = "closed" if self.closed else f"fd={self._fd}"
        return f"<{type(self).__name__} {state}>"


def secret(flags: int = os.O_CLOEXEC) -> MemFd:
    """Create a file that only processes which hold it can see: memfd_secret(2).

    flags  os.O_CLOEXEC, or 0

    Size it once, map it writable, and close it: its pages are not even in the kernel's own
    page tables, and locked into memory. While the file or a mapping of it exists, the machine
    cannot hibernate. It takes no seals, and cannot be read or written but by mapping.

    Errors: OSError ENOSYS (this kernel has or allows no secret memory), EINVAL (unknown
    flags), EMFILE, ENFILE, ENOMEM; under a seccomp filter often EPERM; OverflowError.
    Safe: threads, fork. Source: memfd_secret(2).

    >>> try:
    ...     with secret() as file:
    ...         file.set_size(32)
    ...         with file.map(writable=True) as key:
    ...             key[:] = os.urandom(32)
    ... except OSError as error:
    ...     assert error.filename in ("ENOSYS", "EPERM", "EAGAIN")
    """
    return MemFd(raw.secret(flags))


def _require(fd: int, required: int) -> None:
    missing = raw.check_seals(fd, required)
    if missing:
        raise MissingSealsError(Seal(missing))
