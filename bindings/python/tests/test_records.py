# SPDX-License-Identifier: MIT
"""The records and enumerations that probe() and info return."""

from __future__ import annotations

import copy
import os
import pickle
import resource
from typing import Any

import pytest
from helpers import public_names

from memfd_go import (
    Access,
    Feature,
    Features,
    FileKind,
    Info,
    MemFd,
    SecretKind,
    probe,
    raw,
    secret,
)


def test_probe() -> None:
    features = probe()
    told = raw.probe(0)
    assert features.found == told.bits
    assert Feature.CREATE in features
    assert Feature.SECRET not in features
    assert features.page_size == os.sysconf("SC_PAGESIZE")
    assert sum(features.huge_sizes) == told.huge_sizes
    assert list(features.huge_sizes) == sorted(features.huge_sizes)
    limit = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0]
    assert features.memlock == (None if limit == resource.RLIM_INFINITY else limit)


def test_probe_for_secret_memory() -> None:
    found = Feature.SECRET in probe(secret=True)
    try:
        secret().close()
    except OSError:
        assert not found
    else:
        assert found


def test_records_compare_by_value(hello: MemFd) -> None:
    info, features = hello.info, probe()
    records: list[tuple[Any, tuple[str, ...]]] = [
        (info, Info.__slots__),
        (features, Features.__slots__),
    ]
    for record, names in records:
        assert copy.copy(record) == copy.deepcopy(record) == record
        assert pickle.loads(pickle.dumps(record)) == record
        assert len({record, copy.copy(record)}) == 1
        for name in names:
            with pytest.raises(AttributeError, match="cannot be changed"):
                setattr(record, name, 0)
            with pytest.raises(AttributeError, match="cannot be changed"):
                delattr(record, name)
    assert info != features
    assert repr(info).startswith("Info(kind=<FileKind.MEMFD: 1>, seals=<Seal: ")
    assert repr(features).startswith("Features(found=<Feature: CREATE ")


def test_records_have_all_c_members() -> None:
    def members(struct: Any) -> int:
        return sum(name not in ("size_of", "reserved") for name, _ in struct._fields_)

    assert len(Info.__slots__) == members(raw.Info)
    assert len(Features.__slots__) == members(raw.Features)


@pytest.mark.parametrize(
    ("enum", "prefix"),
    [
        (Feature, "MEMFD_GO_FEATURE_"),
        (Access, "MEMFD_GO_ACCESS_"),
        (FileKind, "MEMFD_GO_KIND_"),
        (SecretKind, "MEMFD_GO_AREA_"),
    ],
)
def test_enums_match_c(enum: Any, prefix: str) -> None:
    names = {name: getattr(raw, prefix + name) for name in enum.__members__}
    assert names == {name: int(value) for name, value in enum.__members__.items()}
    assert len(names) == sum(name.startswith(prefix) for name in public_names(raw))


def test_words() -> None:
    assert f"{Access.READ_WRITE}" == str(Access.READ | Access.WRITE) == "READ WRITE"
    assert str(Access.NONE) == "none"
    assert (
        repr(Feature.CREATE | Feature.PROCFS | 1 << 31) == "<Feature: CREATE PROCFS 0x80000000>"
    )
    assert f"{FileKind.SECRET} {SecretKind.MLOCK:>6}" == "SECRET  MLOCK"
    assert pickle.loads(pickle.dumps(SecretKind.MLOCK)) is SecretKind.MLOCK
