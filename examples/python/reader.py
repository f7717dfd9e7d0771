#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""reader.py PATH | NUMBER: read a sealed file of another process.

Read it from a path such as /proc/PID/fd/N, or through an inherited descriptor. Then try to
change it, and fail if that succeeds.
"""

import os
import sys
from typing import Callable

from example import name, say
from memfd_go import MemFd, Seal


def open_file(argument: str) -> int:
    """Return a descriptor of the file."""
    if not argument.startswith("/"):
        say("reader", f"process {os.getpid()} inherited descriptor {argument}")
        return int(argument)
    # Open for writing, so that only the seals prevent changes.
    fd = os.open(argument, os.O_RDWR)
    say("reader", f"process {os.getpid()} opened {argument}")
    return fd


def must_fail(what: str, change: Callable[[], object]) -> None:
    """Try to change the file."""
    try:
        change()
    except PermissionError as error:
        say("reader", f"tries to {what} it: refused, {name(error)}")
    else:
        sys.exit(f"{what}: a sealed file has changed")


def main(argument: str) -> None:
    """Run the session."""
    with MemFd.from_fd(open_file(argument)) as file:
        say("reader", f"sees its seals: {file.seals}")

        # With these seals, neither size nor contents can change. Otherwise the other process
        # could shrink the file, and reading the mapping would be SIGBUS.
        file.check(Seal.IMMUTABLE)
        with file.map() as area:
            say("reader", f'reads its content: "{bytes(area).decode()}"')

        must_fail("write", lambda: os.pwrite(file.fileno(), b"X", 0))
        must_fail("grow", lambda: file.set_size(file.size + 1))
        must_fail("shrink", lambda: file.set_size(file.size - 1))
        must_fail("map and write", lambda: file.map(writable=True))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} PATH | NUMBER")
    main(sys.argv[1])
