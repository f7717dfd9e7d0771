# SPDX-License-Identifier: MIT
"""file.open() behaves like the built-in open(), and libraries accept file.path."""

from __future__ import annotations

import io
import json
import os
import shutil
import tarfile
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from helpers import in_child

from memfd_go import MemFd, Seal, raw

if TYPE_CHECKING:
    from pathlib import Path

MODES = [kind + plus + binary for kind in "rwax" for plus in ("", "+") for binary in ("", "b")]


def use(open_file: Any, mode: str) -> list[object]:
    """Return what happens when a file of "hello" is opened, written and read."""
    data: Any = b"XY" if "b" in mode else "XY"
    said: list[object] = []
    try:
        stream = open_file(mode)
    except OSError as error:
        return [type(error)]
    with stream:
        said += [type(stream), stream.tell(), stream.mode]
        for attempt in (
            lambda: stream.write(data),
            stream.flush,
            stream.tell,
            lambda: stream.seek(0),
            stream.read,
        ):
            try:
                said.append(attempt())
            except io.UnsupportedOperation as error:
                said.append(str(error))
    return said


@pytest.mark.parametrize("mode", MODES)
def test_like_the_built_in(mode: str, file: MemFd, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"hello")
    os.write(file.fileno(), b"hello")  # changes the offset of the descriptor
    assert use(file.open, mode) == use(path.open, mode)
    assert os.pread(file.fileno(), 20, 0) == path.read_bytes()
    assert os.lseek(file.fileno(), 0, os.SEEK_CUR) == 5


@pytest.mark.parametrize("mode", ["rb", "wb", "r+b"])
def test_unbuffered(mode: str, file: MemFd) -> None:
    with file.open(mode, 0) as stream:
        assert type(stream) is io.FileIO


def test_default_mode_is_text(hello: MemFd) -> None:
    with hello.open() as stream:
        assert stream.read() == "hello"


def test_as_text(file: MemFd) -> None:
    with file.open("w", encoding="utf-16-le", newline="\r\n") as text:
        text.write("a\n")
    assert os.pread(file.fileno(), 10, 0) == b"a\0\r\0\n\0"
    with file.open("r", encoding="ascii", errors="replace", newline="") as text:
        assert text.read() == "a\0\r\0\n\0"


def test_closed_on_exec(file: MemFd) -> None:
    for stream in (file.open(), file.open("wb"), file.open("rb", 0)):
        with stream:
            assert not os.get_inheritable(stream.fileno())


def test_outlives_the_file() -> None:
    with MemFd.sealed("test", b"hello") as file:
        stream = file.open("rb")
    with stream:
        assert stream.read() == b"hello"


def test_sealed_file_cannot_be_written(hello: MemFd) -> None:
    for mode in ("w", "wb"):
        with pytest.raises(PermissionError):
            hello.open(mode)  # it cannot be truncated
    with hello.open("r+b", 0) as stream, pytest.raises(PermissionError):
        stream.write(b"x")


@pytest.mark.parametrize(
    "arguments", [("z",), ("rb", -1, "ascii"), ("r", -1, "no-such-encoding"), ("xb",)]
)
def test_failed_open_leaks_nothing(hello: MemFd, arguments: tuple[str, int, str]) -> None:
    with pytest.raises((ValueError, LookupError, FileExistsError)):
        hello.open(*arguments)
    assert hello.size == 5


def test_path(hello: MemFd) -> None:
    assert hello.path == f"/proc/self/fd/{hello.fileno()}"
    with open(hello.path, "rb") as stream:
        assert stream.read() == b"hello"
    hello.close()
    with pytest.raises(ValueError, match="the file is closed"):
        _ = hello.path


# ------------------------------------------------------------- The standard library


def test_json(file: MemFd) -> None:
    with file.open("w") as stream:
        json.dump({"a": [1, 2]}, stream)
    with file.open() as stream:
        assert json.load(stream) == {"a": [1, 2]}


