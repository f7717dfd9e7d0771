# SPDX-License-Identifier: MIT
"""What a "with" block closes at its end."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self


class Closing:
    """The base of what has a close()."""

    __slots__ = ()

    def close(self) -> None:
        """Give up what the object holds."""
        raise NotImplementedError

    def _abandon(self) -> None:
        """Close when an exception ends the block: whatever has views goes with the last."""
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
