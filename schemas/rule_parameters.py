"""The figures that rules look up for a month, such as a price index: ``codes/parameters.csv``.

A rule whose parameter is absent has no verdict, so a name that no rule knows would be lost without a word.
"""

from __future__ import annotations

import re

import polars as pl

from schemas.codes import Codes
from schemas.form import load_forms
from schemas.frames import AMOUNT
from schemas.lists import ListError
from schemas.period import Period

COLUMNS = ("name", "month", "value")
_FILE = "parameters.csv"
_NUMBER = re.compile(r"-?[0-9]{1,16}(\.[0-9]{1,4})?")


def known_parameters() -> tuple[str, ...]:
    """The names that some rule of some form looks up."""
    return tuple(sorted({name for form in load_forms() for rule in form.rules for name in rule.parameters}))


def parameters(codes: Codes) -> pl.DataFrame:
    """Name, month and value of every line. ListError for a line that no rule could ever use."""
    known = known_parameters()
    lines: list[tuple[str, str, str]] = []
    for number, row in enumerate(codes.rows("parameters"), 2):
        place = f"{_FILE} 第 {number} 行"
        name, month, value = (row.get(column) or "" for column in COLUMNS)
        if name not in known:
            raise ListError(f"{place}的 name“{name}”没有规则使用，应为：{'、'.join(known)}。")
        if not _is_period(month):
            raise ListError(f"{place}的 month“{month}”不是报告期，应写如 2026-10。")
        if not _is_number(value):
            raise ListError(f"{place}的 value“{value}”不是数，请只写数字（至多 16 位整数、4 位小数）。")
        if any((name, month) == line[:2] for line in lines):
            raise ListError(f"{place}：{name} 的 {month} 已在前面写过，请删去一行。")
        lines.append((name, month, value))
    texts = pl.DataFrame(lines, schema=dict.fromkeys(COLUMNS, pl.String), orient="row")
    return texts.with_columns(pl.col("value").cast(AMOUNT))


def _is_period(text: str) -> bool:
    try:
        return str(Period.parse(text)) == text
    except ValueError:
        return False


def _is_number(text: str) -> bool:
    """True for a plain number that DECIMAL(20,4) holds; ``1_000`` and full-width digits are none."""
    return _NUMBER.fullmatch(text) is not None
