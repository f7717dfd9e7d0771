# SPDX-License-Identifier: MIT
"""Finding and loading the C library."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import memfd_go
from memfd_go import _ffi, raw

PREFIX = "(?:Error loading shared library )?"  # of musl's loader


def import_with(library: str | Path | None, code: str = "import memfd_go") -> tuple[int, str]:
    """Import in a new interpreter; return its status and its error output."""
    env = {key: value for key, value in os.environ.items() if key != "MEMFD_GO_LIBRARY"}
    env["LD_LIBRARY_PATH"] = ""
    if library is not None:
        env["MEMFD_GO_LIBRARY"] = str(library)
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_version_matches_the_header() -> None:
    assert raw.version() >> 16 == raw.MEMFD_GO_VERSION_MAJOR
    assert raw.version() >= raw.MEMFD_GO_VERSION
    assert memfd_go.version() == (
        raw.version() >> 16,
        raw.version() >> 8 & 255,
        raw.version() & 255,
    )
    assert memfd_go.version_string() == ".".join(str(part) for part in memfd_go.version())


def test_package_version() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", memfd_go.__version__)


def test_no_fallback_if_library_is_set(tmp_path: Path) -> None:
    status, said = import_with(tmp_path / "absent.so")
    assert status == 1
    assert (
        "ImportError: cannot load libmemfd_go.so.1 (set MEMFD_GO_LIBRARY to its path)" in said
    )
    assert re.search(f"; tried:\n  {PREFIX}{tmp_path}/absent.so: ", said)
    assert not re.search(f"\n  {PREFIX}libmemfd_go.so.1: ", said)


def test_default_search_order() -> None:
    code = "from memfd_go import _ffi; print(*_ffi._candidates(), sep='\\n')"
    status, said = import_with(None, code)
    packaged = Path(_ffi.__file__).parent / "_lib" / "libmemfd_go.so.1"
    if status == 0:  # the library is packaged or installed
        assert said.splitlines() == [str(packaged), "libmemfd_go.so.1"]
    else:
        assert re.search(
            f"tried:\n  {PREFIX}{packaged}: .*\n  {PREFIX}libmemfd_go.so.1: ", said
        )


def test_packaged_library(tmp_path: Path) -> None:
    package = tmp_path / "memfd_go"
    shutil.copytree(Path(_ffi.__file__).parent, package)
    (package / "_lib").mkdir(exist_ok=True)
    shutil.copy(_ffi.library_path, package / "_lib" / "libmemfd_go.so.1")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r});"
        "from memfd_go import _ffi; print(_ffi.library_path)"
    )
    assert import_with(None, code) == (0, f"{package}/_lib/libmemfd_go.so.1\n")


def test_wrong_library_is_refused() -> None:
    status, said = import_with("libc.so.6")
    assert status == 1
    assert "ImportError: libc.so.6 does not export memfd_go_version: it is older than" in said


def test_not_a_library(tmp_path: Path) -> None:
    text = tmp_path / "text.so"
    text.write_text("text")
    status, said = import_with(text)
    assert status == 1
    assert re.search(f"tried:\n  {PREFIX}{text}: ", said)


def test_shared_ctypes_objects_are_not_changed() -> None:
    """Other users of ctypes.pythonapi set their own argument types."""
    code = (
        "import ctypes, memfd_go;"
        "assert ctypes.pythonapi.PyObject_GetBuffer.argtypes is None;"
        "ctypes.pythonapi.PyObject_GetBuffer.argtypes = [];"
        "ctypes.pythonapi.PyBuffer_Release.argtypes = [];"
        "memfd_go.MemFd.sealed('x', b'x').close()"
    )
    assert import_with(_ffi.library_path, code) == (0, "")
