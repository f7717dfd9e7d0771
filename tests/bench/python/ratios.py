#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the package costs, compared with the standard library; prints five measurements.

create     MemFd.create() and close() against os.memfd_create() and os.close()
sealed     MemFd.sealed() of 4 KiB and close() against the same calls by hand
get_seals  raw.get_seals() against fcntl.fcntl()
receive    receiving, verifying and mapping files of growing size; nothing is copied
import     importing memfd_go against importing ctypes, in fresh interpreters

All times are of the processor. Blocks of calls are interleaved, because a machine's speed
changes from moment to moment, and the 10th percentile of each is told, which disturbances do
not reach. The first three have the standard library's calls twice: how far "same" is from 1 is
how far the other ratio can be trusted.
"""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable

from memfd_go import MemFd, Seal, raw


def tenth(values: list[float]) -> float:
    """The 10th percentile."""
    return sorted(values)[len(values) // 10]


def interleaved(
    functions: dict[str, Callable[[], object]], blocks: int, calls: int
) -> dict[str, float]:
    """Seconds a call for each function."""
    times: dict[str, list[float]] = {name: [] for name in functions}
    order = list(functions.items())
    for block in range(blocks):
        for name, function in order if block % 2 else reversed(order):
            start = time.process_time()
            for _ in range(calls):
                function()
            times[name].append((time.process_time() - start) / calls)
    return {name: tenth(values) for name, values in times.items()}


def compare(name: str, theirs: Callable[[], object], ours: Callable[[], object]) -> None:
    """Print our time as a ratio to that of the standard library."""
    functions = {"library": theirs, "same": theirs, "memfd_go": ours}
    result = interleaved(functions, blocks=600, calls=100)
    unit = result["library"]
    print(
        f"{name:<18} standard library {unit * 1e6:.2f} us, "
        f"same {result['same'] / unit:.2f}, memfd_go {result['memfd_go'] / unit:.2f}"
    )


FLAGS = os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING
DATA = bytes(4096)


def create() -> None:
    """Compare creating and closing."""
    compare(
        "create and close",
        lambda: os.close(os.memfd_create("example", FLAGS)),
        lambda: MemFd.create("example").close(),
    )


def sealed() -> None:
    """Compare creating, filling, sealing and closing."""

    def by_hand() -> None:
        fd = os.memfd_create("example", FLAGS)
        os.write(fd, DATA)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, int(Seal.IMMUTABLE))
        os.close(fd)

    compare("sealed, 4 KiB", by_hand, lambda: MemFd.sealed("example", DATA).close())


def get_seals() -> None:
    """Compare the cheapest call that there is."""
    with MemFd.create("example") as file:
        fd = file.fileno()
        compare(
            "get_seals",
            lambda: fcntl.fcntl(fd, fcntl.F_GET_SEALS),
            lambda: raw.get_seals(fd),
        )


def receive() -> None:
    """Receive and map files of several sizes; look at a byte in the middle."""
    a, b = socket.socketpair()
    sizes = [4 << 10, 1 << 20, 64 << 20]
    files: dict[str, MemFd] = {}
    for size in sizes:
        file = MemFd.create("data", size=size)
        with file.map(writable=True) as mapping, mapping.view() as view:
            for start in range(0, size, 4096):
                view[start] = 1
        file.seal(Seal.IMMUTABLE)
        files[f"{size >> 10} KiB"] = file

    def receiving(file: MemFd) -> Callable[[], object]:
        def once() -> int:
            file.send(a)
            with MemFd.receive(b) as received, received.map() as mapping:
                return mapping[len(mapping) // 2]

        return once

    result = interleaved(
        {name: receiving(file) for name, file in files.items()}, blocks=300, calls=10
    )
    told = ", ".join(f"{name} {seconds * 1e6:.0f} us" for name, seconds in result.items())
    print(f"receive and map    {told}")
    for file in files.values():
        file.close()
    a.close()
    b.close()


def imports() -> None:
    """Compare importing, by the processor's time that it takes."""
    times: dict[str, list[float]] = {"ctypes": [], "memfd_go": []}
    path = f"import sys; sys.path[:] = {sys.path!r}; "
    for _ in range(20):
        for name, values in times.items():
            code = (
                "import time; start = time.process_time(); "
                f"import {name}; print(time.process_time() - start)"
            )
            command = [sys.executable, "-I", "-S", "-c", path + code]
            values.append(float(subprocess.check_output(command, text=True)))
    ctypes, memfd_go = tenth(times["ctypes"]), tenth(times["memfd_go"])
    told = f"ctypes {ctypes * 1e3:.1f} ms, memfd_go {memfd_go * 1e3:.1f} ms"
    print(f"import             {told}, {(memfd_go - ctypes) * 1e3:.1f} ms more")


if __name__ == "__main__":
    create()
    sealed()
    get_seals()
    receive()
    imports()
