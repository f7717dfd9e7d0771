# SPDX-License-Identifier: MIT
"""Memory for secrets: locked, not in core dumps, and wiped when closed.

    >>> with SecretBuffer(32) as key:
    ...     with key.writable() as view, open("/dev/urandom", "rb", buffering=0) as source:
    ...         count = source.readinto(view)

All names can be imported from memfd_go, too.
"""

from __future__ import annotations

from memfd_go._errors import SecretFallbackWarning
from memfd_go._flags import SecretKind
from memfd_go._pool import SecretPool, SecretSlot
from memfd_go._secret import SecretBuffer, secret, wipe

__all__ = [
    "SecretBuffer",
    "SecretFallbackWarning",
    "SecretKind",
    "SecretPool",
    "SecretSlot",
    "secret",
    "wipe",
]

for _value in [globals()[name] for name in __all__]:
    _value.__module__ = __name__
