# SPDX-License-Identifier: MIT
"""Mappings: contents, access, and lifetime."""

from __future__ import annotations

import gc
import hashlib
import mmap
import os
import pickle
import resource
import struct
import subprocess
import sys
import weakref
from contextlib import ExitStack

import pytest
from helpers import fails_with

from memfd_go import CreateFlag, Mapping, MemFd, Seal, raw

PAGE = resource.getpagesize()


def is_mapped(address: int) -> bool:
    with open("/proc/self/maps", encoding="utf-8") as maps:
        ranges = [[int(end, 16) for end in line.split()[0].split("-")] for line in maps]
    return any(low <= address < high for low, high in ranges)


def test_reads(hello: MemFd) -> None:
    with hello.map() as mapping:
        assert mapping.readonly
        assert len(mapping) == 5
        assert bytes(mapping) == b"hello"
        assert mapping[0] == ord("h")
        assert mapping[-1] == ord("o")
        assert mapping[1:3] == b"el"
        assert mapping[::-2] == b"olh"
        for index in (5, -6):
            with pytest.raises(IndexError):
                mapping[index]


def test_read_only_memory_is_read_only(hello: MemFd) -> None:
    with hello.map() as mapping:
        with pytest.raises(TypeError):
            mapping[0] = 1
        with mapping.view() as view:
            assert view.readonly
            with pytest.raises(TypeError):
                view[0] = 1
    with MemFd.create("test", size=5) as file, file.map() as mapping, mapping.view() as view:
        assert view.readonly  # because of the mapping, not because of the seals


def test_writes(file: MemFd) -> None:
    file.set_size(5)
    with file.map(writable=True) as mapping:
        assert not mapping.readonly
        mapping[:] = b"hello"
        mapping[0] = ord("j")
        mapping[-1:] = bytearray(b"y")
        with pytest.raises(ValueError, match="assignment"):
            mapping[0:2] = b"x"
        with mapping.view() as view:
            view[2:4] = b"LL"
    assert os.pread(file.fileno(), 10, 0) == b"jeLLy"


def test_view_has_byte_format(file: MemFd) -> None:
    file.set_size(16)
    with file.map(writable=True) as mapping, mapping.view() as view:
        assert (view.format, view.itemsize, view.shape) == ("B", 1, (16,))
        with view.cast("Q") as words:
            words[1] = 7
        struct.pack_into("Q", view, 0, 6)
        assert struct.unpack_from("QQ", view) == (6, 7)
        assert hashlib.sha256(view).digest() == hashlib.sha256(bytes(mapping)).digest()


def test_shared(file: MemFd) -> None:
    file.set_size(5)
    with file.map(writable=True) as one, file.map() as other:
        one[:] = b"hello"
        assert bytes(other) == b"hello"


def test_private(file: MemFd) -> None:
    file.set_size(5)
    with file.map(writable=True, private=True) as mapping:
        mapping[:] = b"hello"
        assert bytes(mapping) == b"hello"
        assert os.pread(file.fileno(), 5, 0) == bytes(5)


def test_private_of_a_sealed_file(hello: MemFd) -> None:
    with hello.map(writable=True, private=True) as mapping:
        mapping[0] = ord("j")
        assert bytes(mapping) == b"jello"
    assert os.pread(hello.fileno(), 5, 0) == b"hello"


def test_executable() -> None:
    with MemFd.create("test", CreateFlag.CLOEXEC, size=1) as file:
        with file.map(executable=True), open("/proc/self/maps", encoding="utf-8") as maps:
            assert any("r-xs" in line for line in maps if "/memfd:test" in line)


def test_populate(file: MemFd) -> None:
    file.set_size(4 * PAGE)
    with file.map(writable=True, populate=True):
        assert os.fstat(file.fileno()).st_blocks * 512 == 4 * PAGE


def test_part(file: MemFd) -> None:
    os.write(file.fileno(), b"a" * PAGE + b"b" * PAGE + b"c")
    with file.map(offset=PAGE) as mapping:
        assert len(mapping) == PAGE + 1
        assert mapping[0] == ord("b")
        assert mapping[-1] == ord("c")
    with file.map(10, offset=PAGE) as mapping:
        assert bytes(mapping) == b"b" * 10


@pytest.mark.parametrize("length", [1, 4095, 4096, 4097])
def test_whole_mapping_is_unmapped(file: MemFd, length: int) -> None:
    file.set_size(2 * PAGE)
    file.map(length).close()  # nothing_leaks checks that nothing stays mapped


def test_empty_file(file: MemFd) -> None:
    with pytest.raises(ValueError, match="offset is 0, but the file has only 0 bytes"):
        file.map()
    with pytest.raises(ValueError, match="length is 0"):
        file.map(0)


