"""The approval of a method version: who, by which document, when; its lock is an event of the journal.

The lock keeps the digest of the method file, so that a file that is changed afterwards is found. Whether it came
in time is read from the order of events, not from a date: before the first figures of the first period that the
method is valid for. What was so when a release was made stands beside its manifest and in all its tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from flows.ledger.events import DECISIONS, Event, EventType
from flows.ledger.journal import Entry
from flows.ledger.release import releases
from flows.ledger.store import Store
from flows.ledger.warehouse import append
from flows.mistakes import Mistake
from indices.method import METHODS_DIR, Method, file_digests, load_methods, method_digest
from schemas.finding import State
from schemas.period import Period

UNAPPROVED, LATE = "方法未经批准", "方法批准晚于首期数据"


class ApprovalError(Mistake):
    """A method version that cannot be locked; the message says why."""


@dataclass(frozen=True)
class Approval:
    """What is said of an approval: by whom, as what, by which document (文号), on which day (ISO)."""

    approver: str
    role: str
    document: str
    date: str


def approve(
    con: duckdb.DuckDBPyConnection, store: Store, method_id: str, word: Approval, folder: Path = METHODS_DIR
) -> Entry:
    """Lock a method version, for the holder of the writer's lock; the entry that the journal got.

    ``con`` is the warehouse at the journal's head. ApprovalError for an unknown method, a text that is missing,
    a date that is none, a version that is locked already, or a file that a release has used in other words.
    """
    known = {m.id: m for m in load_methods(folder)}
    if method_id not in known:
        raise ApprovalError(f"没有方法 {method_id}，有 {'、'.join(known)}。")
    for what, text in (("批准人", word.approver), ("批准人职务", word.role), ("批准文号", word.document)):
        if not text.strip():
            raise ApprovalError(f"批准方法须写明{what}。")
    try:
        date.fromisoformat(word.date)
    except ValueError as error:
        raise ApprovalError(f"批准日期 {word.date!r} 不是日期，应写成 2026-01-31。") from error
    entries, digest = store.journal.entries(), method_digest(known[method_id], folder)
    locked = locks(entries).get(method_id)
    if locked is not None:
        raise ApprovalError(
            f"方法 {method_id} 已由 {locked.actor} 批准并锁定（事件 {locked.seq}）；改动的方法请另立版本。"
        )
    for release in releases(store):
        if release.manifest.methods.get(method_id, digest) != digest:
            raise ApprovalError(
                f"方法文件 {method_id}.toml 与发布 {release.id} 所用的不同，不能批准；请恢复原文件，改动另立版本。"
            )
    body = {"method": method_id, "digest": digest, "document": word.document, "date": word.date}
    written = store.journal.append([Event(EventType.APPROVED, word.approver, word.role, body)])
    append(con, written, ())
    return written[0]


def locks(entries: Sequence[Entry]) -> dict[str, Entry]:
    """The event that locked each method version, by its id."""
    return {str(e.body["method"]): e for e in entries if e.type == EventType.APPROVED}


def changed_locks(entries: Sequence[Entry], folder: Path = METHODS_DIR) -> list[str]:
    """A sentence for each method version that is no longer the text that was locked."""
    here = file_digests(folder)
    problems = []
    for id, lock in locks(entries).items():
        if id not in here:
            problems.append(f"台账日志第 {lock.seq} 行批准的方法 {id}.toml 不在本程序中。")
        elif here[id] != lock.body["digest"]:
            problems.append(
                f"方法文件 {id}.toml 与台账日志第 {lock.seq} 行批准时的不同：已批准的方法不得改动。"
            )
    return problems


def approvals(entries: Sequence[Entry], methods: Sequence[Method]) -> dict[str, dict[str, Any]]:
    """What the journal knows of each method's approval, for a manifest: empty where there is none.

    ``first_data`` is the event that first took figures of the method's first period or a later one, 0 if none did.
    """
    locked = locks(entries)
    return {m.id: _facts(entries, m, locked[m.id]) if m.id in locked else {} for m in methods}


def _facts(entries: Sequence[Entry], method: Method, lock: Entry) -> dict[str, Any]:
    said = {name: lock.body[name] for name in ("document", "date", "digest")}
    first_data = _first_data(entries, method)
    return {"approver": lock.actor, "role": lock.role, **said, "seq": lock.seq, "first_data": first_data}


def _first_data(entries: Sequence[Entry], method: Method) -> int:
    first = Period.parse(method.valid_from).ref_month
    for entry in entries:
        taken = DECISIONS.get(entry.type, State.REJECTED) != State.REJECTED
        if taken and Period.parse(entry.body["period"]).ref_month >= first:
            return entry.seq
    return 0


def caveat(approval: Mapping[str, Any]) -> str:
    """What every table has to say of an approval; empty where it came in time."""
    if not approval:
        return UNAPPROVED
    return LATE if 0 < approval["first_data"] < approval["seq"] else ""


def approval_words(approval: Mapping[str, Any], status: str) -> str:
    """The approval for the sheet 说明; ``status`` is what the method file says of itself."""
    told = caveat(approval)
    if not approval:
        return f"{told}。方法文件自述：{status}。"
    words = (
        f"{approval['date']} 由 {approval['approver']}（{approval['role']}）以 {approval['document']} 批准，"
        f"锁定于日志事件 {approval['seq']}，方法摘要 {approval['digest']}。"
    )
    return f"{words}{told}（首期数据在日志事件 {approval['first_data']}）。" if told else words
