"""The end of the interpreter, in whatever order things go."""

from __future__ import annotations

import subprocess
import sys

import pytest

SETUP = """
import warnings
from memfd_go import MemFd, SecretBuffer, SecretFallbackWarning, SecretPool
warnings.simplefilter("ignore", SecretFallbackWarning)
"""

PROGRAMS = {
    "file": "file = MemFd.create('test')",
    "mapping": "mapping = MemFd.sealed('test', b'hello').map()",
    "view": "view = MemFd.sealed('test', b'hello').map().view()",
    "secret": "key = SecretBuffer(32)",
    "secret view": "view = SecretBuffer(32).readable().__enter__()",
    "inside a block": "guard = SecretBuffer(32).writable()\nview = guard.__enter__()",
    "pool": "slot = SecretPool(32, 2).take()\nview = slot.writable().__enter__()",
    "cycle": "key = SecretBuffer(32)\nthings = [key, key.readable().__enter__()]\n"
    "things.append(things)",
    "in a module": "import sys\nsys.modules['json'] = SecretBuffer(32)",
    "kept by a thread": "import threading, time\nkey = SecretBuffer(32)\n"
    "def work():\n    with key.readable() as view:\n        while True: bytes(view)\n"
    "threading.Thread(target=work, daemon=True).start()\ntime.sleep(0.05)",
    "at exit": "import atexit\nkey = SecretBuffer(32)\n"
    "atexit.register(lambda: print(len(bytes(key.readable().__enter__()))))",
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_ends_quietly(program: str) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", SETUP + program],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for line in done.stderr.splitlines():
        # Of what was forgotten Python warns; of where it was made it tells in further lines.
        assert "Exception ignored" not in line, done.stderr
        assert "Error" not in line, done.stderr
