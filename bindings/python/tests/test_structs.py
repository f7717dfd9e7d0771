# SPDX-License-Identifier: MIT
"""The structs have the sizes of the C structs, and members are range-checked."""

from __future__ import annotations

import ctypes

import pytest

from memfd_go import raw

WORD = ctypes.sizeof(ctypes.c_size_t)


@pytest.mark.parametrize(
    ("struct", "size"),
    [
        (raw.Features, 32),
        (raw.CreateArgs, 24),
        (raw.Info, 312),
    ],
)
def test_size(struct: type[ctypes.Structure], size: int) -> None:
    assert ctypes.sizeof(struct) == size


def test_size_of_caller_structs() -> None:
    assert ctypes.sizeof(raw.SecretArea) == 48 + 4 * WORD
    assert ctypes.sizeof(raw.SecretPool) == 32 + 2 * WORD + 48 + 4 * WORD


def test_members() -> None:
    args = raw.CreateArgs(flags=1, seals=2, size=1 << 40)
    args.mode = 0o600
    assert repr(args) == (f"CreateArgs(flags=1, opts=0, seals=2, mode=384, size={1 << 40})")


@pytest.mark.parametrize(
    ("member", "value"),
    [("flags", 1 << 32), ("opts", -1), ("size", 1 << 64), ("size", -1)],
)
def test_member_out_of_range(member: str, value: int) -> None:
    args = raw.CreateArgs()
    with pytest.raises(OverflowError, match=f"{value} does not fit {member}"):
        setattr(args, member, value)
    assert getattr(args, member) == 0
    with pytest.raises(OverflowError):
        raw.CreateArgs(**{member: value})


def test_unknown_member() -> None:
    args = raw.CreateArgs()
    with pytest.raises(AttributeError):
        args.mfd_flags = 1
    with pytest.raises(AttributeError):
        raw.CreateArgs(mfd_flags=1)
