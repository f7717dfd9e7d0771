# SPDX-License-Identifier: MIT
"""Secret files: creating, resizing, mapping, and forbidden operations."""

from __future__ import annotations

import errno
import os

import pytest
from helpers import fails_with

from memfd_go import MemFd, Seal, raw, secret


def test_availability_matches_environment() -> None:
    """$MEMFD_GO_SECRET ("yes" or "no") states whether the kernel has memfd_secret(2)."""
    known = os.environ.get("MEMFD_GO_SECRET")
    area = raw.secret_alloc(32, 0)
    kind = area.kind
    raw.secret_free(area)
    if kind == raw.MEMFD_GO_AREA_SECRETMEM:
        assert known != "no"
        secret().close()
    else:
        assert kind == raw.MEMFD_GO_AREA_MLOCK
        assert known != "yes"
        with fails_with("ENOSYS"):
            secret()


def test_closed_on_exec(secret_file: MemFd) -> None:
    assert not os.get_inheritable(secret_file.fileno())


@pytest.mark.parametrize("flags", [2, 1 << 31, os.O_CLOEXEC | 2])
def test_unknown_flags(flags: int) -> None:
    with fails_with("EINVAL", "ENOSYS", "EPERM"):
        raw.secret(flags)


def test_map_and_write(secret_file: MemFd) -> None:
    secret_file.set_size(32)
    try:
        key = secret_file.map(writable=True)
    except BlockingIOError as error:
        pytest.skip(f"RLIMIT_MEMLOCK: {error}")
    secret_file.close()
    key[:] = bytes(range(32))
    assert bytes(key) == bytes(range(32))
    key.close()


def test_size_can_be_set_once(secret_file: MemFd) -> None:
    secret_file.set_size(32)
    with fails_with("EINVAL"):
        secret_file.set_size(64)
    assert secret_file.size == 32


def test_seals_are_not_supported(secret_file: MemFd) -> None:
    for use in (
        lambda: secret_file.seals,
        lambda: secret_file.seal(),
        lambda: secret_file.check(Seal.SEAL),
    ):
        with fails_with("EINVAL"):
            use()


def test_refused_mappings(secret_file: MemFd) -> None:
    secret_file.set_size(32)
    with fails_with("EINVAL"):
        secret_file.map(private=True)
    with pytest.raises(PermissionError):
        secret_file.map(executable=True)


def test_cannot_be_read(secret_file: MemFd) -> None:
    secret_file.set_size(32)
    with pytest.raises(OSError) as caught:
        os.pread(secret_file.fileno(), 32, 0)
    assert caught.value.errno in (errno.EINVAL, errno.ESPIPE)


def test_raw_descriptor(secret_file: MemFd) -> None:
    assert not secret_file.closed
    os.close(raw.secret(os.O_CLOEXEC))
