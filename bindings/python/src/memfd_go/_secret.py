"""Secret memory of its own pages, and secret files."""

from __future__ import annotations

import os
import warnings
from _thread import RLock  # threading takes longer to import

from memfd_go import raw
from memfd_go._area import Area, SecretMemory
from memfd_go._errors import SecretFallbackWarning, explain_secret, explaining
from memfd_go._flags import SecretKind
from memfd_go._memfd import MemFd
from memfd_go._sockets import descriptor_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, TypeVar

    from _typeshed import FileDescriptorLike
    from typing_extensions import Self

    T = TypeVar("T")


class _OwnPages(Area):
    """An area of struct memfd_go_secret."""

    __slots__ = ("_allocated_here", "_struct")

    def __init__(self, struct: raw.Secret) -> None:
        super().__init__(struct.data, struct.len, struct.kind)
        self._struct = struct
        self._allocated_here = True
        try:
            self.settle()
        except BaseException:
            self.free()
            raise

    def fileno(self) -> int:
        return int(self._struct.fd)

    def allow(self, access: int) -> None:
        raw.secret_protect(self._struct, access)

    def free(self) -> None:
        if self._allocated_here:
            raw.secret_free(self._struct)
        else:  # freeing would wipe it for the parent as well
            raw.unmap(self._struct.base, self._struct.base_len)
            self.forget()

    def forget(self) -> None:
        fd, self._struct.fd = self._struct.fd, -1
        if fd >= 0:
            os.close(fd)

    def is_here(self) -> bool:
        if super().is_here():
            return True
        if not self._struct.opts & raw.MEMFD_GO_OPT_FORK_SHARE:
            return False
        # A child, of which no other thread knows yet. Whoever held the lock is not here.
        self.lock = RLock()
        self._allocated_here = False
        self._pid = os.getpid()
        return True


def options(least: int, secretmem: bool) -> int:
    """The options of C for what SecretBuffer and SecretPool are told alike."""
    opts = 0
    if least == SecretKind.SECRETMEM:
        opts |= raw.MEMFD_GO_OPT_REQUIRE
    elif least == SecretKind.UNLOCKED:
        opts |= raw.MEMFD_GO_OPT_ALLOW_UNLOCKED
    elif least != SecretKind.MLOCK:
        raise ValueError(f"{least!r} is not a SecretKind")
    return opts if secretmem else opts | raw.MEMFD_GO_OPT_NO_SECRETMEM


def warn_of_fallback(kind: int, secretmem: bool) -> None:
    """Tell the caller of the caller that the memory is not as secret as was asked for."""
    if kind > (SecretKind.SECRETMEM if secretmem else SecretKind.MLOCK):
        what = "locked memory" if kind == SecretKind.MLOCK else "memory that may be swapped out"
        warnings.warn(f"the secret is in {what}", SecretFallbackWarning, stacklevel=3)


def explained(function: Callable[..., T], size: int, *arguments: Any) -> T:
    """Call a function that allocates 'size' bytes, and explain its errors."""
    try:
        return function(*arguments)
    except OSError as error:
        raise explaining(error, explain_secret, size) from None


