# SPDX-License-Identifier: MIT
"""os.fork() and multiprocessing while other threads call every function. Prints TAP."""

from __future__ import annotations

import ctypes
import errno
import multiprocessing
import os
import random
import socket
import sys
import threading
import time
import traceback
import warnings
from typing import Callable

from memfd_go import raw

CALLS_A_ROUND = 30
ROUNDS = int(os.environ.get("MEMFD_GO_CALLS", "3000")) // CALLS_A_ROUND + 1
THREADS = 4
ROUNDS_BETWEEN = 4  # rounds of the threads for each child


def error_of(call: Callable[..., object], *arguments: object) -> int | None:
    try:
        call(*arguments)
    except OSError as error:
        return error.errno
    return None


def use_files() -> None:
    assert raw.version_string()
    assert raw.probe(0).bits & raw.MEMFD_GO_FEATURE_CREATE
    fd = raw.create_sealed("forks", raw.MFD_CLOEXEC, 0, b"hello")
    assert raw.parse_seals(raw.format_seals(raw.get_seals(fd))) & raw.F_SEAL_WRITE
    assert raw.check_seals(fd, raw.MEMFD_GO_SEALS_IMMUTABLE) == 0
    raw.ensure_seals(fd, raw.F_SEAL_WRITE)
    copy = raw.clone("forks", raw.MFD_CLOEXEC, 0, fd, 5)
    again = raw.reopen(copy, os.O_RDONLY)
    assert raw.get_size(again) == 5
    assert raw.inspect(again).kind == raw.MEMFD_GO_KIND_MEMFD
    address, length = raw.map_verified(again, 0, 5)
    assert ctypes.string_at(address, length) == b"hello"
    raw.unmap(address, length)
    other = raw.import_pid(os.getpid(), fd, os.O_RDONLY)
    for one in fd, copy, again, other:
        os.close(one)
    fd = raw.create_with("forks", None)
    raw.set_size(fd, 0, 5)
    raw.add_seals(fd, raw.F_SEAL_GROW)
    assert error_of(raw.exec, fd, [], [], 0) == errno.EACCES  # it is not executable
    os.close(fd)


def use_sockets() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        fd = raw.create_sealed("forks", raw.MFD_CLOEXEC, 0, b"hello")
        raw.send_fds(ours.fileno(), [fd])
        os.close(raw.recv_verified(theirs.fileno(), 0, 5)[0])
        os.close(fd)


def use_secrets() -> None:
    area = raw.secret_alloc(5, 0)
    ctypes.memmove(area.data, b"hello", 5)
    raw.wipe(area.data, 5)
    raw.secret_protect(area, raw.MEMFD_GO_ACCESS_NONE)
    raw.secret_free(area)
    pool = raw.secret_pool_init(5, 2, 0)
    raw.secret_pool_give(pool, raw.secret_pool_take(pool))
    raw.secret_pool_free(pool)


def call_everything() -> None:
    use_files()
    use_sockets()
    use_secrets()


def end_child() -> None:
    """Exit with status 1 if a call failed."""
    status = 1
    try:
        call_everything()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def child_of_fork() -> int | None:
    pid = os.fork()
    if pid == 0:
        end_child()
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def child_of_multiprocessing() -> int | None:
    process = multiprocessing.get_context("fork").Process(target=call_everything)
    process.start()
    process.join()
    status = process.exitcode
    process.close()
    return status


def with_threads(child: Callable[[], int | None]) -> None:
    stop = threading.Event()
    made: list[None] = []

    def work() -> None:
        while not stop.is_set():
            call_everything()
            made.append(None)

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    try:
        children = 0
        while children < ROUNDS // ROUNDS_BETWEEN or len(made) < ROUNDS:
            time.sleep(random.random() / 1000)
            assert child() == 0
            assert all(thread.is_alive() for thread in threads), "a thread has failed"
            children += 1
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def main() -> int:
    warnings.simplefilter("ignore", DeprecationWarning)  # about forks of threaded processes
    failed = 0
    for number, child in enumerate((child_of_fork, child_of_multiprocessing), 1):
        before = len(os.listdir("/proc/self/fd"))
        try:
            with_threads(child)
            assert len(os.listdir("/proc/self/fd")) == before, "descriptors leaked"
            result = "ok"
        except Exception as error:
            print(f"# {error!r}")
            failed, result = 1, "not ok"
        print(f"{result} {number} - {child.__name__}", flush=True)
    print("1..2")
    return failed


if __name__ == "__main__":
    sys.exit(main())
