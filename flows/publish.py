"""The stage of a release: 初步, 修订, 最终, set by named people, and never its tables.

A release is written once; its stage afterwards is what the journal's last word on it says. The person who
publishes, the one who approves, those who reviewed the data behind it and those who signed the bureau's own
reports in it are different people by name. (Who signs in a county is known by a name alone, which somebody at the
bureau may share: he is kept from reviewing his own report, in ``review.py``, and from nothing else.) This
is a record of what they said of themselves, with account and host beside it, and no authentication.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from flows.approval import approvals
from flows.ledger.events import DECISIONS, Event, EventType
from flows.ledger.journal import Entry
from flows.ledger.release import FIRST_STAGE, REVISED_STAGE, Release, read_release, releases
from flows.ledger.store import Store
from flows.ledger.warehouse import append
from flows.mistakes import Mistake
from indices.method import METHODS_DIR, load_methods
from schemas.finding import State
from schemas.form import PROVINCE
from schemas.period import Period
from schemas.reading.squeezing import squeezed

FINAL_STAGE = "最终"
STAGES = (FIRST_STAGE, REVISED_STAGE, FINAL_STAGE)
_DECIDED = (EventType.REVIEWED, EventType.CORRECTED, EventType.DISMISSED)


class PublishError(Mistake):
    """A stage that cannot be set; the message says why."""


@dataclass(frozen=True)
class Word:
    """What is said of a release: its stage and why, who publishes and who approved.

    ``signature`` is the content of a detached signature, kept beside the evidence; it is not judged.
    """

    stage: str
    reason: str
    publisher: str
    role: str
    approver: str
    signature: bytes | None = None


@dataclass(frozen=True)
class Staged:
    """A release with its present stage and who set it; nobody where the batch made it."""

    release: Release
    stage: str
    reason: str
    publisher: str = ""
    approver: str = ""
    signature: str = ""  # SHA-256


def publish(con: duckdb.DuckDBPyConnection, store: Store, release_id: str, word: Word) -> list[Entry]:
    """Set a release's stage, for the holder of the writer's lock; the entries that the journal got.

    ``con`` is the warehouse at the journal's head. PublishError if a name or reason is missing, if two
    of the people are one, or if the stage cannot follow; ReleaseError if there is no such release.
    """
    release = read_release(store, release_id)
    entries = store.journal.entries()
    _judge(word, staged(release, entries), entries)
    signature = store.evidence.put(word.signature) if word.signature else ""
    body = {
        "release": release.id,
        "period": release.manifest.period,
        "stage": word.stage,
        "reason": word.reason,
        "approved_by": word.approver,
        "release_digest": release.digest,
        "signature": signature,
    }
    written = store.journal.append([Event(EventType.PUBLISHED, word.publisher, word.role, body)])
    append(con, written, ())
    return written


def _judge(word: Word, now: Staged, entries: Sequence[Entry]) -> None:
    if word.stage not in STAGES:
        raise PublishError(f"没有阶段 {word.stage!r}，应为{'、'.join(STAGES)}之一。")
    for what, text in (
        ("发布人", word.publisher),
        ("发布人职务", word.role),
        ("批准人", word.approver),
        ("理由", word.reason),
    ):
        if not text.strip():
            raise PublishError(f"设定发布阶段须写明{what}。")
    if word.signature == b"":
        raise PublishError("所附的电子签名文件是空的，请核对后再设定阶段。")
    publisher, approver = squeezed(word.publisher), squeezed(word.approver)
    if publisher == approver:
        raise PublishError(f"发布人和批准人不能同为 {word.publisher}。")
    reviewers = {squeezed(e.actor) for e in entries[: now.release.manifest.seq] if e.type in _DECIDED}
    for name in (publisher, approver):
        if name in reviewers:
            raise PublishError(f"{name} 核定过本次发布所依据的数据，不能再批准或发布。")
    signers = _signed_for_the_bureau(now.release, entries)
    for name in (publisher, approver):
        if name in signers:
            raise PublishError(f"{name} 在省级报表上署过名，不能再批准或发布含有这些报表的数据。")
    if now.stage == FINAL_STAGE:
        raise PublishError(f"发布 {now.release.id} 已是最终，不再改动；有更正时请另作新的发布。")
    if word.stage == FIRST_STAGE and now.stage != FIRST_STAGE:
        raise PublishError(f"发布 {now.release.id} 已是{now.stage}，不能退回初步。")


def _signed_for_the_bureau(release: Release, entries: Sequence[Entry]) -> set[str]:
    """Who signed the bureau's own reports of the release's month."""
    month = Period.parse(release.manifest.period).ref_month
    return {
        squeezed(name)
        for e in entries[: release.manifest.seq]
        if DECISIONS.get(e.type, State.REJECTED) != State.REJECTED
        and e.body["submitter"] == PROVINCE
        and Period.parse(e.body["period"]).ref_month == month
        for name in e.body["signed"]
    }


def staged(release: Release, entries: Sequence[Entry]) -> Staged:
    """A release with the journal's last word on it."""
    words = [e for e in entries if e.type == EventType.PUBLISHED and e.body["release"] == release.id]
    if not words:
        return Staged(release, release.stage, release.reason)
    body = words[-1].body
    return Staged(
        release, body["stage"], body["reason"], words[-1].actor, body["approved_by"], body["signature"]
    )


def staged_releases(store: Store, period: str | None = None) -> list[Staged]:
    """All releases, or those of one period, with their present stages, in order of period and number."""
    entries = store.journal.entries()
    return [staged(release, entries) for release in releases(store, period)]


def at_stage(store: Store, release: Release, folder: Path = METHODS_DIR) -> Release:
    """The release as its tables are to name it now: its stage, and the approval of its methods in ``folder``."""
    entries = store.journal.entries()
    used = [m for m in load_methods(folder) if m.id in release.manifest.methods]
    beside = {**release.manifest.beside, "approvals": approvals(entries, used)}
    return replace(
        release, stage=staged(release, entries).stage, manifest=replace(release.manifest, beside=beside)
    )


def release_lines(found: Sequence[Staged]) -> list[str]:
    """What people read of the releases, one line each."""
    return [
        f"{s.release.id}  {s.stage}  {s.release.digest[:16]}  {s.reason}"
        + (f"（发布 {s.publisher}，批准 {s.approver}）" if s.publisher else "")
        for s in found
    ]
