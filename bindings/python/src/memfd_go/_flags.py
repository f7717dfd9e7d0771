# SPDX-License-Identifier: MIT
"""Enumerations and flags that print as words."""

from __future__ import annotations

import os
from enum import IntEnum, IntFlag

from memfd_go import raw
from memfd_go._terse import TerseEnum


class _Words(IntFlag, metaclass=TerseEnum):
    """Flags that print as the names of their bits; bits without a name as hexadecimal."""

    def __str__(self) -> str:
        rest = int(self)
        words: list[str] = []
        for flag in type(self):
            if rest & flag:
                words.append(str(flag.name))
                rest &= ~int(flag)
        if rest:
            words.append(f"{rest:#x}")
        return " ".join(words) or "none"

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self}>"

    def __format__(self, spec: str) -> str:
        return int.__format__(self, spec) if spec else str(self)


class CreateFlag(_Words):
    """Flags of memfd_create(2).

    DEFAULT is CLOEXEC and NOEXEC_SEAL: closed on exec, sealable, and not executable.
    HUGETLB can be combined with the base-2 logarithm of a page size, shifted left by 26.
    """

    CLOEXEC = raw.MFD_CLOEXEC
    ALLOW_SEALING = raw.MFD_ALLOW_SEALING
    HUGETLB = raw.MFD_HUGETLB
    NOEXEC_SEAL = raw.MFD_NOEXEC_SEAL
    EXEC = raw.MFD_EXEC
    DEFAULT = raw.MFD_CLOEXEC | raw.MFD_NOEXEC_SEAL


class _Word(IntEnum, metaclass=TerseEnum):
    """An enumeration whose members print as their names."""

    def __str__(self) -> str:
        return self.name

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)


class Feature(_Words):
    """Features that probe() tries.

    CREATE        memfd_create(2)
    SEALING       seals can be added
    FUTURE_WRITE  Seal.FUTURE_WRITE
    NOEXEC_SEAL   CreateFlag.NOEXEC_SEAL and EXEC, without emulation
    SEAL_EXEC     Seal.EXEC
    EXEC_ALLOWED  executable files can be created
    HUGETLB       CreateFlag.HUGETLB
    SECRET        memfd_secret(2); only on request
    SHARED_RO     a write-sealed file that is open for writing can be mapped shared
    PROCFS        /proc/self/fd
    PIDFD_GETFD   pidfd_getfd(2)
    EXECVEAT      execveat(2)
    """

    CREATE = raw.MEMFD_GO_FEATURE_CREATE
    SEALING = raw.MEMFD_GO_FEATURE_SEALING
    FUTURE_WRITE = raw.MEMFD_GO_FEATURE_FUTURE_WRITE
    NOEXEC_SEAL = raw.MEMFD_GO_FEATURE_NOEXEC_SEAL
    SEAL_EXEC = raw.MEMFD_GO_FEATURE_SEAL_EXEC
    EXEC_ALLOWED = raw.MEMFD_GO_FEATURE_EXEC_ALLOWED
    HUGETLB = raw.MEMFD_GO_FEATURE_HUGETLB
    SECRET = raw.MEMFD_GO_FEATURE_SECRET
    SHARED_RO = raw.MEMFD_GO_FEATURE_SHARED_RO
    PROCFS = raw.MEMFD_GO_FEATURE_PROCFS
    PIDFD_GETFD = raw.MEMFD_GO_FEATURE_PIDFD_GETFD
    EXECVEAT = raw.MEMFD_GO_FEATURE_EXECVEAT


class Access(_Words):
    """What a descriptor, or secret memory, can be accessed for."""

    NONE = raw.MEMFD_GO_ACCESS_NONE
    READ = raw.MEMFD_GO_ACCESS_READ
    WRITE = raw.MEMFD_GO_ACCESS_WRITE
    READ_WRITE = raw.MEMFD_GO_ACCESS_READ_WRITE


