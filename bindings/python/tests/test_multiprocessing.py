"""Files that go through multiprocessing, whatever starts the processes."""

from __future__ import annotations

import multiprocessing
import os
import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import forkserver, resource_sharer, resource_tracker
from typing import TYPE_CHECKING, Any

import pytest

from memfd_go import MemFd, Seal

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


class Special(MemFd):
    """A subclass goes as what it is."""


@pytest.fixture(scope="module", autouse=True)
def _helpers_of_multiprocessing() -> None:
    """They keep descriptors open until the interpreter exits."""
    resource_tracker.ensure_running()
    forkserver.ensure_running()


@pytest.fixture(autouse=True)
def _sharer() -> Iterator[None]:
    """The thread that hands descriptors to processes that run already, and its socket."""
    yield
    resource_sharer.stop(timeout=30)


of_the_worker: list[MemFd] = []


def set_up_worker(file: MemFd) -> None:
    of_the_worker.append(file)


def work(file: MemFd) -> tuple[bytes, bytes, bool, MemFd]:
    """Use a file that came with the process and one that came with the task; return one."""
    (first,) = of_the_worker
    with first.map() as one, file, file.map() as two:
        inheritable = os.get_inheritable(first.fileno()) or os.get_inheritable(file.fileno())
        return bytes(one), bytes(two), inheritable, Special.sealed("result", bytes(one)[::-1])


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_process_pool(hello: MemFd, method: str) -> None:
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(1, context, set_up_worker, (hello,)) as pool:
        with MemFd.sealed("task", b"world") as task:
            future = pool.submit(work, task)
            one, two, inheritable, result = future.result()
    assert (one, two, inheritable) == (b"hello", b"world", False)
    with result, result.map_verified() as mapping:
        assert type(result) is Special
        assert bytes(mapping) == b"olleh"


def reply(connection: Any) -> None:
    with connection, connection.recv() as file:
        connection.send(file.seals)


def test_connection(hello: MemFd) -> None:
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=reply, args=(theirs,))
    process.start()
    with ours, theirs:
        ours.send(hello)
        assert Seal.IMMUTABLE in ours.recv()
    process.join()
    assert process.exitcode == 0
    process.close()


def test_closed_file_cannot_go(file: MemFd) -> None:
    file.close()
    ours, theirs = multiprocessing.Pipe()
    with ours, theirs, pytest.raises(ValueError, match="the file is closed"):
        ours.send(file)


def test_elsewhere_it_cannot_be_pickled(file: MemFd) -> None:
    """Though multiprocessing is there."""
    for value in (file, [file], {"file": file}):
        with pytest.raises(TypeError, match="cannot pickle 'MemFd' object"):
            pickle.dumps(value)
