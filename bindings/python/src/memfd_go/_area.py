# SPDX-License-Identifier: MIT
"""Secret memory that can be touched only as long as somebody has a view of it."""

from __future__ import annotations

import errno
import os
import warnings
import weakref
from _thread import RLock  # threading takes longer to import

from memfd_go import _ffi, raw
from memfd_go._closing import Closing
from memfd_go._errors import explain_free, explaining
from memfd_go._flags import Access, SecretKind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, NoReturn

    from typing_extensions import Buffer


class _Forks:
    """How many forks this process is away from the one that imported this module.

    A process number alone may be the parent's as well, in a new PID namespace.
    """

    count = 0

    @classmethod
    def happened(cls) -> None:
        cls.count += 1


os.register_at_fork(after_in_child=_Forks.happened)


def this_process() -> tuple[int, int]:
    """Tell this process from its parents and children."""
    return os.getpid(), _Forks.count


# Plain integers: flags compute slowly.
_NONE, _READ, _READ_WRITE = int(Access.NONE), int(Access.READ), int(Access.READ_WRITE)


class Area:
    """Memory, how many views there are of it, and whether it has been freed.

    Views keep it alive, so that it may outlive the object that a program holds. What lowers
    the number of views is the death of what exports the memory, which the garbage collector
    may bring about anywhere, in the middle of any method too. Hence the lock that a thread may
    take twice, and the loop in settle().

    A child of fork() has a copy of the object, but not of the memory.
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
        self._access = _READ_WRITE  # as it is allocated
        self._failure: OSError | None = None  # for the next who uses it
        self.belong_here()

    # ------------------------------------------------------ What kinds differ in

    def allow(self, access: int) -> None:
        """Change what may be done with the memory."""

    def free(self) -> None:
        """Wipe the memory and give it back."""
        raise NotImplementedError

    def forget(self) -> None:
        """Do what a child of fork() must do instead of free()."""

    def fileno(self) -> int:
        """The descriptor of the memory, or -1."""
        return -1

    def is_here(self) -> bool:
        """Whether this process has the memory."""
        return self._origin == this_process()

    def belong_here(self) -> None:
        """Remember that it has."""
        self._origin = this_process()

    # ------------------------------------------------------------------- Views

    def lend(self, writable: bool) -> memoryview:
        """Make a view. Until it and all that is made of it is gone, the memory can be used."""
        self._enter(writable)
        try:
            memory = _ffi.memory_at(self.address, self.length)
            leaving: Any = weakref.finalize(memory, self._leave, writable)
        except BaseException:
            self._leave(writable)
            raise
        leaving.atexit = False  # threads may use views still; the kernel frees all
        return _ffi.view_of(memory, self.length, not writable)

    def _enter(self, writable: bool) -> None:
        if not self.is_here():
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
                self.settle()
            except BaseException:
                self._count(writable, -1)
                raise

    def _leave(self, writable: bool) -> None:
        if not self.is_here():
            return
        with self.lock:
            self._count(writable, -1)
            if self._abandoned and not self.in_use():
                self._free()
            else:
                self.settle()

    def _count(self, writable: bool, step: int) -> None:
        if writable:
            self._writers += step
        else:
            self._readers += step

    def in_use(self) -> bool:
        """Whether there are views. The caller holds the lock."""
        return bool(self._readers or self._writers)

    def settle(self) -> None:
        """Allow what the views need and no more. The caller holds the lock."""
        while True:
            wanted = _READ_WRITE if self._writers else _READ if self._readers else _NONE
            if wanted == self._access:
                return
            self.allow(wanted)
            self._access = wanted

    # --------------------------------------------------------------------- End

    @property
    def closed(self) -> bool:
        """Whether no more views can be had."""
        return self.freed or self._abandoned

    def close(self) -> None:
        """Free the memory, unless there are views."""
        if not self.is_here():
            self.forget()
            self.freed = True
            return
        with self.lock:
            if self.closed:
                return
            if self.in_use():
                raise BufferError("the secret has views")
            self._free()

    def abandon(self) -> None:
        """Lend no more views, and free the memory: if there are some, with the last."""
        if not self.is_here():
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
            self.freed = error.errno == errno.EUCLEAN
            raise explaining(error, explain_free) from None
        self.freed = True


class Guard:
    """What SecretBuffer.readable() and writable() return: a context that lends a view."""

    __slots__ = ("_lent", "_owner", "_writable")

    def __init__(self, owner: SecretMemory, writable: bool) -> None:
        self._owner = owner  # which must not be forgotten meanwhile
        self._writable = writable
        # Views and what exports them; several if contexts of one guard are nested.
        self._lent: list[tuple[memoryview, weakref.ref[Any]]] = []

    def __enter__(self) -> memoryview:
        view = self._owner._area.lend(self._writable)  # pyright: ignore[reportPrivateUsage]
        self._lent.append((view, weakref.ref(view.obj)))
        return view

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        view, exporter = self._lent.pop()
        try:  # noqa: SIM105 - contextlib takes long to import
            view.release()
        except BufferError:  # somebody has a view of the view: the exporter lives
            pass
        # While an exception is on its way, its frames may hold views.
        if kind is None and exporter() is not None:
            raise BufferError("the secret can be used until all of its views are released")


class SecretMemory(Closing):
    """What SecretBuffer and SecretSlot have in common."""

    __slots__ = ("__weakref__", "_area")

    _area: Area

    @property
    def kind(self) -> SecretKind:
        """What the memory is made of."""
        return self._area.kind

    @property
    def closed(self) -> bool:
        """Whether it has been closed, or belongs to a parent process."""
        return self._area.closed or not self._area.is_here()

    def readable(self) -> Guard:
        """Return a "with" block in which the secret can be read: of a read-only memoryview.

        Blocks may be nested and entered by several threads; the memory is readable until the
        last of them ends. A view that is left then is a BufferError.

        >>> with SecretBuffer(32) as key:
        ...     with key.readable() as view:
        ...         code = hashlib.blake2b(b"message", key=view).digest()
        """
        return Guard(self, writable=False)

    def writable(self) -> Guard:
        """Return a "with" block in which the secret can be read and written.

        As long as one thread is in it, all could write.
        """
        return Guard(self, writable=True)

    def compare(self, other: Buffer | SecretMemory) -> bool:
        """Return whether the secret equals some bytes, in a time that tells nothing of them."""
        if isinstance(other, SecretMemory):
            with other.readable() as view:
                return self.compare(view)
        with self.readable(), _ffi.Readable(other) as (address, length):
            mine = self._area.address
            return length == len(self) and raw.equal(mine, address or 0, length)

    def wipe(self) -> None:
        """Overwrite the secret with zeros, which closing does, too."""
        with self.writable():
            raw.wipe(self._area.address, self._area.length)

    def close(self) -> None:
        """Wipe the secret and give the memory back. Closing twice is harmless.

        Errors: BufferError if there are views; nothing has changed then.
        """
        self._area.close()

    def _abandon(self) -> None:
        self._area.abandon()

    # ------------------------------------------------------ Conventions of Python

    def __len__(self) -> int:
        return self._area.length

    def __buffer__(self, flags: int, /) -> memoryview:
        return self._area.lend(bool(flags & _ffi.PyBUF_WRITABLE))

    def __del__(self) -> None:
        if not hasattr(self, "_area") or self.closed:  # __init__() may not have run
            return
        warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self, stacklevel=1)
        self._area.abandon()

    def __reduce_ex__(self, protocol: object, /) -> NoReturn:
        raise TypeError(f"cannot pickle {type(self).__name__!r} object: it is a secret")

    def __repr__(self) -> str:
        state = "closed" if self.closed else str(self.kind)
        return f"<{type(self).__name__} of {len(self)} bytes, {state}>"
