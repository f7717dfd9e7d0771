# SPDX-License-Identifier: MIT
"""Passing files with multiprocessing, for all start methods."""

from __future__ import annotations

import gc
import io
import multiprocessing
import os
import pickle
import subprocess
import sys
import warnings
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import forkserver, resource_sharer, resource_tracker
from multiprocessing.reduction import ForkingPickler
from typing import TYPE_CHECKING, Any

import pytest

from memfd_go import MemFd, Seal
from memfd_go._pickling import fetch

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


class Special(MemFd):
    """A subclass, which arrives as the same type."""


@pytest.fixture(scope="module", autouse=True)
def _helpers_of_multiprocessing() -> None:
    """End the helper processes, which keep descriptors open until the interpreter exits."""
    resource_tracker.ensure_running()
    forkserver.ensure_running()


@pytest.fixture(autouse=True)
def _sharer() -> Iterator[None]:
    """Stop the thread that passes descriptors to running processes."""
    yield
    resource_sharer.stop(timeout=30)


of_the_worker: list[MemFd] = []


def set_up_worker(file: MemFd) -> None:
    of_the_worker.append(file)


def work(file: MemFd) -> tuple[bytes, bytes, bool, MemFd]:
    """Use a file from the initializer and one from the task, and return a file."""
    warnings.simplefilter("error")
    (first,) = of_the_worker
    with first.map() as one, file, file.map() as two:
        inheritable = os.get_inheritable(first.fileno()) or os.get_inheritable(file.fileno())
        with Special.sealed("result", bytes(one)[::-1]) as result:
            return bytes(one), bytes(two), inheritable, result.share()


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_process_pool(hello: MemFd, method: str) -> None:
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(1, context, set_up_worker, (hello,)) as pool:
        with MemFd.sealed("task", b"world") as task:
            future = pool.submit(work, task.share())
        one, two, inheritable, result = future.result()
    assert (one, two, inheritable) == (b"hello", b"world", False)
    with result, result.map_verified() as mapping:
        assert type(result) is Special
        assert bytes(mapping) == b"olleh"


def content(file: MemFd) -> bytes:
    with file, file.map() as mapping:
        return bytes(mapping)


def test_failures_do_not_end_the_receiving_thread() -> None:
    """Without a free descriptor, multiprocessing raises RuntimeError."""

    class Duplicate:
        def detach(self) -> int:
            raise RuntimeError("received 0 items of ancdata")

    file = fetch(MemFd, Duplicate())
    assert file.closed
    with pytest.raises(ValueError, match=r"the file was lost \(RuntimeError: received 0 items"):
        file.fileno()


def made(text: bytes) -> MemFd:
    with MemFd.sealed("made", text) as file:
        return file.share()


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_pool(method: str) -> None:
    """The "with" block ends before multiprocessing pickles the files."""
    with multiprocessing.get_context(method).Pool(1) as pool:
        with MemFd.sealed("test", b"hello") as file:
            later = pool.apply_async(content, (file.share(),))
            mapped = pool.map_async(content, [file.share() for _ in range(5)])
        assert later.get() == b"hello"
        assert mapped.get() == [b"hello"] * 5
        for result in pool.map(made, [b"one", b"two"]):
            assert content(result) in (b"one", b"two")


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_argument_of_a_process(method: str) -> None:
    context: Any = multiprocessing.get_context(method)
    ours, theirs = context.Pipe()
    with MemFd.sealed("test", b"hello") as file, ours, theirs:
        process = context.Process(target=send_content, args=(theirs, file.share()))
        file.close()
        process.start()
        assert ours.recv() == b"hello"
        process.join()
        process.close()


def send_content(connection: Any, file: MemFd) -> None:
    connection.send(content(file))


def test_queue() -> None:
    through = multiprocessing.get_context("spawn").Queue()
    for _ in range(3):
        with MemFd.sealed("test", b"hello") as file:
            through.put(file.share())
    for _ in range(3):
        assert content(through.get(timeout=30)) == b"hello"
    through.close()
    through.join_thread()


