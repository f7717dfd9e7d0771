"""How a file goes to another process of multiprocessing. Imported when one first does."""

from __future__ import annotations

import os
from multiprocessing.reduction import DupFd

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from memfd_go._memfd import MemFd


def passing(file: MemFd) -> tuple[Any, ...]:
    """What to pickle: a promise that the other process redeems for a descriptor.

    To a process that is being started the descriptor is handed on directly, to one that runs
    already (a pool's, by way of a queue) over a socket, by a thread that multiprocessing
    starts here. The descriptor is duplicated for that: the file may be closed meanwhile.
    """
    return received, (type(file), DupFd(file.fileno()))


def received(kind: type[MemFd], promise: Any) -> MemFd:
    """Redeem the promise."""
    fd = promise.detach()
    os.set_inheritable(fd, False)
    return kind(fd)
