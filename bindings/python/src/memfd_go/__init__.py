"""Sealed shared memory and secret memory on Linux.

    >>> from memfd_go import MemFd, Seal
    >>> with MemFd.sealed("greeting", b"hello") as file, file.map() as mapping:
    ...     print(bytes(mapping), Seal.WRITE in file.seals)
    b'hello' True

MemFd is a file in memory, Mapping its memory, Seal what can no longer be done to it.
SecretBuffer is memory for a key, SecretPool for many. probe() tells what the kernel can do.
The module memfd_go.raw has the functions of the C library as they are. Errors are OSError
and its subclasses, with errno, strerror and, as filename, the name of the errno ('EBUSY').
"""

from __future__ import annotations

from memfd_go import raw
from memfd_go._errors import MissingSealsError, RefusedError, SecretFallbackWarning, errname
from memfd_go._flags import (
    Access,
    CreateFlag,
    Feature,
    FileKind,
    Seal,
    SealStyle,
    SecretKind,
)
from memfd_go._mapping import Mapping
from memfd_go._memfd import MemFd
from memfd_go._pool import SecretPool, SecretSlot
from memfd_go._records import Features, Info, probe
from memfd_go._secret import SecretBuffer, secret
from memfd_go.raw import version_string

__all__ = [
    "Access",
    "CreateFlag",
    "Feature",
    "Features",
    "FileKind",
    "Info",
    "Mapping",
    "MemFd",
    "MissingSealsError",
    "RefusedError",
    "Seal",
    "SealStyle",
    "SecretBuffer",
    "SecretFallbackWarning",
    "SecretKind",
    "SecretPool",
    "SecretSlot",
    "__version__",
    "errname",
    "probe",
    "raw",
    "secret",
    "version",
    "version_string",
]

__version__ = "1.0.0"


def version() -> tuple[int, int, int]:
    """The version of the library that is running, as (major, minor, patch).

    Errors: none. Safe: threads, fork. Source: the library.

    >>> version() >= (1, 0, 0)
    True
    """
    number = raw.version()
    return number >> 16, number >> 8 & 0xFF, number & 0xFF


# Tracebacks and pickles name what users import, not where it is written.
for _value in [globals()[name] for name in __all__]:
    if isinstance(_value, type):
        _value.__module__ = __name__
