# SPDX-License-Identifier: MIT
"""The types that MemFd and probe() take and return: flags, kinds, records.

All names can be imported from memfd_go, too.
"""

from __future__ import annotations

from memfd_go._flags import Access, CreateFlag, Feature, FileKind, SealStyle
from memfd_go._records import Features, Info

__all__ = [
    "Access",
    "CreateFlag",
    "Feature",
    "Features",
    "FileKind",
    "Info",
    "SealStyle",
]

for _value in [globals()[name] for name in __all__]:
    _value.__module__ = __name__
