# SPDX-License-Identifier: MIT
"""What the kernel can do, and what a descriptor is: results with named members."""

from __future__ import annotations

import os

from memfd_go import raw
from memfd_go._flags import Access, Feature, FileKind, Seal
from memfd_go._sockets import descriptor_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from _typeshed import FileDescriptorLike
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
    seals      a Seal; none if the file takes no seals
    mode       type and permissions, as in os.stat()
    size       in bytes
    allocated  memory or disk space in bytes; 0 for a secret file
    huge_page  the page size in bytes of a file of huge pages, else 0
    device     as os.stat() tells it
    inode      as os.stat() tells it
    access     an Access of the descriptor; none if it was opened with O_PATH
    name       the name that create() was given; "" if it is no memfd, or without /proc
    """

    __slots__ = (  # noqa: RUF023
        "kind",
        "seals",
        "mode",
        "size",
        "allocated",
        "huge_page",
        "device",
        "inode",
        "access",
        "name",
    )

    kind: FileKind
    seals: Seal
    mode: int
    size: int
    allocated: int
    huge_page: int
    device: int
    inode: int
    access: Access
    name: str

    @classmethod
    def of(cls, fd: FileDescriptorLike) -> Self:
        """Return what a descriptor is, be it a MemFd's or any other."""
        told = raw.inspect(descriptor_of(fd))
        return cls(
            FileKind(told.kind),
            Seal(told.seals),
            told.mode,
            told.size,
            told.allocated,
            told.huge_page,
            told.device,
            told.inode,
            Access(told.access),
            os.fsdecode(told.name),
        )


class Features(Record):
    """What works here and now, as probe() found out: feature in features.

    found          the Feature bits
    huge_sizes     the sizes in bytes of the huge pages that exist, smallest first
    memlock        the bytes that may be locked (RLIMIT_MEMLOCK); None means no limit
    page_size      in bytes
    noexec_policy  vm.memfd_noexec: 0, 1 or 2
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
    """Find out what works here by trying it, in some 60 system calls: call it once.

    secret looks for memfd_secret(2), too, and for a moment keeps the machine from hibernating.
    """
    told = raw.probe(raw.MEMFD_GO_FEATURE_SECRET if secret else 0)
    return Features(
        Feature(told.bits),
        tuple(1 << bit for bit in range(64) if told.huge_sizes >> bit & 1),
        None if told.memlock_soft == _NO_LIMIT else told.memlock_soft,
        told.page_size,
        told.noexec_policy,
    )
