# SPDX-License-Identifier: MIT
"""Error messages name the argument or the limit."""

from __future__ import annotations

import fcntl
import mmap
import os
import resource
import socket
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Callable

import pytest
from helpers import fails_with, in_child

from memfd_go import CreateFlag, MemFd, MissingSealsError, Seal, SecretBuffer, SecretPool

if TYPE_CHECKING:
    from collections.abc import Generator

MAX = (1 << 63) - 1


@contextmanager
def limit(name: int, value: int) -> Generator[None]:
    before = resource.getrlimit(name)
    resource.setrlimit(name, (value, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(name, before)


# ------------------------------------------------------------------- Wrong types


def test_name_instead_of_descriptor() -> None:
    with pytest.raises(TypeError, match=r"takes a descriptor; MemFd.create\('name'\) creates"):
        MemFd("name")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("fd", [None, 3.0, True, [3]])
def test_no_descriptor(fd: Any) -> None:
    with pytest.raises(TypeError, match="takes a descriptor \\(an int\\), not "):
        MemFd(fd)


@pytest.mark.parametrize("fd", [-1, -(1 << 70)])
def test_negative_descriptor(fd: int) -> None:
    for make in (MemFd, MemFd.from_fd):
        with pytest.raises(ValueError, match=f"takes a descriptor, but {fd} is negative"):
            make(fd)


def test_size_instead_of_flags() -> None:
    text = r"flags must be a CreateFlag, not int; write CreateFlag\(4096\) .*, or size=4096"
    calls: list[Callable[[], Any]] = [
        lambda: MemFd.create("x", 4096),  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        lambda: MemFd.sealed("x", b"", flags=4096),  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        lambda: MemFd.clone("x", 0, flags=4096),  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    ]
    for call in calls:
        with pytest.raises(TypeError, match=text):
            call()


def test_flags_of_wrong_type(file: MemFd) -> None:
    """Type checkers report these as well: without an error, they would refuse the comments."""
    wrong = CreateFlag.CLOEXEC
    calls: list[Callable[[], Any]] = [
        lambda: MemFd.create("x", Seal.WRITE),  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        lambda: MemFd.create("x", seals=wrong),  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        lambda: MemFd.sealed("x", b"", wrong),  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        lambda: MemFd.clone("x", 0, wrong),  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        lambda: MemFd.receive(0, wrong),  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        lambda: file.seal(wrong),  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        lambda: file.ensure(wrong),  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        lambda: file.check(wrong),  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        lambda: file.map_verified(wrong),  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    ]
    for call in calls:
        with pytest.raises(TypeError, match=r"must be a (Seal|CreateFlag), not (Seal|CreateF)"):
            call()


def test_fcntl_constants_are_accepted(file: MemFd) -> None:
    file.seal(fcntl.F_SEAL_GROW)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    assert Seal.GROW in file.seals


def test_only_unix_sockets_pass_files(hello: MemFd) -> None:
    """A TCP socket would send the data without the file."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(server.getsockname()) as a, server.accept()[0] as b:
            for sock in (a, a.fileno()):
                with pytest.raises(ValueError, match="only a Unix socket"):
                    hello.send(sock, b"data")
                with pytest.raises(ValueError, match="only a Unix socket"):
                    MemFd.receive(sock)
            b.setblocking(False)
            with pytest.raises(BlockingIOError):
                b.recv(1)


def test_not_a_socket(hello: MemFd) -> None:
    with fails_with("ENOTSOCK"):
        hello.send(hello.fileno())
    with pytest.raises(TypeError, match="expected a descriptor or an object with a fileno"):
        hello.send("socket")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


# ---------------------------------------------------------------------- Messages


@pytest.mark.parametrize("name", ["x" * 250, b"x" * 250, "\N{LATIN SMALL LETTER U}" * 250])
def test_name(name: str | bytes) -> None:
    text = "name is 250 bytes long; the maximum is 249"
    with fails_with("EINVAL", text=text):
        MemFd.create(name)
    with fails_with("EINVAL", text=text):
        MemFd.sealed(name, b"")
    with fails_with("EINVAL", text=text):
        MemFd.clone(name, 0)
    with fails_with("EINVAL", text="name is 500 bytes long; the maximum is 249"):
        MemFd.create("\N{LATIN SMALL LETTER U WITH DIAERESIS}" * 250)


def test_arguments_of_create() -> None:
    sealable = CreateFlag.CLOEXEC | CreateFlag.ALLOW_SEALING
    cases: list[tuple[dict[str, Any], str]] = [
        ({"mode": 0o1777}, "mode is 0o1777; the maximum is 0o777"),
        ({"mode": 0o700}, "mode 0o700 is executable, but flags contains NOEXEC_SEAL"),
        ({"flags": sealable, "mode": 0o1000}, "mode is 0o1000; the maximum is 0o777"),
        ({"size": MAX + 1}, f"size is {MAX + 1}; the maximum is 2**63 - 1"),
        ({"seals": Seal(0x40)}, "unknown seals: 0x40"),
    ]
    for arguments, text in cases:
        with fails_with("EINVAL", text=text):
            MemFd.create("test", **arguments)


def test_limits(file: MemFd) -> None:
    size = resource.getrlimit(resource.RLIMIT_FSIZE)[0] + 1
    text = f"{size} bytes exceed RLIMIT_FSIZE ({size - 1} bytes)"
    with fails_with("EFBIG", text=text):
        file.set_size(size)
    with fails_with("EFBIG", text=text):
        MemFd.create("test", size=size)
    with limit(resource.RLIMIT_NOFILE, file.fileno()):
        with fails_with(
            "EMFILE", text=f"too many open files: RLIMIT_NOFILE is {file.fileno()}"
        ):
            MemFd.create("test")


# The messages must not import a module if there is no descriptor to read it with.
WITHOUT_DESCRIPTORS = """
import os
from memfd_go import MemFd
try:
    while True:
        os.dup(0)
except OSError:
    pass
try:
    MemFd.create("test")
except OSError as error:
    print(error)
"""


def test_no_free_descriptor() -> None:
    command = ["sh", "-c", 'ulimit -n 50; exec "$@"', "sh", sys.executable, "-c"]
    done = subprocess.run([*command, WITHOUT_DESCRIPTORS], stdout=subprocess.PIPE, check=True)
    assert done.stdout == b"[Errno 24] too many open files: RLIMIT_NOFILE is 50\n"


def test_sizes(hello: MemFd, file: MemFd) -> None:
    with fails_with("EPERM", text="the file has Seal.GROW, and its size is 5 bytes"):
        hello.set_size(6)
    with fails_with("EPERM", text="the file has Seal.SHRINK, and its size is 5 bytes"):
        hello.set_size(4)
    with fails_with("EINVAL", text=f"size is {MAX + 1}; the maximum is 2**63 - 1"):
        file.set_size(MAX + 1)


def test_seals(hello: MemFd, file: MemFd) -> None:
    with fails_with("EPERM", text="the file has Seal.SEAL"):
        hello.seal(Seal.FUTURE_WRITE)
    file.set_size(5)
    with file.map(writable=True):
        with fails_with(
            "EBUSY",
            text="a process has a shared mapping that can write to the file; if not, try again",
        ):
            file.freeze()
    with file.reopen() as reader:
        with fails_with("EPERM", text="the file is not open for writing"):
            reader.seal(Seal.GROW)
    with fails_with("EINVAL", text="unknown seals: 0x40"):
        file.ensure(Seal(0x40))


def test_mappings(hello: MemFd) -> None:
    with fails_with(
        "EPERM", text="the mapping is writable, but the file is sealed against writing"
    ):
        hello.map(writable=True)


def test_mappings_of_a_secret_file(secret_file: MemFd) -> None:
    secret_file.set_size(1)
    with fails_with("EPERM", text="the file cannot be mapped executable"):
        secret_file.map(writable=True, executable=True)
    with fails_with("EINVAL", text="a secret file cannot be mapped private"):
        secret_file.map(private=True)


def test_refused_files(file: MemFd, hello: MemFd) -> None:
    a, b = socket.socketpair()
    with a, b:
        with fails_with("EFBIG", text="the file is 5 bytes long; max_size is 4"):
            hello.map_verified(max_size=4)
        hello.send(a)
        with fails_with("EFBIG", text="the file is 5 bytes long; max_size is 4"):
            MemFd.receive(b, max_size=4)
        file.send(a)
        with pytest.raises(MissingSealsError, match="missing seals: WRITE SHRINK") as caught:
            MemFd.receive(b)
        assert caught.value.missing == Seal.WRITE | Seal.SHRINK
        file.seal(Seal.SHRINK | Seal.WRITE)
        file.send(a)
        with fails_with("ENODATA", text="the file is empty"):
            MemFd.receive(b)
    with fails_with("EFBIG", text="the source is longer than max_size (4 bytes)"):
        MemFd.clone("copy", hello, max_size=4)


def test_secret_files(secret_file: MemFd) -> None:
    with fails_with("ENXIO", text="a secret file or a socket cannot be reopened"):
        secret_file.reopen()
    with fails_with("EINVAL", text="the file does not support seals"):
        secret_file.seal(Seal.WRITE)


@pytest.mark.filterwarnings("ignore::memfd_go.SecretFallbackWarning")
def test_locked_memory() -> None:
    def child() -> None:
        if os.getuid() == 0:  # root has no limits
            os.setuid(65534)
        page = mmap.PAGESIZE
        with limit(resource.RLIMIT_MEMLOCK, 4 * page):
            text = rf"{8 * page} bytes exceed RLIMIT_MEMLOCK \({4 * page} bytes\)"
            with pytest.raises(OSError, match=text):
                SecretBuffer(8 * page)
            with pytest.raises(OSError, match=text):
                SecretPool(64, page // 8)
            with SecretBuffer(2 * page):
                # Without memfd_secret(2) the error may be ENOMEM, whose message names no limit.
                text = rf"{3 * page} more bytes exceed .*\({4 * page} bytes\)|[Mm]emory"
                with pytest.raises(OSError, match=text):
                    SecretBuffer(3 * page)

    in_child(child)


def test_secret_of_size_zero() -> None:
    with fails_with("EINVAL", text="size is 0"):
        SecretBuffer(0)
