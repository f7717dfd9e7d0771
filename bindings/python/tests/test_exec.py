# SPDX-License-Identifier: MIT
"""Executing programs from memory files."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys

import pytest
from helpers import fails_with

from memfd_go import CreateFlag, MemFd, raw


def program(path: str) -> int:
    """Return a read-only descriptor of a sealed copy."""
    with open(path, "rb") as source:
        fd = raw.clone("program", raw.MFD_CLOEXEC, 0, source.fileno(), 1 << 24)
    os.fchmod(fd, 0o700)
    reader = raw.reopen(fd, os.O_RDONLY)
    os.close(fd)
    return reader


def script() -> int:
    """Return such a descriptor of a script that prints its arguments and a variable."""
    text = b'#!/bin/sh\necho "$1 $NAME"\n'
    fd = raw.create_sealed("script", raw.MFD_CLOEXEC, 0, text)
    os.fchmod(fd, 0o700)
    reader = raw.reopen(fd, os.O_RDONLY)
    os.close(fd)
    return reader


def run(fd: int, argv: list[str], envp: list[str], opts: int) -> tuple[str, int]:
    """Run a function in a child; return its output and its status, 99 after an exception."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.dup2(writing, 1)
        try:
            raw.exec(fd, argv, envp, opts)
        except OSError as error:
            os.write(1, errno.errorcode[error.errno or 0].encode())
        finally:
            os._exit(99)
    os.close(writing)
    os.close(fd)
    with open(reading, encoding="ascii") as stream:
        said = stream.read()
    return said, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.usefixtures("executable_by_default")
def test_program() -> None:
    echo = shutil.which("echo")
    assert echo
    assert run(program(echo), ["echo", "hello", "there"], [], 0) == ("hello there\n", 0)


@pytest.mark.usefixtures("executable_by_default")
def test_script_needs_its_descriptor() -> None:
    keep = raw.MEMFD_GO_OPT_INHERIT_FD
    assert run(script(), ["script", "hello"], ["NAME=you"], keep) == ("hello you\n", 0)
    assert run(script(), ["script", "hello"], [], 0) == ("ENOENT", 99)


def test_not_executable(hello: MemFd) -> None:
    os.fchmod(hello.fileno(), 0o600)
    with fails_with("EACCES"):
        raw.exec(hello.fileno(), ["x"], [], 0)


@pytest.mark.usefixtures("executable_by_default")
def test_not_a_program() -> None:
    with MemFd.sealed("test", b"hello", flags=CreateFlag.CLOEXEC) as hello:
        os.fchmod(hello.fileno(), 0o700)
        fd = raw.reopen(hello.fileno(), os.O_RDONLY)
    assert run(fd, ["x"], [], 0) == ("ENOEXEC", 99)


def test_wrong_arguments(hello: MemFd) -> None:
    for text in ("echo hello", b"echo hello"):
        with pytest.raises(TypeError, match="args must be several strings, not one"):
            hello.exec(text)  # type: ignore[arg-type,unused-ignore] # pyright: ignore
    with pytest.raises(ValueError, match="args is empty"):
        hello.exec([])


def test_audit_event(hello: MemFd) -> None:
    code = (
        "import memfd_go, os, sys\n"
        "sys.addaudithook(lambda name, args: name == 'os.exec' and print(*args))\n"
        f"with memfd_go.MemFd.from_fd({hello.fileno()}) as file:\n"
        "    try:\n"
        "        file.exec(iter(['a', 'b']), {'C': 'd'})\n"
        "    except OSError:\n"
        "        print('not a program')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        pass_fds=[hello.fileno()],
        stdout=subprocess.PIPE,
        check=True,
    )
    text = f"/proc/self/fd/{hello.fileno()} ['a', 'b'] {{'C': 'd'}}\nnot a program\n"
    assert done.stdout.decode() == text


@pytest.mark.parametrize(("fd", "opts", "name"), [(-1, 0, "EBADF"), (0, 1, "EINVAL")])
def test_errors(fd: int, opts: int, name: str) -> None:
    with fails_with(name):
        raw.exec(fd, ["x"], [], opts)
