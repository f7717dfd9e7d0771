# SPDX-License-Identifier: MIT
"""How a file goes through a pickler: only one that passes descriptors can take it.

A pickler does not say who it is. So a file is reduced to a Promise, which every pickler
that passes descriptors is told how to reduce; any other one meets the Promise's own
__reduce_ex__(), which raises. That works from wherever the pickler is called, for
subclasses of MemFd, and if multiprocessing is imported after this package.
"""

from __future__ import annotations

import gc
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

# The modules of picklers that pass descriptors, and what registers a reducer there.
_PICKLERS = {
    "multiprocessing.reduction": "ForkingPickler.register",
    "loky.backend.reduction": "register",
    "joblib.externals.loky.backend.reduction": "register",
}
_told: set[str] = set()

CLOSED = "the file is closed"


class Handover(list[int]):
    """The descriptor of what share() returned, until it has been pickled."""

    __slots__ = ("sent",)

    missing = "the file has been handed over: call share() once for each receiver"

    def __init__(self, fd: int) -> None:
        super().__init__([fd])
        self.sent = False


class Lost(list[int]):
    """In place of the descriptor of a file that did not arrive."""

    __slots__ = ("missing",)

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.missing = (
            f"the file was lost ({type(error).__name__}: {error}): the process that sent it "
            "must run until it has been fetched; or let the receiver create the file, or "
            "send it over a Unix socket"
        )


def why_missing(owned: list[int]) -> str:
    """Say why a file has no descriptor."""
    return str(getattr(owned, "missing", CLOSED))


class Promise:
    """Stands for a file until a pickler reduces it by reduce_promise()."""

    __slots__ = ("file",)

    def __init__(self, file: Any) -> None:
        self.file = file

    def __deepcopy__(self, memo: object) -> Any:
        return arrived(self)

    def __reduce_ex__(self, protocol: object, /) -> NoReturn:
        raise TypeError(
            f"cannot pickle {type(self.file).__name__!r} object: it is a descriptor, which "
            "only multiprocessing, concurrent.futures and loky (joblib) can pass to a process; "
            "to send it yourself, use a Unix socket, send() and receive()"
        )


def reduce_file(file: Any) -> tuple[Any, ...]:
    """What __reduce_ex__() of a file returns."""
    for name in _PICKLERS.keys() - _told:
        if _register(name):
            _tell_those_at_work(name)
            _told.add(name)
    return arrived, (Promise(file),)


def _register(name: str) -> bool:
    """Register the reducer with a module, if that has been imported."""
    register: Any = sys.modules.get(name)
    for attribute in _PICKLERS[name].split("."):
        register = getattr(register, attribute, None)
    if register is None:
        return False
    register(Promise, reduce_promise)
    return True


def _tell_those_at_work(name: str) -> None:
    """Tell the picklers that were made before the reducer was registered.

    Each has a copy of what was registered then. One of them is what asks for this file.
    """
    from pickle import Pickler

    for found in gc.get_objects():
        kind = type(found)  # pyright: ignore[reportUnknownVariableType]
        if issubclass(kind, Pickler) and any(base.__module__ == name for base in kind.__mro__):
            found.dispatch_table[Promise] = reduce_promise


def arrived(file: Any) -> Any:
    """Take the file that has come in place of the Promise. With the copy module, none has."""
    if isinstance(file, Promise):
        raise TypeError(
            f"cannot copy {type(file.file).__name__!r} object: reopen() opens the file once "
            "more, clone() copies it"
        )
    return file


def reduce_promise(promise: Promise) -> tuple[Any, ...]:
    """Make the other process fetch the file.

    To a process that is being started the descriptor is passed directly, to one that already
    runs over a socket, by a thread that multiprocessing starts here.
    """
    from multiprocessing.context import get_spawning_popen
    from multiprocessing.reduction import DupFd

    file = promise.file
    owned = file._owned
    if not isinstance(owned, Handover):
        if not owned:
            raise ValueError(
                owned.missing
                if isinstance(owned, Lost)
                else "the file was closed before it was pickled, which multiprocessing may do "
                "later, in a thread: hand over file.share() instead"
            )
        return redeem, (type(file), DupFd(owned[0]))
    if owned.sent or not owned:
        raise ValueError(owned.missing)
    if get_spawning_popen() is not None:
        # It passes this number, once all is pickled. The file is closed when collected.
        owned.sent = True
        return redeem, (type(file), DupFd(owned[0]))
    fd = owned.pop()
    try:
        return redeem, (type(file), DupFd(fd))
    finally:
        os.close(fd)


def redeem(kind: type[Any], promise: Any) -> Any:
    """Fetch the file. One that cannot be fetched says so when it is used.

    An exception here would end the thread that receives the results of a pool, and the pool
    would wait for ever.
    """
    try:
        fd = promise.detach()
    except (OSError, EOFError) as error:
        file: Any = object.__new__(kind)
        file._owned = Lost(error)
        return file
    os.set_inheritable(fd, False)
    return kind(fd)


for _name in _PICKLERS:
    if _register(_name):
        _told.add(_name)
