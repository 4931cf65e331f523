"""The explanations that come with a batch: which is taken for which finding, and what is said of the others.

An office explains its own findings: an answer counts if its workbook holds a report of the office that
the finding is on. Two different answers to one finding are both left aside, for nobody can tell which
one is meant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flows.ledger.answers import Answered, Identity
from schemas.finding import Finding, Reply, Severity
from schemas.reading.record import Delivery, Explanation

CONTRADICTED = "E04"  # as in one workbook
DEAD = "E08"  # the finding is no more, or none that words could settle
FOREIGN = "E09"  # the finding is on the report of an office of which the workbook holds none

_Given = tuple[Delivery, Explanation]


@dataclass(frozen=True)
class Explainable:
    """A finding that could be meant, and the submission that it is on."""

    identity: Identity
    rule: str
    severity: Severity


class Explanations:
    """The explanations of a batch, by the finding that they name."""

    def __init__(self, deliveries: Sequence[Delivery]) -> None:
        self._given: dict[str, list[_Given]] = {}
        for delivery in deliveries:
            for explanation in delivery.explanations:
                self._given.setdefault(explanation.finding, []).append((delivery, explanation))

    def answers(self, finding: Finding) -> bool:
        """True if this finding is explained, by its own office and in one way."""
        return len(_ways(_own(self._given.get(finding.id, ()), finding.submitter))) == 1

    def settled(
        self, asked: Mapping[str, Explainable], replies: Mapping[str, Reply]
    ) -> tuple[list[Answered], list[Finding]]:
        """The answers that are taken, each finding once, and a soft finding for each that is not.

        ``asked`` are the findings of the batch and those that stand open from before. What the bureau
        approved (``replies``) is answered: its explanation, filed again in the copy that came back, is
        passed over.
        """
        answered: list[Answered] = []
        left: list[Finding] = []
        for id, given in sorted(self._given.items()):
            if replies.get(id) is Reply.APPROVED:
                continue
            if id not in asked:
                left += [_told(one, DEAD, *_gone(id)) for one in given]
                continue
            finding = asked[id]
            own = _own(given, finding.identity[1])
            left += [_told(one, FOREIGN, *_foreign(id)) for one in given if one not in own]
            if finding.severity is Severity.HARD:
                left += [_told(one, DEAD, *_hard(id)) for one in own]
            elif len(_ways(own)) > 1:
                left += [_told(one, CONTRADICTED, *_contradicted(id, len(own))) for one in own]
            elif own:
                delivery, explanation = own[0]
                answered.append(Answered(finding.identity, finding.rule, explanation, delivery.digest))
        return answered, left


def _own(given: Sequence[_Given], submitter: str) -> list[_Given]:
    """Those in workbooks that hold a report of this office."""
    return [(d, e) for d, e in given if any(s.submitter == submitter for s in d.submissions)]


def _ways(given: Sequence[_Given]) -> set[tuple[str, str]]:
    return {(explanation.reason, explanation.text) for _, explanation in given}


def _gone(id: str) -> tuple[str, str]:
    return (
        f"说明所对应的问题 {id} 已不存在（数值已改，或编号不对），未采用。",
        "数值已更正的不需要说明；仍需说明的，请在最近一次退回件上填写。",
    )


def _hard(id: str) -> tuple[str, str]:
    return (
        f"问题 {id} 是强制性的，不能以说明代替更正，说明未采用。",
        "请按审核结果更正数据后重报。",
    )


def _foreign(id: str) -> tuple[str, str]:
    return (
        f"问题 {id} 不在本工作簿所报单位的报表上，说明未采用。",
        "请由该报表的填报单位在自己的退回件上填写说明。",
    )


def _contradicted(id: str, n: int) -> tuple[str, str]:
    return (
        f"问题 {id} 在 {n} 份文件中有不同的说明，无法判断以哪条为准，均未采用。",
        "请只保留一条后重报。",
    )


def _told(given: _Given, rule: str, message: str, advice: str) -> Finding:
    """The finding on an explanation that is not taken; it belongs to no submission and rejects none."""
    delivery, explanation = given
    return Finding(
        rule=rule,
        severity=Severity.SOFT,
        message=message,
        advice=advice,
        digest=delivery.digest,
        file_name=delivery.file_name,
        sheet=explanation.sheet,
        cell=explanation.cell,
        value=explanation.text,
    )
