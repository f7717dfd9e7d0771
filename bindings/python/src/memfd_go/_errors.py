# SPDX-License-Identifier: MIT
"""Exceptions, and messages that explain an errno."""

from __future__ import annotations

import errno
import os
from operator import index

from memfd_go import raw
from memfd_go._flags import CreateFlag, Seal
from memfd_go._terse import Terse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, SupportsIndex


def errname(err: SupportsIndex) -> str:
    """Return the name of an error number, positive or negative, such as 'EBUSY'."""
    number = index(err)
    return raw.result_name(min(number, -number)) if number else "E?"


class RefusedError(OSError, metaclass=Terse):
    """A file from another process does not meet the requirements. errno tells why.

    data holds the bytes of the message with the file, in receive_message().
    """

    data: bytes = b""


class MissingSealsError(RefusedError):
    """A file lacks required seals (EKEYREJECTED), or they cannot be relied on (EKEYREVOKED).

    missing holds the missing seals. It is Seal.NONE if all are set but cannot be relied on.
    """

    missing: Seal

    def __init__(self, missing: Seal) -> None:
        self.missing = missing
        if missing:
            super().__init__(errno.EKEYREJECTED, f"missing seals: {missing}")
        else:
            super().__init__(
                errno.EKEYREVOKED,
                "the seals do not guarantee that the file cannot change: create it with "
                "CreateFlag.NOEXEC_SEAL and without Seal.FUTURE_WRITE; if it has huge pages, "
                "add Seal.WRITE",
            )

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.missing,), {"data": self.data}


class SecretFallbackWarning(RuntimeWarning, metaclass=Terse):
    """Secret memory is less protected than requested, because the kernel offers no better."""


# ---------------------------------------------------------------------- Messages
#
# The library returns only a number. These functions find out which argument was wrong, or
# which limit was reached. Each returns "" if the text of the errno is good enough.


def explaining(error: OSError, explain: Callable[..., str], *about: Any) -> OSError:
    """Return the error with a better message, if 'explain' has one."""
    code = error.errno
    assert code is not None
    try:
        text = explain(code, *about) or _general(code)
    except (OSError, ImportError):  # 'explain' makes system calls, and may import a module
        return error
    return OSError(code, text) if text else error


def _limit(name: str) -> int:
    import resource  # only errors need it

    return resource.getrlimit(getattr(resource, name))[0]


def _general(code: int) -> str:
    if code == errno.EMFILE:
        # Importing the module resource would need a descriptor.
        return f"too many open files: RLIMIT_NOFILE is {os.sysconf('SC_OPEN_MAX')}"
    return ""


_KNOWN_SEALS = Seal.IMMUTABLE | Seal.FUTURE_WRITE | Seal.EXEC
_SIZE_MAX = (1 << 63) - 1
_KNOWN_FLAGS = 0x1F
_HUGE_SIZE = 0x3F << 26
_EXECUTABILITY = CreateFlag.NOEXEC_SEAL | CreateFlag.EXEC


def explain_create(
    code: int, name: bytes, flags: int, seals: int = 0, size: int = 0, mode: int = 0
) -> str:
    """Explain why a file could not be created."""
    if code == errno.EFBIG:
        return _too_big(size)
    if flags & CreateFlag.HUGETLB and code in (errno.ENODEV, errno.ENOSYS, errno.ENOENT):
        return "this system has no huge pages of that size"
    if code == errno.EACCES:
        forbidden = raw.probe(0).noexec_policy == 2
        return "vm.memfd_noexec is 2, which forbids executable files" if forbidden else ""
    if code == errno.EOPNOTSUPP:
        return "strict is set, and CreateFlag.NOEXEC_SEAL and EXEC need Linux 6.3"
    if code != errno.EINVAL:
        return ""
    if len(name) > raw.MEMFD_GO_NAME_MAX:
        return f"name is {len(name)} bytes long; the maximum is {raw.MEMFD_GO_NAME_MAX}"
    unknown = flags & ~(_KNOWN_FLAGS | (_HUGE_SIZE if flags & CreateFlag.HUGETLB else 0))
    if unknown:
        return f"flags has unknown bits: {unknown:#x}"
    if flags & _EXECUTABILITY == _EXECUTABILITY:
        return "flags contains both NOEXEC_SEAL and EXEC"
    if mode & ~0o777:
        return f"mode is {mode:#o}; the maximum is 0o777"
    if mode & 0o111 and flags & CreateFlag.NOEXEC_SEAL:
        return f"mode {mode:#o} is executable, but flags contains NOEXEC_SEAL"
    return _unknown_seals(seals) or _size_out_of_range(size)


