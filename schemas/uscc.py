"""The unified social credit code and its check character (GB 32100-2015).

Eighteen characters from an alphabet of 31 (digits and capitals without I, O, S, V, Z). The last is
31 less the weighted sum of the other seventeen, modulo 31; the weight of place i is 3**(i-1) mod 31.
"""

from __future__ import annotations

from operator import mul

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
WEIGHTS = tuple(pow(3, place, 31) for place in range(17))

_VALUES = {ord(char): value for value, char in enumerate(ALPHABET)}
_KNOWN = frozenset(ALPHABET)


def check_character(first17: str) -> str:
    """The eighteenth character; ValueError unless these are seventeen of the alphabet."""
    if len(first17) != 17 or not _KNOWN.issuperset(first17):
        raise ValueError(f"不是统一社会信用代码的前 17 位：{first17!r}")
    total = sum(map(mul, WEIGHTS, map(ord, first17.translate(_VALUES))))
    return ALPHABET[-total % 31]


def valid_uscc(code: str) -> bool:
    """True if the code has eighteen characters of the alphabet and the right check character."""
    return len(code) == 18 and _KNOWN.issuperset(code) and code[17] == check_character(code[:17])
