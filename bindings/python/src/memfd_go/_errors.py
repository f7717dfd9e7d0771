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
    memfd_go._errors.MissingSealsError: [Errno 129] missing seals: WRITE SHRINK: 'EKEYREJECTED'
    """

    missing: Seal
    """The required seals that are not set."""

    def __init__(self, missing: Seal) -> None:
        super().__init__(errno.EKEYREJECTED, f"missing seals: {missing}", "EKEYREJECTED")
        self.missing = missing

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.missing,)
