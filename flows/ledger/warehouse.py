"""The warehouse: the journal and the cells of what it accepted, as DuckDB tables.

It is a projection. :func:`append` adds a batch, :func:`open_warehouse` brings a file that lags behind
(a crash between journal and database) up to the journal and builds it anew where it does not fit.
Both go the same way, follow the journal's decisions, and never judge again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from flows.ledger.canonical import sha256
from flows.ledger.cells import CellError, insert_cells
from flows.ledger.content import content_digest
from flows.ledger.events import EventType
from flows.ledger.files import sync_folder
from flows.ledger.journal import GENESIS, Entry
from flows.ledger.projection import FORMAT_VERSION, Key, ProjectionError, Wish, key_of, position, project
from flows.ledger.store import Store
from schemas.reading.record import Delivery, Submission

SCHEMA = Path(__file__).with_name("warehouse.sql")
TABLES = (
    "cell",
    "comparison",
    "correction",
    "decision",
    "delivery",
    "finding",
    "projection",
    "reply",
    "submission",
)
PATIENCE = 30.0  # seconds that a writer waits for readers
AT_ONCE = 128  # deliveries read at a time while rebuilding, to bound memory

ReadFiles = Callable[[Sequence[Path]], Sequence[Delivery]]


class WarehouseError(RuntimeError):
    """The database cannot be opened, or does not follow from archive and journal."""


class WarehouseBusyError(WarehouseError):
    """Another process has the database open."""


def connect(path: Path, threads: int, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """A connection with our settings, locked.

    WarehouseBusyError if another process has the file, WarehouseError if it is no database.
    """
    try:
        con = duckdb.connect(str(path), read_only=read_only, config={"threads": threads})
    except duckdb.Error as error:
        if "lock on file" in str(error):
            raise WarehouseBusyError(f"数据库 {path} 正由另一个进程使用，请等它结束后再试。") from error
        raise WarehouseError(f"数据库 {path} 打不开：{error}") from error
    con.execute("set TimeZone = 'Asia/Shanghai'")
    con.execute("set enable_external_access = false")
    con.execute("set lock_configuration = true")
    return con


def open_warehouse(store: Store, read: ReadFiles, threads: int = 2) -> duckdb.DuckDBPyConnection:
    """The warehouse at the journal's head, for the holder of the writer's lock.

    ``read`` reads archived workbooks in the order of their paths; it is asked only where the
    database is missing, lags behind, or does not belong to this journal.
    """
    entries = store.journal.entries()
    con = _existing(store.warehouse, threads)
    if con is not None:
        seq, head = position(con) or (-1, "")
        if 0 <= seq <= len(entries) and head == (entries[seq - 1].hash if seq else GENESIS):
            try:
                _follow(con, store, entries[seq:], read)
            except BaseException:
                con.close()
                raise
            return con
        con.close()
    rebuild(store, read, threads)
    return connect(store.warehouse, threads)


def _existing(path: Path, threads: int) -> duckdb.DuckDBPyConnection | None:
    """The database of this name; None if there is none, or only something damaged.

    Who asks holds the writer's lock, so that whoever has the file is a reader, and soon gone.
    """
    if not path.exists():
        return None
    patience = time.monotonic() + PATIENCE
    while True:
        try:
            return connect(path, threads)
        except WarehouseBusyError:
            if time.monotonic() > patience:
                raise
            time.sleep(0.1)
        except WarehouseError:
            return None  # a projection: it is built anew


def view_warehouse(store: Store, threads: int = 2) -> duckdb.DuckDBPyConnection:
    """The warehouse for reading alone, beside other readers.

    WarehouseError if there is none, if it lacks an event of the journal (releases apart, which
    have no part in it), or while another process writes.
    """
    if not store.warehouse.exists():
        raise WarehouseError(f"{store.home} 中还没有数据，请先运行 zhishu run。")
    con = connect(store.warehouse, threads, read_only=True)
    seq, head = position(con) or (-1, "")
    entries = store.journal.entries()
    follows = 0 <= seq <= len(entries) and head == (entries[seq - 1].hash if seq else GENESIS)
    if not follows or any(entry.type != EventType.RELEASED for entry in entries[seq:]):
        con.close()
        raise WarehouseError("数据库与台账日志不一致（上次运行中断），请再运行一次 zhishu run。")
    return con


def rebuild(store: Store, read: ReadFiles, threads: int = 2) -> None:
    """Write the database anew from archive and journal, in place of the old one.

    WarehouseError if a delivery that was accepted can no longer be read, or reads differently.
    """
    building = store.warehouse.with_name(f".{store.warehouse.name}.building")
    _remove(building)
    build(building, store, store.journal.entries(), read, threads).close()
    _remove(store.warehouse)
    building.replace(store.warehouse)
    sync_folder(store.home)


def build(
    path: Path, store: Store, entries: Sequence[Entry], read: ReadFiles, threads: int = 2
) -> duckdb.DuckDBPyConnection:
    """A new database at ``path`` of these entries (the journal's, up to some sequence)."""
    con = connect(path, threads)
    try:
        con.execute(SCHEMA.read_text("utf-8"))
        con.execute("insert into projection values (?, 0, ?)", [FORMAT_VERSION, GENESIS])
        _follow(con, store, entries, read)
    except BaseException:
        con.close()
        raise
    return con


def append(
    con: duckdb.DuckDBPyConnection, entries: Sequence[Entry], submissions: Iterable[Submission] = ()
) -> None:
    """Project the entries that the journal just gave back, with the cells of what they took.

    One transaction: all or nothing. WarehouseError if the entries do not follow what is projected,
    if a submission is missing, or if a value does not fit DECIMAL(20,4).
    """
    if not entries:
        return
    by_key = {key_of(submission): submission for submission in submissions}
    with _transaction(con):
        wanted = project(con, entries)
        for wish in wanted:
            if wish.key not in by_key:
                raise WarehouseError(f"缺少第 {wish.id} 号事件所接收的报表：{wish.key}")
        insert_cells(con, [(wish.id, by_key[wish.key]) for wish in wanted])


def canonical_digest(con: duckdb.DuckDBPyConnection) -> str:
    """Digest of the ordered text of all tables; database files themselves differ from run to run."""
    digests = []
    for table in TABLES:
        columns = [row[0] for row in con.execute(f"describe {table}").fetchall()]
        quoted = (f"""'"' || replace(cast("{name}" as varchar), '"', '""') || '"'""" for name in columns)
        line = " || ',' || ".join(f"coalesce({text}, '')" for text in quoted)
        cursor = con.execute(f"select {line} as line from {table} order by line")
        digests.append(table)
        while rows := cursor.fetchmany(50_000):
            digests.append(sha256("\n".join(row[0] for row in rows)))
    return sha256("\n".join(digests))


@contextmanager
def _transaction(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    con.execute("begin")
    try:
        yield
    except (CellError, ProjectionError) as error:
        con.execute("rollback")
        raise WarehouseError(str(error)) from error
    except BaseException:
        con.execute("rollback")
        raise
    con.execute("commit")


def _follow(con: duckdb.DuckDBPyConnection, store: Store, entries: Sequence[Entry], read: ReadFiles) -> None:
    """Project entries and fetch the cells from the archive."""
    if not entries:
        return
    with _transaction(con):
        wanted = project(con, entries)
        digests = sorted({wish.key[0] for wish in wanted})
        for some, found in _read_ahead(store, digests, read):
            insert_cells(con, [(w.id, _as_decided(w, found)) for w in wanted if w.key[0] in some])


def _read_ahead(
    store: Store, digests: Sequence[str], read: ReadFiles
) -> Iterator[tuple[set[str], dict[Key, Submission]]]:
    """Some workbooks at a time with their submissions; the next are read while those before are put in."""
    from concurrent.futures import ThreadPoolExecutor  # here: who only reads the warehouse does without

    def reading(some: Sequence[str]) -> dict[Key, Submission]:
        if not some:
            return {}
        for digest in some:
            store.archive.get(digest)  # the bytes are checked before they are read
        deliveries = read([store.archive.path(digest) for digest in some])
        return {key_of(submission): submission for d in deliveries for submission in d.submissions}

    parts = [digests[start : start + AT_ONCE] for start in range(0, len(digests), AT_ONCE)]
    if not parts:
        return
    with ThreadPoolExecutor(1) as ahead:
        coming = ahead.submit(reading, parts[0])
        for some, after in zip(parts, [*parts[1:], ()], strict=True):
            found = coming.result()
            coming = ahead.submit(reading, after)
            yield set(some), found


def _as_decided(wish: Wish, found: dict[Key, Submission]) -> Submission:
    digest, sheet, form, period, submitter, _ = wish.key
    place = (
        f"第 {wish.id} 号事件接收的 {form} {period} {submitter}（归档文件 {digest[:12]}…，工作表 {sheet}）"
    )
    submission = found.get(wish.key)
    if submission is None:
        raise WarehouseError(f"{place}重读时读不出来，数据库无法重建；请核对归档和读取限额。")
    if content_digest(submission) != wish.content:
        raise WarehouseError(f"{place}重读的内容与当时接收的不同，数据库无法重建；请用当时的程序版本。")
    return submission


def _remove(path: Path) -> None:
    for name in (path, path.with_name(path.name + ".wal")):
        name.unlink(missing_ok=True)
