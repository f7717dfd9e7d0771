# SPDX-License-Identifier: MIT
"""Sealed shared memory and secret memory on Linux.

    >>> from memfd_go import MemFd, Seal
    >>> with MemFd.sealed("greeting", b"hello") as file, file.map() as mapping:
    ...     print(bytes(mapping), Seal.WRITE in file.seals)
    b'hello' True

MemFd    a file in memory, to share with other processes
Mapping  its mapped memory, returned by MemFd.map()
Seal     which changes to it are forbidden

memfd_go.secrets  SecretBuffer and SecretPool: memory for keys
memfd_go.aio      MemFd.send() and receive() for asyncio
memfd_go.types    what MemFd and probe() take and return: flags, kinds, records
memfd_go.raw      the functions of the C library, one to one

All names of memfd_go.secrets and memfd_go.types can be imported from memfd_go, too.

Errors of system calls raise OSError or a subclass, with a message that names the argument or
the limit; the functions of memfd_go.raw list each errno. A number that does not fit the
kernel's type raises OverflowError. A NUL in a name and the use of a closed object raise
ValueError. Unless stated otherwise, all functions and methods may be called from several
threads at once, and in a child after fork().
"""

from __future__ import annotations

from memfd_go import raw
from memfd_go._errors import MissingSealsError, RefusedError, errname as errname
from memfd_go._flags import Seal
from memfd_go._mapping import Mapping
from memfd_go._memfd import MemFd
from memfd_go._records import probe
from memfd_go.raw import version_string as version_string
from memfd_go.secrets import (
    SecretBuffer as SecretBuffer,
    SecretFallbackWarning as SecretFallbackWarning,
    SecretKind as SecretKind,
    SecretPool as SecretPool,
    SecretSlot as SecretSlot,
    secret as secret,
    wipe as wipe,
)
from memfd_go.types import (
    Access as Access,
    CreateFlag as CreateFlag,
    Feature as Feature,
    Features as Features,
    FileKind as FileKind,
    Info as Info,
    SealStyle as SealStyle,
)

__all__ = [
    "Mapping",
    "MemFd",
    "MissingSealsError",
    "RefusedError",
    "Seal",
    "__version__",
    "probe",
    "raw",
]

__version__ = "1.0.0"


def version() -> tuple[int, int, int]:
    """Return the version of the running library, as (major, minor, patch)."""
    number = raw.version()
    return number >> 16, number >> 8 & 0xFF, number & 0xFF


# Tracebacks and pickles show the names that users import.
for _class in (Mapping, MemFd, MissingSealsError, RefusedError, Seal):
    _class.__module__ = __name__
