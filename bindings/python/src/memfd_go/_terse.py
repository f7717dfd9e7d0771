# SPDX-License-Identifier: MIT
"""Metaclasses of classes whose help is about them, and not about int or BaseException."""

from __future__ import annotations

from enum import EnumMeta


class Terse(type):
    """dir(), and so help(), of the class tells what this package adds to its bases.

    Of instances it tells all, as usual.
    """

    def __dir__(cls) -> list[str]:
        own = [base for base in cls.__mro__ if base.__module__.startswith("memfd_go")]
        return sorted({name for base in own for name in vars(base) if name[0] != "_"})


class TerseEnum(Terse, EnumMeta):
    """The same for enumerations."""

    def __dir__(cls) -> list[str]:
        return sorted({*super().__dir__(), *cls.__members__})
