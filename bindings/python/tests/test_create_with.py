# SPDX-License-Identifier: MIT
"""Creating with mode, size and seals; and the flags for huge pages."""

from __future__ import annotations

import os

import pytest
from helpers import fails_with

from memfd_go import MemFd, raw


def create_with(**members: int) -> MemFd:
    members.setdefault("flags", raw.MFD_CLOEXEC)
    return MemFd.from_fd(raw.create_with("test", raw.CreateArgs(**members)))


def test_defaults() -> None:
    with MemFd.from_fd(raw.create_with("test", None)) as file:
        assert not os.get_inheritable(file.fileno())
        assert os.fstat(file.fileno()).st_mode & 0o111 == 0
        file.seal()  # is sealable


def test_everything() -> None:
    flags = raw.MFD_CLOEXEC | raw.MFD_NOEXEC_SEAL
    args = raw.CreateArgs(flags=flags, size=5000, seals=raw.F_SEAL_GROW, mode=0o640)
    with MemFd.from_fd(raw.create_with(b"test", args)) as file:
        assert file.size == 5000
        assert file.seals & raw.MEMFD_GO_SEALS_IMMUTABLE == raw.F_SEAL_GROW
        assert os.fstat(file.fileno()).st_mode & 0o777 == 0o640
        native = bool(raw.probe(0).bits & raw.MEMFD_GO_FEATURE_NOEXEC_SEAL)
        assert bool(file.seals & raw.F_SEAL_EXEC) == native


def test_unsealable() -> None:
    with create_with(opts=raw.MEMFD_GO_OPT_UNSEALABLE) as file:
        assert file.seals & raw.F_SEAL_SEAL


@pytest.mark.parametrize(
    "members",
    [
        {"flags": raw.MFD_EXEC | raw.MFD_NOEXEC_SEAL},
        {"flags": raw.MFD_NOEXEC_SEAL, "mode": 0o700},
        {"flags": 1 << 20},
        {"opts": raw.MEMFD_GO_OPT_RESERVE},
        {"seals": 1 << 31},
        {"mode": 0o1777},
        {"size": 1 << 63},
    ],
    ids=str,
)
def test_invalid(members: dict[str, int]) -> None:
    with fails_with("EINVAL"):
        create_with(**members)


def test_name_too_long() -> None:
    with fails_with("EINVAL"):
        raw.create_with("x" * 250, None)


def test_huge_flags() -> None:
    assert raw.huge_flags(0) == raw.MFD_HUGETLB
    assert raw.huge_flags(1 << 30) == raw.MFD_HUGETLB | 30 << 26
    assert raw.huge_flags(1 << 63) == raw.MFD_HUGETLB | 63 << 26
    for size in (3, (1 << 21) + 1, (1 << 64) - 1):
        with fails_with("EINVAL"):
            raw.huge_flags(size)
