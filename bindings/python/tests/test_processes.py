# SPDX-License-Identifier: MIT
"""Other processes: inherited, sent and reopened descriptors; calls after fork()."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading

import pytest
from helpers import in_child

import memfd_go
from memfd_go import MemFd, Seal

READER = """
import sys, memfd_go
from memfd_go import MemFd, Seal
with memfd_go.MemFd.from_fd({fd}, Seal.WRITE | Seal.SHRINK) as file, file.map() as mapping:
    print(bytes(mapping).decode(), file.seals & Seal.IMMUTABLE)
    attempts = (
        lambda: file.set_size(1),
        lambda: file.set_size(9),
        lambda: file.map(writable=True),
    )
    for attempt in attempts:
        try:
            attempt()
        except PermissionError as error:
            print(error.errno)
"""


def whole_round() -> None:
    """Call functions of every kind."""
    assert memfd_go.version_string()
    assert Seal.parse(str(Seal.IMMUTABLE)) == Seal.IMMUTABLE
    with MemFd.create("child", size=5) as file:
        with file.map(writable=True) as mapping:
            mapping[:] = b"hello"
        file.seal()
        file.ensure(Seal.WRITE)
        file.check(Seal.WRITE)
    with MemFd.sealed("child", b"hello") as file, file.map() as mapping:
        assert bytes(mapping) == b"hello"


def test_inherited_descriptor(hello: MemFd) -> None:
    code = READER.format(fd=hello.fileno())
    out = subprocess.check_output(
        [sys.executable, "-c", code], pass_fds=[hello.fileno()], text=True
    )
    assert out == "hello SEAL GROW WRITE SHRINK\n1\n1\n1\n"


def test_opened_through_proc(hello: MemFd) -> None:
    path = f"/proc/{os.getpid()}/fd/{hello.fileno()}"
    code = READER.format(fd=f"__import__('os').open({path!r}, 2)")
    out = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert out == "hello SEAL GROW WRITE SHRINK\n1\n1\n1\n"


def test_closed_on_exec(hello: MemFd) -> None:
    code = f"import os; os.fstat({hello.fileno()})"
    done = subprocess.run(
        [sys.executable, "-c", code],
        close_fds=False,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Bad file descriptor" in done.stderr


def test_sent_over_a_socket(hello: MemFd) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        socket.send_fds(ours, [b"x"], [hello.fileno()])
        _, descriptors, _, _ = socket.recv_fds(theirs, 1, 1)
        with MemFd.from_fd(descriptors[0], Seal.IMMUTABLE) as received:
            with received.map() as mapping:
                assert bytes(mapping) == b"hello"


def test_child_of_fork(file: MemFd) -> None:
    file.set_size(5)
    mapping = file.map(writable=True)

    def child() -> None:
        whole_round()
        mapping[:] = b"child"
        mapping.close()
        file.close()

    in_child(child)
    assert bytes(mapping) == b"child"
    mapping.close()
    assert file.size == 5


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_child_of_a_threaded_process() -> None:
    stop = threading.Event()

    def work() -> None:
        # No writable mapping, because a child would inherit it and prevent sealing.
        while not stop.is_set():
            MemFd.sealed("parent", b"hello").close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(5):
            in_child(whole_round)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
