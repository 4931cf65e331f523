"""When a report falls due, as data beside the printed sentence of its form, and the day that it means.

A deadline is a day of a month after the period, or a number of working days after an event. One that
falls on a day off moves to the next working day (顺延), so that nobody is late over a holiday.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Literal

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from schemas.period import Period
from schemas.workdays import WorkCalendar

Occasion = Literal["M", "Q", "A", "E"]  # the frequencies of a period, and E: an event


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Deadline:
    """One deadline of a form: for reports of ``frequency``, or after an event (E).

    ``day`` is a day of the month that lies ``months_after`` the period's last one; a month that is
    shorter ends on its last day. ``workdays`` counts the working days of that month, or those after
    the event. Exactly one of the two is given. ``fields`` narrows it to some columns,
    named by ``label``; ``levels`` to some filers.
    """

    frequency: Occasion
    months_after: int = 1
    day: int | None = None
    workdays: int | None = None
    label: str = ""
    fields: tuple[str, ...] = ()
    levels: tuple[Literal["province", "city", "county", "chain"], ...] = ()

    def holds_for(self, period: Period, level: str) -> bool:
        """True for the reports of this period by an office of this level."""
        return self.frequency == period.frequency and (not self.levels or level in self.levels)


def due_day(deadline: Deadline, period: Period, workdays: WorkCalendar) -> date:
    """The last day on which a report of the period is in time, a working day.

    ValueError for a deadline that counts from an event: that one has no day of its own.
    """
    if deadline.frequency == "E":
        raise ValueError("发生日期未知的事项没有固定的截止日期")
    months = period.year * 12 + period.month - 1 + deadline.months_after
    year, month = months // 12, months % 12 + 1
    if deadline.workdays is not None:
        return workdays.after(date(year, month, 1) - timedelta(days=1), deadline.workdays)
    assert deadline.day is not None, "read_form takes none without a day"
    return workdays.on_or_after(date(year, month, min(deadline.day, calendar.monthrange(year, month)[1])))


def deadlines_for(deadlines: Sequence[Deadline], period: Period, level: str) -> tuple[Deadline, ...]:
    """The deadlines that a report has, that of the whole form last."""
    found = [d for d in deadlines if d.holds_for(period, level)]
    return tuple(sorted(found, key=lambda d: (not d.fields, d.label)))


def deadline_problems(
    deadlines: Sequence[Deadline], frequencies: Sequence[str], fields: Sequence[str]
) -> Iterator[str]:
    """What is wrong with the deadlines of a form, as clauses of a sentence."""
    for one in deadlines:
        if (one.day is None) == (one.workdays is None):
            yield f"截止日期（{one.frequency}）须写明 day 或 workdays 之一"
        if one.day is not None and not 1 <= one.day <= 31:
            yield f"截止日期（{one.frequency}）的日 {one.day} 不在 1 至 31 之间"
        if one.workdays is not None and one.workdays < 1:
            yield f"截止日期（{one.frequency}）的工作日数 {one.workdays} 小于 1"
        if one.frequency == "E" and one.workdays is None:
            yield "按事项起算的截止日期须写明 workdays"
        if bool(one.fields) != bool(one.label):
            yield f"截止日期（{one.frequency}）的 fields 与 label 须同时写明"
        yield from (f"截止日期的字段 {name} 不在表中" for name in one.fields if name not in fields)
    general = {one.frequency for one in deadlines if not one.fields}
    if general != {"E"}:
        yield from (f"频率 {f} 没有截止日期" for f in frequencies if f not in general)
