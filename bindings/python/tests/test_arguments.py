# SPDX-License-Identifier: MIT
"""Arguments out of range or of the wrong type raise exceptions."""

from __future__ import annotations

import os
from ctypes import ArgumentError
from inspect import isfunction
from typing import Any, Callable

import pytest
from helpers import public_names

from memfd_go import MemFd, raw

ALL_FUNCTIONS: list[tuple[Callable[..., object], tuple[str, ...]]] = [
    (raw.result_name, ("int",)),
    (raw.probe, ("uint64",)),
    (raw.create, ("text", "uint32")),
    (raw.create_with, ("text", "args")),
    (raw.create_sealed, ("text", "uint32", "uint32", "buffer")),
    (raw.clone, ("text", "uint32", "uint32", "fd", "uint64")),
    (raw.clone_stream, ("text", "uint32", "uint32", "fd", "uint64")),
    (raw.reopen, ("fd", "uint32")),
    (raw.huge_flags, ("uint64",)),
    (raw.get_size, ("fd",)),
    (raw.set_size, ("fd", "uint32", "uint64")),
    (raw.discard, ("fd", "uint32", "uint64", "uint64")),
    (raw.add_seals, ("fd", "uint32")),
    (raw.get_seals, ("fd",)),
    (raw.ensure_seals, ("fd", "uint32")),
    (raw.check_seals, ("fd", "uint32")),
    (raw.format_seals, ("uint32", "uint32")),
    (raw.parse_seals, ("text",)),
    (raw.inspect, ("fd",)),
    (raw.map, ("fd", "uint32", "uint64", "size")),
    (raw.map_ring, ("fd", "uint32", "uint64", "size")),
    (raw.verify, ("fd", "uint32", "uint64", "uint32")),
    (raw.map_verified, ("fd", "uint32", "uint64", "uint32")),
    (raw.unmap, ("address", "size")),
    (raw.send_fds, ("fd", "fds", "buffer", "uint32")),
    (raw.recv_fds, ("fd", "uint32", "size", "uint32")),
    (raw.recv_verified, ("fd", "uint32", "uint64", "uint32", "size")),
    (raw.import_pid, ("int", "fd", "uint32")),
    (raw.import_pidfd, ("fd", "fd", "uint32")),
    (raw.exec, ("fd", "texts", "texts", "uint32")),
    (raw.secret, ("uint32",)),
    (raw.secret_alloc, ("size", "uint32")),
    (raw.secret_alloc_from, ("address", "size", "uint32")),
    (raw.secret_attach, ("fd", "uint64", "uint32")),
    (raw.secret_protect, ("area", "uint32")),
    (raw.secret_relock, ("area",)),
    (raw.secret_free, ("area",)),
    (raw.wipe, ("no_address", "size")),
    (raw.equal, ("no_address", "no_address", "size")),
    (raw.secret_pool_init, ("size", "uint32", "uint32")),
    (raw.secret_pool_take, ("pool",)),
    (raw.secret_pool_give, ("pool", "address")),
    (raw.secret_pool_protect, ("pool", "uint32")),
    (raw.secret_pool_relock, ("pool",)),
    (raw.secret_pool_free, ("pool",)),
]

# Arguments that fail early if they ever reach the C function.
HARMLESS: dict[str, Any] = {
    "int": 0,
    "fd": -1,
    "uint32": 0xFFFFFFFF,
    "uint64": 0,
    "size": 0,
    "address": 1,
    "text": "?",
    "buffer": b"",
    "fds": [],
    "texts": [],
    "args": raw.CreateArgs(opts=1 << 31),
    "area": raw.SecretArea(),
    "pool": raw.SecretPool(),
    "no_address": 0,
}

WRONG: dict[str, list[tuple[Any, type[Exception]]]] = {
    "int": [
        (1 << 31, OverflowError),
        (-(1 << 31) - 1, OverflowError),
        (1 << 32, OverflowError),
    ],
    "uint32": [(-1, OverflowError), (1 << 32, OverflowError), (1 << 64, OverflowError)],
    "uint64": [(-1, OverflowError), (1 << 64, OverflowError)],
    "size": [(-1, OverflowError), (1 << 64, OverflowError)],
    "address": [(-1, OverflowError), (1 << 64, OverflowError)],
    "text": [("a\0b", ValueError), (b"\0", ValueError), (1, TypeError), (None, TypeError)],
    "buffer": [("text", TypeError), (None, TypeError), (1, TypeError)],
    "fds": [([1 << 31], OverflowError), ([1.0], TypeError), (1, TypeError), (None, TypeError)],
    "texts": [(["a\0b"], ValueError), ([1], TypeError), (1, TypeError), (None, TypeError)],
    "args": [(1, ArgumentError), (raw.Info(), ArgumentError)],
    "area": [(1, ArgumentError), (raw.SecretPool(), ArgumentError), (None, OSError)],
    "pool": [(1, ArgumentError), (raw.SecretArea(), ArgumentError), (None, OSError)],
}
WRONG["fd"] = WRONG["int"]
WRONG["no_address"] = WRONG["address"]
for kind in ("int", "fd", "uint32", "uint64", "size", "address", "no_address"):
    WRONG[kind] = [*WRONG[kind], (1.0, TypeError), ("1", TypeError), (None, TypeError)]

CASES = [
    pytest.param(
        function, kinds, position, value, error, id=f"{function.__name__}-{position}-{value!r}"
    )
    for function, kinds in ALL_FUNCTIONS
    for position, kind in enumerate(kinds)
    for value, error in WRONG[kind]
]


@pytest.mark.parametrize(("function", "kinds", "position", "value", "error"), CASES)
def test_wrong_argument(
    function: Callable[..., object],
    kinds: tuple[str, ...],
    position: int,
    value: Any,
    error: type[Exception],
) -> None:
    arguments = [HARMLESS[kind] for kind in kinds]
    arguments[position] = value
    with pytest.raises(error):
        function(*arguments)


def test_every_function_is_covered() -> None:
    listed = {function.__name__ for function, _ in ALL_FUNCTIONS}
    functions = {name for name in public_names(raw) if isfunction(getattr(raw, name))}
    assert functions - listed == {"version", "version_string"}


class Index:
    def __init__(self, value: int) -> None:
        self.value = value

    def __index__(self) -> int:
        return self.value


def test_objects_with_index(file: MemFd) -> None:
    raw.set_size(Index(file.fileno()), Index(0), Index(10))
    assert raw.get_size(Index(file.fileno())) == 10


@pytest.mark.parametrize("size", [-1, 1 << 64])
def test_size_out_of_range(file: MemFd, size: int) -> None:
    with pytest.raises(OverflowError):
        file.set_size(size)
    with pytest.raises(OverflowError):
        MemFd.create("test", size=size)
    assert file.size == 0


def test_mapping_out_of_range(file: MemFd) -> None:
    file.set_size(1)
    for arguments in ({"length": -1}, {"length": 1 << 64}, {"offset": -4096, "length": 1}):
        with pytest.raises(OverflowError):
            file.map(**arguments)  # type: ignore[arg-type]


def test_mapping_of_a_wrong_descriptor() -> None:
    file = MemFd.create("test")
    os.close(file.fileno())
    with pytest.raises(OSError, match="Bad file descriptor"):
        file.map(1)
    file.detach()
