# SPDX-License-Identifier: MIT
"""Interpreter shutdown, in any order of destruction."""

from __future__ import annotations

import subprocess
import sys

import pytest

SETUP = """
import warnings
from memfd_go import MemFd, SecretBuffer, SecretFallbackWarning, SecretPool
warnings.simplefilter("ignore", SecretFallbackWarning)
"""

EVERYTHING = """
import sys
file = MemFd.create("test")
mapping = MemFd.sealed("test", b"hello").map()
view_of_mapping = MemFd.sealed("test", b"hello").map().view()
key = SecretBuffer(32)
view_of_key = key.readable().__enter__()
guard = SecretBuffer(32).writable()
view_of_guard = guard.__enter__()
pool = SecretPool(32, 2)
slot = pool.take()
view_of_slot = slot.writable().__enter__()
cycle = [SecretBuffer(32), key.readable().__enter__()]
cycle.append(cycle)
sys.modules["json"] = [MemFd.create("test"), SecretBuffer(32), SecretPool(32, 2).take()]
"""

USED_BY_A_THREAD = """
import threading, time
key = SecretBuffer(32)
def work():
    with key.readable() as view:
        while True:
            bytes(view)
threading.Thread(target=work, daemon=True).start()
time.sleep(0.05)
"""

USED_AT_EXIT = """
import atexit
key = SecretBuffer(32)
atexit.register(lambda: print(len(bytes(key.readable().__enter__()))))
"""

PROGRAMS = {
    "everything": EVERYTHING,
    "used by a thread": USED_BY_A_THREAD,
    "used at exit": USED_AT_EXIT,
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_exit_without_errors(program: str) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", SETUP + program],
        capture_output=True,
        text=True,
        check=False,
    )
    if "libgcc_s.so.1 must be installed" in done.stderr:
        pytest.skip("glibc ends no daemon threads without libgcc_s.so.1")
    assert done.returncode == 0, done.stderr
    for line in done.stderr.splitlines():
        # Python warns of unclosed objects, with further lines about the allocation.
        assert "Exception ignored" not in line, done.stderr
        assert "Error" not in line, done.stderr
