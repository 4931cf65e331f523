"""What goes back to a submitter, as records: which findings, in which order, and what was said to them so far."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from schemas.decide import BETWEEN_SUBMITTERS
from schemas.finding import Finding, Reply, Severity
from schemas.reading.record import Delivery
from schemas.reading.spelling import column_of

COPY_SUFFIX = "-审核结果.xlsx"
LETTER_SUFFIX = "-退件函.xlsx"
MOST = 5000  # findings that are listed; each takes a worker about 2 ms

Kind = Literal["copy", "letter", "comparison"]

_ADDRESS = re.compile(r"([A-Z]{1,3})?([1-9][0-9]{0,6})?(?::.*)?")
_SEVERITIES = (Severity.HARD, Severity.SOFT)


@dataclass(frozen=True)
class Answer:
    """Where a soft finding stands: the submitter's explanation, and the bureau's word if it sent it back."""

    reply: Reply
    reason: str = ""  # code of explanation_reasons
    text: str = ""
    remark: str = ""  # the bureau's


@dataclass(frozen=True)
class ReturnJob:
    """One workbook to be marked: the bytes at ``source``, written anew to ``target``.

    ``findings`` are those of the whole delivery; which of them are shown, ``shown`` says. ``answers``
    is by finding id. ``office`` is the submitter as a letter addresses it, ``remarks`` are sentences on top.
    """

    source: Path
    target: Path
    delivery_name: str
    office: str
    findings: tuple[Finding, ...]
    answers: Mapping[str, Answer] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReturnResult:
    """What became of a job: the marked copy, or a letter in its place and why."""

    path: Path
    kind: Kind
    reason: str = ""


@dataclass(frozen=True)
class Returned:
    """A delivery that may have to go back, with everything that was found in it and where its bytes are."""

    delivery: Delivery
    source: Path
    findings: tuple[Finding, ...]
    answers: Mapping[str, Answer] = field(default_factory=dict)


@dataclass(frozen=True)
class ReturnFile:
    """One file of the return folder. ``folder`` is the submitter's; ``reason`` as in ``ReturnResult``."""

    path: Path
    kind: Kind
    folder: str
    digest: str  # of the delivery
    reason: str = ""


def shown(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings that a submitter gets to see, each once, hard ones first, then as they stand in the file.

    Clues and findings between submitters are for the bureau alone.
    """
    own = (f for f in findings if f.severity in _SEVERITIES and f.level < BETWEEN_SUBMITTERS)
    return tuple(sorted(dict.fromkeys(own), key=_order))


def _order(finding: Finding) -> tuple[int, str, str, str, int, int, str, str, str]:
    match = _ADDRESS.fullmatch(finding.cell.partition(",")[0])
    letters, row = (match[1], match[2]) if match else ("", "")
    return (
        _SEVERITIES.index(finding.severity), finding.form, finding.subject, finding.sheet, int(row or 0),
        column_of(letters or ""), finding.rule, finding.id, finding.cell,
    )  # fmt: skip


def answer_of(finding: Finding, answers: Mapping[str, Answer]) -> Answer:
    """What was said to a finding; only its own state if nobody told more."""
    return answers.get(finding.id) or Answer(finding.reply)


def awaits_explanation(finding: Finding, answer: Answer) -> bool:
    """True if the submitter may still write: a soft finding that the bureau has not approved."""
    return finding.severity is Severity.SOFT and answer.reply is not Reply.APPROVED


@dataclass(frozen=True)
class Listing:
    """What the sheet says: of which file, for whom, which findings in which order, what was answered to them.

    ``remarks`` are sentences that stand on top; ``digest`` is of the file's bytes, where it is shown.
    """

    delivery_name: str
    office: str
    findings: Sequence[Finding]
    answers: Mapping[str, Answer]
    remarks: tuple[str, ...] = ()
    digest: str = ""


def listing_of(
    delivery_name: str,
    office: str,
    findings: Iterable[Finding],
    answers: Mapping[str, Answer],
    remarks: tuple[str, ...] = (),
) -> Listing:
    """The listing of what the submitter sees of these findings, and of the answers that belong to them.

    A file that is wrong in every cell is listed as far as anybody will read, and the sheet says so.
    """
    told = shown(findings)
    kept = told[:MOST]
    remark = f"另有 {len(told) - MOST} 条未列出，请先改正已列各条。"
    return Listing(
        delivery_name,
        office,
        kept,
        {finding.id: answers[finding.id] for finding in kept if finding.id in answers},
        (*remarks, *((remark,) if len(told) > MOST else ())),
    )
