# SPDX-License-Identifier: MIT
"""Secret memory of its own pages, and secret files."""

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
    """An area of struct memfd_go_secret_area."""

    __slots__ = ("_allocated_here", "_least", "_struct")

    def __init__(self, struct: raw.SecretArea, least: int) -> None:
        super().__init__(struct.data, struct.len, struct.kind)
        self._struct, self._least = struct, least
        self._allocated_here = True
        try:
            self.settle()
        except BaseException:
            self.free()
            raise
        if struct.opts & raw.MEMFD_GO_OPT_FORK_SHARE:
            _shared.add(self)

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
        self.adopt()
        return True

    def adopt(self) -> None:
        """Take the area over in a child of fork(), of which no other thread knows yet.

        Locks are not inherited. A failure is told to whoever uses the secret next: exceptions
        in hooks of fork() get lost.
        """
        self.lock = RLock()  # whoever held the parent's is not here
        self._allocated_here = False
        self.belong_here()
        if self.freed:
            return
        try:
            # What cannot be read cannot be locked. What access there is, is not known: another
            # thread may have been about to change it.
            self.allow(Access.READ)
            self._access = int(Access.READ)
            raw.secret_relock(self._struct)
        except OSError as error:
            if self._least < SecretKind.UNLOCKED:
                self._failure = explaining(error, explain_secret, self.length)
        self.kind = SecretKind(self._struct.kind)
        self.settle()


# Areas that children share.
_shared: weakref.WeakSet[_OwnPages] = weakref.WeakSet()


def _after_fork() -> None:
    for area in list(_shared):
        area.adopt()


os.register_at_fork(after_in_child=_after_fork)


def options(
    least: int,
    secretmem: bool,
    align_end: bool = False,
    fork_share: bool = False,
    keep_fd: bool = False,
) -> int:
    """The options of C."""
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
    """Warn, so many callers up, that the memory is not as secret as was asked for."""
    if kind > (SecretKind.SECRETMEM if secretmem else SecretKind.MLOCK):
        what = "locked memory" if kind == SecretKind.MLOCK else "memory that may be swapped out"
        warnings.warn(f"the secret is in {what}", SecretFallbackWarning, stacklevel=level)


def explained(function: Callable[..., T], size: int, *arguments: Any) -> T:
    """Call a function that allocates 'size' bytes, and explain its errors."""
    try:
        return function(*arguments)
    except OSError as error:
        raise explaining(error, explain_secret, size) from None


class SecretBuffer(SecretMemory):
    """Memory for a secret: zeroed, locked, between two pages that nobody can touch.

    Made by memfd_secret(2), it is not even in the kernel's own page tables. Where that does not
    exist, locked memory takes its place, with a SecretFallbackWarning; 'kind' tells.

    The memory can be touched only in a "with" block of readable() or writable(), or while a
    memoryview of the object exists (Python 3.12). Otherwise touching it kills the process. It
    is wiped and freed by close() or at the end of a "with" block. If an exception ends that
    while there are views, they are the last: the memory is wiped and freed with them.

    bytes(view) and many results are copies that nobody wipes: hand on views. The object
    cannot be pickled or copied, and repr() tells its length alone.

    A child of fork() does not have the memory, and using it is a RuntimeError there. With
    fork_share it shares the memory, and locks it again; it does not wipe it.
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

        least       the least secret kind that will do: SECRETMEM, MLOCK or UNLOCKED
        secretmem   use memfd_secret(2), which keeps the machine from hibernating
        align_end   put the end, not the start, against a page that cannot be touched
        fork_share  let children of fork() share the memory
        keep_fd     keep the descriptor, for another process to attach()

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

        They are wiped where they were. If that fails, they stay there.

        >>> password = bytearray(b"secret")
        >>> with SecretBuffer.take(password) as key:
        ...     key.compare(b"secret"), password
        (True, bytearray(b'\x00\x00\x00\x00\x00\x00'))
        """
        opts = options(least, secretmem, align_end, fork_share, keep_fd)
        with _ffi.Writable(data) as (address, length):
            area = explained(raw.secret_alloc_from, length, address or 0, length, opts)
        self = cls.__new__(cls)
        self._own(area, least, secretmem)
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
        """Share the secret of another process, given the descriptor that keep_fd keeps there.

        fd stays the caller's. Closing does not wipe the memory.

        Errors: OSError EFBIG if the file has more than max_size bytes, EINVAL if it is no
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
        """Return the descriptor that keep_fd kept, which stays the object's."""
        fd = self._area.fileno()
        if fd < 0:
            raise ValueError("the secret has no descriptor")
        return fd


def wipe(buffer: Buffer) -> None:
    r"""Overwrite a writable buffer with zeros, in a way that nothing optimizes away.

    >>> password = bytearray(b"secret")
    >>> wipe(password)
    >>> password
    bytearray(b'\x00\x00\x00\x00\x00\x00')
    """
    with _ffi.Writable(buffer) as (address, length):
        raw.wipe(address or 0, length)


def secret() -> MemFd:
    """Create a secret file: memfd_secret(2). Size it once, map it writable, and close it.

    It takes no seals, and cannot be read or written but by mapping. While it or a mapping
    exists, the machine cannot hibernate. SecretBuffer does all that.
    """
    return MemFd(raw.secret(os.O_CLOEXEC))
