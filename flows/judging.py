"""A batch's verdicts, period by period: each report is judged against what was in force before it.

The rules inside a submission run once over the whole batch; then, in the order of the periods, the rules
against earlier reports, the corrections, the explanations that came along and the bureau's answers that
are known. What is accepted of one period (or pending, where that counts) is in force for the next.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import duckdb

from flows.explanations import Explainable, Explanations
from flows.ledger.answers import Answered
from flows.ledger.arriving import Arriving
from flows.ledger.decide import Judged, equal_version_findings
from flows.ledger.events import period_order
from flows.ledger.in_force import Ledger
from flows.ledger.proposals import is_known
from flows.ledger.replies import known_replies, open_findings
from schemas.checks import check, check_earlier, prepare
from schemas.codes import Codes
from schemas.corrections import Correction, corrections_of
from schemas.decide import decision
from schemas.finding import Finding, Reply, Severity, State
from schemas.reading.record import Delivery
from schemas.territory import BUREAU

CORRECTIONS = "GLT10"


@dataclass
class Verdicts:
    """What a batch came to."""

    judged: list[Judged] = field(default_factory=list)  # in the order of the submissions
    corrections: list[Correction] = field(default_factory=list)  # those that fit and are new
    answered: list[Answered] = field(default_factory=list)
    loose: list[Finding] = field(default_factory=list)  # of a delivery, not of a submission


def judge_batch(
    con: duckdb.DuckDBPyConnection,
    upto_seq: int,
    deliveries: Sequence[Delivery],
    codes: Codes,
    admit_pending: bool,
    has_evidence: Callable[[str], bool],
) -> Verdicts:
    """Check the submissions of a batch and decide on each. RuleError if a rule cannot be evaluated."""
    submissions = [s for d in deliveries for s in d.submissions]
    prepared = prepare(submissions, codes)
    inside = check(prepared)
    versions = _by_place(equal_version_findings(con, submissions))
    in_force = Arriving(Ledger(con, upto_seq, admit_pending), admit_pending)
    replies = known_replies(con)
    explanations = Explanations(deliveries)
    verdicts = Verdicts()
    by_place: dict[int, Judged] = {}
    # an annual report comes after the fourth quarter's of the same month, and is compared with it
    for period in sorted({period_order(s.period) for s in submissions}):
        members = [at for at, s in enumerate(submissions) if period_order(s.period) == period]
        # what the bureau files nobody could explain: it is compared with, and not judged by it
        asked = [at for at in members if submissions[at].submitter != BUREAU.code]
        against = check_earlier(prepared, asked, in_force)
        decided = []
        for at in members:
            submission = submissions[at]
            found = [
                *submission.findings, *inside.per_submission[at], *against.per_submission[at],
                *versions.get((submission.digest, submission.sheet), ()),
            ]  # fmt: skip
            if submission.form == CORRECTIONS:
                fitting, misfits = corrections_of(
                    submission, in_force, codes, has_evidence, partial(is_known, con), verdicts.corrections
                )
                found += misfits
            found = [_answered(finding, replies, explanations) for finding in found]
            verdict = Judged(submission, decision(found), tuple(found))
            decided.append(verdict)
            by_place[at] = verdict
            if submission.form == CORRECTIONS and verdict.state is not State.REJECTED:
                verdicts.corrections += fitting
        in_force.take(decided)
    verdicts.judged = [by_place[at] for at in range(len(submissions))]
    verdicts.answered, verdicts.loose = explanations.settled(_asked(con, verdicts.judged), replies)
    return verdicts


def _by_place(findings: Sequence[Finding]) -> dict[tuple[str, str], list[Finding]]:
    found: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        found.setdefault((finding.digest, finding.sheet), []).append(finding)
    return found


def _answered(finding: Finding, replies: Mapping[str, Reply], explanations: Explanations) -> Finding:
    """The finding with where it stands: an explanation that comes now, else what is known of it.

    An approval stands as long as the finding does, whatever is explained again.
    """
    if finding.severity is not Severity.SOFT:
        return finding
    known = replies.get(finding.id, Reply.OPEN)
    if known is not Reply.APPROVED and explanations.answers(finding):
        known = Reply.EXPLAINED
    return replace(finding, reply=known)


def _asked(con: duckdb.DuckDBPyConnection, judged: Sequence[Judged]) -> dict[str, Explainable]:
    """What an explanation can be about: findings of the batch, and open ones on forms that did not come again."""
    asked = {
        id: Explainable(known.identity, known.rule, Severity.SOFT) for id, known in open_findings(con).items()
    }
    for one in judged:
        for finding in one.findings:
            if finding.severity is not Severity.CLUE:
                asked[finding.id] = Explainable(one.submission.identity, finding.rule, finding.severity)
    return asked
