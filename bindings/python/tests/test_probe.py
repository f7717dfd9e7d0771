# SPDX-License-Identifier: MIT
"""probe(), compared with other sources."""

from __future__ import annotations

import os
import resource

from helpers import fails_with

from memfd_go import raw


def test_features() -> None:
    features = raw.probe(0)
    assert features.bits & raw.MEMFD_GO_FEATURE_CREATE
    assert features.bits & raw.MEMFD_GO_FEATURE_SEALING
    assert bool(features.bits & raw.MEMFD_GO_FEATURE_PROCFS) == os.path.exists("/proc/self/fd")
    assert features.page_size == resource.getpagesize()


def test_memlock() -> None:
    soft = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0]
    shown = (1 << 64) - 1 if soft == resource.RLIM_INFINITY else soft
    assert raw.probe(0).memlock_soft == shown


def test_secret_on_request() -> None:
    assert not raw.probe(0).bits & raw.MEMFD_GO_FEATURE_SECRET
    bits = raw.probe(raw.MEMFD_GO_FEATURE_SECRET).bits
    try:
        os.close(raw.secret(os.O_CLOEXEC))
    except OSError:
        assert not bits & raw.MEMFD_GO_FEATURE_SECRET
    else:
        assert bits & raw.MEMFD_GO_FEATURE_SECRET


def test_unknown_request() -> None:
    for request in (raw.MEMFD_GO_FEATURE_CREATE, 1 << 31):
        with fails_with("EINVAL"):
            raw.probe(request)
