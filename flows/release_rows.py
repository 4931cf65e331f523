"""The rows of a release's tables by key, read when they are asked for, without polars.

``stored.py`` lays whole tables out for the engine's own readers; who asks for one subject reads some forty rows
of ten thousand here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import duckdb

from flows.ledger.placing import place_rows
from flows.ledger.release import Release

Row = dict[str, Any]
_READ: dict[str, Callable[[str], Any]] = {"INTEGER": int, "BIGINT": int, "BOOLEAN": "true".__eq__}


class ReleaseTable:
    """One table of a release; ``key`` names columns of codes, numbers or periods, without commas and never NULL.

    Of a long table whose rows are asked for by the ``part`` that stands in all of them, such as a period, the others
    are left out. ReleaseError if the table is missing or was changed.
    """

    def __init__(self, release: Release, name: str, key: Sequence[str], part: str = "") -> None:
        header, *found = records(release.table(name))
        self._columns = header.split(",")
        self._kinds = column_types(release, name)
        places = [self._columns.index(column) for column in key]
        width = max(places) + 1
        self._rows: dict[tuple[str, ...], list[str]] = {}  # by the texts as they stand: '""' for an empty one
        for record in (record for record in found if part in record):
            head = record.split(",", width)
            self._rows.setdefault(tuple(map(head.__getitem__, places)), []).append(record)
        assert not any("" in one for one in self._rows), f"{name}: NULL in {key}"

    @property
    def keys(self) -> list[tuple[str, ...]]:
        """Every key, in the order of the table."""
        return [tuple(text.strip('"') for text in key) for key in self._rows]

    def rows(self, *key: str) -> list[Row]:
        """The rows of a key in the order of the table, with values of their types; none where there is no such key."""
        return [
            {
                name: None if text is None else _READ.get(kind, _number if "DECIMAL" in kind else str)(text)
                for name, kind, text in zip(self._columns, self._kinds, fields(record), strict=True)
            }
            for record in self._rows.get(tuple(text or '""' for text in key), ())
        ]


def place_table(con: duckdb.DuckDBPyConnection, release: Release, name: str) -> None:
    """Create a whole table of a release in a connection, with its types."""
    header, *found = records(release.table(name))
    columns = dict(zip(header.split(","), column_types(release, name), strict=True))
    place_rows(con, name, columns, map(fields, found))


def column_types(release: Release, name: str) -> list[str]:
    """The DuckDB types of a table's columns, in their order."""
    rows = [fields(record) for record in records(release.table("types"))]
    return [str(kind) for table, _, _, kind in rows if table == name]


def records(text: str) -> list[str]:
    """The records of a canonical text, the header first: a line, or several where a quoted text holds line ends."""
    lines = text.split("\n")[:-1]
    if not any(line.count('"') % 2 for line in lines):
        return lines
    found, whole = [], ""
    for line in lines:
        whole = f"{whole}\n{line}" if whole else line
        if whole.count('"') % 2 == 0:
            found.append(whole)
            whole = ""
    return found


def fields(record: str) -> list[str | None]:
    """The fields of a record: None where nothing stands, an empty text where two quotation marks do."""
    if '"' not in record:
        return [text or None for text in record.split(",")]
    found, parts, quoted = [], record.split(","), ""
    for part in parts:
        quoted = f"{quoted},{part}" if quoted else part
        if quoted.count('"') % 2 == 0:
            inner = quoted[1:-1].replace('""', '"') if quoted.startswith('"') else quoted or None
            found.append(inner)
            quoted = ""
    return found


def _number(text: str) -> Decimal:
    return Decimal(text)
