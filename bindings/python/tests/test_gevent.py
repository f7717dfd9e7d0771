# SPDX-License-Identifier: MIT
"""gevent sockets: other greenlets run while one waits for a file."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("gevent")

PROGRAM = """
{patch}
import gevent
import gevent.socket
from memfd_go import MemFd

a, b = {module}.socketpair()
ticks = []

def receive():
    with MemFd.receive(b) as file, file.map() as mapping:
        return bytes(mapping)

def tick():
    for _ in range(3):
        ticks.append(1)
        gevent.sleep(0.001)
    with MemFd.sealed("test", b"hello") as file:
        file.send(a)

jobs = [gevent.spawn(receive), gevent.spawn(tick)]
gevent.joinall(jobs, timeout=30, raise_error=True)
print(jobs[0].value, len(ticks))

b.settimeout(0.01)
try:
    MemFd.receive(b)
except TimeoutError as error:
    print(error)

# More than fits into the socket, so the sender waits for the receiver.
def fill():
    with a, MemFd.sealed("test", bytes(100)) as file:
        return sum(file.send(a, bytes(50000)) for _ in range(20))

def drain():
    gevent.sleep(0.01)
    b.settimeout(None)
    return sum(map(len, iter(lambda: b.recv(1 << 16), b"")))

jobs = [gevent.spawn(fill), gevent.spawn(drain)]
gevent.joinall(jobs, timeout=30, raise_error=True)
print(jobs[0].value == jobs[1].value > 20)
"""


@pytest.mark.parametrize(
    ("patch", "module"),
    [
        ("", "gevent.socket"),
        ("from gevent import monkey; monkey.patch_all()\nimport socket", "socket"),
    ],
)
def test_gevent(patch: str, module: str) -> None:
    command = [sys.executable, "-c", PROGRAM.format(patch=patch, module=module)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout == "b'hello' 3\ntimed out\nTrue\n", done.stderr
