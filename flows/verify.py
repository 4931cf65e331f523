"""Is the past as it was: archive, evidence, journal, releases, methods and warehouse against their digests.

Nothing is repaired here. Each problem is one Chinese sentence that names the file and the line, or the row
and its key; what could not be judged because of another problem is said, too. A chain that was rewritten whole is
found only against a head kept elsewhere (``anchors``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from flows.ledger.events import EventType
from flows.ledger.journal import Entry, JournalError
from flows.ledger.store import Store
from flows.ledger.warehouse import ReadFiles
from flows.verify_releases import Kept, announced, kept_releases, methods_used
from flows.verify_warehouse import verify_warehouse
from indices.method import METHODS_DIR

Anchors = Sequence[tuple[int | None, str]]  # heads kept elsewhere: sequence, where it is known, and hash
_IN_EVIDENCE: dict[str, str] = {
    EventType.PROPOSED: "evidence",
    EventType.CORRECTED: "evidence",
    EventType.DISMISSED: "evidence",
    EventType.PUBLISHED: "signature",
}


def verify(store: Store, read: ReadFiles, threads: int = 2, anchors: Anchors = ()) -> list[str]:
    """Everything wrong with a store, as sentences; empty where nothing is.

    ``read`` is the reader of archived workbooks. The GLT09 store beside it is verified in the same way.
    """
    found = verify_record(store, anchors) + _database(store, read, threads)
    if store.permu.home.exists():
        within = verify_record(store.permu) + _database(store.permu, read, threads)
        found += [f"GLT09 台账：{problem}" for problem in within]
    return found


def verify_record(store: Store, anchors: Anchors = (), methods: Path = METHODS_DIR) -> list[str]:
    """The same of one store without its database, hence without reading workbooks again."""
    kept = kept_releases(store)
    found = [problem for one in kept for problem in one.problems]
    found += store.journal.verify([*_heads(kept), *((seq, head) for seq, head in anchors if seq is not None)])
    entries = _readable(store)
    if entries is None:
        found.append("台账日志有误，归档、发布和方法没有与它核对；请恢复日志后再核对一次。")
        return found + store.archive.verify() + store.evidence.verify()
    found += store.journal.verify_head()
    hashes = {entry.hash for entry in entries}
    found += [
        f"台账日志中没有留存的哈希 {head}：日志被截去或整体重写。"
        for seq, head in anchors
        if seq is None and head not in hashes
    ]
    found += announced(kept, entries)
    found += dict.fromkeys(methods_used(kept, entries, methods))
    found += store.archive.verify(_received(entries))
    return found + store.evidence.verify(_evidence(entries))


def _database(store: Store, read: ReadFiles, threads: int) -> list[str]:
    entries = _readable(store)
    if entries is None:
        return [f"数据库 {store.warehouse.name} 没有核对，因为台账日志有误。"]
    return verify_warehouse(store, entries, read, threads)


def _readable(store: Store) -> Sequence[Entry] | None:
    """The journal's entries; None where a line is bad, which the journal's own check tells."""
    try:
        return store.journal.entries()
    except JournalError:
        return None


def _heads(kept: Sequence[Kept]) -> list[tuple[int, str]]:
    """Positions of the journal that release manifests keep."""
    return [(k.release.manifest.seq, k.release.manifest.head) for k in kept if k.release is not None]


def _received(entries: Sequence[Entry]) -> Iterator[str]:
    return (str(e.body["digest"]) for e in entries if e.type in (EventType.RECEIVED, EventType.REFUSED))


def _evidence(entries: Sequence[Entry]) -> Iterator[str]:
    return (
        str(e.body[_IN_EVIDENCE[e.type]])
        for e in entries
        if e.type in _IN_EVIDENCE and e.body[_IN_EVIDENCE[e.type]]
    )
