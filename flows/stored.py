"""The tables that a release keeps: their keys, and how they come back into a connection from canonical text."""

from __future__ import annotations

import io
from collections.abc import Mapping

import duckdb
import polars as pl

from flows.ledger.release import Release
from indices import changes
from indices.gate import place_gates
from indices.parameters import place_table
from indices.tables.results import Results, read_results
from indices.uncertainty import released
from schemas.codes import Codes

# the total key of each table, for canonical text
KEYS: Mapping[str, tuple[str, ...]] = {
    "result_index": ("index_code", "product", "period", "subject_type", "subject"),
    "result_pillar": ("index_code", "product", "period", "subject", "pillar_no"),
    "result_indicator": ("index_code", "period", "subject", "indicator"),
    "result_change": ("index_code", "period", "against", "subject", "kind", "item"),
    "result_rank_interval": ("index_code", "period", "subject"),
    "result_variable": ("index_code", "period", "subject", "indicator", "variable"),
    "result_target": ("position", "scope"),
    "result_coverage": ("form", "period"),
    "result_absent": ("form", "period", "submitter", "subject"),
    "result_gate": ("index_code", "subject_type", "form", "filers", "period", "measure"),
    "result_source": ("index_code", "period", "subject", "indicator", "variable", "number"),
    "included": ("variant", "t0", "annual", "form", "scope", "month", "level", "unit"),
}


def stored_results(release: Release, codes: Codes) -> Results:
    """The results of a release as it was kept, without computing anything."""
    with duckdb.connect() as con:
        place_gates(con, (), 0, {})  # a release from before these tables has none of their rows
        place_table(con, "result_change", changes.COLUMNS, ())
        place_table(con, "result_rank_interval", released.COLUMNS, ())
        for name in (name for name in KEYS if name in release.tables):
            stored_table(con, release, name)
        return read_results(con, codes)


def stored_table(
    con: duckdb.DuckDBPyConnection, release: Release, name: str, period: str | None = None
) -> None:
    """Create a table of a release in a connection, with its types, from its checked canonical text.

    With ``period``, the rows of that period alone: a release also keeps those that it compares with.
    """
    kinds = records(release.table("types")).filter(pl.col("table_name") == name)
    columns = ", ".join(
        f'CAST("{row["column_name"]}" AS {row["data_type"]}) AS "{row["column_name"]}"'
        for row in kinds.iter_rows(named=True)
    )
    rows = records(release.table(name))
    con.register("kept", (rows if period is None else rows.filter(pl.col("period") == period)).to_arrow())
    con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT {columns} FROM kept")
    con.unregister("kept")


def records(text: str) -> pl.DataFrame:
    """The rows of a canonical text, all as texts."""
    return pl.read_csv(io.StringIO(text), infer_schema=False)
