# SPDX-License-Identifier: MIT
"""The installed package: names, types, documentation, examples."""

from __future__ import annotations

import doctest
import errno
import hashlib
import importlib
import inspect
import os
import pydoc
import re
import subprocess
import sys
from multiprocessing import resource_sharer
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any

import pytest
from helpers import public_names

import memfd_go
from memfd_go import MemFd, Seal, _ffi, aio, raw, secrets, types

if TYPE_CHECKING:
    from collections.abc import Iterable

PUBLIC = [memfd_go, aio, secrets, types, raw]
RAW_MODULES = ["._library", "._create", "._files", "._map", "._transfer", "._secret"]
README = Path(__file__).parent.parent / "README.md"


def doctests() -> list[doctest.DocTest]:
    finder = doctest.DocTestFinder(exclude_empty=True)
    folder = Path(memfd_go.__file__).parent
    names = {name: value for module in PUBLIC[:-1] for name, value in vars(module).items()}
    found: list[doctest.DocTest] = []
    # The submodules of a package share their names, as for a user.
    for package, others in ((memfd_go, names), (memfd_go.raw, vars(memfd_go.raw))):
        globs = {**others, "os": os, "errno": errno, "hashlib": hashlib}
        for path in sorted(Path(folder, *package.__name__.split(".")[1:]).glob("*.py")):
            name = "" if path.stem == "__init__" else f".{path.stem}"
            module = importlib.import_module(package.__name__ + name)
            found += finder.find(module, extraglobs=globs)
    return [test for test in found if test.examples]


def members(owner: Any, names: Iterable[str]) -> list[tuple[str, Any]]:
    """The public functions, methods and properties of a module or class."""
    kinds = (FunctionType, classmethod, property)
    return [
        (f"{owner.__name__}.{name}", getattr(owner, name))
        for name in names
        if name[0] != "_" and isinstance(inspect.getattr_static(owner, name), kinds)
    ]


def own_names(owner: type) -> list[str]:
    """What a class, and the classes here that it is made of, define."""
    bases = [base for base in owner.__mro__ if base.__module__.startswith("memfd_go")]
    return sorted({name for base in bases for name in vars(base)})


def public_functions() -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for module in PUBLIC:
        found += members(module, public_names(module))
        for name in public_names(module):
            value = getattr(module, name)
            if inspect.isclass(value):
                found += members(value, own_names(value))
    return found


def test_installed_not_the_source_tree() -> None:
    source = Path(__file__).parent.parent / "src"
    assert source not in Path(memfd_go.__file__).parents


def test_typed() -> None:
    assert (Path(memfd_go.__file__).parent / "py.typed").exists()


@pytest.mark.parametrize("module", PUBLIC)
def test_all_names_exist(module: Any) -> None:
    assert len(set(public_names(module))) == len(public_names(module))
    for name in public_names(module):
        getattr(module, name)


def test_raw_has_all_of_the_c_interface() -> None:
    c_functions = {name[9:] for name in vars(_ffi) if name.startswith("memfd_go_")}
    functions = {name for name in public_names(raw) if inspect.isfunction(getattr(raw, name))}
    assert functions == c_functions
    constants = {name for name in vars(_ffi) if re.match("MEMFD_GO_|MFD_|F_SEAL_", name)}
    assert {name for name in public_names(raw) if name.isupper()} == constants
    structs = {value for value in vars(_ffi).values() if is_struct(value)}
    assert {value for value in vars(raw).values() if is_struct(value)} == structs


def is_struct(value: Any) -> bool:
    return (
        isinstance(value, type) and issubclass(value, _ffi.Struct) and value is not _ffi.Struct
    )


@pytest.mark.filterwarnings("ignore::memfd_go.SecretFallbackWarning")
@pytest.mark.parametrize("example", doctests(), ids=lambda test: test.name)
def test_example(example: doctest.DocTest, capsys: pytest.CaptureFixture[str]) -> None:
    options = doctest.REPORT_NDIFF | doctest.ELLIPSIS
    outcome = doctest.DocTestRunner(optionflags=options).run(example)
    assert outcome.failed == 0, capsys.readouterr().out


@pytest.mark.filterwarnings("ignore::memfd_go.SecretFallbackWarning")
def test_readme(capsys: pytest.CaptureFixture[str]) -> None:
    text = README.read_text("utf-8")
    fenced = re.findall(r"^```pycon\n(.*?)^```$", text, re.M | re.S)
    assert text.count("```") == 2 * len(fenced) > 0
    parser = doctest.DocTestParser()
    example = parser.get_doctest("\n".join(fenced), {}, "README.md", str(README), 0)
    outcome = doctest.DocTestRunner().run(example)
    resource_sharer.stop()  # it sent a file, and still listens
    assert outcome.failed == 0, capsys.readouterr().out


@pytest.mark.parametrize(("name", "function"), public_functions())
def test_documentation(name: str, function: Any) -> None:
    text = inspect.getdoc(function)
    assert text, f"{name} has no docstring"
    assert text.split("\n")[0][-1] in ".:", f"{name}: the summary is not one line"


def test_raw_documents_errors() -> None:
    for name, function in members(raw, public_names(raw)):
        text = inspect.getdoc(function) or ""
        for part in ("Errors:", "Source:", ">>> "):
            assert part in text, f"raw.{name} has no {part!r}"


def test_help_is_short_and_starts_with_an_overview() -> None:
    text = pydoc.plain(pydoc.render_doc(memfd_go))
    assert len(text.splitlines()) <= 620  # differs between versions of Python
    start = "".join(text.splitlines(keepends=True)[:30])
    for name in ("MemFd.sealed", "Mapping", "Seal", "memfd_go.secrets", "memfd_go.aio"):
        assert name in start


def test_defaults_print_as_names() -> None:
    for name, function in public_functions():
        if name.startswith("memfd_go.raw") or not callable(function):
            continue
        for parameter in inspect.signature(function).parameters.values():
            if isinstance(parameter.default, int):
                assert re.search(r"[A-Za-z]|^-?[01]$|^65536$", repr(parameter.default)), name
    signature = str(inspect.signature(MemFd.sealed))
    assert "<Seal: SEAL GROW WRITE SHRINK>" in signature
    assert "<CreateFlag: CLOEXEC NOEXEC_SEAL>" in signature


@pytest.mark.parametrize("module", [secrets, types])
def test_everything_can_be_imported_from_the_top(module: Any) -> None:
    for name in public_names(module):
        assert getattr(memfd_go, name) is getattr(module, name)


def test_dir_of_a_class_omits_inherited_names() -> None:
    assert dir(Seal) == sorted([*Seal.__members__, "format", "parse"])
    assert dir(memfd_go.MissingSealsError) == ["data"]
    assert "strerror" in dir(memfd_go.MissingSealsError(Seal.WRITE))


def test_import_is_fast() -> None:
    """typing, re and contextlib would take longer to import than the package itself."""

    def heavy_modules(imports: str) -> str:
        code = (
            f"import sys, {imports}; print({{'typing', 're', 'contextlib'}} & set(sys.modules))"
        )
        return subprocess.check_output([sys.executable, "-c", code], text=True)

    assert heavy_modules("memfd_go") == heavy_modules("ctypes, enum, weakref")
