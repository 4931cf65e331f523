"""The number and text cleaner: from the text that stands in a cell to its exact value, and what was done to it.

Every step has a name that is kept with the cell. A step that changes nothing a person would see (the
15 digits that Excel itself shows) is only noted; one that reads what was not written as a number is
the caller's soft finding. What cannot be read without guessing has no value.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import NamedTuple

FIFTEEN = "十五位有效数字"
FOUR = "保留四位小数"
THOUSANDS = "去千分位"
HALF_WIDTH = "全角转半角"
TEXT_NUMBER = "文本转数字"
TRIMMED = "去空格"
NUMBER_TEXT = "数字转文本"
MONTH = "统一年月写法"
DATE = "统一日期写法"


class Cleaned(NamedTuple):
    """A value (None if it cannot be read) and the names of the steps that led to it."""

    value: str | None
    steps: tuple[str, ...] = ()


# A lexeme that is its own canonical text: at most 15 digits, at most 4 decimals, no idle zero.
is_plain = re.compile(r"0|-?(?:[1-9][0-9]{0,10}(?:\.[0-9]{0,3}[1-9])?|0\.[0-9]{0,3}[1-9])").fullmatch

# A code that needs no cleaning.
is_code = re.compile(r"[0-9A-Z]{1,20}").fullmatch

_LEXEME = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_TEXT_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_LONGEST = 400  # characters: no figure is longer
_HIGHEST = 30  # powers of ten: far above any figure, far below what fills the memory
_EXACT = Context(prec=80, rounding=ROUND_HALF_EVEN)
_SHOWN = Context(prec=15, rounding=ROUND_HALF_EVEN)
_CENT = Decimal("0.0001")
_FULL_WIDTH = {0xFF01 + at: 0x21 + at for at in range(94)}  # ！ to ～
_BLANKS = " \t\r\n\f\v\u00a0\u2002\u2003\u2009\u200b\u3000\ufeff"


def number(lexeme: str) -> Cleaned:
    """The exact value of a number as the file writes it, rounded as the steps say."""
    if is_plain(lexeme):
        return Cleaned(lexeme)
    text = lexeme.strip(" \t\r\n")
    if len(text) > _LONGEST or not _LEXEME.fullmatch(text):
        return Cleaned(None)
    return _figure(text, binary=True)


def number_in_text(text: str) -> Cleaned:
    """The value of a text that is a number but for blanks, thousands separators or full-width signs."""
    steps = [TEXT_NUMBER]
    core = text.strip(_BLANKS)
    if core != text:
        steps.append(TRIMMED)
    half = core.translate(_FULL_WIDTH)
    if half != core:
        steps.append(HALF_WIDTH)
    if _GROUPED.fullmatch(half):
        half = half.replace(",", "")
        steps.append(THOUSANDS)
    if len(half) > _LONGEST or not _TEXT_NUMBER.fullmatch(half) or not half.isascii():
        return Cleaned(None)
    value, more = _figure(half, binary=False)
    return Cleaned(value, (*steps, *more)) if value is not None else Cleaned(None)


def _figure(text: str, *, binary: bool) -> Cleaned:
    figure = Decimal(text)
    steps: tuple[str, ...] = ()
    if figure.adjusted() > _HIGHEST:
        return Cleaned(None)
    if binary and _significant(figure) > 15:
        # So many digits are the image of a binary double; Excel shows 15 of them.
        figure = _SHOWN.create_decimal(repr(float(text)))
        steps = (FIFTEEN,)
    short = figure.quantize(_CENT, context=_EXACT)
    if short != figure:
        steps += (FOUR,)
    return Cleaned(plain(short), steps)


def _significant(figure: Decimal) -> int:
    """Digits between the first and the last that is not zero."""
    return len("".join(map(str, figure.as_tuple().digits)).strip("0"))


def plain(figure: Decimal) -> str:
    """The canonical text: no exponent, no idle zero, no minus before zero."""
    text = format(figure, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def whole(lexeme: str) -> str | None:
    """The digits of an integer that is used as a code; None if it has decimals or lost digits."""
    text = lexeme.strip(" \t\r\n")
    if len(text) > _LONGEST or not _LEXEME.fullmatch(text):
        return None
    figure = Decimal(text)
    if figure.adjusted() >= 15 or figure != figure.to_integral_value():
        return None
    return plain(figure)


def bare(text: str) -> str:
    """A text without blanks around it."""
    return text.strip(_BLANKS)


def trimmed(text: str) -> Cleaned:
    """The same, with the step if there were any."""
    value = text.strip(_BLANKS)
    return Cleaned(value, (TRIMMED,) if value != text else ())


def code(text: str) -> Cleaned:
    """A code or list of codes: no blanks around, half-width."""
    core, steps = trimmed(text)
    half = (core or "").translate(_FULL_WIDTH)
    return Cleaned(half, (*steps, HALF_WIDTH) if half != core else steps)


def codes(text: str) -> Cleaned:
    """Several codes divided by ``|``: no blanks around any of them."""
    half, steps = code(text)
    joined = "|".join(part.strip(_BLANKS) for part in (half or "").split("|"))
    if joined != half and TRIMMED not in steps:
        steps = (TRIMMED, *steps)
    return Cleaned(joined, steps)


_MONTH = re.compile(r"([0-9]{4})(?:-|/|年)(1[0-2]|0?[1-9])月?|([0-9]{4})(0[1-9]|1[0-2])")
_DATE = re.compile(
    r"([0-9]{4})(?:-|/|年)(1[0-2]|0?[1-9])(?:-|/|月)(3[01]|[12][0-9]|0?[1-9])日?(?:T00:00:00(?:\.0+)?)?"
    r"|([0-9]{4})(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])"
)


def month(text: str) -> Cleaned:
    """``2026-09`` from the ways in which a month is written; any other text as it stands."""
    core, steps = code(text)
    match = _MONTH.fullmatch(re.sub(r"\s+", "", core or ""))
    if match is None:
        return Cleaned(core, steps)
    year, number_ = match[1] or match[3], match[2] or match[4]
    value = f"{year}-{int(number_):02d}"
    return Cleaned(value, (*steps, MONTH) if value != core else steps)


def day(text: str) -> Cleaned:
    """``2026-09-30`` from the ways in which a day is written; any other text as it stands."""
    core, steps = code(text)
    match = _DATE.fullmatch(re.sub(r"\s+", "", core or ""))
    if match is None:
        return Cleaned(core, steps)
    year, number_, of_month = match[1] or match[4], match[2] or match[5], match[3] or match[6]
    value = f"{year}-{int(number_):02d}-{int(of_month):02d}"
    return Cleaned(value, (*steps, DATE) if value != core else steps)


def is_day(text: str) -> bool:
    """True for the ISO text of a day that is in the calendar."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def serial_day(lexeme: str, *, from_1904: bool) -> str | None:
    """The ISO date of a workbook's day number; None if it is no day."""
    text = lexeme.strip(" \t\r\n")
    if len(text) > _LONGEST or not _LEXEME.fullmatch(text):
        return None
    figure = Decimal(text)
    if not 1 <= figure < 2_958_466 or figure != figure.to_integral_value():
        return None
    days = int(figure)
    if from_1904:
        return (date(1904, 1, 1) + timedelta(days)).isoformat()
    # The first system counts a 29 February 1900 that never was.
    return (date(1899, 12, 30 if days > 60 else 31) + timedelta(days)).isoformat()
