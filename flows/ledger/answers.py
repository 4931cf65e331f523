"""What is said after a verdict: explanations, reviews, corrections, comparisons, as events of the journal.

Each body repeats all that a reader needs, so that an event can be understood by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from flows.ledger.content import identity_part
from flows.ledger.events import Event, EventType, finding_part
from flows.ledger.journal import Entry
from schemas.corrections import Correction
from schemas.finding import Finding, Reply
from schemas.reading.record import Explanation

Identity = tuple[str, str, str, str]  # period, submitter, form, subject


@dataclass(frozen=True)
class Answered:
    """A submitter's explanation of one finding, with whose finding it is and the rule."""

    identity: Identity
    rule: str
    explanation: Explanation
    digest: str  # of the delivery that holds it


def _about(identity: Identity) -> dict[str, str]:
    return dict(zip(("period", "submitter", "form", "subject"), identity, strict=True))


def explained(
    identity: Identity, digest: str, file_name: str, answers: Sequence[Answered], actor: str, role: str
) -> Event:
    """The event of a submitter's answers on one submission, as they stand in one delivery."""
    told = [
        {"finding": e.finding, "rule": rule, "reason": e.reason, "text": e.text, "cell": e.cell}
        for e, rule in sorted(((a.explanation, a.rule) for a in answers), key=lambda pair: pair[0].finding)
    ]
    body = {**_about(identity), "digest": digest, "sheet": answers[0].explanation.sheet, "answers": told}
    return Event(EventType.EXPLAINED, actor, role, body, file_name)


def reviewed(
    identity: Identity, finding: str, rule: str, verdict: Reply, note: str, actor: str, role: str
) -> Event:
    """The event of the bureau's verdict (approved or returned) on one finding."""
    body = {**_about(identity), "finding": finding, "rule": rule, "verdict": str(verdict), "note": note}
    return Event(EventType.REVIEWED, actor, role, body)


def proposed(correction: Correction, actor: str, role: str) -> Event:
    """The event of a correction that fits what is stored and waits for the bureau.

    It stands with the submission of GLT10 that asked for it, and names the version that it changes.
    """
    body: dict[str, Any] = {
        **identity_part(correction.request),
        "digest": correction.request.digest,
        "sheet": correction.request.sheet,
        "revision": correction.revision,
        "cell": correction.cell,
        "target": asdict(correction.target),
        "row_key": correction.row_key,
        "field": correction.field,
        "old_value": correction.old_value,
        "new_value": correction.new_value,
        "reason": correction.reason,
        "evidence": correction.evidence,
        "requested_by": correction.requested_by,
        "approved_by": correction.approved_by,
        "approved_at": correction.approved_at,
        "note": "",
    }
    return Event(EventType.PROPOSED, actor, role, body)


def settled(asked: Entry, applied: bool, note: str, actor: str, role: str) -> Event:
    """The bureau's word on a correction: the event that proposed it, confirmed or refused."""
    kind = EventType.CORRECTED if applied else EventType.DISMISSED
    return Event(kind, actor, role, {**asked.body, "note": note})


def compared(
    period: str, findings: Sequence[Finding], outcomes: Sequence[tuple[str, str, int]], actor: str, role: str
) -> Event:
    """The event of a comparison between submitters: findings with their places, outcomes by rule."""
    body = {
        "period": period,
        "outcomes": [list(row) for row in sorted(outcomes)],
        **finding_part(findings, whole=True),
    }
    return Event(EventType.COMPARED, actor, role, body)
