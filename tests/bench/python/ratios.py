#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The package compared with the standard library.

create+close  MemFd.create() and close() against os.memfd_create() and os.close()
sealed 4 KiB  MemFd.sealed() and close() against the same calls by hand
get_seals     raw.get_seals() against fcntl.fcntl()
receive+map   a file of 64 MiB against one of 4 KiB: nothing is copied
import        importing memfd_go against importing ctypes, in fresh interpreters

Each line consists of the work, the variant, the minimum and the median in ns, and the ratio to
the first variant, separated by tabs. "same" is the first variant measured again. Blocks of calls
alternate, times are processor times, and ratios are those of the 10th percentiles. The
environment variable BLOCKS is the number of blocks.
"""

from __future__ import annotations

import fcntl
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from memfd_go import MemFd, Seal, raw

BLOCKS = int(os.environ.get("BLOCKS", "400"))


def tenth(values: list[float]) -> float:
    """Return the 10th percentile."""
    return sorted(values)[len(values) // 10]


def report(work: str, times: dict[str, list[float]]) -> None:
    """Print a line for each variant; times are in seconds."""
    reference = tenth(next(iter(times.values())))
    for name, values in times.items():
        least, median = min(values) * 1e9, statistics.median(values) * 1e9
        print(f"{work}\t{name}\t{least:.2f}\t{median:.2f}\t{tenth(values) / reference:.5f}")


def compare(
    work: str, theirs: Callable[[], object], ours: Callable[[], object], calls: int = 100
) -> None:
    """Measure two functions, and the first one twice."""
    functions = {"standard library": theirs, "same": theirs, "memfd_go": ours}
    times: dict[str, list[float]] = {name: [] for name in functions}
    order = list(functions.items())
    for block in range(BLOCKS):
        for name, function in order if block % 2 else reversed(order):
            start = time.process_time()
            for _ in range(calls):
                function()
            times[name].append((time.process_time() - start) / calls)
    report(work, times)


FLAGS = os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING
DATA = bytes(4096)


def create() -> None:
    """Compare creating and closing."""
    compare(
        "create+close",
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

    compare("sealed 4 KiB", by_hand, lambda: MemFd.sealed("example", DATA).close())


def get_seals() -> None:
    """Compare the cheapest call."""
    with MemFd.create("example") as file:
        fd = file.fileno()
        compare(
            "get_seals",
            lambda: fcntl.fcntl(fd, fcntl.F_GET_SEALS),
            lambda: raw.get_seals(fd),
        )


def filled(size: int) -> MemFd:
    """Return a sealed file without holes."""
    file = MemFd.create("data", size=size)
    with file.map(writable=True) as mapping, mapping.view() as view:
        for start in range(0, size, 4096):
            view[start] = 1
    file.seal(Seal.IMMUTABLE)
    return file


def receive() -> None:
    """Receive and map files of two sizes; read a byte in the middle."""
    a, b = socket.socketpair()

    def receiving(file: MemFd) -> Callable[[], object]:
        def once() -> int:
            file.send(a)
            with MemFd.receive(b) as received, received.map() as mapping:
                return mapping[len(mapping) // 2]

        return once

    with a, b, filled(4 << 10) as small, filled(64 << 20) as large:
        compare("receive+map", receiving(small), receiving(large), calls=10)


def imports() -> None:
    """Compare importing."""
    times: dict[str, list[float]] = {"standard library": [], "same": [], "memfd_go": []}
    path = f"import sys; sys.path[:] = {sys.path!r}; "
    for _ in range(max(2, BLOCKS // 40)):
        for name, values in times.items():
            module = name if name == "memfd_go" else "ctypes"
            code = (
                "import time; start = time.process_time(); "
                f"import {module}; print(time.process_time() - start)"
            )
            command = [sys.executable, "-I", "-S", "-c", path + code]
            values.append(float(subprocess.check_output(command, text=True)))
    report("import", times)


if __name__ == "__main__":
    create()
    sealed()
    get_seals()
    receive()
    imports()
