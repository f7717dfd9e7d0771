#!/usr/bin/env python3
"""What the package costs, compared with the standard library; prints three measurements.

create   MemFd.create() and close() against os.memfd_create() and os.close()
receive  receiving, verifying and mapping files of growing size; nothing is copied
import   importing memfd_go against importing ctypes, in fresh interpreters

Blocks of calls are interleaved, because a machine's speed changes from moment to moment, and
the 10th percentile of each is told, which disturbances do not reach.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from typing import Callable

from memfd_go import MemFd, Seal


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
            start = time.perf_counter()
            for _ in range(calls):
                function()
            times[name].append((time.perf_counter() - start) / calls)
    return {name: tenth(values) for name, values in times.items()}


def create() -> None:
    """Compare creating and closing."""
    flags = os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING
    result = interleaved(
        {
            "os": lambda: os.close(os.memfd_create("example", flags)),
            "memfd_go": lambda: MemFd.create("example").close(),
        },
        blocks=3000,
        calls=50,
    )
    ours, theirs = result["memfd_go"], result["os"]
    told = f"os {theirs * 1e6:.2f} us, memfd_go {ours * 1e6:.2f} us"
    print(f"create and close   {told}, ratio {ours / theirs:.2f}")


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
    receive()
    imports()
