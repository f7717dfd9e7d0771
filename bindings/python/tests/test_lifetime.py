# SPDX-License-Identifier: MIT
"""Objects that nobody closes: cycles of garbage, warnings that are errors, and children."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import warnings
from typing import Any, Callable

import pytest
from helpers import ignored_errors, in_child, permissions

from memfd_go import MemFd, SecretBuffer, SecretPool

pytestmark = pytest.mark.filterwarnings("ignore::memfd_go.SecretFallbackWarning")

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


@pytest.mark.parametrize(
    "make",
    [
        lambda: MemFd.create("test"),
        lambda: SecretBuffer(10),
        lambda: SecretPool(10, 1),
        lambda: SecretPool(10, 1).take(),
    ],
    ids=["MemFd", "SecretBuffer", "SecretPool", "SecretSlot"],
)
def test_warning_as_error_leaks_nothing(make: Callable[[], object]) -> None:
    with ignored_errors() as errors, warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        make()
        gc.collect()  # nothing_leaks checks the rest
    assert errors
    assert all(error.startswith("unclosed <") for error in errors)


# The parent of a daemon ends without closing the secret.
DAEMON = """
import os, sys, time, warnings
from memfd_go import SecretBuffer
warnings.simplefilter("ignore")
key = SecretBuffer(5, fork_share=True)
with key.writable() as view:
    view[:] = b"hello"
del view
reading, writing = os.pipe()
if os.fork() > 0:
    {end}
os.close(writing)
os.read(reading, 1)
time.sleep(0.1)
with key.readable() as view:
    print(bytes(view))
"""


@pytest.mark.parametrize("end", ["sys.exit()", "del key; sys.exit()", "os._exit(0)"])
def test_daemon_keeps_the_secret_of_its_parent(end: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", DAEMON.format(end=end)], stdout=subprocess.PIPE, check=True
    )
    assert done.stdout == b"b'hello'\n"


# As if another thread created a secret just before fork(2): callbacks that are registered first
# run last.
CREATED_DURING_FORK = """
import os, warnings
warnings.simplefilter("ignore")
keys = []
def make():
    key = SecretBuffer(5, fork_share=True)
    with key.writable() as view:
        view[:] = b"hello"
    keys.append(key)
os.register_at_fork(before=make)
from memfd_go import SecretBuffer
reading, writing = os.pipe()
if os.fork() == 0:
    os.close(writing)
    os.read(reading, 1)
    with keys[0].readable() as view:
        print(bytes(view))
else:
    keys.clear()
    os.close(writing)
    os.wait()
"""


def test_child_keeps_a_secret_that_was_created_during_fork() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CREATED_DURING_FORK], stdout=subprocess.PIPE, check=True
    )
    assert done.stdout == b"b'hello'\n"


def test_child_that_forgets_a_secret_closes_its_descriptor() -> None:
    key: Any = SecretBuffer(10, keep_fd=True, secretmem=True)
    address = key._area.address
    try:
        fd = key.fileno()
    except ValueError:
        key.close()
        pytest.skip("memfd_secret(2) does not work")

    def child() -> None:
        nonlocal key
        del key
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(fd)

    in_child(child)
    assert os.fstat(fd)
    key.close()
    assert permissions(address) == ""
