# SPDX-License-Identifier: MIT
"""Secret memory with pages of its own, and secret files."""

from __future__ import annotations

import errno
import os
import warnings
import weakref
from _thread import RLock  # threading takes longer to import

from memfd_go import _ffi, raw
from memfd_go._area import Area, SecretMemory
from memfd_go._errors import (
    SecretFallbackWarning,
    explain_refused,
    explain_secret,
    explaining,
)
from memfd_go._flags import Access, SecretKind
from memfd_go._memfd import MemFd
from memfd_go._sockets import descriptor_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, TypeVar

    from _typeshed import FileDescriptorLike
    from typing_extensions import Buffer, Self

    T = TypeVar("T")


class _OwnPages(Area):
    """A struct memfd_go_secret_area."""

    __slots__ = ("_last_fork", "_least", "_struct", "_wiping")

    def __init__(self, struct: raw.SecretArea, least: int) -> None:
        super().__init__(struct.data, struct.len, struct.kind)
        self._struct, self._least = struct, least
        self._wiping = True
        self._last_fork = _last_fork
        try:
            self.update_access()
        except BaseException:
            self.free()
            raise
        if struct.opts & raw.MEMFD_GO_OPT_FORK_SHARE:
            _shared.add(self)

    def fileno(self) -> int:
        return int(self._struct.fd)

    def set_access(self, access: int) -> None:
        raw.secret_protect(self._struct, access)

    def free(self) -> None:
        if self._wiping:
            raw.secret_free(self._struct)
        else:
            raw.unmap(self._struct.base, self._struct.base_len)
            self.free_in_child()

    def forget(self) -> None:
        shared = self._struct.opts & raw.MEMFD_GO_OPT_FORK_SHARE
        if shared and self._last_fork is not _last_fork:
            self._wiping = False  # a daemon may use it after the end of its parent
        self.abandon()

    def free_in_child(self) -> None:
        fd, self._struct.fd = self._struct.fd, -1
        if fd >= 0:
            os.close(fd)

    def in_this_process(self) -> bool:
        if super().in_this_process():
            return True
        if not self._struct.opts & raw.MEMFD_GO_OPT_FORK_SHARE:
            return False
        self.adopt()
        return True

    def adopt(self) -> None:
        """Make the area usable in a child of fork(), before any other thread runs there.

        A child does not inherit mlock(2). Exceptions of os.register_at_fork() callbacks are
        ignored, so an error is raised by the next use of the secret.
        """
        self.lock = RLock()  # a thread that held the parent's lock does not exist here
        self._wiping = False  # the parent uses it
        self.set_origin()
        if self.freed:
            return
        try:
            # mlock(2) needs readable memory. The current access is unknown, because another
            # thread of the parent may have been changing it.
            self.set_access(Access.READ)
            self._access = int(Access.READ)
            raw.secret_relock(self._struct)
        except OSError as error:
            if self._least < SecretKind.UNLOCKED:
                self._failure = explaining(error, explain_secret, self.length)
        self.kind = SecretKind(self._struct.kind)
        self.update_access()


# Areas that children of fork() share.
_shared: weakref.WeakSet[_OwnPages] = weakref.WeakSet()


# Another object after each fork, to find the areas that are older. A flag of each area would
# not do: other threads create areas while the flags are set, and until fork(2) is called.
_last_fork = object()


def _record_fork() -> None:
    global _last_fork
    _last_fork = object()


def _after_fork() -> None:
    for area in list(_shared):
        area.adopt()


os.register_at_fork(
    before=_record_fork, after_in_parent=_record_fork, after_in_child=_after_fork
)


def options(
    least: int,
    secretmem: bool,
    align_end: bool = False,
    fork_share: bool = False,
    keep_fd: bool = False,
) -> int:
    """Return the MEMFD_GO_OPT_* bits."""
    opts = 0
    if align_end:
        opts |= raw.MEMFD_GO_OPT_ALIGN_END
    if fork_share:
        opts |= raw.MEMFD_GO_OPT_FORK_SHARE
    if keep_fd:
        opts |= raw.MEMFD_GO_OPT_KEEP_FD
    if least == SecretKind.SECRETMEM:
        opts |= raw.MEMFD_GO_OPT_REQUIRE
    elif least == SecretKind.UNLOCKED:
        opts |= raw.MEMFD_GO_OPT_ALLOW_UNLOCKED
    elif least != SecretKind.MLOCK:
        raise ValueError(f"{least!r} is not a SecretKind")
    return opts if secretmem else opts | raw.MEMFD_GO_OPT_NO_SECRETMEM


def warn_of_fallback(kind: int, secretmem: bool, level: int) -> None:
    """Warn that the memory is less protected than requested. 'level' is the stack level."""
    if kind > (SecretKind.SECRETMEM if secretmem else SecretKind.MLOCK):
        what = "locked memory" if kind == SecretKind.MLOCK else "memory that may be swapped out"
        warnings.warn(f"the secret is in {what}", SecretFallbackWarning, stacklevel=level)


