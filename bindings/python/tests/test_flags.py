# SPDX-License-Identifier: MIT
"""Flags that print as words, and the text form of seals."""

from __future__ import annotations

import copy
import pickle

import pytest
from helpers import fails_with

from memfd_go import CreateFlag, Seal, SealStyle, raw


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (Seal.NONE, "none"),
        (Seal.WRITE, "WRITE"),
        (Seal.IMMUTABLE, "SEAL GROW WRITE SHRINK"),
        (Seal.SHRINK | 0x40, "SHRINK 0x40"),
        (Seal(0xFFFFFFFF), "SEAL GROW WRITE FUTURE_WRITE SHRINK EXEC 0xffffffc0"),
        (Seal(1 << 40), "0x10000000000"),
        (CreateFlag(0), "none"),
        (CreateFlag.CLOEXEC | CreateFlag.EXEC, "CLOEXEC EXEC"),
        (CreateFlag.HUGETLB | 0x54000000, "HUGETLB 0x54000000"),
        (CreateFlag(0x20), "0x20"),
    ],
)
def test_words(flags: Seal | CreateFlag, words: str) -> None:
    assert str(flags) == words
    assert f"{flags}" == words
    assert f"{flags:#x}" == hex(flags)
    assert repr(flags) == f"<{type(flags).__name__}: {words}>"
    assert pickle.loads(pickle.dumps(flags)) == copy.copy(flags) == flags


def test_values() -> None:
    assert Seal.SEAL | Seal.SHRINK | Seal.GROW | Seal.WRITE == Seal.IMMUTABLE
    flags = [name for name in CreateFlag.__members__ if name != "DEFAULT"]
    assert [int(CreateFlag[name]) for name in flags] == [1, 2, 4, 8, 16]
    for name in flags:
        assert getattr(raw, f"MFD_{name}") == CreateFlag[name]
    for name in ("SEAL", "SHRINK", "GROW", "WRITE", "FUTURE_WRITE", "EXEC"):
        assert getattr(raw, f"F_SEAL_{name}") == Seal[name]


def test_unknown_bits_are_kept() -> None:
    assert Seal(0x48) ^ Seal.WRITE == 0x40
    assert Seal.WRITE in Seal(0x48)
    assert type(Seal.WRITE | 0x40) is Seal


def test_inverse_prints() -> None:
    assert str(~Seal.WRITE)
    assert str(~Seal.WRITE & Seal.IMMUTABLE) == "SEAL GROW SHRINK"


@pytest.mark.parametrize("seals", range(0x80))
def test_round_trip(seals: int) -> None:
    for style in SealStyle:
        text = Seal(seals).format(style)
        assert Seal.parse(text) == raw.parse_seals(text.encode()) == seals
    assert Seal.parse(str(Seal(seals))) == seals


def test_format() -> None:
    every = Seal(0x3F)
    assert every.format() == "SEAL GROW WRITE FUTURE_WRITE SHRINK EXEC"
    assert every.format(SealStyle.LETTERS) == "SgwWsx"
    assert every.format(SealStyle.HEX) == "0x3f"
    assert [Seal.NONE.format(style) for style in SealStyle] == ["", "", "0x0"]
    assert raw.format_seals(0xFFFFFFFF) == "SEAL GROW WRITE FUTURE_WRITE SHRINK EXEC 0xffffffc0"


@pytest.mark.parametrize("style", [3, 0xFFFFFFFF])
def test_unknown_style(style: int) -> None:
    with fails_with("EINVAL"):
        raw.format_seals(1, style)


@pytest.mark.parametrize(
    ("text", "seals"),
    [
        ("", 0),
        (" , | + ", 0),
        ("none", 0),
        ("immutable", 15),
        ("WRITE shrink", 10),
        ("F_SEAL_WRITE|f_seal_grow", 12),
        ("sw", 10),
        ("0x10+0xffffffc0", 0xFFFFFFD0),
        (b"future_write,exec", 0x30),
    ],
)
def test_parse(text: str | bytes, seals: int) -> None:
    assert Seal.parse(text) == seals
    assert type(Seal.parse(text)) is Seal


@pytest.mark.parametrize(
    "text", ["y", "0x", "0x123456789", "12", "WRITES", "gr\u00fcn", "\udcff", "-1"]
)
def test_parse_invalid_text(text: str) -> None:
    with fails_with("EINVAL"):
        Seal.parse(text)
