# SPDX-License-Identifier: MIT
"""Metaclasses that keep inherited names of int and BaseException out of help()."""

from __future__ import annotations

from enum import EnumMeta


class Terse(type):
    """A metaclass whose classes list in dir(), and so in help(), only names of this package.

    dir() of an instance is unchanged.
    """

    def __dir__(cls) -> list[str]:
        own = [base for base in cls.__mro__ if base.__module__.startswith("memfd_go")]
        return sorted({name for base in own for name in vars(base) if name[0] != "_"})


class TerseEnum(Terse, EnumMeta):
    """The same for enumerations."""

    def __dir__(cls) -> list[str]:
        return sorted({*super().__dir__(), *cls.__members__})