def explained(function: Callable[..., T], size: int, *arguments: Any) -> T:
    """Call a function that allocates 'size' bytes, and explain its error."""
    try:
        return function(*arguments)
    except OSError as error:
        raise explaining(error, explain_secret, size) from None


class SecretBuffer(SecretMemory):
    """Memory for a secret: zeroed, locked, and between two guard pages.

    memfd_secret(2) removes the memory from the kernel's own page tables. If that call is not
    available, locked memory is used, with a SecretFallbackWarning. 'kind' tells which it is.

    The memory is accessible only inside a "with" block of readable() or writable(), or while
    a memoryview of the object exists (Python 3.12). Any other access kills the process. close()
    or the end of a "with" block wipes and frees it. If the block ends with an exception while
    views exist, the memory is wiped and freed with the last view.

    bytes(view) and many results are copies that nobody wipes, so pass views. The object cannot
    be pickled or copied, and repr() shows only its length.

    A child of fork() does not have the memory: the methods raise RuntimeError there, and using
    a view kills the child. With fork_share the child shares the memory, and locks it again.
    close() in the child does not wipe it; close() in the parent wipes it for both.
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
        """Allocate 'size' bytes.

        least       the least protection to accept: SECRETMEM, MLOCK or UNLOCKED
        secretmem   try memfd_secret(2), which prevents hibernation
        align_end   place the end, not the start, at a guard page
        fork_share  share the memory with children of fork()
        keep_fd     keep the descriptor, for attach() in another process

        Errors: OSError, which names RLIMIT_MEMLOCK if that is the reason.
        """
        opts = options(least, secretmem, align_end, fork_share, keep_fd)
        self._own(explained(raw.secret_alloc, size, size, opts), least, secretmem)

    def _own(self, struct: raw.SecretArea, least: int, secretmem: bool) -> None:
        area = _OwnPages(struct, least)
        try:
            warn_of_fallback(area.kind, secretmem, 4)
        except BaseException:
            area.close()
            raise
        self._area = area

    @classmethod
    def take(
        cls,
        data: Buffer,
        *,
        least: SecretKind = SecretKind.MLOCK,
        secretmem: bool = True,
        align_end: bool = False,
        fork_share: bool = False,
        keep_fd: bool = False,
    ) -> Self:
        r"""Move the bytes of a writable buffer, such as a bytearray, into a new secret.

        The buffer is wiped. After an error it is unchanged.

        >>> password = bytearray(b"secret")
        >>> with SecretBuffer.take(password) as key:
        ...     key.compare(b"secret"), password
        (True, bytearray(b'\x00\x00\x00\x00\x00\x00'))
        """
        opts = options(least, secretmem, align_end, fork_share, keep_fd)
        self = cls.__new__(cls)
        with _ffi.Writable(data) as (address, length):
            # Not secret_alloc_from(), because the fallback warning may be an error.
            self._own(explained(raw.secret_alloc, length, length, opts), least, secretmem)
            with self.writable() as view:
                view[:] = _ffi.view_of(_ffi.memory_at(address or 0, length), length, True)
            raw.wipe(address or 0, length)
        return self

    @classmethod
    def attach(
        cls,
        fd: FileDescriptorLike,
        *,
        max_size: int | None = None,
        align_end: bool = False,
        fork_share: bool = False,
        keep_fd: bool = False,
    ) -> Self:
        """Map the secret of another process, which kept its descriptor with keep_fd.

        fd stays open. Closing the object does not wipe the memory.

        Errors: OSError EFBIG if the file has more than max_size bytes, EINVAL if it is not a
        secret file, ENODATA if it has no size.
        """
        opts = options(SecretKind.MLOCK, True, align_end, fork_share, keep_fd)
        number, most = descriptor_of(fd), (1 << 63) - 1 if max_size is None else max_size
        try:
            area = raw.secret_attach(number, most, opts)
        except OSError as error:
            if error.errno == errno.EFBIG:
                raise explaining(error, explain_refused, number, most) from None
            raise explaining(error, explain_secret, raw.get_size(number)) from None
        self = cls.__new__(cls)
        self._area = _OwnPages(area, SecretKind.MLOCK)
        return self

    def fileno(self) -> int:
        """Return the descriptor that keep_fd kept, which the object still owns."""
        fd = self._area.fileno()
        if fd < 0:
            raise ValueError("the secret has no descriptor: create it with keep_fd=True")
        return fd


def wipe(buffer: Buffer) -> None:
    r"""Overwrite a writable buffer with zeros.

    >>> password = bytearray(b"secret")
    >>> wipe(password)
    >>> password
    bytearray(b'\x00\x00\x00\x00\x00\x00')
    """
    with _ffi.Writable(buffer) as (address, length):
        raw.wipe(address or 0, length)


def secret() -> MemFd:
    """Create a secret file with memfd_secret(2). SecretBuffer is easier to use.

    Set its size once, then map it writable. It has no seals, and no read() or write(). While
    the file or a mapping of it exists, the system cannot hibernate.
    """
    return MemFd(raw.secret(os.O_CLOEXEC))
