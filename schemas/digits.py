"""Figures that look made up: last digits that are not even, too many round or repeated figures.

By submission, since a person fills in a sheet. Only figures that are whole, large enough and not sums of
others in the same sheet count. Under honest reporting the last digit is close to uniform, one figure in a
hundred ends in 00, and two large figures are hardly ever equal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import sqrt
from typing import Any

import polars as pl

from schemas.codes import WHOLE_CHAIN
from schemas.frames import Wide

_ROUND = 100
_CHANCE_ROUND = 1 / _ROUND
_CHANCE_REPEATED = 0.05


@dataclass(frozen=True)
class Odd:
    """What a submission's figures came to: its first line, the fields looked at, the oddities found."""

    line: int
    fields: tuple[str, ...]
    told: tuple[str, ...]


def odd_digits(wide: Wide, lines: pl.DataFrame, numbers: Mapping[str, Decimal]) -> Iterator[Odd]:
    """One result for each submission that has figures enough, in the order of the submissions."""
    fields = [c.code for c in wide.form.columns if c.numeric and not c.key and c.unit == "万元"]
    if not fields:
        return
    parts = lines
    if "subchain_code" in lines.columns:
        parts = lines.filter(pl.col("subchain_code") != WHOLE_CHAIN)
    whole = pl.col("figure").cast(pl.Int64)
    figures = (
        parts.select("line", "submission", *fields)
        .unpivot(index=["line", "submission"], on=fields, variable_name="field", value_name="figure")
        .filter(pl.col("figure").abs() >= numbers["floor"])
        .filter(pl.col("figure") == whole.cast(pl.Decimal(20, 4)))
        .with_columns(whole.abs())
        # two names for one figure of a line are no repetition
        .unique(subset=["line", "figure"], keep="first")
        .with_columns(end=pl.col("figure") % 10)
    )
    figure = pl.col("figure")
    counted = (
        figures.group_by("submission")
        .agg(
            line=pl.col("line").min(),
            n=pl.len(),
            fields=pl.col("field").unique().sort(),
            ends=pl.concat_list([(pl.col("end") == digit).sum() for digit in range(10)]).first(),
            round=(figure % _ROUND == 0).sum(),
            repeated=figure.is_duplicated().sum(),
        )
        .filter(pl.col("n") >= numbers["figures"])
        .sort("submission")
    )
    for own in counted.iter_rows(named=True):
        yield Odd(own["line"], tuple(own["fields"]), tuple(_oddities(own, numbers)))


def _oddities(own: Mapping[str, Any], numbers: Mapping[str, Decimal]) -> Iterator[str]:
    n, ends = own["n"], own["ends"]
    sigmas = float(numbers["sigmas"])
    expected = n / 10
    chi = sum((count - expected) ** 2 / expected for count in ends)
    if chi > numbers["chi"]:
        most = max(range(10), key=lambda digit: (ends[digit], -digit))
        yield f"{n} 个数中末位是 {most} 的有 {ends[most]} 个"
    for name, count, chance in (
        ("整百数", own["round"], _CHANCE_ROUND),
        ("重复出现的数", own["repeated"], _CHANCE_REPEATED),
    ):
        if count > n * chance + sigmas * sqrt(n * chance * (1 - chance)):
            yield f"{n} 个数中{name}有 {count} 个"
