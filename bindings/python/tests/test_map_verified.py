# SPDX-License-Identifier: MIT
"""Mapping files from untrusted processes."""

from __future__ import annotations

import ctypes
import errno
import os
from typing import NoReturn

import pytest
from helpers import fails_with

from memfd_go import CreateFlag, MemFd, MissingSealsError, Seal, raw


@pytest.fixture
def sealed() -> MemFd:
    """A file that holds b"hello", immutable and not executable."""
    args = raw.CreateArgs(flags=raw.MFD_CLOEXEC | raw.MFD_NOEXEC_SEAL)
    file = MemFd.from_fd(raw.create_with("test", args))
    os.write(file.fileno(), b"hello")
    file.seal()
    return file


def test_sealed(sealed: MemFd) -> None:
    with sealed as file:
        address, length = raw.map_verified(file.fileno(), raw.MEMFD_GO_SEALS_IMMUTABLE, 5)
    assert ctypes.string_at(address, length) == b"hello"
    raw.unmap(address, length)


def test_read_only_descriptor(sealed: MemFd) -> None:
    with sealed as file:
        fd = raw.reopen(file.fileno(), os.O_RDONLY)
        raw.unmap(*raw.map_verified(fd, 0, 5))
        os.close(fd)


def test_too_large(sealed: MemFd) -> None:
    with sealed as file, fails_with("EFBIG"):
        raw.map_verified(file.fileno(), 0, 4)


def test_not_open_for_reading(sealed: MemFd) -> None:
    with sealed as file:
        for flags, name in ((os.O_WRONLY, "EACCES"), (os.O_PATH, "EBADF")):
            fd = raw.reopen(file.fileno(), flags)
            with fails_with(name):
                raw.map_verified(fd, 0, 5)
            os.close(fd)


def test_empty(file: MemFd) -> None:
    file.seal()
    with fails_with("ENODATA"):
        raw.map_verified(file.fileno(), 0, 5)


@pytest.mark.parametrize("seals", [0, raw.F_SEAL_WRITE, raw.F_SEAL_SHRINK])
def test_seals_missing(file: MemFd, seals: int) -> None:
    file.set_size(5)
    file.ensure(Seal(seals))
    with fails_with("EKEYREJECTED"):
        raw.map_verified(file.fileno(), 0, 5)


@pytest.mark.usefixtures("executable_by_default")
def test_executable_file_with_exec_seal() -> None:
    if not raw.probe(0).bits & raw.MEMFD_GO_FEATURE_SEAL_EXEC:
        pytest.skip("the kernel has no F_SEAL_EXEC")
    flags = CreateFlag.CLOEXEC | CreateFlag.ALLOW_SEALING
    with MemFd.create("test", flags, size=5, mode=0o700) as file:
        file.seal(Seal.IMMUTABLE & ~Seal.SEAL)
        raw.unmap(*raw.map_verified(file.fileno(), 0, 5))
        file.seal(Seal.EXEC)
        refused = 0
        try:  # accepted if the kernel checks for writable mappings
            raw.unmap(*raw.map_verified(file.fileno(), 0, 5))
        except OSError as error:
            refused = error.errno or 0
        assert refused in (0, errno.EKEYREVOKED)


def test_unproven_seals(hello: MemFd, monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulated, because few kernels return EKEYREVOKED here."""

    def map_verified(fd: int, required: int, max_size: int, opts: int) -> NoReturn:
        raise OSError(errno.EKEYREVOKED, os.strerror(errno.EKEYREVOKED))

    monkeypatch.setattr(raw, "map_verified", map_verified)
    with pytest.raises(MissingSealsError, match="the seals do not guarantee") as caught:
        hello.map_verified()
    assert caught.value.missing == Seal.NONE
    assert caught.value.errno == errno.EKEYREVOKED


def test_not_a_memfd() -> None:
    ends = os.pipe()
    with fails_with("EINVAL"):
        raw.map_verified(ends[0], 0, 5)
    for end in ends:
        os.close(end)
