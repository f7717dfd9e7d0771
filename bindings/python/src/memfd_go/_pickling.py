# SPDX-License-Identifier: MIT
"""Pickling a file: only picklers that pass descriptors can do it.

An object cannot tell which pickler calls its __reduce_ex__(). So a file is reduced to a
Placeholder, and each pickler that passes descriptors has a reducer for Placeholder. Other
picklers call Placeholder.__reduce_ex__(), which raises TypeError. This also works for
subclasses of MemFd, and if multiprocessing is imported after this package.
"""

from __future__ import annotations

import gc
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

# The modules of picklers that pass descriptors, and their functions to register a reducer.
_PICKLERS = {
    "multiprocessing.reduction": "ForkingPickler.register",
    "loky.backend.reduction": "register",
    "joblib.externals.loky.backend.reduction": "register",
}
_registered: set[str] = set()

CLOSED = "the file is closed"


class Shared(list[int]):
    """The descriptor of a file from share(), until it is pickled."""

    __slots__ = ("sent",)

    missing = "the file has been pickled already: call share() once for each receiver"

    def __init__(self, fd: int) -> None:
        super().__init__([fd])
        self.sent = False


class Lost(list[int]):
    """Takes the place of the descriptor of a file that could not be fetched."""

    __slots__ = ("missing",)

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.missing = (
            f"the file was lost ({type(error).__name__}: {error}): the sender must run until "
            "the receiver has fetched it; or let the receiver create the file, or send it "
            "over a Unix socket"
        )


def why_missing(owned: list[int]) -> str:
    """Return the reason why a file has no descriptor."""
    return str(getattr(owned, "missing", CLOSED))


class Placeholder:
    """Takes the place of a file until a pickler calls reduce_placeholder()."""

    __slots__ = ("file",)

    def __init__(self, file: Any) -> None:
        self.file = file

    def __deepcopy__(self, memo: object) -> Any:
        return restore(self)

    def __reduce_ex__(self, protocol: object, /) -> NoReturn:
        raise TypeError(
            f"cannot pickle {type(self.file).__name__!r} object: only multiprocessing, "
            "concurrent.futures and loky (joblib) can pass its descriptor to a process; "
            "otherwise use send() and receive() with a Unix socket"
        )


def reduce_file(file: Any) -> tuple[Any, ...]:
    """Return the result of __reduce_ex__() of a file."""
    for name in _PICKLERS.keys() - _registered:
        if _register(name):
            _update_existing_picklers(name)
            _registered.add(name)
    return restore, (Placeholder(file),)


def _register(name: str) -> bool:
    """Register the reducer with a module if the module has been imported."""
    register: Any = sys.modules.get(name)
    for attribute in _PICKLERS[name].split("."):
        register = getattr(register, attribute, None)
    if register is None:
        return False
    register(Placeholder, reduce_placeholder)
    return True


def _update_existing_picklers(name: str) -> None:
    """Add the reducer to the picklers that exist already.

    Each has its own copy of the dispatch table, and one of them is pickling this file.
    """
    from pickle import Pickler

    for found in gc.get_objects():
        kind = type(found)  # pyright: ignore[reportUnknownVariableType]
        if issubclass(kind, Pickler) and any(base.__module__ == name for base in kind.__mro__):
            found.dispatch_table[Placeholder] = reduce_placeholder


def restore(file: Any) -> Any:
    """Return the file that replaced the Placeholder. The copy module replaces nothing."""
    if isinstance(file, Placeholder):
        raise TypeError(
            f"cannot copy {type(file.file).__name__!r} object: use reopen() for a second "
            "descriptor, or clone() for a copy of the file"
        )
    return file


def reduce_placeholder(placeholder: Placeholder) -> tuple[Any, ...]:
    """Make the other process fetch the file.

    A process that is being started inherits the descriptor. A running process fetches it
    over a socket, from a thread that multiprocessing starts here.
    """
    from multiprocessing.context import get_spawning_popen
    from multiprocessing.reduction import DupFd

    file = placeholder.file
    owned = file._owned
    if not isinstance(owned, Shared):
        if not owned:
            raise ValueError(
                owned.missing
                if isinstance(owned, Lost)
                else "the file was closed before multiprocessing pickled it, perhaps in a "
                "thread: pass file.share() instead"
            )
        return fetch, (type(file), DupFd(owned[0]))
    if owned.sent or not owned:
        raise ValueError(owned.missing)
    if get_spawning_popen() is not None:
        # The child inherits this descriptor after pickling, so it must stay open until the
        # file is collected.
        owned.sent = True
        return fetch, (type(file), DupFd(owned[0]))
    fd = owned.pop()
    try:
        return fetch, (type(file), DupFd(fd))
    finally:
        os.close(fd)


def fetch(kind: type[Any], duplicate: Any) -> Any:
    """Fetch the file. If that fails, the error is raised when the file is used.

    An exception here would end the thread that receives the results of a pool, and the pool
    would wait forever.
    """
    try:
        fd = duplicate.detach()
    except Exception as error:  # RuntimeError without a free descriptor, for example
        file: Any = object.__new__(kind)
        file._owned = Lost(error)
        return file
    os.set_inheritable(fd, False)
    return kind(fd)


for _name in _PICKLERS:
    if _register(_name):
        _registered.add(_name)