def test_unaligned_offset(file: MemFd) -> None:
    file.set_size(5)
    with fails_with("EINVAL", text=f"offset 1 is not a multiple of the page size, {PAGE}"):
        file.map(1, offset=1)


def test_past_the_end(file: MemFd) -> None:
    """Access past the end is SIGBUS, so map() refuses it, as mmap.mmap does."""
    file.set_size(PAGE + 10)
    for length, offset in ((PAGE + 11, 0), (11, PAGE), (5000 + PAGE, 0), (1, 2 * PAGE)):
        with pytest.raises(ValueError, match=f"the file has {PAGE + 10} bytes, but the"):
            file.map(length, offset=offset)
        with file.map(length, offset=offset, past_end=True) as mapping:
            assert len(mapping) == length
    file.map(10, offset=PAGE).close()
    for offset in (PAGE + 10, 2 * PAGE):
        with pytest.raises(ValueError, match=f"offset is {offset}, but the file has only"):
            file.map(offset=offset)


def test_past_the_largest_file(hello: MemFd) -> None:
    with fails_with("EOVERFLOW"):
        hello.map(1, offset=(1 << 63) - PAGE, past_end=True)
    for offset in (1 << 63, (1 << 64) - PAGE):
        with fails_with("EINVAL"):
            hello.map(1, offset=offset, past_end=True)


def test_no_address_space(hello: MemFd) -> None:
    length = sys.maxsize // 2 + 1  # a quarter of the address space
    with fails_with("ENOMEM"), ExitStack() as mapped:
        for _ in range(4):
            mapped.enter_context(hello.map(length, past_end=True))


def test_not_permitted(hello: MemFd) -> None:
    with fails_with("EPERM"):
        hello.map(writable=True)
    fd = os.open(f"/proc/self/fd/{hello.fileno()}", os.O_RDONLY)
    with MemFd.from_fd(fd) as reader, reader.map() as mapping:
        assert bytes(mapping) == b"hello"


def test_insufficient_access_mode(file: MemFd) -> None:
    file.set_size(5)
    for mode, writable in ((os.O_RDONLY, True), (os.O_WRONLY, False)):
        fd = os.open(f"/proc/self/fd/{file.fileno()}", mode)
        with MemFd.from_fd(fd) as other, fails_with("EACCES"):
            other.map(writable=writable)


def test_pipe_is_refused() -> None:
    ends = os.pipe()
    with MemFd.from_fd(ends[0]) as reader, MemFd.from_fd(ends[1]):
        with fails_with("ENODEV"):
            reader.map(1, past_end=True)


def test_unknown_options(hello: MemFd) -> None:
    for opts in (raw.MEMFD_GO_OPT_RESERVE, 1 << 31):
        with fails_with("EINVAL"):
            raw.map(hello.fileno(), opts, 0, 5)


def test_unmap_errors(hello: MemFd) -> None:
    address = raw.map(hello.fileno(), 0, 0, 5)
    for bad_address, bad_length in ((address + 1, 5), (address, 0)):
        with fails_with("EINVAL"):
            raw.unmap(bad_address, bad_length)
    assert is_mapped(address)
    raw.unmap(address, 5)
    assert not is_mapped(address)


# --------------------------------------------------------------------- Lifetime


def test_outlives_the_file() -> None:
    with MemFd.sealed("test", b"hello") as file:
        mapping = file.map()
    with mapping:
        assert bytes(mapping) == b"hello"


def test_closed(hello: MemFd) -> None:
    mapping = hello.map()
    mapping.close()
    mapping.close()
    assert mapping.closed
    assert len(mapping) == 5
    for use in (
        mapping.view,
        lambda: mapping[0],
        lambda: bytes(mapping),
        mapping.__enter__().view,
    ):
        with pytest.raises(ValueError, match="the mapping is closed"):
            use()


def test_close_with_views(hello: MemFd) -> None:
    mapping = hello.map()
    whole = mapping.view()
    part = whole[1:3]
    whole.release()
    for _ in range(2):
        with pytest.raises(BufferError, match="views of the mapping still exist"):
            mapping.close()
        assert not mapping.closed
        assert bytes(mapping) == b"hello"
    assert part.tobytes() == b"el"
    part.release()
    mapping.close()


def test_with_block_and_views(hello: MemFd) -> None:
    mapping = hello.map()
    view = mapping.view()
    with pytest.raises(BufferError), mapping:
        pass
    view.release()
    mapping.close()


