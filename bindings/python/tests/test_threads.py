# SPDX-License-Identifier: MIT
"""Calls from several threads at once."""

from __future__ import annotations

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from memfd_go import Mapping, MemFd, Seal

if TYPE_CHECKING:
    from collections.abc import Iterator

THREADS = 8


@pytest.fixture
def _many_switches() -> Iterator[None]:
    """Make the interpreter switch threads as often as possible."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("_many_switches")
def test_separate_files() -> None:
    def work(number: int) -> bool:
        data = bytes([number]) * 5000
        with MemFd.sealed(f"thread {number}", data) as file, file.map() as mapping:
            return bytes(mapping) == data and Seal.IMMUTABLE in file.seals

    with ThreadPoolExecutor(THREADS) as pool:
        assert all(pool.map(work, range(200)))


@pytest.mark.usefixtures("_many_switches")
def test_one_file(file: MemFd) -> None:
    def work(size: int) -> int:
        file.set_size(size)
        with file.map(1) as mapping:
            len(mapping)
        return file.size

    with ThreadPoolExecutor(THREADS) as pool:
        assert set(pool.map(work, [4096, 8192] * 100)) <= {4096, 8192}


@pytest.mark.usefixtures("_many_switches")
def test_sealing_race(file: MemFd) -> None:
    """ensure() succeeds in all threads, whichever is first."""
    both = Seal.GROW | Seal.SHRINK
    with ThreadPoolExecutor(THREADS) as pool:
        for future in [pool.submit(file.ensure, both) for _ in range(100)]:
            future.result()
    file.check(Seal.GROW | Seal.SHRINK)


@pytest.mark.usefixtures("_many_switches")
def test_close_while_other_threads_read(hello: MemFd) -> None:
    """A reader keeps the memory; a reader that comes after close() gets an error."""

    def read(mapping: Mapping) -> bool:
        try:
            return mapping[:] == b"hello"
        except ValueError as error:
            return str(error) == "the mapping is closed"

    def close(mapping: Mapping) -> bool:
        try:
            mapping.close()
        except BufferError as error:
            return str(error).startswith("views of the mapping still exist")
        return mapping.closed

    with ThreadPoolExecutor(THREADS) as pool:
        for _ in range(100):
            mapping = hello.map()
            futures = [pool.submit(read, mapping) for _ in range(THREADS - 1)]
            futures.append(pool.submit(close, mapping))
            assert all(future.result() for future in futures)
            mapping.close()
            assert mapping.closed


def test_other_threads_run_during_a_call(file: MemFd) -> None:
    """The interpreter lock is released during a system call."""
    done = threading.Event()

    def other() -> None:
        time.sleep(0.01)
        done.set()

    thread = threading.Thread(target=other)
    thread.start()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(600)  # so that other threads run only when the lock is released
    try:
        deadline = time.monotonic() + 5
        while not done.is_set() and time.monotonic() < deadline:
            file.set_size(4 << 20, reserve=True)
            file.set_size(0)
        assert done.is_set()
    finally:
        sys.setswitchinterval(interval)
        thread.join()
