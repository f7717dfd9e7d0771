# SPDX-License-Identifier: MIT
"""Results with named, read-only members."""

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
    """An immutable record that compares by value."""

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
    """The properties of a descriptor and its file, returned by MemFd.info.

    kind       a FileKind
    seals      a Seal; NONE if the file does not support seals
    mode       type and permissions, as in os.stat()
    size       in bytes
    allocated  memory or disk space in bytes; 0 for a secret file
    huge_page  the page size in bytes of a file of huge pages, else 0
    device     as in os.stat()
    inode      as in os.stat()
    access     the Access of the descriptor; NONE if it was opened with O_PATH
    name       the name of a memfd; "" for other files, or if /proc is not mounted
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
        """Return the properties of any descriptor and its file."""
        info = raw.inspect(descriptor_of(fd))
        return cls(
            FileKind(info.kind),
            Seal(info.seals),
            info.mode,
            info.size,
            info.allocated,
            info.huge_page,
            info.device,
            info.inode,
            Access(info.access),
            os.fsdecode(info.name),
        )


class Features(Record):
    """The features that work, as found by probe(). Test with "feature in features".

    found          the Feature bits
    huge_sizes     the sizes in bytes of the available huge pages, smallest first
    memlock        the soft RLIMIT_MEMLOCK in bytes; None means no limit
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
    """Find out which features work, by trying them. This takes about 60 system calls.

    secret  try memfd_secret(2), too; for a moment the system cannot hibernate
    """
    found = raw.probe(raw.MEMFD_GO_FEATURE_SECRET if secret else 0)
    return Features(
        Feature(found.bits),
        tuple(1 << bit for bit in range(64) if found.huge_sizes >> bit & 1),
        None if found.memlock_soft == _NO_LIMIT else found.memlock_soft,
        found.page_size,
        found.noexec_policy,
    )
