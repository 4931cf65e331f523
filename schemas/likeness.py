"""Figures beside earlier figures: which are a power of ten away from them, which are the same or all one factor away.

Lines and what they are compared with are laid out as pairs (line, field, figure, base), so that one expression
looks at all fields of a form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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

# what can be told exactly: a figure has 20 digits, one 12 powers away and six decimals of a tolerance make 38
_MOST_POWERS = 12
_MOST_DECIMALS = 6


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


def power_problems(numbers: Mapping[str, Decimal]) -> Iterator[str]:
    """What is wrong with the numbers of :func:`powers_of_ten`, as clauses of a sentence."""
    powers, tolerance = numbers["powers"], numbers["tolerance"]
    if powers not in range(1, _MOST_POWERS + 1):
        yield f"powers 应为 1 至 {_MOST_POWERS} 的整数，写的是 {powers}"
    if not 0 <= tolerance < 1 or tolerance != round(tolerance, _MOST_DECIMALS):
        yield f"tolerance 应不小于 0、小于 1，至多 {_MOST_DECIMALS} 位小数，写的是 {tolerance}"


def powers_of_ten(pairs: pl.DataFrame, numbers: Mapping[str, Decimal]) -> pl.DataFrame:
    """The pairs that are large enough to compare, with the exponent of the power of ten between them (null if none).

    ``numbers``: the ``floor`` that one of the two reaches, the ``tolerance``, and ``powers``, the largest exponent,
    such that :func:`power_problems` has nothing to say. The exponent is negative where the figure is the smaller.
    """
    large = pl.max_horizontal("figure", "base") >= numbers["floor"]
    compared = pairs.filter((pl.col("figure") > 0) & (pl.col("base") > 0) & large)
    exponents = range(1, int(numbers["powers"]) + 1)
    figure, base = _ten_thousandths("figure"), _ten_thousandths("base")
    part, whole = numbers["tolerance"].as_integer_ratio()

    def near(more: pl.Expr, less: pl.Expr, power: int, of: pl.Expr) -> pl.Expr:
        return (more - less * power).abs() * whole <= of * part

    found = [(e, near(figure, base, 10**e, base * 10**e)) for e in exponents]
    found += [(-e, near(base, figure, 10**e, base)) for e in exponents]
    exponent = pl.coalesce(pl.when(holds).then(pl.lit(e, dtype=pl.Int8)) for e, holds in found)
    return compared.with_columns(exponent=exponent)


def likeness(pairs: pl.DataFrame) -> pl.DataFrame:
    """For each line: how many pairs it has (n), how many are equal (equal_n), and the factor of all of them.

    The factor has four decimals and is at most half of the last one away from every quotient figure / base; null if
    none is. A quotient half-way between two factors so belongs to both, and no way of rounding decides. Of two
    factors that all belong to the larger is told.
    """
    figure, base = (
        _ten_thousandths("figure") * _ten_thousandths("base").sign(),
        _ten_thousandths("base").abs(),
    )
    # q - 1/2 and q + 1/2, to the whole numbers between them; q is 10,000 times the quotient
    least = 0 - (base - figure * 20_000) // (base * 2)
    most = (figure * 20_000 + base) // (base * 2)
    low, high = pl.col("least").max(), pl.col("most").min()
    return (
        pairs.with_columns(least=least, most=most, equal=pl.col("figure") == pl.col("base"))
        .group_by("line")
        .agg(
            n=pl.len(),
            equal_n=pl.col("equal").sum(),
            factor=pl.when(low <= high).then(high).cast(pl.Decimal(38, 4)) / 10_000,
        )
        .sort("line")
    )


def _ten_thousandths(column: str) -> pl.Expr:
    """An amount as a whole number: products of DECIMAL are rounded, those of whole numbers are exact."""
    return pl.col(column).to_physical()