def test_unused_share_is_closed(hello: MemFd) -> None:
    """It leaves neither a warning nor a descriptor, which nothing_leaks checks."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        hello.share()
        gc.collect()
        shared = hello.share()
        assert os.path.sameopenfile(shared.fileno(), hello.fileno())
        assert not os.get_inheritable(shared.fileno())
        del shared
        with hello.share() as shared:
            assert content(shared) == b"hello"
        pickle.loads(ForkingPickler.dumps(hello.share())).close()


def test_share_is_pickled_once(hello: MemFd) -> None:
    shared = hello.share()
    pickle.loads(ForkingPickler.dumps(shared)).close()
    assert shared.closed
    for use in (lambda: ForkingPickler.dumps(shared), shared.fileno, shared.map):
        with pytest.raises(ValueError, match="pickled already: call share\\(\\) once for each"):
            use()


def test_share_of_a_closed_file(file: MemFd) -> None:
    file.close()
    with pytest.raises(ValueError, match="the file is closed"):
        file.share()


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


def test_closed_file_cannot_be_pickled(file: MemFd) -> None:
    file.close()
    ours, theirs = multiprocessing.Pipe()
    with (
        ours,
        theirs,
        pytest.raises(ValueError, match=r"closed before multiprocessing pickled it.*share\(\)"),
    ):
        ours.send(file)


# ---------------------------------------------------------- Other ways to pickle


def test_pickler_used_like_torch(hello: MemFd) -> None:
    """torch pickles into a buffer with ForkingPickler, and sends the buffer itself."""
    buffer = io.BytesIO()
    ForkingPickler(buffer, pickle.HIGHEST_PROTOCOL).dump({"file": hello, "again": [hello]})
    arrived = pickle.loads(buffer.getvalue())
    assert arrived["again"] == [arrived["file"]]
    assert content(arrived["file"]) == b"hello"


class Torchlike(ForkingPickler):  # type: ignore[misc,unused-ignore] # typeshed: Any
    """A subclass of the pickler of multiprocessing."""


def test_derived_pickler(hello: MemFd) -> None:
    assert content(pickle.loads(bytes(Torchlike.dumps(hello)))) == b"hello"


LATE = """
import io, pickle, sys
from memfd_go import MemFd
assert "multiprocessing.reduction" not in sys.modules
file = MemFd.sealed("test", b"hello")
from multiprocessing import resource_sharer
from multiprocessing.reduction import ForkingPickler
class Derived(ForkingPickler):
    pass
kind = {kind}
buffer = io.BytesIO()
kind(buffer, pickle.HIGHEST_PROTOCOL).dump(file)
with file, pickle.loads(buffer.getvalue()) as arrived:
    print(arrived.size)
resource_sharer.stop()
"""


@pytest.mark.parametrize("kind", ["ForkingPickler", "Derived"])
def test_pickler_imported_after_the_package(kind: str) -> None:
    """The first pickler exists before the package registers its reducer."""
    command = [sys.executable, "-W", "error", "-c", LATE.format(kind=kind)]
    assert subprocess.check_output(command, text=True) == "5\n"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_pickle_raises(file: MemFd, protocol: int) -> None:
    """It raises even if multiprocessing is imported. The error says what to do instead."""
    for value in (file, [file], {"file": file}, file.share()):
        with pytest.raises(TypeError, match=r"cannot pickle 'MemFd' object.*send\(\) and rec"):
            pickle.dumps(value, protocol)


# ----------------------------------------------------- Limits of multiprocessing


def put_and_exit(through: Any) -> None:
    with MemFd.sealed("test", b"hello") as file:
        through.put(file.share())


def test_sender_has_ended() -> None:
    """The error is raised when the file is used: an earlier one would stop a pool."""
    context = multiprocessing.get_context("fork")
    through = context.Queue()
    process = context.Process(target=put_and_exit, args=(through,))
    process.start()
    process.join()
    lost = through.get(timeout=30)
    assert lost.closed
    for use in (lost.fileno, lost.map, lambda: ForkingPickler.dumps(lost)):
        with pytest.raises(ValueError, match=r"the file was lost .* must run until"):
            use()
    lost.close()
    process.close()
    through.close()
    through.join_thread()


def test_pool_with_short_lived_workers() -> None:
    """The pool does not hang. A file may be lost; then using it raises."""
    with multiprocessing.get_context("fork").Pool(1, maxtasksperchild=1) as pool:
        for result in pool.map(made, [b"one", b"two"], chunksize=1):
            if result.closed:
                with pytest.raises(ValueError, match="the file was lost"):
                    result.fileno()
            else:
                assert content(result) in (b"one", b"two")


def fill(file: MemFd) -> None:
    with file.open("wb") as stream:
        stream.write(b"hello")


def send(sock: Any) -> None:
    with sock, MemFd.sealed("test", b"hello") as file:
        file.send(sock)


def test_workarounds_for_short_lived_senders() -> None:
    """The receiver creates the file, or gets it in a message, which survives its sender."""
    import socket

    context = multiprocessing.get_context("fork")
    ours, theirs = socket.socketpair()
    with ours, theirs, MemFd.create("test") as file:
        for target, argument in ((fill, file), (send, theirs)):
            process = context.Process(target=target, args=(argument,))
            process.start()
            process.join()
            process.close()
        file.freeze()
        assert content(file.share()) == b"hello"
        assert content(MemFd.receive(ours)) == b"hello"
