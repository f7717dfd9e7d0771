# SPDX-License-Identifier: MIT
"""Subinterpreters, if ctypes can be imported there."""

from __future__ import annotations

import subprocess
import sys

import pytest

CODE = """
import warnings, memfd_go
from memfd_go import MemFd, SecretBuffer, SecretPool
warnings.simplefilter("ignore", memfd_go.SecretFallbackWarning)
with MemFd.sealed("test", b"hello") as file, file.map() as mapping:
    assert bytes(mapping) == b"hello"
with SecretBuffer(5) as key, key.writable() as view:
    view[:] = b"hello"
with SecretPool(5, 2) as pool, pool.take() as slot, slot.readable() as view:
    assert bytes(view) == bytes(5)
"""

# What an interpreter does not close ends with it.
UNCLOSED = """
warnings.simplefilter("ignore", ResourceWarning)
file = MemFd.sealed("test", b"hello")
mapping = file.map()
key = SecretBuffer(5)
view = key.readable().__enter__()
"""

# Runs CODE in two interpreters of each kind, one after the other, and in this one.
# Those with a lock of their own cannot import ctypes before Python 3.13.
MAIN = """
import sys
CODE = {code!r}
exec(CODE)
def memory_files():
    with open("/proc/self/maps") as maps:
        return [line for line in maps if "/memfd:" in line or "/secretmem" in line]
if sys.version_info >= (3, 13):
    import _interpreters as interpreters
    makers = [lambda: interpreters.create("legacy"), lambda: interpreters.create("isolated")]
else:
    import _xxsubinterpreters as interpreters
    makers = [lambda: interpreters.create(isolated=False)]
for create in makers * 2:
    number = create()
    failure = getattr(interpreters, "exec", interpreters.run_string)(number, {unclosed!r})
    assert failure is None, failure
    interpreters.destroy(number)
    assert memory_files() == []
if sys.version_info[:2] == (3, 12):
    number = interpreters.create(isolated=True)
    try:
        interpreters.run_string(number, CODE)
    except interpreters.RunFailedError as error:
        assert "_ctypes" in str(error), error
    else:
        assert False, "docs/PYTHON.md says that this does not work"
    interpreters.destroy(number)
exec(CODE)
print("done")
"""


def test_works_in_subinterpreters() -> None:
    done = subprocess.run(
        [sys.executable, "-c", MAIN.format(code=CODE, unclosed=CODE + UNCLOSED)],
        capture_output=True,
        text=True,
        check=False,
    )
    if "ModuleNotFoundError" in done.stderr and "interpreters" in done.stderr:
        pytest.skip("this Python has no subinterpreters")
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
