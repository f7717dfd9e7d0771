# SPDX-License-Identifier: MIT
"""Mappings as buffers for other libraries: without copies, and never dangling."""

from __future__ import annotations

import array
import ctypes
import gc
import hashlib
import mmap
import sys
from typing import TYPE_CHECKING, Any, Callable

import pytest
from helpers import permissions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from memfd_go import Mapping, MemFd

PEP_688 = sys.version_info >= (3, 12)


@pytest.fixture
def mapping(file: MemFd) -> Iterator[Mapping]:
    file.set_size(4096)
    mapping = file.map(writable=True)
    yield mapping
    mapping.close()


def numpy_asarray(mapping: Mapping) -> Any:
    return pytest.importorskip("numpy").asarray(mapping)


def numpy_array(mapping: Mapping) -> Any:
    return pytest.importorskip("numpy").array(mapping, copy=False)


def numpy_frombuffer(mapping: Mapping) -> Any:
    return pytest.importorskip("numpy").frombuffer(mapping, "u1")


def numpy_frombuffer_of_a_view(mapping: Mapping) -> Any:
    return pytest.importorskip("numpy").frombuffer(mapping.view(), "u1")


def numpy_ndarray_of_a_view(mapping: Mapping) -> Any:
    return pytest.importorskip("numpy").ndarray((10,), "u1", mapping.view())


def arrow_buffer(mapping: Mapping) -> Any:
    return pytest.importorskip("pyarrow").py_buffer(mapping)


def arrow_buffer_of_a_view(mapping: Mapping) -> Any:
    return pytest.importorskip("pyarrow").py_buffer(mapping.view())


def ctypes_array(mapping: Mapping) -> Any:
    return (ctypes.c_char * 10).from_buffer(mapping)  # type: ignore[arg-type,unused-ignore]


def ctypes_array_of_a_view(mapping: Mapping) -> Any:
    return (ctypes.c_char * 10).from_buffer(mapping.view())


def memory_view(mapping: Mapping) -> Any:
    return memoryview(mapping)


def slice_of_a_view(mapping: Mapping) -> Any:
    return mapping.view()[:10].toreadonly()


ALWAYS = [
    numpy_asarray,
    numpy_array,
    numpy_frombuffer_of_a_view,
    numpy_ndarray_of_a_view,
    arrow_buffer_of_a_view,
    ctypes_array_of_a_view,
    slice_of_a_view,
]
SINCE_PEP_688 = [numpy_frombuffer, arrow_buffer, ctypes_array, memory_view]


def first_byte(exported: Any) -> int:
    return memoryview(exported).cast("B")[0]


def check_export(mapping: Mapping, exporting: Callable[[Mapping], Any]) -> None:
    """Check that an object shows the memory itself, and keeps it mapped."""
    exported = exporting(mapping)
    mapping[0] = 77
    assert first_byte(exported) == 77, "it is a copy"
    with pytest.raises(BufferError, match="views of the mapping still exist"):
        mapping.close()
    gc.collect()
    assert first_byte(exported) == 77
    del exported
    gc.collect()
    mapping.close()


@pytest.mark.parametrize("exporting", ALWAYS)
def test_zero_copy(mapping: Mapping, exporting: Callable[[Mapping], Any]) -> None:
    check_export(mapping, exporting)


@pytest.mark.parametrize("exporting", SINCE_PEP_688)
def test_zero_copy_or_refused(mapping: Mapping, exporting: Callable[[Mapping], Any]) -> None:
    if PEP_688:
        check_export(mapping, exporting)
        return
    with pytest.raises(TypeError):
        exporting(mapping)
    gc.collect()
    mapping.close()


def test_asarray(mapping: Mapping) -> None:
    """Without __array_interface__, it would copy byte by byte as int64 before Python 3.12."""
    numpy = pytest.importorskip("numpy")
    array_ = numpy.asarray(mapping)
    assert (array_.dtype, array_.shape, array_.flags.writeable) == ("uint8", (4096,), True)
    array_[5] = 9
    assert mapping[5] == 9
    del array_
    mapping.close()


def test_asarray_of_read_only_memory(hello: MemFd) -> None:
    numpy = pytest.importorskip("numpy")
    with hello.map() as mapping:
        array_ = numpy.asarray(mapping)
        assert array_.tobytes() == b"hello"
        with pytest.raises(ValueError, match="read-only"):
            array_[0] = 1
        with pytest.raises(ValueError, match="WRITEABLE"):
            array_.flags.writeable = True
        del array_


