"""What is installed: names, types, documentation, examples."""

from __future__ import annotations

import doctest
import errno
import hashlib
import importlib
import inspect
import os
import re
import subprocess
import sys
from ctypes import Structure
from multiprocessing import resource_sharer
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any

import pytest

import memfd_go
from memfd_go import _ffi, raw

if TYPE_CHECKING:
    from collections.abc import Iterable

MODULES = ["", "._area", "._descriptor", "._errors", "._flags", "._mapping", "._memfd"]
MORE_MODULES = ["._pool", "._records", "._secret"]
RAW_MODULES = ["._library", "._create", "._files", "._map", "._transfer", "._secret"]
README = Path(__file__).parent.parent / "README.md"


def doctests() -> list[doctest.DocTest]:
    finder = doctest.DocTestFinder(exclude_empty=True)
    found: list[doctest.DocTest] = []
    # To a user they are one.
    for package, modules in ((memfd_go, MODULES + MORE_MODULES), (memfd_go.raw, RAW_MODULES)):
        names = {name: getattr(package, name) for name in package.__all__}
        names.update(os=os, errno=errno, hashlib=hashlib)
        for name in modules:
            module = importlib.import_module(package.__name__ + name)
            found += finder.find(module, extraglobs=names)
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
    found = members(memfd_go, memfd_go.__all__) + members(memfd_go.raw, memfd_go.raw.__all__)
    for name in memfd_go.__all__:
        value = getattr(memfd_go, name)
        if inspect.isclass(value):
            found += members(value, own_names(value))
    return found


def test_installed_not_the_source_tree() -> None:
    source = Path(__file__).parent.parent / "src"
    assert source not in Path(memfd_go.__file__).parents


def test_typed() -> None:
    assert (Path(memfd_go.__file__).parent / "py.typed").exists()


@pytest.mark.parametrize("module", [memfd_go, memfd_go.raw])
def test_all_names_exist(module: Any) -> None:
    assert len(set(module.__all__)) == len(module.__all__)
    for name in module.__all__:
        getattr(module, name)


def test_raw_has_all_of_the_c_interface() -> None:
    c_functions = {name[9:] for name in vars(_ffi) if name.startswith("memfd_go_")}
    functions = {name for name in raw.__all__ if inspect.isfunction(getattr(raw, name))}
    assert functions == c_functions
    constants = {name for name in vars(_ffi) if re.match("MEMFD_GO_|MFD_|F_SEAL_", name)}
    assert {name for name in raw.__all__ if name.isupper()} == constants
    structs = {value for value in vars(_ffi).values() if is_struct(value)}
    assert {value for value in vars(raw).values() if is_struct(value)} == structs


def is_struct(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, Structure) and "size_of" in dir(value)


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
    resource_sharer.stop()  # which sent a file through a pipe, and listens for more
    assert outcome.failed == 0, capsys.readouterr().out


@pytest.mark.parametrize(("name", "function"), public_functions())
def test_documentation(name: str, function: Any) -> None:
    text = inspect.getdoc(function)
    assert text, f"{name} has no docstring"


def test_import_is_light() -> None:
    """typing, re and contextlib would take longer to import than the package itself."""

    def heavy_modules(imports: str) -> str:
        code = (
            f"import sys, {imports}; print({{'typing', 're', 'contextlib'}} & set(sys.modules))"
        )
        return subprocess.check_output([sys.executable, "-c", code], text=True)

    assert heavy_modules("memfd_go") == heavy_modules("ctypes, enum, weakref")