class SecretBuffer(SecretMemory):
    """Memory for a secret: zeroed, locked, between two pages that nobody can touch.

    Made by memfd_secret(2) it is not even in the kernel's own page tables, so that neither
    another process, root's included, nor a bug in the kernel that reads memory gets to see it.
    Where there is no memfd_secret(2), locked memory takes its place, with a
    SecretFallbackWarning; 'kind' tells.

    The memory can be touched only in a "with" block of readable() or writable(), or while
    there is a memoryview of the object itself (Python 3.12). Touching it otherwise, by numpy or
    ctypes, kills the process. It is wiped and given back by close(), or at the end of a "with"
    block; one that is forgotten is, too, with a ResourceWarning. At the end of the process
    the kernel does it.

    What is computed with a secret leaves traces elsewhere: bytes(view) is a copy that nobody
    wipes, and so are many results. Hand on views. Two secrets are compared by
    hmac.compare_digest(). The object cannot be pickled or copied, and its repr() tells its
    length alone.

    Safe: threads. A child of fork() does not have the memory: there, use of the object is a
    RuntimeError, and closing it harmless; a view from before the fork kills the child. With
    fork_share parent and child share the memory, and the child does not wipe it.

    >>> with SecretBuffer(32) as key, open("/dev/urandom", "rb", buffering=0) as random:
    ...     with key.writable() as view:
    ...         count = random.readinto(view)
    ...     with key.readable() as view:
    ...         code = hashlib.blake2b(b"message", key=view).digest()
    >>> count, len(code)
    (32, 64)
    """

    __slots__ = ()

    def __init__(
        self,
        size: int,
        *,
        least: SecretKind = SecretKind.MLOCK,
        secretmem: bool = True,
        align_end: bool = False,
        fork_share: bool = False,
        keep_fd: bool = False,
    ) -> None:
        """Allocate.

        size        in bytes, more than 0
        least       the least secret kind of memory that will do: SecretKind.SECRETMEM
                    (memfd_secret(2) or an error), MLOCK, or UNLOCKED where limits forbid more
        secretmem   use memfd_secret(2); without it the machine can still hibernate
        align_end   put the end, not the start, against a page that cannot be touched
        fork_share  let a child of fork() share the memory
        keep_fd     keep the descriptor, to be sent to a process that shall attach() it

        Errors: OSError ENOSYS or EPERM (least is SECRETMEM, and there is none), EAGAIN or
        ENOMEM (over RLIMIT_MEMLOCK, or no memory), EPERM (RLIMIT_MEMLOCK is 0), EINVAL (size is
        0 or cannot be; secretmem=False with least=SECRETMEM or keep_fd), EMFILE, ENFILE;
        ValueError (another least); OverflowError. Source: memfd_secret(2), mlock(2).
        """
        opts = options(least, secretmem)
        if align_end:
            opts |= raw.MEMFD_GO_OPT_ALIGN_END
        if fork_share:
            opts |= raw.MEMFD_GO_OPT_FORK_SHARE
        if keep_fd:
            opts |= raw.MEMFD_GO_OPT_KEEP_FD
        area = _OwnPages(explained(raw.secret_alloc, size, size, opts))
        try:
            warn_of_fallback(area.kind, secretmem)
        except BaseException:
            area.close()
            raise
        self._area = area

    @classmethod
    def attach(
        cls,
        fd: FileDescriptorLike,
        *,
        align_end: bool = False,
        fork_share: bool = False,
        keep_fd: bool = False,
    ) -> Self:
        """Map a secret file that another process made, by keep_fd or secret(), and passed on.

        fd          its descriptor, which stays the caller's, or what has fileno()
        keep_fd     keep a duplicate of it
        align_end, fork_share  like SecretBuffer()

        The processes share the memory. close() does not wipe it here.

        Errors: OSError EINVAL (not a secret file), ENODATA (it has no size yet), EBADF, EAGAIN
        or ENOMEM (over RLIMIT_MEMLOCK, or no memory); OverflowError. Safe: threads, fork.
        Source: memfd_secret(2).

        >>> try:
        ...     key = SecretBuffer(32, least=SecretKind.SECRETMEM, keep_fd=True)
        ... except OSError as error:
        ...     assert error.errno in (errno.ENOSYS, errno.EPERM, errno.EAGAIN)
        ... else:
        ...     with key, SecretBuffer.attach(key) as other:
        ...         assert len(other) >= len(key)  # whole pages
        """
        opts = 0
        if align_end:
            opts |= raw.MEMFD_GO_OPT_ALIGN_END
        if fork_share:
            opts |= raw.MEMFD_GO_OPT_FORK_SHARE
        if keep_fd:
            opts |= raw.MEMFD_GO_OPT_KEEP_FD
        self = cls.__new__(cls)
        self._area = _OwnPages(raw.secret_attach(descriptor_of(fd), opts))
        return self

    def fileno(self) -> int:
        """The descriptor that keep_fd kept, which stays the object's.

        A child of fork() has it, too, and may attach() it.

        Errors: ValueError (closed; none was kept, or the memory is not of memfd_secret(2)).
        Safe: threads, fork. Source: this package.

        >>> with SecretBuffer(32) as key:
        ...     key.fileno()
        Traceback (most recent call last):
        ValueError: the secret has no descriptor
        """
        fd = self._area.fileno()
        if fd < 0:
            raise ValueError("the secret has no descriptor")
        return fd


def secret(flags: int = os.O_CLOEXEC) -> MemFd:
    """Create a file that only processes which hold it can see: memfd_secret(2).

    flags  os.O_CLOEXEC, or 0

    Size it once, map it writable, and close it: its pages are not even in the kernel's own
    page tables, and locked into memory. While the file or a mapping of it exists, the machine
    cannot hibernate. It takes no seals, and cannot be read or written but by mapping.
    SecretBuffer does all that.

    Errors: OSError ENOSYS (this kernel has or allows no secret memory), EINVAL (unknown
    flags), EMFILE, ENFILE, ENOMEM; under a seccomp filter often EPERM; OverflowError.
    Safe: threads, fork. Source: memfd_secret(2).

    >>> try:
    ...     with secret() as file:
    ...         file.set_size(32)
    ...         with file.map(writable=True) as key:
    ...             key[:] = os.urandom(32)
    ... except OSError as error:
    ...     assert error.errno in (errno.ENOSYS, errno.EPERM, errno.EAGAIN)
    """
    return MemFd(raw.secret(flags))