def test_zipfile(file: MemFd) -> None:
    with zipfile.ZipFile(file.path, "w") as archive:
        archive.writestr(zipfile.ZipInfo("a"), "hello")  # without the time, which may not fit
    with file.open("r+b") as stream, zipfile.ZipFile(stream, "a") as archive:
        archive.writestr(zipfile.ZipInfo("b"), "world")
    file.freeze()
    with zipfile.ZipFile(file.path) as archive:
        assert [archive.read(name) for name in "ab"] == [b"hello", b"world"]


def test_tarfile(file: MemFd) -> None:
    with tarfile.open(file.path, "w:gz") as archive:
        member = tarfile.TarInfo("a")
        member.size = 5
        archive.addfile(member, io.BytesIO(b"hello"))
    with file.open("rb") as stream, tarfile.open(fileobj=stream) as archive:
        content = archive.extractfile("a")
        assert content
        assert content.read() == b"hello"


def test_shutil(file: MemFd, hello: MemFd, tmp_path: Path) -> None:
    shutil.copyfile(hello.path, file.path)
    assert os.pread(file.fileno(), 9, 0) == b"hello"
    shutil.copyfile(file.path, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"hello"
    with hello.open("rb") as source, file.open("ab") as target:
        shutil.copyfileobj(source, target)
    assert os.pread(file.fileno(), 20, 0) == b"hellohello"


@pytest.fixture(scope="module")
def polars(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Import polars, whose threads keep descriptors open."""
    polars = pytest.importorskip("polars")
    path = tmp_path_factory.mktemp("polars") / "file"
    polars.DataFrame({"a": [1]}).lazy().sink_csv(path)
    polars.scan_csv(path).collect()
    return polars


@pytest.mark.parametrize("form", ["ipc", "parquet", "csv", "ndjson"])
def test_polars(polars: Any, file: MemFd, form: str) -> None:
    table = polars.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    with file.open("wb") as stream:
        getattr(table, f"write_{form}")(stream)
    with file.open("rb") as stream:
        assert getattr(polars, f"read_{form}")(stream).equals(table)
    file.set_size(0)
    getattr(table, f"write_{form}")(file.path)
    assert getattr(polars, f"read_{form}")(file.path).equals(table)
    file.set_size(0)
    getattr(table.lazy(), f"sink_{form}")(file.path)
    assert getattr(polars, f"scan_{form}")(file.path).collect().equals(table)


def test_sqlite3_serialized_database() -> None:
    """sqlite3 resolves symbolic links first, so it cannot open file.path."""
    sqlite3 = pytest.importorskip("sqlite3")
    if not hasattr(sqlite3.Connection, "serialize"):
        pytest.skip("Connection.serialize() came with Python 3.11")
    database = sqlite3.connect(":memory:")
    database.execute("create table t as select 42 as answer")
    with MemFd.sealed("database", database.serialize()) as file, file.map() as mapping:
        database.close()
        copy = sqlite3.connect(":memory:")
        with mapping.view() as view:
            copy.deserialize(view)
        assert copy.execute("select answer from t").fetchall() == [(42,)]
        copy.close()
        with pytest.raises(sqlite3.OperationalError):
            sqlite3.connect(f"file:{file.path}?mode=ro", uri=True).execute("select 1 from t")


def test_open_respects_permissions() -> None:
    """The mode of the file is checked, as for open() of a path."""
    with MemFd.create("test", mode=0o400) as file:

        def child() -> None:
            if os.getuid() == 0:  # root may open anything
                os.setuid(65534)
            with pytest.raises(PermissionError):
                file.open("w")

        in_child(child)


def test_open_respects_seals(file: MemFd) -> None:
    file.seal(Seal.WRITE)
    with file.open("r+b", 0) as stream, pytest.raises(PermissionError):
        stream.write(b"x")
    assert raw.get_size(file.fileno()) == 0