def test_close_with_objects_made_from_views(hello: MemFd) -> None:
    numpy = pytest.importorskip("numpy")
    mapping = hello.map()
    array = numpy.frombuffer(mapping.view(), dtype="u1")[1:]
    with pytest.raises(BufferError):
        mapping.close()
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 1
    assert array.tobytes() == b"ello"
    del array
    mapping.close()


def test_views_outlive_the_object(hello: MemFd) -> None:
    view = hello.map().view()[1:]
    gc.collect()
    assert view.tobytes() == b"ello"


def test_collected_mapping_is_unmapped(hello: MemFd) -> None:
    mapping = hello.map()
    seen = weakref.ref(mapping)
    del mapping
    assert seen() is None  # nothing_leaks checks the mapping


def test_views_at_exit(hello: MemFd) -> None:
    """atexit callbacks can still read the memory."""
    code = (
        "import atexit\n"
        "atexit.register(lambda: print(bytes(view)))\n"  # runs after the callback of weakref
        "import memfd_go\n"
        f"with memfd_go.MemFd.from_fd({hello.fileno()}) as file:\n"
        "    view = file.map().view()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        pass_fds=[hello.fileno()],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "b'hello'\n"


@pytest.mark.skipif(sys.version_info < (3, 12), reason="PEP 688 came with Python 3.12")
def test_is_a_buffer(hello: MemFd, file: MemFd) -> None:
    mapping = hello.map()
    with memoryview(mapping) as view:
        assert view.readonly
        assert view.tobytes() == b"hello"
        with pytest.raises(BufferError):
            mapping.close()
    mapping.close()
    file.set_size(5)
    with file.map(writable=True) as writable:
        with memoryview(writable) as view:
            view[:] = b"hello"
        assert hashlib.sha256(writable).digest() == hashlib.sha256(b"hello").digest()


@pytest.mark.skipif(sys.version_info < (3, 12), reason="PEP 688 came with Python 3.12")
def test_read_only_buffer_is_not_writable(hello: MemFd) -> None:
    with hello.map() as mapping, open("/dev/zero", "rb", buffering=0) as zero:
        with pytest.raises((BufferError, TypeError)):
            zero.readinto(mapping)  # type: ignore[arg-type,unused-ignore]


def test_mmap_of_the_standard_library(hello: MemFd) -> None:
    # Some kernels refuse a shared mapping of a sealed file even for reading.
    with mmap.mmap(hello.fileno(), 5, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ) as other:
        assert other[:] == b"hello"


def test_repr(hello: MemFd, file: MemFd) -> None:
    file.set_size(1)
    with hello.map() as mapping, file.map(writable=True) as other:
        assert repr(mapping) == "<Mapping of 5 bytes, read-only>"
        assert repr(other) == "<Mapping of 1 bytes, writable>"
    assert repr(mapping) == "<Mapping of 5 bytes, closed>"


def test_cannot_be_pickled(hello: MemFd) -> None:
    with (
        hello.map() as mapping,
        pytest.raises(TypeError, match="cannot pickle 'Mapping' object"),
    ):
        pickle.dumps(mapping)


def test_failure_after_mapping_unmaps(hello: MemFd, monkeypatch: pytest.MonkeyPatch) -> None:
    def memory_at(*_: int) -> None:
        raise MemoryError

    monkeypatch.setattr("memfd_go._ffi.memory_at", memory_at)
    with pytest.raises(MemoryError):
        hello.map()


def test_whole_huge_pages_are_unmapped(hello: MemFd, monkeypatch: pytest.MonkeyPatch) -> None:
    """munmap(2) refuses a part of a huge page."""
    unmap, lengths = raw.unmap, list[int]()

    def watched_unmap(address: int, length: int) -> None:
        lengths.append(length)
        unmap(address, length)

    monkeypatch.setattr(raw, "unmap", watched_unmap)
    hello.map(1).close()
    assert lengths == [PAGE]


def test_huge_pages() -> None:
    with ExitStack() as stack:
        flags = CreateFlag.CLOEXEC | CreateFlag.HUGETLB
        try:
            file = stack.enter_context(MemFd.create("test", flags))
            page = os.fstat(file.fileno()).st_blksize
            file.set_size(page)
            mapping = stack.enter_context(file.map(10, writable=True))
        except OSError as error:
            pytest.skip(f"no huge page is free: {error}")
        mapping[:5] = b"hello"
        with file.map() as whole:
            assert len(whole) == page
            assert whole[:6] == b"hello\0"


def test_seal_after_unmapping(file: MemFd) -> None:
    file.set_size(5)
    with file.map(writable=True):
        pass
    file.seal(Seal.IMMUTABLE)
    assert isinstance(file.map(), Mapping)
