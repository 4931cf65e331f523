"""Is the past as it was: archive, evidence, journal, releases, methods and warehouse against their digests.

Nothing is repaired here. Each problem is one Chinese sentence that names the file and the line, or the row
and its key. A chain that was rewritten whole is found only against a head kept elsewhere (``anchors``).
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import duckdb

from flows.approval import changed_locks
from flows.ledger.canonical import canonical_json, sha256
from flows.ledger.events import EventType
from flows.ledger.journal import GENESIS, Entry, JournalError
from flows.ledger.projection import position
from flows.ledger.release import Release, ReleaseError, read_release
from flows.ledger.store import Store
from flows.ledger.warehouse import ReadFiles, WarehouseError, build, connect
from indices.method import load_methods, method_digest

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


def verify(
    store: Store, read: ReadFiles, threads: int = 2, anchors: Sequence[tuple[int | None, str]] = ()
) -> list[str]:
    """Everything wrong with a store, as sentences; empty where nothing is.

    ``anchors`` are heads kept elsewhere: (sequence or None, hash). ``read`` is the reader of
    archived workbooks. The GLT09 store beside it is verified in the same way, without releases.
    """
    found = [p for _, text in _releases(store) for p in text]
    kept = [(r.manifest.seq, r.manifest.head) for r, _ in _releases(store) if r is not None]
    found += store.journal.verify([*kept, *((seq, head) for seq, head in anchors if seq is not None)])
    try:
        entries = store.journal.entries()
    except JournalError:
        entries = ()  # told above; what follows from the journal cannot be judged
    else:
        hashes = {entry.hash for entry in entries}
        found += [
            f"台账日志中没有留存的哈希 {head}：日志被截去或整体重写。"
            for seq, head in anchors
            if seq is None and head not in hashes
        ]
        found += _announced(store, entries)
        found += changed_locks(entries)
    found += store.archive.verify(_received(entries))
    found += store.evidence.verify(_evidence(entries))
    found += _methods(store)
    if not found and entries:
        found += _warehouse(store, read, entries, threads)
    if store.permu.journal.path.exists():
        found += [f"GLT09 台账：{problem}" for problem in verify(store.permu, read, threads)]
    return found


def _received(entries: Sequence[Entry]) -> Iterator[str]:
    return (str(e.body["digest"]) for e in entries if e.type in (EventType.RECEIVED, EventType.REFUSED))


def _evidence(entries: Sequence[Entry]) -> Iterator[str]:
    kinds: dict[str, str] = {
        EventType.PROPOSED: "evidence",
        EventType.CORRECTED: "evidence",
        EventType.PUBLISHED: "signature",
    }
    return (str(e.body[kinds[e.type]]) for e in entries if e.type in kinds and e.body[kinds[e.type]])


def _releases(store: Store) -> Iterator[tuple[Release | None, list[str]]]:
    """Each release folder, read and with what is wrong in it; no release where its manifest is bad."""
    folders = sorted(store.releases.iterdir()) if store.releases.is_dir() else []
    for folder in folders:
        if folder.name.startswith("."):  # an unfinished write after a crash
            continue
        try:
            release = read_release(store, folder.name)
        except ReleaseError as error:
            yield None, [str(error)]
            continue
        problems = []
        path = folder / "manifest.json"
        text = path.read_bytes()
        canonical = json.dumps(json.loads(text), ensure_ascii=False, sort_keys=True, indent=1) + "\n"
        if text != canonical.encode():
            problems.append(f"发布 {release.id} 的清单 {path.name} 的写法被改动过。")
        expected = {f"{name}.csv.gz" for name in release.tables}
        for name in sorted(release.tables):
            try:
                release.table(name)
            except ReleaseError as error:
                problems.append(str(error))
        extra = {p.name for p in (folder / "tables").glob("*")} - expected
        problems += [f"发布 {release.id} 中有不属于它的文件 tables/{name}。" for name in sorted(extra)]
        yield release, problems


def _announced(store: Store, entries: Sequence[Entry]) -> list[str]:
    """Releases that the journal knows, against their folders, and the other way round."""
    known = {e.body["release"]: e for e in entries if e.type == EventType.RELEASED}
    problems = []
    for id, entry in known.items():
        if not (store.releases / id / "manifest.json").is_file():
            problems.append(f"台账日志第 {entry.seq} 行公布了发布 {id}，发布文件夹却不在。")
    for release, _ in _releases(store):
        if release is None:
            continue
        announced = known.get(release.id)
        if announced is None:
            problems.append(f"发布 {release.id} 不在台账日志中。")
        elif (announced.body["release_digest"], announced.body["tables_digest"]) != (
            release.digest,
            sha256(canonical_json(dict(release.tables))),
        ):
            problems.append(f"发布 {release.id} 与台账日志第 {announced.seq} 行所记的摘要不符。")
    return problems


def _methods(store: Store) -> list[str]:
    """Methods that a release used, against the files of this program."""
    here = {m.id: method_digest(m) for m in load_methods()}
    problems: dict[str, None] = {}
    for release, _ in _releases(store):
        if release is None:
            continue
        for id, digest in release.manifest.methods.items():
            if id not in here:
                problems[f"发布 {release.id} 所用的方法 {id}.toml 不在本程序中。"] = None
            elif here[id] != digest:
                problems[f"方法文件 {id}.toml 与发布 {release.id} 所用的不同：已发布的方法不得改动。"] = None
    return list(problems)


def _warehouse(store: Store, read: ReadFiles, entries: Sequence[Entry], threads: int) -> list[str]:
    """The database against one built anew from archive and journal."""
    if not store.warehouse.exists():
        return []  # a projection: the next run builds it
    with tempfile.TemporaryDirectory(prefix="zhishu-") as folder:
        again = Path(folder) / "again.duckdb"
        try:
            build(again, store, entries, read, threads).close()
        except WarehouseError as error:
            return [str(error)]
        try:
            con = connect(store.warehouse, threads, read_only=True)
        except WarehouseError as error:
            return [str(error)]
        with closing(con), closing(connect(again, threads, read_only=True)) as fresh:
            try:
                found = [p for table in sorted(KEYS) for p in _differences(con, fresh, table)]
                return _position(con, entries) + found
            except duckdb.Error as error:
                return [f"数据库 {store.warehouse.name} 读不出来：{error}"]


def _position(con: duckdb.DuckDBPyConnection, entries: Sequence[Entry]) -> list[str]:
    """Where the database stands must be an event of the journal; only releases may follow it there."""
    seq, head = position(con) or (-1, "")
    hashes = {0: GENESIS} | {entry.seq: entry.hash for entry in entries}
    if hashes.get(seq) != head:
        return [f"数据库的表 projection 的行（seq={seq}）与台账日志不符。"]
    behind = [e for e in entries if e.seq > seq and e.type != EventType.RELEASED]
    return [f"数据库缺少台账日志第 {behind[0].seq} 行以后的事件。"] if behind else []


def _differences(con: duckdb.DuckDBPyConnection, fresh: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    """Rows of a table that only one of two databases has."""
    name, columns = f"数据库的表 {table}", ", ".join(KEYS[table])
    query = f"select hash(t)::varchar as row_hash, {columns} from {table} t order by all"
    stored, expected = con.sql(query).pl(), fresh.sql(query).pl()
    if stored.equals(expected):
        return []
    problems = []
    for left, right, what in ((stored, expected, "不是由归档和日志得来"), (expected, stored, "缺失或被改动")):
        odd = left.join(right, on=left.columns, how="anti", nulls_equal=True)
        for row in odd.head(SHOWN).iter_rows(named=True):
            key = "，".join(f"{column}={row[column]}" for column in KEYS[table])
            problems.append(f"{name}的行（{key}）{what}。")
        if odd.height > SHOWN:
            problems.append(f"{name}另有 {odd.height - SHOWN} 行{what}。")
    return problems or [f"{name}的行有重复。"]
