"""From verdicts to events: what is new, what is the same again, and what takes whose place.

The checks say accepted, pending or rejected; this module compares with what the warehouse knows and
gives the events of the batch. It changes nothing itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb

from flows.ledger.content import content_digest, identity_part, key_text, row_keys
from flows.ledger.events import HISTORY, Event, EventType, decided
from schemas.finding import Finding, Severity, State
from schemas.reading.record import Submission

Identity = tuple[str, str, str, str, bool]  # the last: history, which stands beside other filings
EQUAL_VERSION_RULE = "V001"


@dataclass(frozen=True)
class Judged:
    """A submission with its verdict and everything that was found in it."""

    submission: Submission
    state: State
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class _Version:
    """A version that is known: from the warehouse (with its id) or from this batch."""

    number: int
    reported_on: str
    digest: str
    sheet: str
    state: str
    content: str
    id: int = 0
    superseded: bool = False
    submission: Submission | None = None

    @property
    def newness(self) -> tuple[int, str, str, str]:
        return (self.number, self.reported_on, self.digest, self.sheet)


def decision_events(
    con: duckdb.DuckDBPyConnection,
    judged: Sequence[Judged],
    actor: str,
    role: str,
) -> list[Event]:
    """The events of a batch of verdicts: decisions, unchanged contents, replacements.

    A submission is ``unchanged`` if another delivery with the same content has the same verdict
    and counts. ``replaced`` is written for each accepted or pending version once a newer one is
    accepted (a pending one may yet be rejected); it lists the rows that the newer one lacks.
    """
    known = _known(con)
    events: list[Event] = []
    fresh: dict[Identity, list[_Version]] = {}
    for item in sorted(
        judged, key=lambda j: (j.submission.identity, j.submission.digest, j.submission.sheet)
    ):
        submission, content = item.submission, content_digest(item.submission)
        identity = _identity(submission)
        twins = [
            version
            for version in known.get(identity, []) + fresh.get(identity, [])
            if version.content == content
            and item.state != State.REJECTED
            and (version.superseded or version.state == item.state)
        ]
        if any(twin.digest == submission.digest and twin.sheet == submission.sheet for twin in twins):
            continue  # the very version with the very verdict
        if twins:
            body = {
                **identity_part(submission),
                "edition": submission.edition,
                "sheet": submission.sheet,
                "digest": submission.digest,
                "content": content,
                "same_as": min(twin.digest for twin in twins),
            }
            events.append(Event(EventType.UNCHANGED, actor, role, body, submission.file_name))
            continue
        events.append(decided(submission, item.state, item.findings, actor, role, content))
        version = _Version(
            submission.version, submission.reported_on, submission.digest, submission.sheet,
            str(item.state), content, submission=submission,
        )  # fmt: skip
        fresh.setdefault(identity, []).append(version)
    for identity, arrived in sorted(fresh.items()):
        if not identity[-1]:
            old = [version for version in known.get(identity, []) if not version.superseded]
            events += _replacements(con, identity, old, arrived, actor, role)
    return events


def _replacements(
    con: duckdb.DuckDBPyConnection,
    identity: Identity,
    old: Sequence[_Version],
    arrived: Sequence[_Version],
    actor: str,
    role: str,
) -> list[Event]:
    again = {(v.digest, v.sheet) for v in arrived}  # a pending version that is judged once more
    all_versions = [v for v in old if (v.digest, v.sheet) not in again] + list(arrived)
    accepted = [v for v in all_versions if v.state == State.ACCEPTED]
    if not accepted:
        return []
    winner = max(accepted, key=lambda v: v.newness)
    events = []
    for loser in sorted(all_versions, key=lambda v: v.newness):
        if loser.state == State.REJECTED or loser.newness >= winner.newness:
            continue
        period, submitter, form, subject, _ = identity
        removed = sorted(_keys(con, loser) - _keys(con, winner))
        body = {
            "period": period, "submitter": submitter, "form": form, "subject": subject,
            "digest": loser.digest, "sheet": loser.sheet, "version": loser.number,
            "by": winner.digest, "by_version": winner.number, "removed": removed,
        }  # fmt: skip
        events.append(Event(EventType.REPLACED, actor, role, body))
    return events


def replaced_by(con: duckdb.DuckDBPyConnection, version: int, actor: str, role: str) -> list[Event]:
    """What is replaced once a version (its id) that waited is accepted."""
    for identity, versions in _known(con).items():
        for one in versions:
            if one.id == version:
                old = [v for v in versions if not v.superseded]
                return _replacements(con, identity, old, [replace(one, state=State.ACCEPTED)], actor, role)
    raise KeyError(version)


def equal_version_findings(
    con: duckdb.DuckDBPyConnection, submissions: Sequence[Submission]
) -> list[Finding]:
    """A soft finding on each submission whose 版次 another with different content also bears.

    Looks in the warehouse and inside the batch; history records have no versions.
    """
    known = _known(con)
    beside: dict[tuple[tuple[str, str, str, str], int], list[Submission]] = {}
    for submission in submissions:
        beside.setdefault((submission.identity, submission.version), []).append(submission)
    found = []
    for submission in submissions:
        if submission.edition == HISTORY:
            continue
        older = [v for v in known.get(_identity(submission), []) if v.number == submission.version]
        twins = [s for s in beside[submission.identity, submission.version] if s is not submission]
        if not older and not twins:
            continue  # a content digest costs more than all else here
        content = content_digest(submission)
        others = {v.digest for v in older if v.content != content}
        others |= {s.digest for s in twins if content_digest(s) != content}
        if others:
            found.append(equal_version(submission, sorted(others)))
    return found


def equal_version(submission: Submission, others: Sequence[str]) -> Finding:
    """The finding on a version whose 版次 these other deliveries (digests) bear with other content."""
    named = "、".join(digest[:12] for digest in others)
    return Finding(
        rule=EQUAL_VERSION_RULE,
        severity=Severity.SOFT,
        message=f"版次 {submission.version} 已有内容不同的报表（文件 {named}）。",
        advice="请核对以哪一份为准；更正后重报时版次加 1。",
        digest=submission.digest,
        file_name=submission.file_name,
        submitter=submission.submitter,
        period=submission.period,
        form=submission.form,
        edition=submission.edition,
        subject=submission.subject,
        sheet=submission.sheet,
        field="版次",
        value=f"{submission.version} {submission.digest[:12]} {named}",
    )


def _identity(submission: Submission) -> Identity:
    return (*submission.identity, submission.edition == HISTORY)


def _known(con: duckdb.DuckDBPyConnection) -> dict[Identity, list[_Version]]:
    """All versions that the warehouse knows."""
    found: dict[Identity, list[_Version]] = {}
    rows = con.execute("""
        select period, submitter, form, subject, edition, version, reported_on, digest, sheet, state,
            content, id, superseded_seq is not null
        from submission order by id
    """).fetchall()
    for period, submitter, form, subject, edition, *version in rows:
        identity = (period, submitter, form, subject, edition == HISTORY)
        found.setdefault(identity, []).append(_Version(*version))
    return found


def _keys(con: duckdb.DuckDBPyConnection, version: _Version) -> set[str]:
    if version.submission is not None:
        return {key_text(key) for key in row_keys(version.submission).values()}
    rows = con.execute("select distinct row_key from cell where submission = ?", [version.id]).fetchall()
    return {row[0] for row in rows}
