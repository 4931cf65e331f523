"""Figures beside earlier figures: which are a power of ten away from them, which are the same or all one factor away.

Lines and what they are compared with are laid out as pairs (line, field, figure, base), so that one expression
looks at all fields of a form.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import polars as pl

from schemas.earlier import OF, earlier_lines, periods_of
from schemas.form import Form
from schemas.frames import AMOUNT
from schemas.in_force import InForce

_PAIR: dict[str, pl.DataType] = {
    "line": pl.UInt32(),
    "field": pl.String(),
    "figure": AMOUNT,
    "base": AMOUNT,
}


def beside(form: Form, lines: pl.DataFrame, alias: str, in_force: InForce) -> pl.DataFrame:
    """Each line with the number columns of its earlier report (``x then``); lines without one are left out."""
    there, on = earlier_lines(form, alias, periods_of(lines), in_force)
    numbers = [c.code for c in form.columns if c.numeric]
    earlier = there.select(*on, *(pl.col(code).alias(then(code)) for code in numbers))
    return lines.rename({"period": OF}).select("line", *on, *numbers).join(earlier, on=on)


def then(code: str) -> str:
    """The column of :func:`beside` that holds a field of the earlier report."""
    return f"{code} then"


def paired(rows: pl.DataFrame, fields: Mapping[str, str]) -> pl.DataFrame:
    """Line, field, figure, base, where neither is blank or 0; a field's base stands in the column it is mapped to."""
    if not fields:
        return pl.DataFrame(schema=_PAIR)
    figures = rows.unpivot(list(fields), index="line", variable_name="field", value_name="figure")
    bases = rows.unpivot(list(fields.values()), value_name="base")["base"]
    return figures.with_columns(bases).filter((pl.col("figure") != 0) & (pl.col("base") != 0))


def powers_of_ten(pairs: pl.DataFrame, numbers: Mapping[str, Decimal]) -> pl.DataFrame:
    """The pairs that are large enough to compare, with the power of ten that lies between them (null if none).

    ``numbers``: the ``floor`` that one of the two reaches, the ``tolerance``, and ``powers``, the largest exponent.
    """
    large = pl.max_horizontal("figure", "base") >= numbers["floor"]
    compared = pairs.filter((pl.col("figure") > 0) & (pl.col("base") > 0) & large)
    exponents = range(1, int(numbers["powers"]) + 1)
    # in ten-thousandths: whole numbers, so that products are exact
    figure, base = pl.col("figure").to_physical(), pl.col("base").to_physical()
    part, whole = numbers["tolerance"].as_integer_ratio()

    def near(more: pl.Expr, less: pl.Expr, power: int, of: pl.Expr) -> pl.Expr:
        return (more - less * power).abs() * whole <= of * part

    found = [(Decimal(10) ** e, near(figure, base, 10**e, base * 10**e)) for e in exponents]
    found += [(Decimal(10) ** -e, near(base, figure, 10**e, base)) for e in exponents]
    power = pl.coalesce(
        pl.when(holds).then(pl.lit(factor, dtype=pl.Decimal(12, 4))) for factor, holds in found
    )
    return compared.with_columns(power=power)


def likeness(pairs: pl.DataFrame) -> pl.DataFrame:
    """For each line: how many pairs it has (n), how many are equal, and the least and the largest factor."""
    figure, base = pl.col("figure"), pl.col("base")
    return (
        pairs.with_columns(factor=figure / base, equal=figure == base)
        .group_by("line")
        .agg(
            n=pl.len(), equal_n=pl.col("equal").sum(), low=pl.col("factor").min(), high=pl.col("factor").max()
        )
        .sort("line")
    )
