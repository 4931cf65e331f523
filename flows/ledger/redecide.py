"""A second verdict on a version that was judged before: after the bureau's word, or when a twin arrives.

Nothing is judged again: the new event repeats the last one with the answers that are known now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import duckdb

from flows.ledger.content import content_digest
from flows.ledger.decide import EQUAL_VERSION_RULE, equal_version
from flows.ledger.events import Event, EventType, finding_brief
from flows.ledger.journal import Entry
from schemas.decide import BETWEEN_SUBMITTERS
from schemas.finding import Finding, Reply, Severity, State
from schemas.frames import HISTORY
from schemas.reading.record import Submission

_KINDS = {
    State.ACCEPTED: EventType.ACCEPTED, State.PENDING: EventType.PENDING, State.REJECTED: EventType.REJECTED,
}  # fmt: skip


def last_decision(con: duckdb.DuckDBPyConnection, entries: Sequence[Entry], version: int) -> Entry:
    """The newest verdict on a version (its id); KeyError if there is none."""
    rows = con.execute("select max(seq) from decision where submission = ?", [version]).fetchall()
    if rows[0][0] is None:
        raise KeyError(version)
    return entries[rows[0][0] - 1]


def redecided(
    before: Entry,
    actor: str,
    role: str,
    replies: Mapping[str, Reply],
    added: Sequence[Finding] = (),
    state: State | None = None,
    note: str = "",
) -> Event:
    """The verdict on the same version with these answers and further findings.

    The state follows from the findings unless it is given: the bureau may decide otherwise, and
    ``note`` says why. Where findings were left off the record (``events.FINDINGS_KEPT``) their answers are
    not known, so that no answer accepts the version: that takes the bureau's word on the whole of it.
    """
    findings = [dict(finding) for finding in before.body["findings"]]
    for finding in findings:
        if finding["id"] in replies:
            finding["reply"] = str(replies[finding["id"]])
    findings += [finding_brief(finding) for finding in added]
    counts = {
        s: n
        for s in map(str, Severity)
        if (n := before.body["counts"].get(s, 0) + sum(f.severity == s for f in added))
    }
    body: dict[str, Any] = {**before.body, "findings": findings, "counts": counts}
    if note:
        body["note"] = note
    told = state or _state(findings)
    if state is None and told is State.ACCEPTED and before.body.get("findings_left_off"):
        told = State.PENDING
    return Event(_KINDS[told], actor, role, body, before.file_name)


def _state(findings: Sequence[Mapping[str, Any]]) -> State:
    own = [
        f for f in findings if f.get("level", 0) < BETWEEN_SUBMITTERS and f.get("outcome", "fail") == "fail"
    ]
    if any(f["severity"] == Severity.HARD for f in own):
        return State.REJECTED
    waiting = any(f["severity"] == Severity.SOFT and f.get("reply") != Reply.APPROVED for f in own)
    return State.PENDING if waiting else State.ACCEPTED


def older_twins(
    con: duckdb.DuckDBPyConnection,
    entries: Sequence[Entry],
    arrived: Sequence[Submission],
    actor: str,
    role: str,
) -> list[Event]:
    """New verdicts on versions in the ledger whose 版次 an arriving version bears with other content.

    Both carry the finding: neither can be believed before somebody says which one is meant.
    """
    standing: dict[tuple[object, ...], list[tuple[int, str, str, str, str]]] = {}
    rows = con.execute(
        "select period, submitter, form, subject, version, id, digest, sheet, edition, content from submission"
        " where edition <> 'history' and state in ('accepted', 'pending') order by id"
    ).fetchall()
    for *bears, version, digest, sheet, edition, content in rows:
        standing.setdefault(tuple(bears), []).append((version, digest, sheet, edition, content))
    events = []
    for submission in sorted(arrived, key=lambda s: (s.identity, s.digest, s.sheet)):
        if submission.edition == HISTORY:
            continue
        twins = standing.get((*submission.identity, submission.version), ())
        for version, digest, sheet, edition, content in twins:
            if content == content_digest(submission):
                continue
            before = last_decision(con, entries, version)
            older = replace(
                submission, digest=digest, sheet=sheet, edition=edition, file_name=before.file_name
            )
            finding = equal_version(older, [submission.digest])
            if all(known["rule"] != EQUAL_VERSION_RULE for known in before.body["findings"]):
                events.append(redecided(before, actor, role, {}, [finding]))
    return events
