# SPDX-License-Identifier: MIT
"""The calls of libmemfd_go in Python, compared with the alternatives.

A benchmark's name is WORK/VARIANT.
"""

import ctypes
import fcntl
import os

import pyperf
from memfd_go import MemFd, raw

glibc = ctypes.CDLL(None, use_errno=True)
glibc.memfd_create.argtypes = [ctypes.c_char_p, ctypes.c_uint]
file = MemFd.create("bench")
fd = file.fileno()


def create_os() -> None:
    os.close(os.memfd_create("bench"))


def create_ctypes() -> None:
    os.close(glibc.memfd_create(b"bench", os.MFD_CLOEXEC))


def create_raw() -> None:
    os.close(raw.create("bench", os.MFD_CLOEXEC))


def create_class() -> None:
    MemFd.create("bench").close()


def seals_fcntl() -> None:
    fcntl.fcntl(fd, fcntl.F_GET_SEALS)


def seals_ctypes() -> None:
    glibc.fcntl(fd, fcntl.F_GET_SEALS)


def seals_raw() -> None:
    raw.get_seals(fd)


if __name__ == "__main__":
    runner = pyperf.Runner()
    runner.bench_func("create+close/os", create_os)
    runner.bench_func("create+close/same", create_os)
    runner.bench_func("create+close/ctypes on glibc", create_ctypes)
    runner.bench_func("create+close/memfd_go.raw", create_raw)
    runner.bench_func("create+close/memfd_go", create_class)
    runner.bench_func("get_seals/fcntl", seals_fcntl)
    runner.bench_func("get_seals/same", seals_fcntl)
    runner.bench_func("get_seals/ctypes on glibc", seals_ctypes)
    runner.bench_func("get_seals/memfd_go.raw", seals_raw)
