"""The structs: as large as C's, and no member is silently cut off."""

from __future__ import annotations

import ctypes

import pytest
from helpers import fails_with

from memfd_go import raw

WORD = ctypes.sizeof(ctypes.c_size_t)


@pytest.mark.parametrize(
    ("struct", "size"),
    [
        (raw.Features, 32),
        (raw.CreateArgs, 32),
        (raw.Info, 296),
    ],
)
def test_size(struct: type[ctypes.Structure], size: int) -> None:
    assert ctypes.sizeof(struct) == struct().size_of == size


def test_size_of_what_callers_keep() -> None:
    assert ctypes.sizeof(raw.SecretArea) == 48 + 4 * WORD
    assert ctypes.sizeof(raw.SecretPool) == 32 + 2 * WORD + 48 + 4 * WORD


def test_members() -> None:
    args = raw.CreateArgs(mfd_flags=1, seals=2, size=1 << 40)
    args.mode = 0o600
    assert repr(args) == (
        f"CreateArgs(size_of=32, mfd_flags=1, opts=0, seals=2, size={1 << 40}, mode=384,"
        " out_state=0)"
    )


@pytest.mark.parametrize(
    ("member", "value"),
    [("mfd_flags", 1 << 32), ("opts", -1), ("size", 1 << 64), ("size", -1)],
)
def test_member_out_of_range(member: str, value: int) -> None:
    args = raw.CreateArgs()
    with pytest.raises(OverflowError, match=f"{value} does not fit {member}"):
        setattr(args, member, value)
    assert getattr(args, member) == 0
    with pytest.raises(OverflowError):
        raw.CreateArgs(**{member: value})


def test_member_that_does_not_exist() -> None:
    args = raw.CreateArgs()
    with pytest.raises(AttributeError):
        args.flags = 1
    with pytest.raises(AttributeError):
        raw.CreateArgs(flags=1)


def test_another_size() -> None:
    args = raw.CreateArgs(mfd_flags=raw.MFD_CLOEXEC)
    args.size_of = 31
    with fails_with("EINVAL"):
        raw.create_with("test", args)
    args.size_of = 1 << 20
    with fails_with("E2BIG"):
        raw.create_with("test", args)
