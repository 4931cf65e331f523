"""From findings to the state of a submission.

A hard finding rejects; a soft one leaves it pending until the bureau approved its explanation; otherwise
it is accepted.
Clues never block, and a rule between submitters (level 3) rejects nobody and holds nobody up: its
findings are for the bureau.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.finding import Finding, Reply, Severity, State
from schemas.reading.record import Submission

BETWEEN_SUBMITTERS = 3


@dataclass(frozen=True)
class Decision:
    """A submission's state and what decided it: numbers of hard, open soft and clue findings."""

    state: State
    hard: int
    soft: int
    clue: int


def decide(submission: Submission, found: Sequence[Finding] = ()) -> Decision:
    """The state of a submission from the reader's findings on it and those of the checks."""
    return decision((*submission.findings, *found))


def decision(findings: Sequence[Finding]) -> Decision:
    """The state that these findings give: rejected, pending or accepted."""
    own = [finding for finding in findings if finding.level < BETWEEN_SUBMITTERS]
    hard = sum(finding.severity is Severity.HARD for finding in own)
    soft = sum(finding.severity is Severity.SOFT and _open(finding) for finding in own)
    clue = sum(finding.severity is Severity.CLUE for finding in findings)
    state = State.REJECTED if hard else State.PENDING if soft else State.ACCEPTED
    return Decision(state, hard, soft, clue)


def _open(finding: Finding) -> bool:
    """True if the finding still waits: for an explanation, or for the bureau to approve one."""
    return finding.reply is not Reply.APPROVED
