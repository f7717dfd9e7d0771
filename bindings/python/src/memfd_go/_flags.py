"""Flags that print as words. A bit without a name is kept, and printed in hexadecimal."""

from __future__ import annotations

from enum import IntEnum, IntFlag

from memfd_go import raw


class _Words(IntFlag):
    """Flags whose text is the names of the bits, "none" if there are none."""

    def __str__(self) -> str:
        rest = int(self)
        words: list[str] = []
        for flag in type(self):
            if rest & flag:
                words.append(str(flag.name))
                rest &= ~int(flag)
        if rest:
            words.append(f"{rest:#x}")
        return " ".join(words) or "none"

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self}>"

    def __format__(self, spec: str) -> str:
        return int.__format__(self, spec) if spec else str(self)


class CreateFlag(_Words):
    """Flags of memfd_create(2).

    With HUGETLB the base-2 logarithm of a page size may be added, shifted left by 26.
    NOEXEC_SEAL and EXEC need Linux 6.3.

    >>> print(CreateFlag.CLOEXEC | CreateFlag.HUGETLB | 21 << 26)
    CLOEXEC HUGETLB 0x54000000
    """

    CLOEXEC = raw.MFD_CLOEXEC
    ALLOW_SEALING = raw.MFD_ALLOW_SEALING
    HUGETLB = raw.MFD_HUGETLB
    NOEXEC_SEAL = raw.MFD_NOEXEC_SEAL
    EXEC = raw.MFD_EXEC


class SealStyle(IntEnum):
    """How Seal.format() writes.

    >>> [Seal.IMMUTABLE.format(style) for style in SealStyle]
    ['SEAL GROW WRITE SHRINK', 'Sgws', '0xf']
    """

    NAMES = raw.MEMFD_GO_STYLE_NAMES
    LETTERS = raw.MEMFD_GO_STYLE_LETTERS
    HEX = raw.MEMFD_GO_STYLE_HEX


class Seal(_Words):
    """Seals of a file. They are added, never removed.

    SEAL          no further seals
    SHRINK, GROW  the size cannot change that way
    WRITE         the contents cannot change
    FUTURE_WRITE  the contents cannot change but through existing mappings (Linux 5.1)
    EXEC          the execute permission cannot change (Linux 6.3)
    IMMUTABLE     SEAL, SHRINK, GROW and WRITE: neither size nor contents can change

    >>> print(Seal.WRITE | Seal.SHRINK | 0x40)
    WRITE SHRINK 0x40
    >>> Seal.WRITE in Seal.IMMUTABLE
    True
    """

    SEAL = raw.F_SEAL_SEAL
    SHRINK = raw.F_SEAL_SHRINK
    GROW = raw.F_SEAL_GROW
    WRITE = raw.F_SEAL_WRITE
    FUTURE_WRITE = raw.F_SEAL_FUTURE_WRITE
    EXEC = raw.F_SEAL_EXEC
    IMMUTABLE = raw.MEMFD_GO_SEALS_IMMUTABLE

    def __str__(self) -> str:
        try:
            return raw.format_seals(self) or "none"
        except OverflowError:  # ~Seal.WRITE is negative before Python 3.11
            return f"{int(self):#x}"

    def format(self, style: SealStyle = SealStyle.NAMES) -> str:
        """The seals as text; no seals give "" (in HEX "0x0").

        style  NAMES, LETTERS (as in "gsw") or HEX

        Errors: OSError EINVAL (another style); OverflowError (bits beyond 32).
        Safe: threads, fork. Source: memfd_create(2), EXAMPLES.

        >>> (Seal.GROW | Seal.WRITE).format(SealStyle.LETTERS)
        'gw'
        """
        return raw.format_seals(self, style)

    @classmethod
    def parse(cls, text: str | bytes) -> Seal:
        """The union of the seals that a text names.

        text  words, separated by blanks, commas, "|" or "+": names with or without "F_SEAL_"
              (upper or lower case), letters as in "sgw", hexadecimal numbers, "immutable",
              "none"

        Errors: OSError EINVAL (a word is none of these); ValueError (an embedded NUL).
        Safe: threads, fork. Source: memfd_create(2), EXAMPLES.

        >>> Seal.parse("F_SEAL_WRITE, shrink")
        <Seal: WRITE SHRINK>
        """
        return cls(raw.parse_seals(text))
