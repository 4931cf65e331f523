"""Rows of Python as a temporary table, by way of lists.

Who only reads the warehouse has few rows to bring along and starts in half the time without polars and pyarrow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import duckdb


def place_rows(
    con: duckdb.DuckDBPyConnection,
    name: str,
    columns: Mapping[str, str],
    rows: Iterable[Iterable[str | int | bool | None]],
) -> None:
    """Create the temporary table ``name`` of these rows; ``columns`` maps its columns to DuckDB types."""
    lists = list(zip(*rows, strict=True)) or [()] * len(columns)
    given = ", ".join(f'unnest(?::{kind}[]) as "{column}"' for column, kind in columns.items())
    con.execute(f"create or replace temp table {name} as select {given}", list(map(list, lists)))
