"""``result_change``: why each monthly value differs from those that the release compares it with.

Grain: index_code, period, against (the month compared with), subject, kind (cause or indicator), item. ``points`` are
at full scale, ``published`` two decimals that add up to the difference of the two published values. Both months are as
the release computes them, with one method and all that is known by then, so that only ``data`` and ``coverage`` can be
causes here; what a revision or a new method did shows between two releases.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import duckdb
import polars as pl

from indices.change import DECIMALS, Leaf, Side, split
from indices.method import Method
from indices.parameters import Columns, place_table
from schemas.period import Period

Product = Literal["monthly", "full"]
COLUMNS: Columns = {
    "index_code": pl.String, "period": pl.String, "against": pl.String, "subject_type": pl.String,
    "subject": pl.String, "kind": pl.String, "item": pl.String, "points": pl.Decimal(28, 12),
    "published": pl.Decimal(9, DECIMALS),
}  # fmt: skip

_LEAVES = """
SELECT index_code, subject, indicator, weight, value, raw_score,
    CASE WHEN missing = '' THEN score END, CASE WHEN missing <> '' THEN score END
FROM {prefix}result_indicator WHERE period = $period AND (in_monthly OR $product = 'full')
ORDER BY index_code, subject, indicator
"""
_VALUES = """
SELECT index_code, subject_type, subject, value FROM {prefix}result_index
WHERE period = $period AND product = $product AND value IS NOT NULL ORDER BY index_code, subject_type, subject
"""


def compared_with(period: Period) -> tuple[Period, ...]:
    """The months that a release compares with: the report before and the same month of last year.

    February reports January and February together and has no report before it to be compared with.
    """
    previous = () if period.month == 2 else (period.previous_report(),)
    return (*previous, period.same_month_last_year())


def read_sides(
    con: duckdb.DuckDBPyConnection,
    methods: Mapping[str, Method],
    period: str,
    product: Product,
    prefix: str = "",
) -> dict[tuple[str, str, str], Side]:
    """(index, subject type, subject) to its state in a period, for those with a published value.

    From ``result_index`` and ``result_indicator``, with ``prefix`` before their names; methods by index.
    """
    given = {"period": period, "product": product}
    leaves: dict[tuple[str, str], dict[str, Leaf]] = {}
    for index, subject, indicator, *rest in con.execute(_LEAVES.format(prefix=prefix), given).fetchall():
        leaves.setdefault((index, subject), {})[indicator] = Leaf(*rest)
    values = con.execute(_VALUES.format(prefix=prefix), given).fetchall()
    return {(i, kind, s): Side(leaves[i, s], value, methods[i]) for i, kind, s, value in values}


def place_changes(con: duckdb.DuckDBPyConnection, methods: Sequence[Method], period: Period) -> None:
    """Make ``result_change`` of the tables of one computation."""
    by_index = {m.index: m for m in methods}
    newer = read_sides(con, by_index, str(period), "monthly")
    rows = []
    for other in compared_with(period):
        older = read_sides(con, by_index, str(other), "monthly")
        for (index, kind, subject), side in newer.items():
            if (index, kind, subject) in older:
                head = (index, str(period), str(other), kind, subject)
                rows += [(*head, *part) for part in split(older[index, kind, subject], side).parts]
    place_table(con, "result_change", COLUMNS, rows)
