"""Rows of Python as a temporary table, by way of JSON.

Who only reads the warehouse has few rows to bring along and starts in half the time without polars and pyarrow.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

import duckdb


def place_rows(
    con: duckdb.DuckDBPyConnection,
    name: str,
    columns: Mapping[str, str],
    rows: Iterable[Iterable[str | int | bool | None]],
) -> None:
    """Create the temporary table ``name`` of these rows; ``columns`` maps its columns to DuckDB types."""
    records = [dict(zip(columns, row, strict=True)) for row in rows]
    con.execute(
        f"create or replace temp table {name} as select unnest(from_json(?, ?), recursive := true)",
        [json.dumps(records, ensure_ascii=False), json.dumps([columns])],
    )
