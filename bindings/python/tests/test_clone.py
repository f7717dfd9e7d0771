# SPDX-License-Identifier: MIT
"""Sealed copies of files, and reopened files."""

from __future__ import annotations

import os
import tempfile

import pytest
from helpers import fails_with

from memfd_go import MemFd, Seal, raw


def clone(fd: int, seals: int = 0, max_len: int = 1 << 20) -> MemFd:
    return MemFd.from_fd(raw.clone("test", raw.MFD_CLOEXEC, seals, fd, max_len))


@pytest.mark.parametrize("length", [0, 1, 4096, 300_001])
def test_copy(length: int) -> None:
    data = (b"0123456789abcde" * (length // 15 + 1))[:length]
    with tempfile.TemporaryFile() as source:
        source.write(data)
        source.flush()
        source.seek(length // 2)
        with clone(source.fileno()) as file:
            assert os.pread(file.fileno(), length + 1, 0) == data
            assert os.lseek(file.fileno(), 0, os.SEEK_CUR) == 0
            assert Seal.IMMUTABLE in file.seals
        assert os.lseek(source.fileno(), 0, os.SEEK_CUR) == length // 2


def test_copy_of_a_memfd(hello: MemFd) -> None:
    with clone(hello.fileno(), Seal.GROW) as file:
        assert file.seals & Seal.IMMUTABLE == Seal.GROW
        assert os.pread(file.fileno(), 10, 0) == b"hello"


def test_errors(hello: MemFd) -> None:
    ends = os.pipe()
    try:
        with fails_with("EFBIG"):
            clone(hello.fileno(), max_len=4)
        with fails_with("EINVAL"):
            clone(ends[0])
        with fails_with("EINVAL"):
            clone(hello.fileno(), 1 << 31)
        with fails_with("EBADF"):
            clone(-1)
    finally:
        for end in ends:
            os.close(end)


def test_file_with_wrong_size() -> None:
    with open("/proc/version", "rb") as version:
        with clone(version.fileno()) as file:
            assert os.pread(file.fileno(), 10000, 0) == version.read()


def test_stream() -> None:
    reader, writer = os.pipe()
    os.write(writer, b"hello")
    os.close(writer)
    fd = raw.clone_stream("x", raw.MFD_CLOEXEC, 0, reader, 5)
    assert os.read(fd, 10) == b"hello"
    assert raw.get_seals(fd) & raw.MEMFD_GO_SEALS_IMMUTABLE == raw.MEMFD_GO_SEALS_IMMUTABLE
    os.close(fd)
    os.close(reader)


def test_reopen(hello: MemFd) -> None:
    for flags in (os.O_RDONLY, os.O_PATH):
        fd = raw.reopen(hello.fileno(), flags)
        again = raw.reopen(fd, os.O_RDONLY)
        assert not os.get_inheritable(again)
        assert os.read(again, 10) == b"hello"
        os.close(again)
        os.close(fd)
    assert os.lseek(hello.fileno(), 0, os.SEEK_CUR) == 0


def test_reopen_errors(hello: MemFd) -> None:
    with fails_with("EBADF"):
        raw.reopen(-1, os.O_RDONLY)
    os.fchmod(hello.fileno(), 0)
    if os.geteuid() != 0:
        with fails_with("EACCES"):
            raw.reopen(hello.fileno(), os.O_RDONLY)


def test_reopen_secret(secret_file: MemFd) -> None:
    with fails_with("ENXIO"):
        raw.reopen(secret_file.fileno(), os.O_RDONLY)
