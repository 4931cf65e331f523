"""From findings to the state of a submission.

A hard finding rejects; a soft one leaves it pending until the bureau approved its explanation; otherwise
it is accepted.
Clues never block, and a rule between submitters (level 3) rejects nobody and holds nobody up: its
findings are for the bureau.
"""

from __future__ import annotations

from collections.abc import Sequence

from schemas.finding import Finding, Reply, Severity, State

BETWEEN_SUBMITTERS = 3


def decision(findings: Sequence[Finding]) -> State:
    """The state that these findings give: rejected, pending or accepted."""
    own = [finding for finding in findings if finding.level < BETWEEN_SUBMITTERS]
    if any(finding.severity is Severity.HARD for finding in own):
        return State.REJECTED
    waiting = any(finding.severity is Severity.SOFT and _open(finding) for finding in own)
    return State.PENDING if waiting else State.ACCEPTED


def _open(finding: Finding) -> bool:
    """True if the finding still waits: for an explanation, or for the bureau to approve one."""
    return finding.reply is not Reply.APPROVED
