# SPDX-License-Identifier: MIT
"""The base class of objects that a "with" block closes."""

from __future__ import annotations

import warnings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self


def warn_unclosed(thing: object) -> None:
    """Issue a ResourceWarning. Raise it if warnings are errors."""
    warnings.warn(f"unclosed {thing!r}", ResourceWarning, source=thing, stacklevel=2)


class Closing:
    """The base class of objects with a close() method."""

    __slots__ = ()

    def close(self) -> None:
        """Release the resources of the object."""
        raise NotImplementedError

    def _abandon(self) -> None:
        """Close after an exception: memory that has views is freed with the last view."""
        self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self._abandon()
