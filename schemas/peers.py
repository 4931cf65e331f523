"""Growth far from that of peers: the robust z of a line's growth among the same lines of other offices.

Peers are the lines of the same form, period, region level and other keys (the same chain and sub-chain in
other counties), those at hand and those in force. z = 0.6745 |g - median| / MAD (Iglewicz and Hoaglin 1993).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

import duckdb
import polars as pl

from schemas.codes import Codes
from schemas.database import fetch
from schemas.earlier import periods_of
from schemas.in_force import InForce
from schemas.owed import Owed

_FIELDS = ("rev_cum", "out_cum")
_LEVELS = ("county", "city")  # adjusting rows have no peers, the province neither


def unlike_peers(
    due: Owed,
    lines: pl.DataFrame,
    con: duckdb.DuckDBPyConnection,
    in_force: InForce,
    codes: Codes,
    numbers: Mapping[str, Decimal],
) -> Iterator[tuple[pl.DataFrame, pl.Series]]:
    """For each growth pair of the form: the odd lines (line, field, growth, z, n), and all lines compared."""
    wide = due.wide
    keys = [c.code for c in wide.form.keys]
    named = {c.code for c in wide.form.columns}
    fields = [f for f in _FIELDS if f in named and f"{f}_ly" in named]
    if not fields or "region_code" not in keys or "park_code" in keys:
        return
    of_region = {code: region.level for code, region in codes.regions.items()}
    level = pl.col("region_code").replace_strict(of_region, default="", return_dtype=pl.String)
    at_hand = lines.with_columns(level=level).filter(pl.col("level").is_in(_LEVELS))
    periods = periods_of(at_hand)
    known = in_force.lines(wide.form.code, periods).filter(pl.col("source") == "submission")
    known = known.with_columns(level=level).filter(pl.col("level").is_in(_LEVELS))
    known = known.join(at_hand, on=["period", "submitter", *keys], how="anti")
    others = [name for name in keys if name != "region_code"]
    for field in fields:
        figure, base = pl.col(field).alias("figure"), pl.col(f"{field}_ly").alias("base")
        both = pl.concat([
            at_hand.select("line", "period", "level", *others, figure, base),
            known.with_columns(line=pl.lit(None, dtype=pl.UInt32)).select(
                "line", "period", "level", *others, figure, base
            ),
        ])  # fmt: skip
        con.register("peer", both)
        group = ", ".join(f'"{name}"' for name in ("period", "level", *others))
        try:
            compared = fetch(
                con,
                f"""
                WITH growth AS (
                    SELECT *, (figure / base)::DECIMAL(28,8) AS growth FROM peer
                    WHERE base >= {numbers["floor"]} AND figure IS NOT NULL
                ), middle AS (
                    SELECT *, median(growth) OVER (PARTITION BY {group})::DECIMAL(28,8) AS middle,
                        count(*) OVER (PARTITION BY {group}) AS n
                    FROM growth
                ), spread AS (
                    SELECT *, median(abs(growth - middle)) OVER (PARTITION BY {group})::DECIMAL(28,8) AS spread
                    FROM middle
                )
                SELECT line, growth, n, (0.6745 * abs(growth - middle) / spread)::DECIMAL(38,4) AS z
                FROM spread
                WHERE line IS NOT NULL AND n >= {numbers["peers"]} AND spread > 0
                ORDER BY line""",
            )
        finally:
            con.unregister("peer")
        odd = compared.filter(pl.col("z") > numbers["z"]).with_columns(field=pl.lit(field))
        yield odd, compared["line"]
