#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""writer.py COMMAND [ARGUMENT...]: create a sealed file in memory and run COMMAND twice.

The command gets the path /proc/PID/fd/N of the file, then the number N of the inherited
descriptor.
"""

import os
import subprocess
import sys

from example import say
from memfd_go import MemFd, Seal, version_string

TEXT = b"hello from Python"


def main(command: list[str]) -> None:
    """Run the session."""
    say("writer", f"process {os.getpid()} uses libmemfd_go {version_string()}")

    with MemFd.create("greeting") as file:
        say("writer", f'created "greeting": descriptor {file.fileno()}')

        file.set_size(len(TEXT))
        say("writer", f"sized it: {len(TEXT)} bytes")

        with file.map(writable=True) as area:  # Sealing a mapped file is EBUSY.
            area[:] = TEXT
        say("writer", f'filled it: "{TEXT.decode()}"')

        file.seal(Seal.IMMUTABLE)
        say("writer", f"sealed it: {file.seals & Seal.IMMUTABLE}")

        fd = file.fileno()
        subprocess.run([*command, f"/proc/{os.getpid()}/fd/{fd}"], check=True)
        subprocess.run([*command, str(fd)], pass_fds=[fd], check=True)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(f"usage: {sys.argv[0]} COMMAND [ARGUMENT...]")
    main(sys.argv[1:])
