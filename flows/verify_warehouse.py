"""The database against one built anew from archive and journal: each row that is not the same is named by its key."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import duckdb

from flows.ledger.archive import ArchiveError
from flows.ledger.events import EventType
from flows.ledger.journal import GENESIS, Entry
from flows.ledger.projection import position
from flows.ledger.store import Store
from flows.ledger.warehouse import ReadFiles, WarehouseError, build, connect
from schemas.database import fetch

SHOWN = 20  # rows of one table that are named

# the columns that name a row of a table; ``projection``, one row, is judged by itself
KEYS = {
    "cell": ("submission", "sheet", "address", "field"),
    "comparison": ("seq", "period", "rule", "outcome"),
    "correction": ("seq", "revision"),
    "decision": ("seq", "submission"),
    "delivery": ("digest",),
    "finding": ("seq", "ordinal", "rule"),
    "reply": ("seq", "ordinal", "finding"),
    "submission": ("id", "name"),
}


def verify_warehouse(store: Store, entries: Sequence[Entry], read: ReadFiles, threads: int) -> list[str]:
    """Everything in which the database differs; a sentence that says so where it cannot be compared.

    No database is no problem: it is a projection, and the next run builds it.
    """
    if not store.warehouse.exists():
        return []
    with tempfile.TemporaryDirectory(prefix="zhishu-") as folder:
        again = Path(folder) / "again.duckdb"
        try:
            build(again, store, entries, read, threads).close()
        except (ArchiveError, WarehouseError) as error:
            return [f"数据库 {store.warehouse.name} 没有核对，因为由归档和日志重建不成：{error}"]
        return compared(store.warehouse, again, entries, threads)


def compared(stored: Path, again: Path, entries: Sequence[Entry], threads: int) -> list[str]:
    """In what a database differs from one that was built anew of these entries."""
    try:
        con = connect(stored, threads, read_only=True)
    except WarehouseError as error:
        return [str(error)]
    with closing(con), closing(connect(again, threads, read_only=True)) as fresh:
        try:
            found = _position(con, entries) + _foreign_tables(con)
            return found + [p for table in sorted(KEYS) for p in _differences(con, fresh, table)]
        except duckdb.Error as error:
            return [f"数据库 {stored.name} 读不出来：{error}"]


def _position(con: duckdb.DuckDBPyConnection, entries: Sequence[Entry]) -> list[str]:
    """Where the database stands must be an event of the journal; only releases may follow it there."""
    seq, head = position(con) or (-1, "")
    hashes = {0: GENESIS} | {entry.seq: entry.hash for entry in entries}
    if hashes.get(seq) != head:
        return [f"数据库的表 projection 的行（seq={seq}）与台账日志不符。"]
    behind = [e for e in entries if e.seq > seq and e.type != EventType.RELEASED]
    return [f"数据库缺少台账日志第 {behind[0].seq} 行以后的事件。"] if behind else []


def _foreign_tables(con: duckdb.DuckDBPyConnection) -> list[str]:
    rows = con.execute("select table_name from duckdb_tables() where not temporary order by all").fetchall()
    return [f"数据库中有不属于它的表 {name}。" for (name,) in rows if name not in {*KEYS, "projection"}]


def _differences(con: duckdb.DuckDBPyConnection, fresh: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    """Rows of a table that only one of two databases has."""
    whole = f"select count(*), sum(hash(t)::hugeint) from {table} t"  # whatever the order of the rows
    if con.execute(whole).fetchall() == fresh.execute(whole).fetchall():
        return []
    name, columns = f"数据库的表 {table}", ", ".join(KEYS[table])
    query = f"select hash(t)::varchar as row_hash, {columns} from {table} t order by all"
    stored, expected = fetch(con, query), fetch(fresh, query)
    problems = []
    for left, right, what in ((stored, expected, "不是由归档和日志得来"), (expected, stored, "缺失或被改动")):
        odd = left.join(right, on=left.columns, how="anti", nulls_equal=True)
        for row in odd.head(SHOWN).iter_rows(named=True):
            key = "，".join(f"{column}={row[column]}" for column in KEYS[table])
            problems.append(f"{name}的行（{key}）{what}。")
        if odd.height > SHOWN:
            problems.append(f"{name}另有 {odd.height - SHOWN} 行{what}。")
    return problems or [f"{name}的行有重复。"]