class FileKind(_Word):
    """The kind of a file.

    OTHER       none of the following
    MEMFD       created by memfd_create(2)
    HUGETLB     of huge pages
    TMPFS_FILE  a regular file on a mounted tmpfs
    SECRET      created by memfd_secret(2)
    """

    OTHER = raw.MEMFD_GO_KIND_OTHER
    MEMFD = raw.MEMFD_GO_KIND_MEMFD
    HUGETLB = raw.MEMFD_GO_KIND_HUGETLB
    TMPFS_FILE = raw.MEMFD_GO_KIND_TMPFS_FILE
    SECRET = raw.MEMFD_GO_KIND_SECRET


class SecretKind(_Word):
    """How secret memory is protected, best first.

    SECRETMEM  memfd_secret(2): removed from the kernel's own page tables
    MLOCK      locked: never swapped out, not in core dumps
    UNLOCKED   not in core dumps, but may be swapped out
    """

    SECRETMEM = raw.MEMFD_GO_AREA_SECRETMEM
    MLOCK = raw.MEMFD_GO_AREA_MLOCK
    UNLOCKED = raw.MEMFD_GO_AREA_UNLOCKED


class SealStyle(_Word):
    """The styles of Seal.format(): "GROW WRITE", "gw" or "0xc"."""

    NAMES = raw.MEMFD_GO_STYLE_NAMES
    LETTERS = raw.MEMFD_GO_STYLE_LETTERS
    HEX = raw.MEMFD_GO_STYLE_HEX


class Seal(_Words):
    """Seals of a file. They can be added, but not removed.

    SEAL          no further seals can be added
    SHRINK, GROW  the file cannot shrink, or grow
    WRITE         the contents cannot change
    FUTURE_WRITE  the contents can change only through existing mappings (Linux 5.1)
    EXEC          the execute permission cannot change (Linux 6.3)
    IMMUTABLE     SEAL, SHRINK, GROW and WRITE: neither size nor contents can change
    """

    NONE = 0
    SEAL = raw.F_SEAL_SEAL
    SHRINK = raw.F_SEAL_SHRINK
    GROW = raw.F_SEAL_GROW
    WRITE = raw.F_SEAL_WRITE
    FUTURE_WRITE = raw.F_SEAL_FUTURE_WRITE
    EXEC = raw.F_SEAL_EXEC
    IMMUTABLE = raw.MEMFD_GO_SEALS_IMMUTABLE

    def __str__(self) -> str:
        try:
            return raw.format_seals(self) or "none"
        except OverflowError:  # ~Seal.WRITE is negative before Python 3.11
            return f"{int(self):#x}"

    def format(self, style: SealStyle = SealStyle.NAMES) -> str:
        """Return the seals as text, such as "GROW WRITE", "gw" or "0xc"."""
        return raw.format_seals(self, style)

    @classmethod
    def parse(cls, text: str | bytes) -> Seal:
        """Return the seals that a text names, such as "F_SEAL_WRITE, shrink" or "sgw|0x20".

        "immutable" and "none" are words, too. Names may be in upper or lower case.
        """
        return cls(raw.parse_seals(text))


# ---------------------------------------------------------------------- Arguments


class _ReadOnly(int):
    """os.O_RDONLY, printed as its name in signatures."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "os.O_RDONLY"


READ_ONLY = _ReadOnly(os.O_RDONLY)
UNCHANGING = Seal.WRITE | Seal.SHRINK


def seal_bits(seals: int, argument: str) -> int:
    """Return the bits of a Seal or of fcntl.F_SEAL_*, and refuse other flags."""
    if type(seals) is Seal:
        return int(seals)
    if type(seals) is int:
        return seals
    raise TypeError(f"{argument} must be a Seal, not {type(seals).__name__}")


def create_bits(flags: int) -> int:
    """Return the bits of a CreateFlag, and refuse an int, which is likely meant as a size."""
    if type(flags) is CreateFlag:
        return int(flags)
    hint = f"; write CreateFlag({flags}) for flags, or size={flags} for a size"
    raise TypeError(
        f"flags must be a CreateFlag, not {type(flags).__name__}"
        + (hint if type(flags) is int else "")
    )
