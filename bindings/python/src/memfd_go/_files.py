# SPDX-License-Identifier: MIT
"""What can be done with a file: opened, sized, inspected, sealed."""

from __future__ import annotations

from memfd_go import raw
from memfd_go._descriptor import Descriptor
from memfd_go._errors import (
    MissingSealsError,
    explain_discard,
    explain_open,
    explain_seal,
    explain_size,
    explaining,
)
from memfd_go._flags import READ_ONLY, Seal, seal_bits
from memfd_go._records import Info
from memfd_go._sockets import patiently

TYPE_CHECKING = False
if TYPE_CHECKING:
    from io import BufferedRandom, BufferedReader, BufferedWriter, FileIO, TextIOWrapper
    from typing import IO, Any, Literal, overload

    from _typeshed import (
        OpenBinaryMode,
        OpenBinaryModeReading,
        OpenBinaryModeUpdating,
        OpenBinaryModeWriting,
        OpenTextMode,
    )
    from typing_extensions import Self
else:

    def overload(function):
        return function


class File(Descriptor):
    """The part of MemFd that is about one file, and neither makes nor maps it."""

    __slots__ = ()

    # ------------------------------------------------------------------ Open

    @overload
    def open(
        self,
        mode: OpenTextMode = "r",
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
    ) -> TextIOWrapper: ...
    @overload
    def open(
        self,
        mode: OpenBinaryMode,
        buffering: Literal[0],
        encoding: None = None,
        errors: None = None,
        newline: None = None,
    ) -> FileIO: ...
    @overload
    def open(
        self,
        mode: OpenBinaryModeUpdating,
        buffering: Literal[-1, 1] = -1,
        encoding: None = None,
        errors: None = None,
        newline: None = None,
    ) -> BufferedRandom: ...
    @overload
    def open(
        self,
        mode: OpenBinaryModeWriting,
        buffering: Literal[-1, 1] = -1,
        encoding: None = None,
        errors: None = None,
        newline: None = None,
    ) -> BufferedWriter: ...
    @overload
    def open(
        self,
        mode: OpenBinaryModeReading,
        buffering: Literal[-1, 1] = -1,
        encoding: None = None,
        errors: None = None,
        newline: None = None,
    ) -> BufferedReader: ...
    @overload
    def open(
        self,
        mode: str,
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
    ) -> IO[Any]: ...
    def open(
        self,
        mode: str = "r",
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
    ) -> IO[Any]:
        """Return a Python file, as the built-in function does for a path.

        It starts at offset 0 and has an offset of its own; "w" truncates, "a" appends, and
        "x" raises FileExistsError. It is closed on its own, and needs /proc.
        """
        return open(
            self.path,
            mode,
            buffering,
            encoding,
            errors,
            newline,
            opener=lambda _path, flags: raw.reopen(self.fileno(), flags),
        )

    def reopen(self, flags: int = READ_ONLY) -> Self:
        """Open the file once more, through /proc, with an offset and access of its own.

        flags are those of os.open(); O_CLOEXEC is implied. A read-only descriptor protects
        nothing, because whoever has it can reopen it for writing. Seals protect.
        """
        try:
            return type(self)(raw.reopen(self.fileno(), flags))
        except OSError as error:
            raise explaining(error, explain_open) from None

    # ------------------------------------------------------------------ Size

    @property
    def size(self) -> int:
        """The size of the file in bytes."""
        return raw.get_size(self.fileno())

    def set_size(self, size: int, *, reserve: bool = False) -> None:
        """Truncate the file, or extend it by zeros.

        reserve allocates the memory of the whole file now, so that no later store to a
        mapping can fail for lack of memory (SIGBUS). If that fails, nothing has changed.
        A secret file can be sized once; a file of huge pages in whole pages only.
        """
        opts = raw.MEMFD_GO_OPT_RESERVE if reserve else 0
        fd = self.fileno()
        try:
            patiently(raw.set_size, fd, opts, size)
        except OSError as error:
            raise explaining(error, explain_size, fd, size) from None

    def discard(self, offset: int, length: int) -> None:
        """Give the memory of a part of the file back. It reads as zeros; the size stays."""
        fd = self.fileno()
        try:
            patiently(raw.discard, fd, 0, offset, length)
        except OSError as error:
            raise explaining(error, explain_discard, fd) from None

    # ------------------------------------------------------------ Inspection

    @property
    def info(self) -> Info:
        """What the descriptor is: kind, seals, mode, size, access, name and more.

        Unless the file is sealed, others may change its size meanwhile.
        """
        return Info.of(self.fileno())

    # ----------------------------------------------------------------- Seals

    @property
    def seals(self) -> Seal:
        """The seals of the file. Linux may add Seal.EXEC: test for seals with "in"."""
        return Seal(raw.get_seals(self.fileno()))

    def seal(self, seals: Seal = Seal.IMMUTABLE) -> None:
        """Add seals, all or none.

        Errors: PermissionError if the file has Seal.SEAL; OSError EBUSY for Seal.WRITE
        while a shared mapping of a descriptor open for writing exists in any process.
        """
        self._seal(raw.add_seals, seals)

    def freeze(self) -> None:
        """Make the file immutable. Unlike seal(), it succeeds if the file is so already."""
        self._seal(raw.ensure_seals, Seal.IMMUTABLE)

    def ensure(self, seals: Seal) -> None:
        """Add those of the seals that are missing. If none is, it succeeds in any case."""
        self._seal(raw.ensure_seals, seals)

    def _seal(self, function: Any, seals: Seal) -> None:
        fd = self.fileno()
        try:
            function(fd, seal_bits(seals, "seals"))
        except OSError as error:
            raise explaining(error, explain_seal, fd, seals) from None

    def check(self, required: Seal) -> None:
        """Raise MissingSealsError unless the file has all of these seals.

        Seal.FUTURE_WRITE does not count as Seal.WRITE, nor the reverse.
        """
        require(self.fileno(), seal_bits(required, "required"))


def require(fd: int, required: int) -> None:
    """Raise an error that names the required seals that a file lacks."""
    missing = raw.check_seals(fd, required)
    if missing:
        raise MissingSealsError(Seal(missing))
