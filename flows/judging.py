"""A batch's verdicts, month by month: each report is judged against what was in force before it.

The rules inside a submission run once over the whole batch; then, in the order of the months, the rules
against earlier reports, the corrections, the explanations that came along and the bureau's answers that
are known. What is accepted or pending of one month is in force for the next.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import duckdb

from flows.ledger.answers import Answered
from flows.ledger.arriving import Arriving
from flows.ledger.decide import Judged, equal_version_findings
from flows.ledger.in_force import Ledger
from flows.ledger.replies import known_replies, open_findings
from schemas.checks import check, check_earlier, prepare
from schemas.codes import Codes
from schemas.corrections import Correction, corrections_of
from schemas.decide import decision
from schemas.finding import Finding, Reply, Severity
from schemas.period import Period
from schemas.reading.record import Delivery, Explanation, Submission
from schemas.territory import BUREAU

CORRECTIONS = "GLT10"
DEAD = "E08"  # an explanation whose finding is no more


@dataclass
class Verdicts:
    """What a batch came to."""

    judged: list[Judged] = field(default_factory=list)  # in the order of the submissions
    corrections: list[Correction] = field(default_factory=list)  # those that fit
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
    in_force = Arriving(Ledger(con, upto_seq, admit_pending))
    replies = known_replies(con)
    given = {e.finding: (d, e) for d in deliveries for e in d.explanations}
    verdicts = Verdicts()
    by_place: dict[int, Judged] = {}
    used: set[str] = set()
    for month in sorted({_month(s) for s in submissions}):
        members = [at for at, s in enumerate(submissions) if _month(s) == month]
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
                fitting, misfits = corrections_of(submission, in_force, has_evidence)
                found += misfits
            found = [_answered(finding, replies, given) for finding in found]
            verdict = Judged(submission, decision(found).state, tuple(found))
            decided.append(verdict)
            by_place[at] = verdict
            if submission.form == CORRECTIONS and not decision(found).hard:
                verdicts.corrections += fitting
            for finding in found:
                if finding.severity is Severity.SOFT and finding.id in given:
                    delivery, explanation = given[finding.id]
                    used.add(finding.id)
                    if finding.reply is Reply.APPROVED:
                        continue  # filed again in the copy that came back: the bureau has decided on it
                    verdicts.answered.append(
                        Answered(submission.identity, finding.rule, explanation, delivery.digest)
                    )
        in_force.take(decided)
    verdicts.judged = [by_place[at] for at in range(len(submissions))]
    _leftover(con, {k: v for k, v in given.items() if k not in used}, verdicts)
    return verdicts


def _month(submission: Submission) -> int:
    """The reference month; 0 where the period cannot be read."""
    try:
        return Period.parse(submission.period).ref_month
    except ValueError:
        return 0


def _by_place(findings: Sequence[Finding]) -> dict[tuple[str, str], list[Finding]]:
    found: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        found.setdefault((finding.digest, finding.sheet), []).append(finding)
    return found


def _answered(
    finding: Finding, replies: dict[str, Reply], given: dict[str, tuple[Delivery, Explanation]]
) -> Finding:
    """The finding with where it stands: an explanation that comes now, else what is known of it.

    An approval stands as long as the finding does, whatever is explained again.
    """
    if finding.severity is not Severity.SOFT:
        return finding
    known = replies.get(finding.id, Reply.OPEN)
    if known is not Reply.APPROVED and finding.id in given:
        known = Reply.EXPLAINED
    return replace(finding, reply=known)


def _leftover(
    con: duckdb.DuckDBPyConnection, given: dict[str, tuple[Delivery, Explanation]], verdicts: Verdicts
) -> None:
    """Explanations of findings on forms that did not come again, of hard findings, and of those that are no more."""
    standing = open_findings(con)
    hard = {f.id for judged in verdicts.judged for f in judged.findings if f.severity is Severity.HARD}
    for id, (delivery, explanation) in sorted(given.items()):
        submitters = {s.submitter for s in delivery.submissions}
        known = standing.get(id)
        if known is not None and known.identity[1] in submitters:
            verdicts.answered.append(Answered(known.identity, known.rule, explanation, delivery.digest))
            continue
        verdicts.loose.append(
            Finding(
                rule=DEAD,
                severity=Severity.SOFT,
                message=f"问题 {id} 是强制性的，不能以说明代替更正，说明未采用。"
                if id in hard
                else f"说明所对应的问题 {id} 已不存在（数值已改，或编号不对），未采用。",
                advice="请按审核结果更正数据后重报。"
                if id in hard
                else "数值已更正的不需要说明；仍需说明的，请在最近一次退回件上填写。",
                digest=delivery.digest,
                file_name=delivery.file_name,
                sheet=explanation.sheet,
                cell=explanation.cell,
                value=explanation.text,
            )
        )
