"""What the kernel can do, and what a descriptor is: results with named members."""

from __future__ import annotations

import os

from memfd_go import raw
from memfd_go._flags import Access, Feature, FileKind, Seal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from typing_extensions import Self


class Record:
    """Named values that do not change, equal if all of them are."""

    __slots__: tuple[str, ...] = ()

    def __init__(self, *values: object) -> None:
        for name, value in zip(self.__slots__, values):
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} cannot be changed")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} cannot be changed")

    def _values(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in self.__slots__)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and other._values() == self._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._values()

    def __repr__(self) -> str:
        members = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)
        return f"{type(self).__name__}({members})"


class Info(Record):
    """What a descriptor is, as MemFd.info tells it.

    kind       a FileKind
    seals      a Seal; none where there are none to ask for
    mode       type and permissions, as in os.stat()
    size       in bytes
    huge_page  the page size in bytes of a file of huge pages, else 0
    access     an Access of the descriptor; none of one opened with O_PATH
    name       what create() was told; "" of what is no memfd, or without /proc

    >>> with MemFd.sealed("example", b"hello") as file:
    ...     info = file.info
    >>> info.kind is FileKind.MEMFD, info.size, info.access
    (True, 5, <Access: READ WRITE>)
    """

    __slots__ = ("kind", "seals", "mode", "size", "huge_page", "access", "name")  # noqa: RUF023

    kind: FileKind
    seals: Seal
    mode: int
    size: int
    huge_page: int
    access: Access
    name: str

    @classmethod
    def of(cls, fd: int) -> Self:
        """What a descriptor is, be it a MemFd's or any other.

        fd  open, also with O_PATH

        Errors: OSError EBADF (not open), EMFILE, ENFILE, ENOMEM; OverflowError.
        Safe: threads, fork. Source: statx(2), statfs(2), F_GETFL(2const), proc_pid_fd(5).

        >>> read_end, write_end = os.pipe()
        >>> Info.of(read_end).kind, Info.of(write_end).access
        (<FileKind.OTHER: 0>, <Access: WRITE>)
        >>> os.close(read_end), os.close(write_end)
        (None, None)
        """
        told = raw.inspect(fd)
        return cls(
            FileKind(told.kind),
            Seal(told.seals),
            told.mode,
            told.size,
            told.huge_page,
            Access(told.access),
            os.fsdecode(told.name),
        )


class Features(Record):
    """What works here and now, as probe() found out.

    found          the Feature bits; "in" asks for one of them
    huge_sizes     the sizes of huge pages that there are, in bytes, smallest first
    memlock        the bytes that may be locked (RLIMIT_MEMLOCK); None: no limit
    page_size      in bytes
    noexec_policy  vm.memfd_noexec: 0, 1 or 2

    >>> features = probe()
    >>> features.page_size == os.sysconf("SC_PAGESIZE"), Feature.CREATE in features
    (True, True)
    """

    __slots__ = ("found", "huge_sizes", "memlock", "page_size", "noexec_policy")  # noqa: RUF023

    found: Feature
    huge_sizes: tuple[int, ...]
    memlock: int | None
    page_size: int
    noexec_policy: int

    def __contains__(self, feature: Feature) -> bool:
        return feature in self.found


_NO_LIMIT = (1 << 64) - 1


def probe(*, secret: bool = False) -> Features:
    """Find out what works here, by trying it, whatever the kernel's version says.

    secret  look for memfd_secret(2) too, which opens a secret file for a moment, in which the
            machine cannot hibernate. Else Feature.SECRET is never in the result.

    It makes some 60 system calls: call it once.

    Errors: OSError EMFILE, ENFILE, ENOMEM (nothing left to try with). Safe: threads, fork.
    Source: the library.

    >>> Feature.SEALING in probe()
    True
    """
    told = raw.probe(raw.MEMFD_GO_FEATURE_SECRET if secret else 0)
    return Features(
        Feature(told.bits),
        tuple(1 << bit for bit in range(64) if told.huge_sizes >> bit & 1),
        None if told.memlock_soft == _NO_LIMIT else told.memlock_soft,
        told.page_size,
        told.noexec_policy,
    )
