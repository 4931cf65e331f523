"""What the linter says: a rule, how grave it is, where, why, and who says so."""

from __future__ import annotations

from typing import Literal, NamedTuple

HANDBOOK_ZH = "OECD/JRC《综合指标编制手册》(2008)"


Severity = Literal["refuse", "warn"]


class Doubt(NamedTuple):
    """``refuse`` must not be computed or published so, ``warn`` needs a reason; ``node`` is what it is about."""

    rule: str
    severity: Severity
    node: str
    message: str
    source: str


SEVERITY_ZH = {"refuse": "拒绝", "warn": "提醒"}


def order(doubts: list[Doubt]) -> list[Doubt]:
    """Refusals first, then by rule and node."""
    return sorted(doubts, key=lambda d: (d.severity != "refuse", d.rule, d.node, d.message))
