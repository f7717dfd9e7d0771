# SPDX-License-Identifier: MIT
"""Adds the C library to wheels, and its Go sources to the sdist.

If $MEMFD_GO_LIB_DIR is set, a wheel contains the library in that directory, which may be for
any architecture. Otherwise go builds the library from the sources, for this machine.
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_LIBRARY = "libmemfd_go.so.1"


class _Platform(NamedTuple):
    goarch: str
    name: str  # in wheel tags
    glibc: str
    musl: str


# By bits, byte order and machine of the ELF header. The library needs no libc, so the versions
# are the oldest ones in auditwheel's policies.
_PLATFORMS = {
    (64, "<", 62): _Platform("amd64", "x86_64", "2_5", "1_1"),
    (64, "<", 183): _Platform("arm64", "aarch64", "2_17", "1_1"),
    (32, "<", 3): _Platform("386", "i686", "2_5", "1_1"),
    (32, "<", 40): _Platform("arm", "armv7l", "2_17", "1_1"),
    (64, "<", 243): _Platform("riscv64", "riscv64", "2_31", "1_1"),
    (64, "<", 21): _Platform("ppc64le", "ppc64le", "2_17", "1_1"),
    (64, ">", 22): _Platform("s390x", "s390x", "2_17", "1_1"),
    (64, "<", 258): _Platform("loong64", "loongarch64", "2_36", "1_2"),
}


class _BuildError(Exception):
    """An error that the user can fix."""


class LibraryHook(BuildHookInterface[Any]):
    """The hook that hatchling calls before and after it builds a wheel or an sdist."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Set which files are added to the Python files."""
        self._temporary = tempfile.mkdtemp(prefix="memfd-go-")
        try:
            if self.target_name == "sdist":
                _fill_sdist(Path(self.root), build_data["force_include"])
            elif version != "editable":  # an editable install has no library of its own
                library = _find(Path(self.root), Path(self._temporary))
                build_data["force_include"][str(library)] = f"memfd_go/_lib/{_LIBRARY}"
                build_data["pure_python"] = False
                build_data["tag"] = _tag(_platform(library))
        except _BuildError as error:
            shutil.rmtree(self._temporary)
            self.app.abort(f"memfd-go: {error}")

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove temporary files."""
        shutil.rmtree(self._temporary)


def _tag(platform: _Platform) -> str:
    """Return the wheel tag, which covers glibc and musl."""
    return (
        f"py3-none-manylinux_{platform.glibc}_{platform.name}"
        f".musllinux_{platform.musl}_{platform.name}"
    )


def _platform(elf: Path) -> _Platform:
    """Return the platform that a program or library is for."""
    try:
        with elf.open("rb") as file:
            header = file.read(20)
    except OSError as error:
        raise _BuildError(f"{elf}: {error.strerror}") from None
    if header[:4] != b"\x7fELF" or len(header) < 20:
        raise _BuildError(f"{elf} is not an ELF file")
    bits = {1: 32, 2: 64}.get(header[4], 0)
    order = {1: "<", 2: ">"}.get(header[5], "=")
    (machine,) = struct.unpack_from(f"{order}H", header, 18)
    try:
        return _PLATFORMS[bits, order, machine]
    except KeyError:
        raise _BuildError(
            f"{elf} is for an unsupported architecture; libmemfd_go supports "
            + ", ".join(platform.goarch for platform in _PLATFORMS.values())
            + " (names as in Go)"
        ) from None


def _find(root: Path, temporary: Path) -> Path:
    folder = os.environ.get("MEMFD_GO_LIB_DIR")
    if folder:
        return Path(folder) / _LIBRARY
    return _build(_go_sources(root), temporary)


def _go_sources(root: Path) -> Path:
    """Return the folder with go.mod: in the sdist, or in the repository around this package."""
    for folder in (root / "go", root.parent.parent):
        module = folder / "go.mod"
        if module.is_file() and "module libmemfd_go\n" in module.read_text("utf-8"):
            return folder
    raise _BuildError(
        "the Go sources of libmemfd_go are missing; "
        f"set MEMFD_GO_LIB_DIR to a directory that contains {_LIBRARY}"
    )


def _fill_sdist(root: Path, include: dict[str, str]) -> None:
    """Add the files that _build() needs, each with its path in the sdist."""
    top = _go_sources(root)
    files = [top / "go.mod", top / "go.sum"]
    for folder in ("core", "capi"):
        files += (
            path
            for path in (top / folder).rglob("*")
            if path.suffix in (".go", ".s", ".h", ".env") and not path.name.endswith("_test.go")
        )
    include.update((str(path), f"go/{path.relative_to(top)}") for path in sorted(files))
    # hatchling adds .gitignore only if it exists, so the sdist would depend on git.
    for path in [path for path, name in include.items() if name == ".gitignore"]:
        del include[path]


def _build(top: Path, temporary: Path) -> Path:
    """Build the library for the architecture of this Python."""
    goarch = _platform(Path("/proc/self/exe")).goarch
    settings = (top / "capi/linker/baseline.env").read_text("utf-8").splitlines()
    env = dict(os.environ)
    env.update(dict(line.split("=", 1) for line in settings if line and line[0] != "#"))
    # Build the linker for the host, regardless of the environment. go env fails if GOOS and
    # GOARCH are set to an unsupported pair.
    env.update(GOOS="linux", GOARCH="amd64")
    env["GOOS"], env["GOARCH"] = _go(top, env, "env", "GOHOSTOS", "GOHOSTARCH").split()
    _go(top, env, "run", "./capi/linker", "build", "-arch", goarch, "-o", str(temporary))
    return temporary / _LIBRARY


def _go(top: Path, env: dict[str, str], *arguments: str) -> str:
    command = ["go", *arguments]
    try:
        done = subprocess.run(command, cwd=top, env=env, check=True, stdout=subprocess.PIPE)
    except FileNotFoundError:
        raise _BuildError(
            "cannot build libmemfd_go, because there is no go in $PATH: "
            "install Go 1.25 or later, install a wheel instead, "
            f"or set MEMFD_GO_LIB_DIR to a directory that contains {_LIBRARY}"
        ) from None
    except subprocess.CalledProcessError as error:
        raise _BuildError(
            f"go exited with status {error.returncode}; see its output above"
        ) from None
    return done.stdout.decode()
