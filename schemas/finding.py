"""The one record type for everything that a check says, and the words for states and outcomes.

A finding names file, sheet, cell, rule, value and what to do. All severities, outcomes, levels and
submission states of the design are declared here, so that later rules need no other record.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """What a failed rule does to a submission."""

    HARD = "hard"  # 强制性: rejects
    SOFT = "soft"  # 核实性: asks for an explanation
    CLUE = "clue"  # 线索: for the bureau alone


class Outcome(StrEnum):
    """The five outcomes of a rule; an error stops the run."""

    PASS = "pass"
    FAIL = "fail"
    MISSING = "missing"
    NA = "na"
    ERROR = "error"


class State(StrEnum):
    """The states of a submission."""

    RECEIVED = "received"
    REJECTED = "rejected"
    PENDING = "pending"
    ACCEPTED = "accepted"
    REPLACED = "replaced"


class Reply(StrEnum):
    """Where a soft finding stands between submitter and bureau."""

    OPEN = "open"
    EXPLAINED = "explained"
    APPROVED = "approved"
    RETURNED = "returned"


_PRECISE = re.compile(r"(?<![^|])-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,2})?(?![^|])")


def _shown(number: re.Match[str]) -> str:
    text = number[0]
    return text if text.lstrip("-").isdecimal() else format(float(text), ".15g")


SEVERITY_ZH = {Severity.HARD: "强制性", Severity.SOFT: "核实性", Severity.CLUE: "线索"}
STATE_ZH = {
    State.RECEIVED: "已收",
    State.REJECTED: "退回",
    State.PENDING: "待核",
    State.ACCEPTED: "接收",
    State.REPLACED: "已被替换",
}


@dataclass(frozen=True)
class Finding:
    """One thing that a check found.

    ``level`` is 0 file and structure, 1 inside the form, 2 against earlier periods, 3 between
    forms. ``cell`` names one cell or several, joined by commas. ``value`` is the text that stands
    there. ``message`` is one Chinese sentence with the values in it; ``advice`` says what to do.
    """

    rule: str
    severity: Severity
    message: str
    advice: str
    level: int = 0
    outcome: Outcome = Outcome.FAIL
    reply: Reply = Reply.OPEN
    digest: str = ""  # of the delivery
    file_name: str = ""
    submitter: str = ""
    period: str = ""
    form: str = ""
    edition: str = ""
    subject: str = ""
    sheet: str = ""
    cell: str = ""
    row_key: str = ""
    field: str = ""
    value: str = ""

    @property
    def id(self) -> str:
        """Digest of rule, key, fields and values: an explanation dies when the values change.

        A number counts as it is shown, with 15 digits: one program writes 1.1, another
        1.1000000000000001 for the same cell.
        """
        parts: tuple[str, ...] = (
            self.rule, self.period, self.submitter, self.form, self.subject,
            self.row_key, self.field, _PRECISE.sub(_shown, self.value),
        )  # fmt: skip
        if not self.submitter:  # an unread delivery is known by its bytes alone
            parts = (*parts, self.digest)
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]

    @property
    def sentence(self) -> str:
        """One line for a person: where, what, what to do."""
        place = " ".join(part for part in (self.file_name, self.sheet, self.cell) if part)
        return f"{place}：[{self.rule}] {self.message} {self.advice}".strip()
