# SPDX-License-Identifier: MIT
"""Functions that several test modules use."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Callable

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator


@contextmanager
def fails_with(*names: str, text: str | None = None) -> Generator[None]:
    """Expect an OSError with one of the named errnos and, optionally, a message."""
    with pytest.raises(OSError) as caught:
        yield
    assert caught.value.filename is None
    assert caught.value.errno in [getattr(errno, name) for name in names], str(caught.value)
    if text is not None:
        assert caught.value.strerror == text


@contextmanager
def ignored_errors() -> Generator[list[str]]:
    """Collect the messages of exceptions that Python ignores, such as those of __del__()."""
    errors: list[str] = []

    def append(caught: Any) -> None:
        errors.append(str(caught.exc_value))

    before, sys.unraisablehook = sys.unraisablehook, append
    try:
        yield errors
    finally:
        sys.unraisablehook = before


def in_child(work: Callable[[], object]) -> None:
    """Run a function in a forked child, and fail if it raises."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            work()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def public_names(module: Any) -> list[str]:
    """Return __all__ of a module, or its names without an underscore."""
    names: list[str] = getattr(module, "__all__", [])
    return names or [name for name in dir(module) if name[0] != "_"]


def permissions(address: int) -> str:
    """Return the permissions of memory, such as "rw-", or "" if it is not mapped."""
    with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as maps:
        for line in maps:
            place, access, *_ = line.split()
            low, high = (int(end, 16) for end in place.split("-"))
            if low <= address < high:
                return access[:3]
    return ""


def address_of(view: memoryview) -> int:
    """Return the address of a writable view."""
    return ctypes.addressof(ctypes.c_char.from_buffer(view))
