"""Cells of submissions into the warehouse, in bulk: columns of texts to polars to one INSERT.

A value goes as its exact decimal text and DuckDB casts it to DECIMAL(20,4); a value that would not
come through unchanged is refused before anything is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import duckdb

from flows.ledger.content import KEY_COLUMNS, form_of, key_text, row_keys
from schemas.reading.record import Submission

if TYPE_CHECKING:  # in the functions below: who only reads the warehouse does not wait for polars
    import polars as pl


class CellError(ValueError):
    """A value that cannot be kept exactly; the message names its cell."""


_INSERT = f"""
    insert into cell
    select c.submission, c."row", {", ".join(f"k.{name}" for name in KEY_COLUMNS)}, k.row_key, c.field,
        case when n.field is not null then try_cast(c.value as decimal(20,4)) end,
        case when n.field is null then c.value end,
        c.mark, k.sheet, c.address, c.raw, c.kind, c.cleaned
    from incoming_cell c
    join incoming_row k using (submission, "row")
    left join incoming_number n using (submission, field)
"""
_MISFIT = """
    select c.submission, c.address, c.value
    from incoming_cell c join incoming_number n using (submission, field)
    where c.value is not null
        and (try_cast(c.value as decimal(20,4)) is null or length(split_part(c.value, '.', 2)) > 4)
    order by c.submission, c."row", c.field
    limit 1
"""


def insert_cells(con: duckdb.DuckDBPyConnection, taken: Sequence[tuple[int, Submission]]) -> None:
    """Add all cells of submissions under their ids; CellError if a number does not fit."""
    taken = [(id, submission) for id, submission in taken if submission.cells]
    if not taken:
        return
    frames = {
        "incoming_cell": _cells(taken),
        "incoming_row": _rows(taken),
        "incoming_number": _numbers(taken),
    }
    for name, frame in frames.items():
        con.register(name, frame)
    try:
        for id, address, value in con.execute(_MISFIT).fetchall():
            submission = dict(taken)[id]
            raise CellError(
                f"{submission.file_name} {submission.sheet} {address}：数值 {value} 超出可存范围"
                "（整数部分至多 16 位、小数至多 4 位），请更正后重报。"
            )
        con.execute(_INSERT)
    finally:
        for name in frames:
            con.unregister(name)


def _cells(taken: Sequence[tuple[int, Submission]]) -> pl.DataFrame:
    import polars as pl

    names = ("row", "field", "address", "raw", "kind", "value", "cleaned", "mark")
    columns: dict[str, list[object]] = {"submission": [], **{name: [] for name in names}}
    for id, submission in taken:
        columns["submission"] += [id] * len(submission.cells)
        for name, values in zip(names, zip(*submission.cells, strict=True), strict=True):
            columns[name] += values
    schema = {name: pl.Int32 if name in ("submission", "row") else pl.String for name in columns}
    return pl.DataFrame(columns, schema=schema)


def _rows(taken: Sequence[tuple[int, Submission]]) -> pl.DataFrame:
    import polars as pl

    rows = [
        (id, row, submission.sheet, key_text(key), *(key.get(name, "") for name in KEY_COLUMNS))
        for id, submission in taken
        for row, key in row_keys(submission).items()
    ]
    texts = ("sheet", "row_key", *KEY_COLUMNS)
    schema = {"submission": pl.Int32, "row": pl.Int32, **dict.fromkeys(texts, pl.String)}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _numbers(taken: Sequence[tuple[int, Submission]]) -> pl.DataFrame:
    import polars as pl

    rows = [
        (id, column.code)
        for id, submission in taken
        if (form := form_of(submission)) is not None
        for column in form.columns
        if column.numeric
    ]
    return pl.DataFrame(rows, schema={"submission": pl.Int32, "field": pl.String}, orient="row")
