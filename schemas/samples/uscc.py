"""Makes unified social credit codes (GB 32100-2015) with valid check characters for enterprises that do not exist."""

from __future__ import annotations

from schemas.uscc import ALPHABET, check_character

_ORGANISATION = (3, 7, 9, 10, 5, 8, 4, 2)


def organisation_check(first8: str) -> str:
    """The check character of the organisation part (GB 11714)."""
    total = sum(int(c, 36) * w for c, w in zip(first8, _ORGANISATION, strict=True))
    return "0X987654321"[total % 11]


def uscc(region: str, number: int) -> str:
    """The code of the sampled enterprise with this number (below 31**6), registered in the region."""
    left = number
    tail = ""
    for _ in range(6):
        left, digit = divmod(left, 31)
        tail = ALPHABET[digit] + tail
    organisation = "MA" + tail
    first = f"91{region}{organisation}{organisation_check(organisation)}"
    return first + check_character(first)
