# SPDX-License-Identifier: MIT
"""Secret memory that is accessible only while views of it exist."""

from __future__ import annotations

import errno
import os
import weakref
from _thread import RLock  # threading takes longer to import

from memfd_go import _ffi, raw
from memfd_go._closing import Closing, warn_unclosed
from memfd_go._errors import explain_free, explaining
from memfd_go._flags import Access, SecretKind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, NoReturn

    from typing_extensions import Buffer


class _Forks:
    """Counts the forks between this process and the one that imported this module.

    The PID is not enough: in a new PID namespace a child may have the PID of its parent.
    """

    count = 0

    @classmethod
    def increment(cls) -> None:
        cls.count += 1


os.register_at_fork(after_in_child=_Forks.increment)


def this_process() -> tuple[int, int]:
    """Return a value that differs from those of all parents and children."""
    return os.getpid(), _Forks.count


# Plain integers, because operators of IntFlag are slow.
_NONE, _READ, _READ_WRITE = int(Access.NONE), int(Access.READ), int(Access.READ_WRITE)


class Area:
    """Memory, the number of its views, and whether it has been freed.

    Views keep the memory alive, so it may outlive the object that the program holds. The last
    view of an exporter may be garbage, which is collected anywhere, even inside these methods.
    Therefore the lock is reentrant, and update_access() is a loop.

    A child of fork() has a copy of this object, but not of the memory.
    """

    __slots__ = (
        "__weakref__",
        "_abandoned",
        "_access",
        "_failure",
        "_origin",
        "_readers",
        "_writers",
        "address",
        "freed",
        "kind",
        "length",
        "lock",
    )

    def __init__(self, address: int, length: int, kind: int, lock: Any = None) -> None:
        self.address, self.length, self.kind = address, length, SecretKind(kind)
        self.lock: Any = lock or RLock()
        self.freed = False
        self._abandoned = False
        self._readers = self._writers = 0
        self._access = _READ_WRITE  # of new memory
        self._failure: OSError | None = None  # raised by the next use
        self.set_origin()

    # --------------------------------------------------------------- Overridden

    def set_access(self, access: int) -> None:
        """Make the memory inaccessible, read-only or writable."""

    def free(self) -> None:
        """Wipe and free the memory."""
        raise NotImplementedError

    def free_in_child(self) -> None:
        """Release what a child of fork() has of the memory."""

    def forget(self) -> None:
        """Do what abandon() does, for an object that was not closed."""
        self.abandon()

    explain_free = staticmethod(explain_free)

    def fileno(self) -> int:
        """Return the descriptor of the memory, or -1."""
        return -1

    def in_this_process(self) -> bool:
        """Return whether this process has the memory."""
        return self._origin == this_process()

    def set_origin(self) -> None:
        """Record that this process has the memory."""
        self._origin = this_process()

    # ------------------------------------------------------------------- Views

    def make_view(self, writable: bool) -> memoryview:
        """Return a view. The memory is accessible until the view and its copies are gone."""
        self._enter(writable)
        try:
            memory = _ffi.memory_at(self.address, self.length)
            _ffi.when_deallocated(memory, self._leave, writable)
        except BaseException:
            self._leave(writable)
            raise
        return _ffi.view_of(memory, self.length, not writable)

    def _enter(self, writable: bool) -> None:
        if not self.in_this_process():
            raise RuntimeError(
                f"the secret belongs to process {self._origin[0]}, not to its children"
            )
        with self.lock:
            if self.closed:
                raise ValueError("the secret is closed")
            failure, self._failure = self._failure, None
            if failure is not None:
                raise failure
            self._count(writable, 1)
            try:
                self.update_access()
            except BaseException:
                self._count(writable, -1)
                raise

    def _leave(self, writable: bool) -> None:
        if not self.in_this_process():
            return
        with self.lock:
            self._count(writable, -1)
            if self._abandoned and not self.in_use():
                self._free()
            else:
                self.update_access()

    def _count(self, writable: bool, step: int) -> None:
        if writable:
            self._writers += step
        else:
            self._readers += step

    def in_use(self) -> bool:
        """Return whether views exist. The caller holds the lock."""
        return bool(self._readers or self._writers)

    def update_access(self) -> None:
        """Allow only the access that the views need. The caller holds the lock."""
        while True:
            wanted = _READ_WRITE if self._writers else _READ if self._readers else _NONE
            if wanted == self._access:
                return
            self.set_access(wanted)
            self._access = wanted

    # --------------------------------------------------------------------- End

    @property
    def closed(self) -> bool:
        """Whether no view can be made any more."""
        return self.freed or self._abandoned

    def close(self) -> None:
        """Free the memory, or raise BufferError if views exist."""
        if not self.in_this_process():
            self.free_in_child()
            self.freed = True
            return
        with self.lock:
            if self.closed:
                return
            if self.in_use():
                raise BufferError(
                    "views of the secret still exist: release them before close()"
                )
            self._free()

    def abandon(self) -> None:
        """Make no more views, and free the memory now, or with the last view."""
        if not self.in_this_process():
            self.close()
            return
        with self.lock:
            if self.in_use():
                self._abandoned = True
            else:
                self.close()

    def _free(self) -> None:
        try:
            self.free()
        except OSError as error:
            if error.errno == errno.EUCLEAN:
                self.freed = True
            raise explaining(error, self.explain_free) from None
        self.freed = True


