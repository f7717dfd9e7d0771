"""Other interpreters in the process, as far as ctypes can be imported there."""

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

# Each runs CODE in two interpreters after another, and in this one meanwhile.
MAIN = """
import sys
CODE = {code!r}
exec(CODE)
if sys.version_info >= (3, 14):
    from concurrent import interpreters
    for _ in range(2):
        interpreter = interpreters.create()
        interpreter.exec(CODE)
        interpreter.close()
else:
    if sys.version_info >= (3, 13):
        import _interpreters as interpreters
        create = lambda: interpreters.create("legacy")
    else:
        import _xxsubinterpreters as interpreters
        create = lambda: interpreters.create(isolated=False)
    for _ in range(2):
        number = create()
        failure = getattr(interpreters, "exec", interpreters.run_string)(number, CODE)
        assert failure is None, failure
        interpreters.destroy(number)
exec(CODE)
print("done")
"""


def test_works_in_subinterpreters() -> None:
    done = subprocess.run(
        [sys.executable, "-c", MAIN.format(code=CODE)],
        capture_output=True,
        text=True,
        check=False,
    )
    if "ModuleNotFoundError" in done.stderr and "interpreters" in done.stderr:
        pytest.skip("this Python has no subinterpreters")
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
