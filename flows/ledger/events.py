"""What happened, as records: the kinds of events, their bodies, and their order in a batch.

An event's body holds all that later readers need to follow a decision without judging again; it
never holds a clock, a path or a file name, so that the chained record is the same on every machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from flows.ledger.content import content_digest, identity_part
from schemas.finding import Finding, Severity, State
from schemas.period import Period
from schemas.reading.record import Delivery, Submission

HISTORY = "history"  # the edition of records that a history workbook loads
FINDINGS_KEPT = 2000  # of one decision; a file that is wrong in every cell shall not fill the journal

_SEVERITY_ORDER = {Severity.HARD: 0, Severity.SOFT: 1, Severity.CLUE: 2}
# what the event says about the whole submission is not repeated in each finding
_FROM_EVENT = frozenset({"digest", "file_name", "submitter", "period", "form", "edition", "subject", "sheet"})
_DEFAULTS: dict[str, Any] = {"level": 0, "outcome": "fail", "reply": "open"}


class EventType(StrEnum):
    """Everything that the journal can say."""

    RECEIVED = "received"
    """A delivery that could be read was archived; lists the submissions in it."""

    REFUSED = "refused"
    """A delivery was archived and nothing in it can be taken; holds the finding that says why."""

    ACCEPTED = "accepted"
    """One version of a submission is taken; its values count."""

    PENDING = "pending"
    """One version waits for the bureau; a setting says whether its values count."""

    REJECTED = "rejected"
    """One version is sent back; an older accepted one stays in view."""

    BACKFILLED = "backfilled"
    """Earlier figures filed by the bureau in a history workbook are taken, for one form and period."""

    REPLACED = "replaced"
    """A newer version stands in a version's place; lists the rows that it no longer has."""

    UNCHANGED = "unchanged"
    """A file held what was already decided, in other bytes; names the delivery that has it."""

    EXPLAINED = "explained"
    """A submitter's answers to soft findings of one submission, with reason code and text."""

    REVIEWED = "reviewed"
    """The bureau approved or returned an explanation, or settled a finding between submitters."""

    PROPOSED = "proposed"
    """A correction (GLT10) that fits what is stored; it waits for the bureau."""

    CORRECTED = "corrected"
    """The bureau confirmed a correction: from here on its new value counts."""

    DISMISSED = "dismissed"
    """The bureau refused a correction; holds the reason."""

    COMPARED = "compared"
    """The rules between submitters were evaluated for one period; holds findings and outcomes."""

    RELEASED = "released"
    """A release was made, with its digest and the data position that it stands on."""

    PUBLISHED = "published"
    """Named people set a release's stage, with the reason; its tables stay as they are."""

    APPROVED = "approved"
    """A named person approved a method version by a document; the digest of its file is locked."""


DECISIONS: Mapping[str, State] = {
    EventType.ACCEPTED: State.ACCEPTED,
    EventType.BACKFILLED: State.ACCEPTED,
    EventType.PENDING: State.PENDING,
    EventType.REJECTED: State.REJECTED,
}
# a review comes before the verdict that follows from it, what follows from a verdict after it
_RANK = {EventType.REVIEWED: -1} | {
    kind: rank
    for rank, kind in enumerate(
        (EventType.REPLACED, EventType.UNCHANGED, EventType.EXPLAINED, EventType.PROPOSED, EventType.CORRECTED,
         EventType.DISMISSED, EventType.COMPARED, EventType.RELEASED,
         EventType.PUBLISHED, EventType.APPROVED), 1
    )
}  # fmt: skip


@dataclass(frozen=True)
class Event:
    """One thing that happened. ``file_name`` and a release's ``manifest`` stand beside the chained record, not in it.

    ``manifest`` is the seal of a manifest file: package versions are in that file, and the chain does not depend on
    them.
    """

    type: EventType
    actor: str
    role: str
    body: Mapping[str, Any]
    file_name: str = ""
    manifest: str = ""


