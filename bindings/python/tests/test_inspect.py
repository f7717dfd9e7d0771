# SPDX-License-Identifier: MIT
"""raw.inspect()."""

from __future__ import annotations

import os
import stat
import tempfile

import pytest
from helpers import fails_with

from memfd_go import MemFd, raw


def test_memfd(hello: MemFd) -> None:
    info = raw.inspect(hello.fileno())
    assert info.kind == raw.MEMFD_GO_KIND_MEMFD
    assert info.seals == hello.seals
    assert info.mode == os.fstat(hello.fileno()).st_mode
    assert (info.size, info.huge_page, info.name) == (5, 0, b"test")
    assert info.access == raw.MEMFD_GO_ACCESS_READ_WRITE


@pytest.mark.parametrize("name", [b"", b"a/b\nc", b"\xff", b"x (deleted)", b"x" * 249])
@pytest.mark.parametrize("flags", [raw.MFD_CLOEXEC, raw.MFD_CLOEXEC | raw.MFD_ALLOW_SEALING])
def test_name(name: bytes, flags: int) -> None:
    fd = raw.create(name, flags)
    info = raw.inspect(fd)
    os.close(fd)
    assert (info.kind, info.name) == (raw.MEMFD_GO_KIND_MEMFD, name)


@pytest.mark.parametrize(
    ("flags", "access"),
    [
        (os.O_RDONLY, raw.MEMFD_GO_ACCESS_READ),
        (os.O_WRONLY, raw.MEMFD_GO_ACCESS_WRITE),
        (os.O_RDWR, raw.MEMFD_GO_ACCESS_READ_WRITE),
        (os.O_PATH, raw.MEMFD_GO_ACCESS_NONE),
    ],
)
def test_access(file: MemFd, flags: int, access: int) -> None:
    fd = raw.reopen(file.fileno(), flags)
    info = raw.inspect(fd)
    os.close(fd)
    assert (info.kind, info.access) == (raw.MEMFD_GO_KIND_MEMFD, access)


def test_secret(secret_file: MemFd) -> None:
    secret_file.set_size(100)
    info = raw.inspect(secret_file.fileno())
    assert (info.kind, info.size, info.name) == (raw.MEMFD_GO_KIND_SECRET, 100, b"")


def test_others() -> None:
    ends = os.pipe()
    info = raw.inspect(ends[0])
    for end in ends:
        os.close(end)
    assert info.kind == raw.MEMFD_GO_KIND_OTHER
    assert stat.S_ISFIFO(info.mode)


def test_disk_or_tmpfs() -> None:
    with tempfile.TemporaryFile(dir=".") as stream:
        kind = raw.inspect(stream.fileno()).kind
        assert kind in (raw.MEMFD_GO_KIND_OTHER, raw.MEMFD_GO_KIND_TMPFS_FILE)
    if os.path.ismount("/dev/shm"):
        with tempfile.TemporaryFile(dir="/dev/shm") as stream:
            assert raw.inspect(stream.fileno()).kind == raw.MEMFD_GO_KIND_TMPFS_FILE


def test_no_descriptor() -> None:
    with fails_with("EBADF"):
        raw.inspect(-1)
