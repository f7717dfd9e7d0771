# SPDX-License-Identifier: MIT
"""The part of MemFd that opens, resizes, inspects and seals a file."""

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
from memfd_go._sockets import retry_on_eintr

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
    """The methods of MemFd that neither create nor map a file."""

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
        """Open the file as a Python file object, with the arguments of the built-in function.

        It has its own offset, which starts at 0, and is closed separately. Mode "w" truncates
        the file, "a" appends, and "x" raises FileExistsError. This needs /proc.
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
        """Open the file again through /proc, with its own offset and access mode.

        flags are those of os.open(); O_CLOEXEC is implied. A read-only descriptor does not
        protect the file, because its owner can reopen it for writing. Seals do.
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
        """Truncate the file, or extend it with zeros.

        reserve allocates the memory of the whole file now, so that no later write to a
        mapping can fail for lack of memory (SIGBUS). After an error the size and the contents
        are unchanged. The size of a secret file can be set once; that of a file of huge pages
        is a multiple of the page size.
        """
        opts = raw.MEMFD_GO_OPT_RESERVE if reserve else 0
        fd = self.fileno()
        try:
            retry_on_eintr(raw.set_size, fd, opts, size)
        except OSError as error:
            raise explaining(error, explain_size, fd, size) from None

    def discard(self, offset: int, length: int) -> None:
        """Free the memory of a range of the file, which then reads as zeros.

        offset and length are in bytes. The size of the file does not change.
        """
        fd = self.fileno()
        try:
            retry_on_eintr(raw.discard, fd, 0, offset, length)
        except OSError as error:
            raise explaining(error, explain_discard, fd) from None

    # ------------------------------------------------------------ Inspection

    @property
    def info(self) -> Info:
        """The properties of the file: kind, seals, mode, size, access, name and more.

        Unless the file is sealed, its size may change at any time.
        """
        return Info.of(self.fileno())

    # ----------------------------------------------------------------- Seals

    @property
    def seals(self) -> Seal:
        """The seals of the file. Linux may add Seal.EXEC, so test for a seal with "in"."""
        return Seal(raw.get_seals(self.fileno()))

    def seal(self, seals: Seal = Seal.IMMUTABLE) -> None:
        """Add seals, all or none.

        Errors: PermissionError if the file has Seal.SEAL; OSError EBUSY if Seal.WRITE is to
        be added while any process has a shared mapping of a writable descriptor, or, for a
        moment, while direct I/O or the kernel uses a page.
        """
        self._seal(raw.add_seals, seals)

    def freeze(self) -> None:
        """Make the file immutable. Unlike seal(), this succeeds if it already is."""
        self._seal(raw.ensure_seals, Seal.IMMUTABLE)

    def ensure(self, seals: Seal) -> None:
        """Add those of the seals that are missing. If all are set, this always succeeds."""
        self._seal(raw.ensure_seals, seals)

    def _seal(self, function: Any, seals: Seal) -> None:
        fd = self.fileno()
        try:
            function(fd, seal_bits(seals, "seals"))
        except OSError as error:
            raise explaining(error, explain_seal, fd, seals) from None

    def check(self, required: Seal) -> None:
        """Raise MissingSealsError unless the file has all required seals.

        Seal.FUTURE_WRITE does not imply Seal.WRITE, nor the reverse.
        """
        require(self.fileno(), seal_bits(required, "required"))


def require(fd: int, required: int) -> None:
    """Raise MissingSealsError unless the file has all required seals."""
    missing = raw.check_seals(fd, required)
    if missing:
        raise MissingSealsError(Seal(missing))
