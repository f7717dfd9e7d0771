# SPDX-License-Identifier: MIT
"""Functions about the library and the kernel."""

from __future__ import annotations

from memfd_go import _ffi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import SupportsIndex


def version() -> int:
    """Return the version of the running library: MAJOR << 16 | MINOR << 8 | PATCH.

    Errors: none. Source: memfd_go.h.

    >>> version() >> 16
    1
    """
    return int(_ffi.memfd_go_version())


def version_string() -> str:
    """Return the version of the running library as text, such as "1.0.0".

    Errors: none. Source: memfd_go.h.

    >>> version_string().startswith("1.")
    True
    """
    text: bytes = _ffi.memfd_go_version_string()
    return text.decode()


def result_name(r: SupportsIndex) -> str:
    """Return the name of a result of a C function.

    r  -2**31 to 2**31 - 1

    The name is "OK" for 0 or more, that of the error for a negative number, and "E?" if the
    number has no name.

    Errors: OverflowError. Source: errno(3).

    >>> result_name(0), result_name(-16), result_name(-41)
    ('OK', 'EBUSY', 'E?')
    """
    name: bytes = _ffi.memfd_go_result_name(_ffi.to_int(r))
    return name.decode()


def probe(request: SupportsIndex) -> _ffi.Features:
    """Find out which features work in this process and on this kernel, by trying them.

    request  0, or MEMFD_GO_FEATURE_SECRET to try memfd_secret(2) as well. That opens a secret
             file for a moment, during which the system cannot hibernate.

    Return Features: 'bits' are MEMFD_GO_FEATURE_*, bit n of 'huge_sizes' is set if there are
    huge pages of 2**n bytes, 'memlock_soft' is RLIMIT_MEMLOCK in bytes, 'page_size' is in
    bytes, 'noexec_policy' is vm.memfd_noexec. This takes about 60 system calls.

    Errors: OSError EINVAL (unknown request), EMFILE, ENFILE, ENOMEM; OverflowError.
    Source: memfd_go.h.

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