def explain_size(code: int, fd: int, size: int) -> str:
    """Explain why the size of a file could not be set."""
    if code == errno.EFBIG:
        return _too_big(size)
    if code == errno.EPERM:
        now = raw.get_size(fd)
        seal = "SHRINK" if size < now else "GROW"
        return f"the file has Seal.{seal}, and its size is {now} bytes"
    return _size_out_of_range(size) if code == errno.EINVAL else ""


def explain_discard(code: int, fd: int) -> str:
    """Explain why memory could not be freed."""
    if code == errno.EPERM and raw.get_seals(fd) & (Seal.WRITE | Seal.FUTURE_WRITE):
        return "the file is sealed against writing"
    return "length is 0, or the range ends past 2**63 - 1" if code == errno.EINVAL else ""


def explain_seal(code: int, fd: int, seals: int) -> str:
    """Explain why seals could not be added."""
    if code == errno.EBUSY:
        # Otherwise direct I/O, or the kernel itself, was using a page.
        return "a process has a shared mapping that can write to the file; if not, try again"
    if code == errno.EPERM:
        sealed = raw.get_seals(fd) & Seal.SEAL
        return "the file has Seal.SEAL" if sealed else "the file is not open for writing"
    if code == errno.EINVAL:
        return _unknown_seals(seals) or "the file does not support seals"
    return ""


def explain_copy(code: int, max_size: int) -> str:
    """Explain why a source was too long to be copied."""
    limit = _limit("RLIMIT_FSIZE")
    if 0 <= limit <= max_size:
        return f"the source is longer than RLIMIT_FSIZE ({limit} bytes)"
    return f"the source is longer than max_size ({max_size} bytes)"


def explain_refused(code: int, fd: int, max_size: int) -> str:
    """Explain why a file was refused, except for missing seals."""
    if code == errno.EFBIG:
        return f"the file is {raw.get_size(fd)} bytes long; max_size is {max_size}"
    if code == errno.ENODATA:
        return "the file is empty"
    return "the file does not support seals" if code == errno.EINVAL else ""


def explain_open(code: int) -> str:
    """Explain why a file could not be reopened."""
    if code == errno.ENXIO:
        return "a secret file or a socket cannot be reopened"
    return "/proc is not mounted" if code == errno.ENOENT else ""


def explain_secret(code: int, size: int) -> str:
    """Explain why secret memory could not be allocated."""
    if code in (errno.EAGAIN, errno.ENOMEM, errno.EPERM):
        limit = _limit("RLIMIT_MEMLOCK")
        if 0 <= limit < size:
            return f"{size} bytes exceed RLIMIT_MEMLOCK ({limit} bytes)"
        if code == errno.EAGAIN:
            return f"{size} more bytes exceed RLIMIT_MEMLOCK ({limit} bytes)"
    if code == errno.EINVAL and size == 0:
        return "size is 0"
    return ""


def explain_free(code: int) -> str:
    """Explain why secret memory was not freed, or that it was damaged."""
    written = "something wrote in front of the secret, which has been wiped and freed"
    return written if code == errno.EUCLEAN else ""


def explain_slot(code: int) -> str:
    """Explain why a slot was not taken or given back."""
    if code == errno.ENOSPC:
        return "all slots of the pool are in use"
    if code == errno.EINVAL:
        return "something wrote past the end of a slot; closing the pool wipes all slots"
    protected = "the pool is not writable; change that with protect()"
    return protected if code == errno.EACCES else ""


def _unknown_seals(seals: int) -> str:
    unknown = seals & ~int(_KNOWN_SEALS)
    return f"unknown seals: {unknown:#x}" if unknown else ""


def _size_out_of_range(size: int) -> str:
    return f"size is {size}; the maximum is 2**63 - 1" if size > _SIZE_MAX else ""


def _too_big(size: int) -> str:
    return f"{size} bytes exceed RLIMIT_FSIZE ({_limit('RLIMIT_FSIZE')} bytes)"


def explain_map(code: int, fd: int, opts: int, offset: int, length: int, block: int) -> str:
    """Explain why a file could not be mapped."""
    if code == errno.EINVAL and offset % block:
        return f"offset {offset} is not a multiple of the page size, {block}"
    info = raw.inspect(fd)
    if code == errno.EINVAL and opts & raw.MEMFD_GO_OPT_PRIVATE:
        secret = info.kind == raw.MEMFD_GO_KIND_SECRET
        return "a secret file cannot be mapped private" if secret else ""
    if code == errno.EPERM:
        sealed = info.seals & (Seal.WRITE | Seal.FUTURE_WRITE)
        if opts & raw.MEMFD_GO_OPT_WRITE and sealed:
            return "the mapping is writable, but the file is sealed against writing"
        return "the file cannot be mapped executable" if opts & raw.MEMFD_GO_OPT_EXEC else ""
    if code == errno.EACCES:
        return "the mapping needs access that the descriptor does not have"
    if code == errno.EAGAIN:
        return explain_secret(code, length)
    return ""
