# SPDX-License-Identifier: MIT
"""Objects that nobody closes: cycles of garbage, warnings that are errors, and children."""

from __future__ import annotations

import subprocess
import sys

# Objects in a cycle, in which each has a __del__() method that uses its view.
GARBAGE = """
import gc, warnings
from memfd_go import MemFd, SecretBuffer
warnings.simplefilter("ignore")

class Table:
    def __init__(self, owner, view):
        self.owner, self.view, self.cycle = owner, view, self
    def __del__(self):
        self.view[0] = 1
        print(self.view[0])

def make():
    with MemFd.create("test", size=10) as file:
        mapping = file.map(writable=True)
    Table(mapping, mapping.view())
    key = SecretBuffer(10)
    Table(key, key.writable().__enter__())

make()
gc.collect()
print("memfd:" in open("/proc/self/maps").read())
"""


def test_garbage_can_use_its_views() -> None:
    done = subprocess.run(
        [sys.executable, "-c", GARBAGE], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "1\n1\nFalse\n"), done.stderr
