#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Keep a key in secret memory, which the kernel removes from its page tables.

Then show that system calls that read memory through the kernel's mapping fail.
"""

import ctypes
import errno
import os
import sys
from typing import Callable, Optional

from example import name, say
from memfd_go import Mapping, secret

AREA_SIZE = 4096
KEY_SIZE = 32


def secret_area() -> Optional[Mapping]:
    """Map secret memory. Return None if the system does not support it."""
    try:
        file = secret()
    except OSError as error:
        if error.errno not in (errno.ENOSYS, errno.EPERM):
            raise
        say("secret", f"this system has no secret memory: {name(error)}")
        return None
    with file:
        file.set_size(AREA_SIZE)
        area = file.map(writable=True)  # It keeps the file.
    say("secret", f"created a secret area: {AREA_SIZE} bytes")
    return area


def make_key(key: memoryview) -> None:
    """Read a random key directly into the area, so that no other copy of it exists.

    The process's own read(2) and write(2) work with secret memory, because they copy through
    its user mapping.
    """
    with open("/dev/urandom", "rb", buffering=0) as random:
        random.readinto(key)
    say("secret", f"read a random key into it: {len(key)} bytes")


def by_proc_mem(address: int) -> None:
    """Read KEY_SIZE bytes of the process from outside."""
    with open("/proc/self/mem", "rb", buffering=0) as memory:
        os.pread(memory.fileno(), KEY_SIZE, address)


class IoVec(ctypes.Structure):
    """struct iovec of readv(2)."""

    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


def by_process_vm_readv(address: int) -> None:
    """Do the same with process_vm_readv(2), for which Python has no function."""
    libc = ctypes.CDLL(None, use_errno=True)
    copy = ctypes.create_string_buffer(KEY_SIZE)
    local, remote = IoVec(ctypes.addressof(copy), KEY_SIZE), IoVec(address, KEY_SIZE)
    one = ctypes.c_ulong(1)
    arguments = ctypes.byref(local), one, ctypes.byref(remote), one, ctypes.c_ulong(0)
    if libc.process_vm_readv(os.getpid(), *arguments) < 0:
        raise OSError(ctypes.get_errno(), "process_vm_readv")


def try_to_copy(way: str, copy: Callable[[int], None], key: memoryview) -> None:
    """Copy ordinary memory, and try to copy the key."""
    ordinary = ctypes.create_string_buffer(KEY_SIZE)
    copy(ctypes.addressof(ordinary))
    say("secret", f"copies ordinary memory by {way}: done")
    try:
        copy(ctypes.addressof(ctypes.c_char.from_buffer(key)))
    except OSError as error:
        say("secret", f"tries to copy the key by {way}: refused, {name(error)}")
    else:
        sys.exit(f"{way} copied the key")


def main() -> None:
    """Run the session."""
    area = secret_area()
    if area is None:
        return
    key = area.view()[:KEY_SIZE]
    make_key(key)
    try_to_copy("/proc/self/mem", by_proc_mem, key)
    try_to_copy("process_vm_readv", by_process_vm_readv, key)


if __name__ == "__main__":
    main()
