"""Whom to chase and for what (催报), and how complete each form is at each level of offices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from flows.arrivals import Expected
from indices.coverage import Reports
from schemas.finding import State
from schemas.period import Period

LEVELS_ZH = {"province": "省", "city": "设区市", "county": "县（市、区）", "chain": "链长办"}
ABSENT_ZH, REJECTED_ZH, UNEXPLAINED_ZH = "未报", "退回未重报", "待说明"


@dataclass(frozen=True)
class LevelLine:
    """One form at one level of offices for one period.

    ``groups`` are field groups that are due on another day than the form. ``late_n`` came, but after a
    deadline; ``again_n`` counts newer versions that were rejected while an earlier one is in view.
    """

    form: str
    title: str
    period: str
    level: str
    due_day: date
    groups: tuple[tuple[str, date], ...]
    due_n: int
    accepted_n: int
    pending_n: int
    rejected_n: int
    absent_n: int
    late_n: int
    again_n: int
    filing_rate: Decimal | None
    revenue_coverage: Decimal | None


@dataclass(frozen=True)
class Wanted:
    """One thing that an office still owes.

    ``days`` are working days after the deadline: 0 before it, and where an earlier version is in view.
    """

    form: str
    title: str
    period: str
    subject: str
    what: str  # 未报, 退回未重报, 待说明
    due: date
    days: int


@dataclass(frozen=True)
class Reminder:
    """What one office is reminded of."""

    submitter: str
    name: str
    level: str
    wanted: tuple[Wanted, ...]

    @property
    def days(self) -> int:
        """The most working days that any of it is late."""
        return max(one.days for one in self.wanted)


def level_lines(expected: Sequence[Expected], reports: Reports) -> tuple[LevelLine, ...]:
    """The completeness of every form by period, form and level."""
    groups: dict[tuple[str, str, str], list[Expected]] = {}
    for one in expected:
        groups.setdefault((one.period, one.form, one.level), []).append(one)
    lines = []
    for (period, form, level), ones in groups.items():
        share = reports.share(Period.parse(period), form, level)
        states = [one.state for one in ones]
        accepted, pending, rejected = (
            states.count(state) for state in (State.ACCEPTED, State.PENDING, State.REJECTED)
        )
        lines.append(
            LevelLine(
                form, ones[0].title, period, level, ones[0].due,
                tuple((group.label, group.due) for group in ones[0].late if group.label),
                len(ones), accepted, pending, rejected, len(ones) - accepted - pending - rejected,
                sum(one.there and one.days_late > 0 for one in ones),
                sum(one.there and one.latest == State.REJECTED for one in ones),
                share.filing_rate, share.revenue_coverage,
            )
        )  # fmt: skip
    return tuple(lines)


def reminders(expected: Sequence[Expected], as_of: date) -> tuple[Reminder, ...]:
    """The offices to chase, those latest first, then by code.

    What is not there and not yet due is left out; what was rejected is wanted again at once.
    """
    owing: dict[tuple[str, str, str], list[Wanted]] = {}
    for one in expected:
        what = _what(one, as_of)
        if what:
            days = 0 if one.there else one.days_late
            owing.setdefault((one.submitter, one.name, one.level), []).append(
                Wanted(one.form, one.title, one.period, one.subject, what, one.due, days)
            )
    found = [Reminder(*office, tuple(wanted)) for office, wanted in owing.items()]
    return tuple(sorted(found, key=lambda r: (-r.days, r.submitter)))


def _what(one: Expected, as_of: date) -> str:
    if State.REJECTED in (one.state, one.latest):
        return REJECTED_ZH
    if not one.there:
        return ABSENT_ZH if min(late.due for late in one.late) < as_of else ""
    return UNEXPLAINED_ZH if one.state == State.PENDING and one.soft else ""