class Guard:
    """The context manager that SecretBuffer.readable() and writable() return."""

    __slots__ = ("_owner", "_views", "_writable")

    def __init__(self, owner: SecretMemory, writable: bool) -> None:
        self._owner = owner  # keeps the secret from being collected inside the block
        self._writable = writable
        # Views and the objects that export them; several if blocks of one guard are nested.
        self._views: list[tuple[memoryview, weakref.ref[Any]]] = []

    def __enter__(self) -> memoryview:
        area = self._owner._area  # pyright: ignore[reportPrivateUsage]
        view = area.make_view(self._writable)
        self._views.append((view, weakref.ref(view.obj)))
        return view

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        view, exporter = self._views.pop()
        try:  # noqa: SIM105 - contextlib takes long to import
            view.release()
        except BufferError:  # a view of the view exists, so the exporter does, too
            pass
        # The frames of an exception may hold views.
        if kind is None and exporter() is not None:
            raise BufferError(
                "views of the secret still exist: it stays accessible until they are released"
            )


class SecretMemory(Closing):
    """The methods that SecretBuffer and SecretSlot share."""

    __slots__ = ("__weakref__", "_area")

    _area: Area

    @property
    def kind(self) -> SecretKind:
        """How the memory is protected."""
        return self._area.kind

    @property
    def closed(self) -> bool:
        """Whether the secret is closed, or belongs to a parent process."""
        return self._area.closed or not self._area.in_this_process()

    def readable(self) -> Guard:
        """Return a context manager that makes the secret readable and returns a memoryview.

        Blocks may be nested, and several threads may be in one; the memory is readable until
        the last of them ends. If a view still exists then, BufferError is raised.

        >>> with SecretBuffer(32) as key:
        ...     with key.readable() as view:
        ...         code = hashlib.blake2b(b"message", key=view).digest()
        """
        return Guard(self, writable=False)

    def writable(self) -> Guard:
        """Return a context manager like readable() that makes the secret writable, too.

        While one thread is in the block, the memory is writable for all threads.
        """
        return Guard(self, writable=True)

    def compare(self, other: Buffer | SecretMemory) -> bool:
        """Return whether the secret equals 'other', in a time that depends only on lengths."""
        if isinstance(other, SecretMemory):
            with other.readable() as view:
                return self.compare(view)
        with self.readable(), _ffi.Readable(other) as (address, length):
            mine = self._area.address
            return length == len(self) and raw.equal(mine, address or 0, length)

    def wipe(self) -> None:
        """Overwrite the secret with zeros. close() does so, too."""
        with self.writable():
            raw.wipe(self._area.address, self._area.length)

    def close(self) -> None:
        """Wipe the secret and free its memory. Closing twice does nothing.

        Errors: BufferError if views exist; nothing has changed then.
        """
        self._area.close()

    def _abandon(self) -> None:
        self._area.abandon()

    # --------------------------------------------------------- Special methods

    def __len__(self) -> int:
        return self._area.length

    def __buffer__(self, flags: int, /) -> memoryview:
        return self._area.make_view(bool(flags & _ffi.PyBUF_WRITABLE))

    def __release_buffer__(self, view: memoryview, /) -> None:
        # With this method numpy.frombuffer() keeps the view. Without it, numpy keeps only the
        # secret, and the array is of inaccessible memory.
        view.release()

    def __del__(self) -> None:
        if not hasattr(self, "_area") or self._area.closed:  # __init__() may not have run
            return
        try:
            if not self.closed:  # a child of fork() need not close it
                warn_unclosed(self)
        finally:
            self._area.forget()

    def __reduce_ex__(self, protocol: object, /) -> NoReturn:
        raise TypeError(f"cannot pickle {type(self).__name__!r} object: it is a secret")

    def __repr__(self) -> str:
        state = "closed" if self.closed else str(self.kind)
        return f"<{type(self).__name__} of {len(self)} bytes, {state}>"
