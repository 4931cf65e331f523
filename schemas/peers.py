"""Growth far from that of peers: the robust z of a line's growth among the same lines of other offices.

Peers are the lines of the same form, period, region level and other keys (the same chain and sub-chain in
other counties), those at hand and those in force. z = 0.6745 |g - median| / MAD (Iglewicz and Hoaglin 1993).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import duckdb
import polars as pl

from schemas.codes import Codes
from schemas.database import fetch
from schemas.earlier import periods_of
from schemas.form import Form
from schemas.in_force import InForce

_FIELDS = ("rev_cum", "out_cum")
_LEVELS = ("county", "city")  # adjusting rows have no peers, the province neither


def unlike_peers(
    form: Form,
    lines: pl.DataFrame,
    con: duckdb.DuckDBPyConnection,
    in_force: InForce,
    codes: Codes,
    numbers: Mapping[str, Decimal],
) -> pl.DataFrame | None:
    """The lines that have peers enough, by growth pair of the form: line, field, growth, n, z; may be empty.

    None for a form that has no growth pair or no regions, or has zones: nothing is looked for there. ``numbers``:
    the ``floor`` of the base, and how many ``peers`` there must be.
    """
    keys = [c.code for c in form.keys]
    named = {c.code for c in form.columns}
    fields = [f for f in _FIELDS if f in named and f"{f}_ly" in named]
    if not fields or "region_code" not in keys or "park_code" in keys:
        return None
    of_region = {code: region.level for code, region in codes.regions.items()}
    level = pl.col("region_code").replace_strict(of_region, default="", return_dtype=pl.String)
    at_hand = lines.with_columns(level=level).filter(pl.col("level").is_in(_LEVELS))
    known = in_force.lines(form.code, periods_of(at_hand)).filter(pl.col("source") == "submission")
    known = known.with_columns(level=level).filter(pl.col("level").is_in(_LEVELS))
    known = known.join(at_hand, on=["period", "submitter", *keys], how="anti")
    others = [name for name in keys if name != "region_code"]
    taken = ["line", "period", "level", *others, *fields, *(f"{field}_ly" for field in fields)]
    nowhere = pl.lit(None, dtype=pl.UInt32).alias("line")
    con.register("peer", pl.concat([at_hand.select(taken), known.with_columns(nowhere).select(taken)]))
    try:
        return fetch(con, _statement(fields, ("period", "level", *others, "field"), numbers))
    finally:
        con.unregister("peer")


def _statement(fields: Sequence[str], group: Sequence[str], numbers: Mapping[str, Decimal]) -> str:
    """Grain: one line and growth pair, in their order."""
    names, figures, bases = (
        ", ".join(texts)
        for texts in ((f"'{f}'" for f in fields), fields, (f"{f}_ly" for f in fields))
    )  # fmt: skip
    named = ", ".join(f'"{name}"' for name in group)
    within = f"OVER (PARTITION BY {named})"
    return f"""
        WITH pair AS (
            SELECT *, unnest([{names}]) AS field, unnest([{figures}]) AS figure, unnest([{bases}]) AS base FROM peer
        ), growth AS (
            SELECT *, (figure / base)::DECIMAL(28,8) AS growth FROM pair
            WHERE base >= {numbers["floor"]} AND figure IS NOT NULL
        ), middle AS (
            SELECT *, median(growth) {within}::DECIMAL(28,8) AS middle, count(*) {within} AS n FROM growth
        ), spread AS (
            SELECT *, median(abs(growth - middle)) {within}::DECIMAL(28,8) AS spread FROM middle
        )
        SELECT line, field, growth, n, (0.6745 * abs(growth - middle) / spread)::DECIMAL(38,4) AS z
        FROM spread
        WHERE line IS NOT NULL AND n >= {numbers["peers"]} AND spread > 0
        ORDER BY line, field"""
