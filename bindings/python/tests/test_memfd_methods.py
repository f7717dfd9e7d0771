# SPDX-License-Identifier: MIT
"""Methods of MemFd: clone, from_pid, map_verified, reopen, info, exec."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from helpers import fails_with, in_child

from memfd_go import (
    Access,
    CreateFlag,
    Feature,
    FileKind,
    Info,
    MemFd,
    MissingSealsError,
    Seal,
    probe,
    secret,
)

if TYPE_CHECKING:
    from pathlib import Path


def pidfd() -> int:
    try:
        return os.pidfd_open(os.getpid())
    except OSError as error:
        pytest.skip(f"pidfd_open: {error}")


# ----------------------------------------------------------------------- Create


def test_create_with_everything() -> None:
    flags = CreateFlag.CLOEXEC | CreateFlag.NOEXEC_SEAL
    with MemFd.create("test", flags, size=10, mode=0o600, seals=Seal.GROW) as file:
        assert (file.size, os.fstat(file.fileno()).st_mode & 0o777) == (10, 0o600)
        assert Seal.GROW in file.seals
        file.seal(Seal.SHRINK)


def test_numbers_of_other_types() -> None:
    """Sizes that numpy computes are not ints."""

    class Number:
        def __index__(self) -> int:
            return 0o600

    number: Any = Number()
    with MemFd.create("test", size=number, mode=number) as file:
        assert (file.size, file.info.mode & 0o777) == (0o600, 0o600)


def test_create_noexec_on_any_kernel() -> None:
    flags = CreateFlag.CLOEXEC | CreateFlag.NOEXEC_SEAL
    native = Feature.NOEXEC_SEAL in probe()
    with MemFd.create("test", flags) as file:
        assert os.fstat(file.fileno()).st_mode & 0o111 == 0
        assert (Seal.EXEC in file.seals) == native
    if native:
        MemFd.create("test", flags, strict=True).close()
    else:
        with fails_with("EOPNOTSUPP"):
            MemFd.create("test", flags, strict=True)


def test_create_errors() -> None:
    with fails_with("EINVAL"):
        MemFd.create("test", mode=0o1000)
    with fails_with("EINVAL"):
        MemFd.create("test", seals=Seal(0x4000))
    for numbers in ({"size": -1}, {"mode": 1 << 32}, {"seals": -1}):
        with pytest.raises(OverflowError):
            MemFd.create("test", **numbers)  # type: ignore[arg-type]


def test_clone(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"hello")
    with open(path, "rb") as source, MemFd.clone("copy", source) as file:
        assert source.tell() == 0
        assert Seal.IMMUTABLE in file.seals
        assert os.read(file.fileno(), 10) == b"hello"
        with fails_with("EFBIG"):
            MemFd.clone("copy", source.fileno(), max_size=4)
        with pytest.raises(ValueError, match="seals is empty"):
            MemFd.clone("copy", source, Seal.NONE)


def test_freeze(file: MemFd, hello: MemFd) -> None:
    os.write(file.fileno(), b"hello")
    with file.map(writable=True), fails_with("EBUSY"):
        file.freeze()
    for each in (file, hello):
        each.freeze()
        each.freeze()
        assert Seal.IMMUTABLE in each.seals
    with hello.reopen() as reader:
        reader.freeze()


# ------------------------------------------------------------- Other processes


def test_from_pid(hello: MemFd) -> None:
    parent, fd = os.getpid(), hello.fileno()

    def child() -> None:
        os.close(fd)
        with MemFd.from_pid(parent, fd, Seal.IMMUTABLE) as file:
            assert os.read(file.fileno(), 10) == b"hello"
            assert not os.get_inheritable(file.fileno())
            assert file.info.access == Access.READ
        with MemFd.from_pid(parent, fd, flags=os.O_RDWR) as file:
            assert file.info.access == Access.READ_WRITE

    in_child(child)


def test_from_pidfd(hello: MemFd) -> None:
    process = pidfd()
    try:
        with MemFd.from_pidfd(process, hello.fileno(), Seal.IMMUTABLE) as file:
            assert os.path.sameopenfile(file.fileno(), hello.fileno())
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
        pytest.skip(f"pidfd_getfd: {error}")
    finally:
        os.close(process)


def test_unsealed_file_is_closed(file: MemFd) -> None:
    with pytest.raises(MissingSealsError) as caught:
        MemFd.from_pid(os.getpid(), file.fileno(), Seal.WRITE | Seal.GROW)
    assert caught.value.missing == Seal.WRITE | Seal.GROW
    process = pidfd()
    try:
        with fails_with("EKEYREJECTED", "ENOSYS"):
            MemFd.from_pidfd(process, file.fileno(), Seal.WRITE)
    finally:
        os.close(process)


def test_from_pid_errors(hello: MemFd) -> None:
    with fails_with("EINVAL"):
        MemFd.from_pid(0, 0)
    with fails_with("ENOENT"):
        MemFd.from_pid(os.getpid(), 1 << 20)


# ----------------------------------------------------------------------- Verify


def test_map_verified(hello: MemFd) -> None:
    with hello.map_verified() as mapping:
        assert bytes(mapping) == b"hello"
        assert mapping.readonly
    with hello.map_verified(Seal.IMMUTABLE, max_size=5) as mapping:
        assert len(mapping) == 5
    with fails_with("EFBIG"):
        hello.map_verified(max_size=4)


def test_map_verified_missing_seals(file: MemFd) -> None:
    file.set_size(5)
    file.seal(Seal.WRITE)
    with pytest.raises(MissingSealsError, match="missing seals: GROW SHRINK") as caught:
        file.map_verified(Seal.WRITE | Seal.GROW)
    assert caught.value.missing == Seal.GROW | Seal.SHRINK
    with pytest.raises(MissingSealsError, match="missing seals: SHRINK"):
        file.map_verified(Seal.NONE)
    file.seal(Seal.SHRINK)
    with file.map_verified(Seal.NONE) as mapping:
        assert bytes(mapping) == bytes(5)


def test_map_verified_empty_file() -> None:
    with MemFd.sealed("test", b"") as empty, fails_with("ENODATA"):
        empty.map_verified()


def test_unproven_seals_of_huge_pages() -> None:
    flags = CreateFlag.CLOEXEC | CreateFlag.ALLOW_SEALING | CreateFlag.HUGETLB
    try:
        file = MemFd.create("test", flags)
    except OSError as error:
        pytest.skip(f"huge pages: {error}")
    with file:
        file.set_size(file.info.huge_page)
        file.seal(Seal.SHRINK)  # but pages can still be removed
        with pytest.raises(MissingSealsError, match="do not guarantee") as caught:
            file.map_verified(required=Seal.SHRINK)
    assert not caught.value.missing


# ----------------------------------------------------------- Reopen and inspect


def test_reopen(hello: MemFd) -> None:
    with hello.reopen() as reader, hello.reopen(os.O_RDWR) as writer:
        assert os.read(reader.fileno(), 2) == b"he"
        assert os.read(hello.fileno(), 5) == b"hello"
        assert (reader.info.access, writer.info.access) == (Access.READ, Access.READ_WRITE)


def test_reopened_file_has_own_offset(hello: MemFd) -> None:
    with hello.reopen() as again, again.open("rb") as stream:
        assert stream.read(2) == b"he"
        assert os.lseek(hello.fileno(), 0, os.SEEK_CUR) == 0


def test_info(hello: MemFd) -> None:
    info = hello.info
    assert (info.kind, info.size, info.huge_page, info.name) == (FileKind.MEMFD, 5, 0, "test")
    assert info.seals == hello.seals
    assert info.mode == os.fstat(hello.fileno()).st_mode
    assert info.access == Access.READ_WRITE
    assert info == Info.of(hello.fileno())


def test_info_of_other_files(tmp_path: Path) -> None:
    with open(tmp_path / "file", "wb") as stream:
        info = Info.of(stream.fileno())
    assert info.kind in (FileKind.OTHER, FileKind.TMPFS_FILE)
    assert (info.access, info.name) == (Access.WRITE, "")
    try:
        file = secret()
    except OSError as error:
        pytest.skip(f"memfd_secret: {error}")
    with file:
        assert file.info.kind is FileKind.SECRET
        assert file.info.seals == Seal.NONE


# -------------------------------------------------------------------------- Run


def run(program: bytes, arguments: list[str], *, keep_fd: bool) -> str:
    """Return the output of a program in memory, run in a child."""
    flags = CreateFlag.CLOEXEC | CreateFlag.ALLOW_SEALING | CreateFlag.EXEC
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.dup2(write_end, 1)
            with MemFd.create("program", flags) as file:
                os.write(file.fileno(), program)
                file.freeze()
                file.exec(arguments, {"WORD": "hello"}, keep_fd=keep_fd)
        finally:
            os._exit(1)
    os.close(write_end)
    with open(read_end) as stream:
        said = stream.read()
    os.waitpid(pid, 0)
    return said


@pytest.mark.usefixtures("executable_by_default")
def test_exec_script() -> None:
    script = f"#!{sys.executable}\nimport os, sys\nprint(os.environ['WORD'], *sys.argv[1:])\n"
    if len(sys.executable) > 100 or " " in sys.executable:
        pytest.skip("the path of the interpreter is too long for a script")
    if subprocess.run([sys.executable, "-c", ""], env={}, check=False).returncode != 0:
        pytest.skip("this Python cannot start with an empty environment")
    assert run(script.encode(), ["script", "a", "b"], keep_fd=True) == "hello a b\n"
    assert run(script.encode(), ["script"], keep_fd=False) == ""
