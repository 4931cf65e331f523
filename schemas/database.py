"""DuckDB as checks and engine use it: an empty database to evaluate in, and results as frames.

The database is one for the process, since to open one costs more than to check a form or to score a small table;
who asks has a connection of its own to it, and what is registered or made temporary there is seen by nobody else.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache

import duckdb
import polars as pl

# DuckDB would rather have a relation read, for the sake of a copy of the rows: what is read here has few of them
warnings.filterwarnings("ignore", "Arrow output on a DB-API result", UserWarning)


@contextmanager
def scratch(threads: int = 1) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to evaluate in: no files, nothing registered yet."""
    con = _database(threads).cursor()
    try:
        yield con
    finally:
        con.close()


@cache
def _database(threads: int) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": threads, "enable_external_access": False})


def fetch(
    con: duckdb.DuckDBPyConnection, query: str, given: Mapping[str, object] | None = None
) -> pl.DataFrame:
    """The result of a query with its parameters by name.

    Executed at once: a relation (``con.sql``) is planned when it is made and again when it is read, which
    for statements as wide as a form is a third of their cost.
    """
    frame = pl.from_arrow(con.execute(query, given).to_arrow_table())
    assert isinstance(frame, pl.DataFrame)
    return frame


def quoted(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"