def canonical_order(event: Event) -> tuple[Any, ...]:
    """The place of an event in its batch: period, submitter, form, subject, then digest.

    Deliveries have no period and come first; what follows from decisions comes after them.
    """
    body = event.body
    return (
        period_order(body.get("period", "")),
        body.get("submitter", ""),
        body.get("form", ""),
        body.get("subject", ""),
        _RANK.get(event.type, 0),
        body.get("digest", ""),
        body.get("sheet", ""),
        body.get("revision", body.get("finding", "")),
    )


def period_order(text: str) -> tuple[int, int, str]:
    """Sorts periods as they follow in time; texts that are no period come first."""
    if not text:
        return (0, 0, "")
    try:
        period = Period.parse(text)
    except ValueError:
        return (0, 1, text)
    return (period.ref_month, period.rank, text)


def received(delivery: Delivery, actor: str, role: str) -> Event:
    """The event of a delivery that was read."""
    body = {
        "digest": delivery.digest,
        "size": delivery.size,
        "submissions": sorted(
            [s.period, s.submitter, s.form, s.edition, s.subject, s.sheet] for s in delivery.submissions
        ),
        **finding_part(delivery.findings),
    }
    return Event(EventType.RECEIVED, actor, role, body, delivery.file_name)


def refused(delivery: Delivery, actor: str, role: str) -> Event:
    """The event of a delivery of which nothing can be taken; ValueError if it was not refused."""
    if delivery.refused is None:
        raise ValueError(f"{delivery.file_name} was not refused")
    body = {
        "digest": delivery.digest,
        "size": delivery.size,
        "rule": delivery.refused.rule,
        **finding_part((delivery.refused, *delivery.findings)),
    }
    return Event(EventType.REFUSED, actor, role, body, delivery.file_name)


def decided(
    submission: Submission,
    state: State,
    findings: Sequence[Finding],
    actor: str,
    role: str,
    content: str | None = None,
) -> Event:
    """The event of a verdict on one version; history that is taken is ``backfilled``.

    ``content`` is the content digest where it is already known. ValueError for a state that is no
    verdict.
    """
    kinds = {kind for kind, meant in DECISIONS.items() if meant == state}
    if not kinds:
        raise ValueError(f"{state} is no verdict on a submission")
    history = submission.edition == HISTORY and state == State.ACCEPTED
    kind = EventType.BACKFILLED if history else EventType(min(kinds))
    body = {
        **identity_part(submission),
        "edition": submission.edition,
        "version": submission.version,
        "reported_on": submission.reported_on,
        "office": submission.office,
        "sheet": submission.sheet,
        "digest": submission.digest,
        "content": content or content_digest(submission),
        "signed": list(submission.signed),
        **finding_part(findings),
    }
    return Event(kind, actor, role, body, submission.file_name)


def finding_part(findings: Sequence[Finding], whole: bool = False) -> dict[str, Any]:
    """The findings of a body: how many of each severity, and each of them, hard ones first.

    What the event says about its submission is not repeated, unless the findings are of many
    (``whole``).
    """
    ordered = sorted(
        findings,
        key=lambda f: (
            _SEVERITY_ORDER[f.severity],
            f.rule,
            f.sheet,
            f.row_key,
            f.field,
            f.cell,
            f.value,
            f.submitter,
        ),
    )
    counts = {str(s): n for s in Severity if (n := sum(f.severity == s for f in ordered))}
    part: dict[str, Any] = {
        "counts": counts,
        "findings": [finding_brief(f, whole) for f in ordered[:FINDINGS_KEPT]],
    }
    if len(ordered) > FINDINGS_KEPT:
        part["findings_left_off"] = len(ordered) - FINDINGS_KEPT
    return part


def finding_brief(finding: Finding, whole: bool = False) -> dict[str, Any]:
    """A finding as a body holds it: what the event does not say already, defaults left out."""
    record: dict[str, Any] = {"id": finding.id}
    left_out = frozenset({"file_name"}) if whole else _FROM_EVENT  # file names stand beside the chain
    for field in fields(finding):
        value = getattr(finding, field.name)
        value = value if isinstance(value, int) else str(value)
        if field.name not in left_out and value != _DEFAULTS.get(field.name, ""):
            record[field.name] = value
    return record
