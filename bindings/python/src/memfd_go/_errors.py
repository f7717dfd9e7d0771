"""Errors beyond those that OSError itself makes of an errno."""

from __future__ import annotations

import errno

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from memfd_go._flags import Seal


class MissingSealsError(OSError):
    """A file lacks seals that were required of it (EKEYREJECTED).

    >>> from memfd_go import Seal
    >>> raise MissingSealsError(Seal.WRITE | Seal.SHRINK)
    Traceback (most recent call last):
    memfd_go.MissingSealsError: [Errno 129] missing seals: WRITE SHRINK: 'EKEYREJECTED'
    """

    missing: Seal
    """The required seals that are not set; none if the file is gone, so that nobody can tell,
    or if those that are set prove nothing (see MemFd.map_verified())."""

    def __init__(self, missing: Seal) -> None:
        text = f"missing seals: {missing}" if missing else "seals are missing or prove nothing"
        super().__init__(errno.EKEYREJECTED, text, "EKEYREJECTED")
        self.missing = missing

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.missing,)


class SecretFallbackWarning(RuntimeWarning):
    """Secret memory is not as secret as was asked for, since the kernel has no better.

    >>> import warnings
    >>> with warnings.catch_warnings():  # to be content with what there is
    ...     warnings.simplefilter("ignore", SecretFallbackWarning)
    ...     with SecretBuffer(32) as key:
    ...         key.kind in SecretKind
    True
    """
