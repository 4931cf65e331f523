"""Which figures lie inside their column's range, as polars expressions.

R03 tells of a figure outside; the rules of the form then take it for blank, since a figure that cannot be true
would be compared with others, and a product of such figures has more digits than any DECIMAL.
"""

from __future__ import annotations

import polars as pl

from schemas.form import DEDUCTING, Column, Form
from schemas.frames import AMOUNT


def ranged(form: Form) -> list[Column]:
    """The columns with a range."""
    return [c for c in form.columns if c.numeric and (c.min is not None or c.max is not None)]


def inside(form: Form, column: Column) -> pl.Expr:
    """True where the figure lies in its range or there is none.

    A row that takes double counts away (剔重) may be negative: there the range holds for the size.
    """
    value, deducting = pl.col(column.code), _deducting(form)
    good = pl.lit(True)
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
