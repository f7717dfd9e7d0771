# SPDX-License-Identifier: MIT
"""Fixtures: leak checks, limits, and files."""

from __future__ import annotations

import gc
import os
import resource
from typing import TYPE_CHECKING

import pytest

import memfd_go

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE_SIZE_LIMIT = 64 << 20  # some architectures have huge pages of 32 MiB


def open_descriptors() -> dict[str, str]:
    found: dict[str, str] = {}
    for fd in os.listdir("/proc/self/fd"):
        try:
            found[fd] = os.readlink(f"/proc/self/fd/{fd}")
        except FileNotFoundError:  # the one that listed the directory
            continue
    return found


def mappings_of_memory_files() -> list[str]:
    with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as maps:
        return [line for line in maps if "/memfd:" in line or "/secretmem" in line]


def locked_memory() -> list[str]:
    with open("/proc/self/status", encoding="utf-8") as status:
        return [line for line in status if line.startswith("VmLck:")]


def holdings() -> tuple[dict[str, str], list[str], list[str]]:
    return open_descriptors(), mappings_of_memory_files(), locked_memory()


@pytest.fixture(autouse=True)
def nothing_leaks() -> Iterator[None]:
    before = holdings()
    yield
    if holdings() != before:
        # Objects that wait for the collector are not leaks. Collecting is slow in emulators.
        gc.collect()
        assert holdings() == before


@pytest.fixture(autouse=True, scope="session")
def bounds() -> Iterator[None]:
    """Limit the size of files, because memory files have no other limit."""
    gc.freeze()  # so that gc.collect() skips imported objects
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_SIZE_LIMIT, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.fixture
def executable_by_default() -> None:
    """Skip a test if vm.memfd_noexec changes the default flags."""
    policy = memfd_go.raw.probe(0).noexec_policy
    if policy != 0:
        pytest.skip(f"vm.memfd_noexec is {policy}")


@pytest.fixture
def file() -> Iterator[memfd_go.MemFd]:
    """An empty, sealable file."""
    with memfd_go.MemFd.create("test") as memfd:
        yield memfd


@pytest.fixture
def hello() -> Iterator[memfd_go.MemFd]:
    """An immutable file that holds b"hello"."""
    with memfd_go.MemFd.sealed("test", b"hello") as memfd:
        yield memfd


@pytest.fixture
def secret_file() -> Iterator[memfd_go.MemFd]:
    """A secret file, if the kernel supports them."""
    try:
        memfd = memfd_go.secret()
    except OSError as error:
        pytest.skip(f"memfd_secret: {error}")
    with memfd:
        yield memfd
