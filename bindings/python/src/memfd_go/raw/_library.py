# SPDX-License-Identifier: MIT
"""The library itself."""

from __future__ import annotations

from memfd_go import _ffi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import SupportsIndex


def version() -> int:
    """The version of the library that is running: MAJOR << 16 | MINOR << 8 | PATCH.

    Errors: none. Source: the library.

    >>> version() >> 16
    1
    """
    return int(_ffi.memfd_go_version())


def version_string() -> str:
    """The version of the library that is running, as text such as "1.0.0".

    Errors: none. Source: the library.

    >>> version_string().startswith("1.")
    True
    """
    text: bytes = _ffi.memfd_go_version_string()
    return text.decode()


def result_name(r: SupportsIndex) -> str:
    """The name of what a function of the library returned.

    r  -2**31 to 2**31 - 1

    Returns "OK" for 0 and more, the name of the error for less, "E?" if it has none.

    Errors: OverflowError. Source: errno(3).

    >>> result_name(0), result_name(-16), result_name(-41)
    ('OK', 'EBUSY', 'E?')
    """
    name: bytes = _ffi.memfd_go_result_name(_ffi.to_int(r))
    return name.decode()


def probe(request: SupportsIndex) -> _ffi.Features:
    """What works here and now, found out by trying it.

    request  0, or MEMFD_GO_FEATURE_SECRET to look for memfd_secret(2) too: that opens a
             secret file for a moment, in which the machine cannot hibernate

    Returns Features: 'bits' are MEMFD_GO_FEATURE_*, 'huge_sizes' has bit n set if there are
    huge pages of 2**n bytes, 'memlock_soft' is RLIMIT_MEMLOCK in bytes, 'noexec_policy' is
    vm.memfd_noexec. It takes some 60 system calls.

    Errors: OSError EINVAL (another request), EMFILE, ENFILE, ENOMEM; OverflowError.
    Source: the library.

    >>> features = probe(0)
    >>> bool(features.bits & MEMFD_GO_FEATURE_CREATE)
    True
    >>> import os
    >>> features.page_size == os.sysconf("SC_PAGESIZE")
    True
    """
    features = _ffi.Features()
    _ffi.check(_ffi.memfd_go_probe(features, _ffi.sizeof(features), _ffi.to_uint64(request)))
    return features
