# SPDX-License-Identifier: MIT
"""Adding, reading, ensuring and checking seals."""

from __future__ import annotations

import mmap
import os
import tempfile
from typing import Callable

import pytest
from helpers import fails_with

from memfd_go import CreateFlag, MemFd, MissingSealsError, Seal, raw

EACH = [Seal.SEAL, Seal.SHRINK, Seal.GROW, Seal.WRITE, Seal.FUTURE_WRITE]


@pytest.mark.parametrize("seal", EACH, ids=str)
def test_each(file: MemFd, seal: Seal) -> None:
    file.seal(seal)
    assert file.seals & ~Seal.EXEC == seal
    assert isinstance(file.seals, Seal)


def test_default_is_immutable(file: MemFd) -> None:
    file.seal()
    assert Seal.IMMUTABLE in file.seals


def test_seals_accumulate(file: MemFd) -> None:
    for seal in EACH[1:]:
        file.seal(seal)
        file.seal(seal)
    assert file.seals & ~Seal.EXEC == Seal.SHRINK | Seal.GROW | Seal.WRITE | Seal.FUTURE_WRITE


def test_no_seals_after_seal(hello: MemFd) -> None:
    with fails_with("EPERM"):
        hello.seal(Seal.WRITE)


def test_all_or_nothing(file: MemFd) -> None:
    with fails_with("EINVAL"):
        file.seal(Seal.GROW | 0x4000)
    assert not file.seals & Seal.IMMUTABLE


def test_ebusy_while_mapped_writable(file: MemFd) -> None:
    file.set_size(5)
    with file.map(writable=True) as mapping:
        with fails_with("EBUSY"):
            file.seal(Seal.WRITE)
        file.seal(Seal.FUTURE_WRITE)
        mapping[0] = 1
    file.seal(Seal.WRITE)


def test_ensure(file: MemFd) -> None:
    file.ensure(Seal.GROW)
    file.ensure(Seal.GROW | Seal.WRITE)
    assert file.seals & Seal.IMMUTABLE == Seal.GROW | Seal.WRITE
    file.seal(Seal.SEAL)
    file.ensure(Seal.WRITE | Seal.SEAL)
    with pytest.raises(PermissionError):
        file.ensure(Seal.WRITE | Seal.SHRINK)


def test_ensure_through_a_read_only_descriptor(hello: MemFd) -> None:
    fd = os.open(f"/proc/self/fd/{hello.fileno()}", os.O_RDONLY)
    with MemFd.from_fd(fd) as reader:
        reader.ensure(Seal.IMMUTABLE)
        with pytest.raises(PermissionError):
            reader.seal(Seal.WRITE)


def test_check(file: MemFd) -> None:
    file.check(Seal.NONE)
    file.seal(Seal.FUTURE_WRITE | Seal.GROW)
    file.check(Seal.GROW)
    with pytest.raises(MissingSealsError) as caught:
        file.check(Seal.GROW | Seal.WRITE | Seal.SHRINK)
    assert caught.value.missing == Seal.WRITE | Seal.SHRINK
    assert raw.check_seals(file.fileno(), raw.F_SEAL_WRITE) == raw.F_SEAL_WRITE
    assert raw.check_seals(file.fileno(), raw.F_SEAL_GROW) == 0


def test_check_of_unknown_bits(hello: MemFd) -> None:
    with pytest.raises(MissingSealsError, match="0x80000000") as caught:
        hello.check(Seal.WRITE | 1 << 31)
    assert caught.value.missing == 1 << 31


ON_DESCRIPTORS: list[Callable[[int], object]] = [
    raw.get_seals,
    lambda fd: raw.add_seals(fd, 1),
    lambda fd: raw.ensure_seals(fd, 1),
    lambda fd: raw.check_seals(fd, 1),
]


@pytest.mark.parametrize("call", ON_DESCRIPTORS)
def test_files_without_seals(call: Callable[[int], object]) -> None:
    ends = os.pipe()
    path = os.open(".", os.O_PATH)
    try:
        for fd, name in ((ends[1], "EINVAL"), (-1, "EBADF"), (path, "EBADF")):
            with fails_with(name):
                call(fd)
    finally:
        for fd in (*ends, path):
            os.close(fd)


def test_from_fd_checks_required_seals() -> None:
    with MemFd.create("test") as file:
        file.seal(Seal.WRITE)
        fd = os.dup(file.fileno())
    with pytest.raises(MissingSealsError) as caught:
        MemFd.from_fd(fd, Seal.WRITE | Seal.SHRINK)
    assert caught.value.missing == Seal.SHRINK
    with MemFd.from_fd(fd, Seal.WRITE) as file:  # the caller still owned it
        assert file.fileno() == fd


def test_from_fd_of_other_files() -> None:
    with tempfile.TemporaryFile(dir=".") as stream:
        with fails_with("EINVAL"):
            MemFd.from_fd(stream.fileno(), Seal.WRITE)
    for required in (Seal.NONE, Seal.WRITE):
        with fails_with("EBADF"):
            MemFd.from_fd(1 << 30, required)


def test_seals_restrict_mmap(hello: MemFd) -> None:
    """mmap.mmap cannot create mappings that the seals forbid."""
    with pytest.raises(PermissionError):
        mmap.mmap(hello.fileno(), 5)


def test_without_allow_sealing() -> None:
    with MemFd.create("test", CreateFlag.CLOEXEC) as file:
        if Seal.SEAL not in file.seals:
            pytest.skip("vm.memfd_noexec lets every memfd be sealed")
        with pytest.raises(PermissionError):
            file.seal(Seal.WRITE)
