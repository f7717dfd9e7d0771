# SPDX-License-Identifier: MIT
"""OSError subclasses, and names of errors."""

from __future__ import annotations

import errno
import os
import pickle

import pytest

from memfd_go import MissingSealsError, Seal, _ffi, errname


@pytest.mark.parametrize("number", sorted(errno.errorcode))
def test_names_match_python(number: int) -> None:
    names = {name for name, value in vars(errno).items() if value == number}
    assert errname(number) in names
    assert errname(-number) == errname(number)


@pytest.mark.parametrize("number", [0, 41, 4095, 1 << 20, (1 << 31) - 1, -(1 << 31)])
def test_unknown_number(number: int) -> None:
    assert errname(number) == "E?"


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.EPERM, PermissionError),
        (errno.EACCES, PermissionError),
        (errno.EAGAIN, BlockingIOError),
        (errno.EINTR, InterruptedError),
        (errno.ENOENT, FileNotFoundError),
        (errno.EBUSY, OSError),
    ],
)
def test_subclass(number: int, kind: type[OSError]) -> None:
    with pytest.raises(OSError) as caught:
        _ffi.check(-number)
    assert type(caught.value) is kind
    assert caught.value.errno == number
    assert caught.value.strerror == os.strerror(number)
    assert caught.value.filename is None


def test_success_returns_the_result() -> None:
    assert [_ffi.check(result) for result in (0, 1, 1 << 30)] == [0, 1, 1 << 30]


def test_missing_seals() -> None:
    error = MissingSealsError(Seal.WRITE | Seal.GROW)
    assert isinstance(error, OSError)
    assert error.errno == errno.EKEYREJECTED
    assert error.strerror == "missing seals: GROW WRITE"
    assert error.filename is None
    assert error.missing == Seal.WRITE | Seal.GROW


def test_missing_seals_error_can_be_pickled() -> None:
    copy = pickle.loads(pickle.dumps(MissingSealsError(Seal.WRITE)))
    assert type(copy) is MissingSealsError
    assert copy.missing == Seal.WRITE
    assert str(copy) == str(MissingSealsError(Seal.WRITE))
