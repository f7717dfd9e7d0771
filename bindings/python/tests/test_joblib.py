# SPDX-License-Identifier: MIT
"""Passing files with joblib, loky and cloudpickle."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from memfd_go import MemFd

# In a module, because loky with the standard pickle imports functions.
TASKS = """
from memfd_go import MemFd

def size(file):
    with file:
        return file.size

def make(size):
    with MemFd.create("made", size=size) as file:
        return file.share()
"""

# In a separate interpreter, because loky keeps its workers.
PROGRAM = """
{imports}
from joblib import Parallel, delayed
from joblib.externals.loky import get_reusable_executor
from tasks import make, size

if __name__ == "__main__":
    with MemFd.sealed("test", b"hello") as file:
        print(*Parallel(2)(delayed(size)(file) for _ in range(4)))
        shared = [file.share() for _ in range(4)]
    print(*Parallel(2)(delayed(size)(file) for file in shared))
    print(*map(size, Parallel(2)(delayed(make)(n) for n in range(1, 5))))
    get_reusable_executor().shutdown()
"""


@pytest.mark.parametrize("pickler", ["", "pickle"])
@pytest.mark.parametrize(
    "imports",
    ["from memfd_go import MemFd; import joblib", "import joblib; from memfd_go import MemFd"],
)
def test_loky(tmp_path: Path, imports: str, pickler: str) -> None:
    pytest.importorskip("joblib")
    (tmp_path / "tasks.py").write_text(TASKS)
    (tmp_path / "program.py").write_text(PROGRAM.format(imports=imports))
    path = [str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]
    done = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "program.py"],
        cwd=tmp_path,
        env={**os.environ, "LOKY_PICKLER": pickler, "PYTHONPATH": os.pathsep.join(path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.stdout, done.stderr) == ("5 5 5 5\n5 5 5 5\n1 2 3 4\n", "")


MULTIPROCESSING = """
import socket
import joblib
from memfd_go import MemFd

parallel = joblib.Parallel(2, backend="multiprocessing")
for value in (MemFd.create("test"), socket.socket()):
    with value:
        try:
            parallel([joblib.delayed(str)(value)])
        except TypeError as error:
            print(str(error).split(":")[0])
"""


def test_joblib_with_multiprocessing() -> None:
    """Its pickler passes no descriptors, neither files nor sockets."""
    pytest.importorskip("joblib")
    said = subprocess.check_output([sys.executable, "-c", MULTIPROCESSING], text=True)
    assert said == "cannot pickle 'MemFd' object\ncannot pickle 'socket' object\n"


def test_cloudpickle(file: MemFd) -> None:
    """Bytes cannot contain a descriptor, so it raises TypeError, as for a socket."""
    cloudpickle = pytest.importorskip("cloudpickle")
    for value in (file, lambda: file, {"file": file}):
        with pytest.raises(TypeError, match=r"cannot pickle 'MemFd' object.*send\(\) and rec"):
            cloudpickle.dumps(value)
