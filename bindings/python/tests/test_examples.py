# SPDX-License-Identifier: MIT
"""The examples and documents in the repository."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent / "../../../examples/python"


def example(name: str) -> list[str]:
    """Return the command that runs an example."""
    path = EXAMPLES / name
    if not path.exists():
        pytest.skip("the examples are not here")
    return [sys.executable, "-X", "dev", str(path)]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_shared_array(method: str) -> None:
    pytest.importorskip("numpy")
    done = subprocess.run(
        [*example("shared_array.py"), method], capture_output=True, text=True, check=False
    )
    assert re.fullmatch(
        r"the array has 7 MiB, with the seals SEAL GROW WRITE SHRINK( EXEC)?\n"
        r"the workers' sum: 499500000\n"
        r"a worker tries to write: assignment destination is read-only\n"
        r"the sum here: 499500000\n",
        done.stdout,
    ), done.stderr
    assert done.returncode == 0
    errors = [line for line in done.stderr.splitlines() if "DeprecationWarning" not in line]
    assert not any("Warning" in line for line in errors), done.stderr


DOCUMENT = EXAMPLES / "../../docs/PYTHON.md"
PROGRAM = re.compile(r"^## (.*?)$.*?^```python\n(.*?)^```\n\n```text\n(.*?)^```$", re.M | re.S)


def programs() -> list[tuple[str, ...]]:
    text = DOCUMENT.read_text("utf-8") if DOCUMENT.exists() else ""
    return PROGRAM.findall(text) or [("the documents are not here", "", "")]


@pytest.mark.parametrize(
    ("chapter", "program", "output"), programs(), ids=[chapter for chapter, *_ in programs()]
)
def test_document_program(chapter: str, program: str, output: str, tmp_path: Path) -> None:
    """Run the program with the real libraries, and ignore their own warnings."""
    if not program:
        pytest.skip(chapter)
    for library in ("numpy", "polars", "pyarrow", "joblib", "gunicorn"):
        if library in program:
            pytest.importorskip(library)
    path = tmp_path / "program.py"
    path.write_text(program)
    command = [sys.executable, "-X", "dev", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout == output, done.stderr
    assert done.returncode == 0
    assert "memfd_go" not in done.stderr
    assert "unclosed <" not in done.stderr.replace("unclosed <socket", "")


def copies(pid: int, pattern: bytes) -> list[str]:
    """Return the mappings of a process that contain a pattern."""
    found: list[str] = []
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            place, access, *_ = line.split()
            low, high = (int(end, 16) for end in place.split("-"))
            if access[0] != "r":
                continue
            try:
                content = os.pread(memory.fileno(), high - low, low)
            except OSError:  # pages of the kernel, such as [vvar]
                continue
            if pattern in content:
                found.append(line)
    return found


def xor(key: bytes, pad: int) -> bytes:
    return bytes(byte ^ pad for byte in key)


def test_api_key_has_no_copies(tmp_path: Path) -> None:
    """Readable memory contains neither the key nor the key XORed with the pads of HMAC."""
    pytest.importorskip("_hashlib", reason="without OpenSSL, hmac takes no view as a key")
    key = os.urandom(16).hex().encode()
    (tmp_path / "key").write_bytes(key + b"\n")
    command = [*example("api_key.py"), str(tmp_path / "key")]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin
    assert process.stdout
    with process, process.stdin, process.stdout:
        assert process.stdout.readline().startswith(b"<SecretBuffer of 33 bytes, ")
        process.stdin.write(b"a message that can be found\n")
        process.stdin.flush()
        code, message = process.stdout.readline().split(b" ", 1)
        expected = hmac.new(key, b"a message that can be found", hashlib.sha256)
        assert code.decode() == expected.hexdigest()
        assert message == b"a message that can be found\n"
        if "qemu" in os.readlink(f"/proc/{process.pid}/exe"):
            pytest.skip("an emulator's memory is not that of the program")
        try:
            assert copies(process.pid, message[:-1]), "it cannot be searched"
        except PermissionError as error:
            pytest.skip(f"another process's memory: {error}")
        for pattern in (key, xor(key, 0x36), xor(key, 0x5C)):
            assert copies(process.pid, pattern) == []
    assert process.returncode == 0
