# SPDX-License-Identifier: MIT
"""Sizes of files."""

from __future__ import annotations

import os
import resource
import signal

import pytest
from helpers import fails_with

from memfd_go import MemFd, Seal, raw


def allocated(file: MemFd) -> int:
    return os.fstat(file.fileno()).st_blocks * 512


def test_grow_and_shrink(file: MemFd) -> None:
    file.set_size(5)
    os.pwrite(file.fileno(), b"hello", 0)
    file.set_size(3)
    file.set_size(6)
    assert file.size == 6
    assert os.pread(file.fileno(), 10, 0) == b"hel\0\0\0"


def test_reserve_allocates(file: MemFd) -> None:
    file.set_size(100_000)
    assert allocated(file) == 0
    file.set_size(100_000, reserve=True)
    assert allocated(file) >= 100_000
    assert file.size == 100_000
    file.set_size(10, reserve=True)
    assert file.size == 10


@pytest.mark.parametrize("size", [1 << 63, (1 << 64) - 1])
@pytest.mark.parametrize("reserve", [False, True])
def test_size_over_file_maximum(file: MemFd, size: int, reserve: bool) -> None:
    with fails_with("EINVAL"):
        file.set_size(size, reserve=reserve)
    assert file.size == 0


@pytest.mark.parametrize("reserve", [False, True])
def test_over_the_limit(file: MemFd, reserve: bool) -> None:
    file.set_size(5)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    with fails_with("EFBIG"):
        file.set_size(limit + 1, reserve=reserve)
    assert file.size == 5


def test_sealed_size(file: MemFd) -> None:
    file.set_size(5)
    file.seal(Seal.GROW)
    with pytest.raises(PermissionError):
        file.set_size(6)
    with pytest.raises(PermissionError):
        file.set_size(6, reserve=True)
    file.set_size(4)
    file.seal(Seal.SHRINK)
    with pytest.raises(PermissionError):
        file.set_size(3)
    assert file.size == 4


def test_wrong_descriptors() -> None:
    for attempt in (lambda: raw.get_size(-1), lambda: raw.set_size(-1, 0, 0)):
        with fails_with("EBADF"):
            attempt()


def test_read_only_descriptor(file: MemFd) -> None:
    fd = os.open(f"/proc/self/fd/{file.fileno()}", os.O_RDONLY)
    with MemFd.from_fd(fd) as reader:
        with fails_with("EINVAL"):
            reader.set_size(5)
        with fails_with("EBADF"):
            reader.set_size(5, reserve=True)


def test_pipe_is_refused() -> None:
    ends = os.pipe()
    try:
        assert raw.get_size(ends[0]) == 0
        with fails_with("EINVAL"):
            raw.set_size(ends[1], 0, 5)
        with fails_with("ESPIPE", "ENODEV", "EOPNOTSUPP"):
            raw.set_size(ends[1], raw.MEMFD_GO_OPT_RESERVE, 5)
    finally:
        for end in ends:
            os.close(end)


def test_path_descriptor(hello: MemFd) -> None:
    fd = os.open(f"/proc/self/fd/{hello.fileno()}", os.O_PATH)
    assert raw.get_size(fd) == 5
    os.close(fd)


def test_unknown_options(file: MemFd) -> None:
    for opts in (raw.MEMFD_GO_OPT_WRITE, 1 << 31):
        with fails_with("EINVAL"):
            raw.set_size(file.fileno(), opts, 5)


def test_interrupted_call_is_retried(file: MemFd, monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes: list[BaseException | None] = [InterruptedError(), InterruptedError(), None]

    def set_size(*_: int) -> None:
        outcome = outcomes.pop(0)
        if outcome:
            raise outcome

    monkeypatch.setattr(raw, "set_size", set_size)
    file.set_size(5, reserve=True)
    assert outcomes == []


def test_exception_in_signal_handler(file: MemFd) -> None:
    class AlarmError(Exception):
        pass

    def handler(*_: object) -> None:
        raise AlarmError

    previous = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        with pytest.raises(AlarmError):
            while True:
                file.set_size(8 << 20, reserve=True)
                file.set_size(0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
