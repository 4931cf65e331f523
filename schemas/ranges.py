"""Which figures lie inside their column's range, as polars expressions.

R03 tells of a figure outside; the rules of the form then take it for blank, since a figure that cannot be true
would be compared with others, and a product of such figures has more digits than any DECIMAL.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

import polars as pl

from schemas.form import DEDUCTING, Column, Form
from schemas.frames import AMOUNT


@cache  # to write a form's expressions costs more than to evaluate them on a small batch
def inside(form: Form) -> Mapping[str, pl.Expr]:
    """For each column with a range, true where the figure lies in it or there is none.

    A row that takes double counts away (剔重) may be negative: there the range holds for the size.
    """
    deducting = _deducting(form)
    ranged = [c for c in form.columns if c.numeric and (c.min is not None or c.max is not None)]
    return MappingProxyType({column.code: _fits(column, deducting) for column in ranged})


def _fits(column: Column, deducting: pl.Expr) -> pl.Expr:
    value, good = pl.col(column.code), pl.lit(True)
    if column.min is not None:
        good &= (value >= pl.lit(column.min, dtype=AMOUNT)) | deducting
    if column.max is not None:
        highest = pl.lit(column.max, dtype=AMOUNT)
        good &= (value <= highest) & (~deducting | (value >= -highest))
    return good.fill_null(True)


def _deducting(form: Form) -> pl.Expr:
    """True for the rows of a city that take double counts away."""
    if not any(c.codelist == "regions" for c in form.keys):
        return pl.lit(False)
    return pl.col("region_code").str.slice(4, 2) == DEDUCTING