def test_array_outlives_the_mapping(hello: MemFd) -> None:
    numpy = pytest.importorskip("numpy")
    array_ = numpy.asarray(hello.map())
    address = array_.ctypes.data
    gc.collect()
    assert array_.tobytes() == b"hello"
    assert permissions(address) == "r--"
    del array_
    gc.collect()
    assert permissions(address) == ""


# --------------------------------------------------------------- Exceptions in a block


def test_exception_is_not_replaced(hello: MemFd) -> None:
    mapping = hello.map()
    view = mapping.view()
    with pytest.raises(KeyError, match="mine"), mapping:
        raise KeyError("mine")
    assert mapping.closed
    with pytest.raises(ValueError, match="the mapping is closed"):
        mapping.view()
    assert bytes(view) == b"hello"
    view.release()  # unmaps the memory, which nothing_leaks checks


def test_views_at_block_end_raise(hello: MemFd) -> None:
    mapping = hello.map()
    view = mapping.view()
    with pytest.raises(BufferError), mapping:
        pass
    view.release()
    mapping.close()


# ------------------------------------------------------------------- As mmap.mmap


@pytest.fixture
def both(file: MemFd) -> Any:
    """A mapping and an mmap.mmap of the same memory."""
    content = bytes(range(256)) * 20
    file.set_size(len(content))
    with file.map(writable=True) as mapping:
        mapping[:] = content
        with mmap.mmap(file.fileno(), len(content)) as theirs:
            yield mapping, theirs


@pytest.mark.parametrize(
    "arguments",
    [
        (b"\x10",),
        (b"",),
        (b"\x10\x11",),
        (b"no",),
        (bytearray(b"\xff\x00"),),
        (b"\x10", 17),
        (b"\x10", -300),
        (b"\x10", -300, -290),
        (b"\x10", 17, 272),
        (b"\x10", 17, 273),
        (b"\x10", 4000, 5000),
        (b"\x10", 6000),
        (b"", 5120),
        (b"\x10", 300, 200),
        (array.array("H", [0x1110]),),
    ],
)
def test_find(both: Any, arguments: Any) -> None:
    ours, theirs = both
    assert ours.find(*arguments) == theirs.find(*arguments)


def test_find_nothing_past_the_end(both: Any) -> None:
    """Like bytes.find() and newer versions of mmap.mmap.find()."""
    ours, _ = both
    assert ours.find(b"", 5121) == bytes(ours).find(b"", 5121) == -1


def test_find_across_chunks(both: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """find() copies the memory in chunks, and a match may span two of them."""
    from memfd_go import _mapping

    monkeypatch.setattr(_mapping, "_FIND_CHUNK", 8)
    ours, theirs = both
    for length in (1, 2, 7, 8, 9, 300):
        for start in range(250, 290):
            pattern = theirs[start : start + length]
            for first in (0, 5, 249, start, start + 1):
                assert ours.find(pattern, first) == theirs.find(pattern, first)
                end = start + length
                assert ours.find(pattern, first, end) == theirs.find(pattern, first, end)
                assert ours.find(pattern, first, end - 1) == theirs.find(
                    pattern, first, end - 1
                )


def test_iteration(both: Any) -> None:
    ours, theirs = both
    assert list(ours) == list(theirs)
    assert b"\x10" in ours
    assert 16 not in ours


@pytest.mark.parametrize(
    "arguments", [(), (0,), (4096,), (0, 100), (0, 100000), (-1,), (5120,), (0, -1), (4097, 1)]
)
def test_madvise(both: Any, arguments: tuple[int, ...]) -> None:
    outcomes: list[object] = []
    for memory in both:
        try:
            outcomes.append(memory.madvise(mmap.MADV_WILLNEED, *arguments))
        except (ValueError, OSError) as error:
            outcomes.append((type(error), str(error)))
    assert outcomes[0] == outcomes[1]


def test_madvise_frees_memory(file: MemFd) -> None:
    page = mmap.PAGESIZE
    file.set_size(2 * page)
    with file.map(writable=True, private=True) as mapping:
        mapping[0] = mapping[page] = 1
        mapping.madvise(mmap.MADV_DONTNEED, page)
        assert (mapping[0], mapping[page]) == (1, 0)


def test_closed(hello: MemFd) -> None:
    mapping = hello.map()
    mapping.close()
    uses: list[Callable[[], object]] = [
        lambda: mapping.find(b"x"),
        lambda: mapping.madvise(mmap.MADV_WILLNEED),
        lambda: list(mapping),
        mapping.__bytes__,
    ]
    for use in uses:
        with pytest.raises(ValueError, match="the mapping is closed"):
            use()


def test_a_view_can_be_hashed(hello: MemFd) -> None:
    with hello.map() as mapping, mapping.view() as view:
        assert hashlib.sha256(view).digest() == hashlib.sha256(b"hello").digest()
