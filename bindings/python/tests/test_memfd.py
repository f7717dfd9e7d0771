# SPDX-License-Identifier: MIT
"""MemFd as an object: ownership, closing, and special methods."""

from __future__ import annotations

import copy
import fcntl
import gc
import os
import pickle
import warnings
from typing import Callable

import pytest

from memfd_go import MemFd, Seal


def test_close() -> None:
    file = MemFd.create("test")
    fd = file.fileno()
    assert not file.closed
    file.close()
    file.close()
    assert file.closed
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)


def test_with_block_closes_on_errors() -> None:
    with pytest.raises(ZeroDivisionError), MemFd.create("test") as file:
        raise ZeroDivisionError
    assert file.closed


def test_detach() -> None:
    file = MemFd.create("test")
    fd = file.detach()
    assert file.closed
    file.close()
    os.close(fd)


def test_closed_file_raises() -> None:
    file = MemFd.create("test")
    file.close()
    uses: list[Callable[[], object]] = [
        file.fileno,
        file.detach,
        file.open,
        file.map,
        file.seal,
        lambda: file.size,
        lambda: file.seals,
        lambda: file.set_size(1),
        lambda: file.ensure(Seal.WRITE),
        lambda: file.check(Seal.WRITE),
    ]
    for use in uses:
        with pytest.raises(ValueError, match="the file is closed"):
            use()


def test_unclosed_file_warns_and_closes() -> None:
    file = MemFd.create("test")
    text = f"unclosed <MemFd fd={file.fileno()}>"
    with pytest.warns(ResourceWarning) as caught:
        del file
    assert [str(warning.message) for warning in caught] == [text]


def test_failed_constructor_does_not_warn() -> None:
    with pytest.raises(TypeError):
        MemFd()  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]


def test_closed_file_does_not_warn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with MemFd.create("test"):
            pass
        os.close(MemFd.create("test").detach())
        gc.collect()


def test_from_fd_takes_ownership() -> None:
    with MemFd.create("test") as file:
        fd = os.dup(file.fileno())
        with MemFd.from_fd(fd) as other:
            assert other.fileno() == fd
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(fd)


def test_subclass() -> None:
    class Special(MemFd):
        pass

    with Special.create("a") as one, Special.sealed("b", b"") as two:
        with Special.from_fd(os.dup(one.fileno())) as three:
            assert {type(one), type(two), type(three)} == {Special}
            assert repr(one) == f"<Special fd={one.fileno()}>"
    assert repr(one) == "<Special closed>"


def test_fileno_is_used(hello: MemFd) -> None:
    assert fcntl.fcntl(hello, fcntl.F_GETFD) == fcntl.FD_CLOEXEC


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_cannot_be_pickled(file: MemFd, protocol: int) -> None:
    with pytest.raises(TypeError, match="cannot pickle 'MemFd' object"):
        pickle.dumps(file, protocol)


def test_cannot_be_copied(file: MemFd) -> None:
    for how in (copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match=r"cannot copy 'MemFd' object: use reopen\(\)"):
            how(file)
