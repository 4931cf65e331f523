"""Chinese working days: what the library knows, what the bureau's own list says, and where both end.

The State Council announces a year's holidays late in the year before, so a library always ends somewhere.
``codes/workdays.csv`` (date, working 1 or 0, note) stands before it, for days that it does not know or has
wrong. Beyond both, Monday to Friday are taken, and :meth:`WorkCalendar.warning` says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import chinese_calendar

from schemas.lists import ListError, rows_of

LIST = "workdays.csv"


class WorkdayError(ListError):
    """A list of working days that cannot be used; the message names file, line and value."""


@dataclass(frozen=True)
class WorkCalendar:
    """Which days are working days; ``listed`` goes before the library."""

    listed: Mapping[date, bool] = field(default_factory=dict)

    def known(self, day: date) -> bool:
        """True if the list or the library knows the day."""
        return day in self.listed or _in_library(day) is not None

    def works(self, day: date) -> bool:
        """True for a working day; a day that nobody knows is one from Monday to Friday."""
        if day in self.listed:
            return self.listed[day]
        known = _in_library(day)
        return day.weekday() < 5 if known is None else known

    def on_or_after(self, day: date) -> date:
        """The day itself, or the next working day."""
        while not self.works(day):
            day += timedelta(days=1)
        return day

    def after(self, day: date, count: int) -> date:
        """The working day that is this many after a day; the day itself does not count."""
        for _ in range(count):
            day = self.on_or_after(day + timedelta(days=1))
        return day

    def late(self, deadline: date, received: date) -> int:
        """How many working days after its deadline something came; 0 in time.

        What comes on a day off counts as of the next working day.
        """
        if received <= deadline:
            return 0
        counted = self.on_or_after(received)
        days = (deadline + timedelta(days=n) for n in range(1, (counted - deadline).days + 1))
        return sum(self.works(day) for day in days)

    def warning(self, first: date, last: date) -> str:
        """One sentence where days of a span are not known, else an empty text."""
        span = (first + timedelta(days=n) for n in range((last - first).days + 1))
        unknown = sorted({day.year for day in span if not self.known(day)})
        if not unknown:
            return ""
        years = "、".join(map(str, unknown))
        return (
            f"{years}年的节假日安排尚未收录（chinesecalendar 收录到{_last_year()}年），"
            f"暂按周一至周五为工作日推算；请把放假和调休日期写入代码表文件夹的 {LIST}。"
        )


def load_workdays(codes_folder: Path) -> WorkCalendar:
    """The calendar with the list of a code folder; a folder without one has none.

    WorkdayError for a line that is no date, has no 1 or 0, or stands there twice; ListError if it is not UTF-8.
    """
    path = codes_folder / LIST
    if not path.is_file():
        return WorkCalendar()
    listed: dict[date, bool] = {}
    for number, row in enumerate(rows_of(path), 2):
        try:
            day = date.fromisoformat(row["date"])
        except (KeyError, TypeError, ValueError) as error:
            raise WorkdayError(
                f"{LIST} 第 {number} 行的日期 {row.get('date')!r} 有误，应写如 2027-01-01。"
            ) from error
        if row.get("working") not in ("0", "1"):
            raise WorkdayError(
                f"{LIST} 第 {number} 行 {day} 的 working 为 {row.get('working')!r}，应写 1（上班）或 0（休息）。"
            )
        if day in listed:
            raise WorkdayError(f"{LIST} 第 {number} 行的日期 {day} 重复，请删去一行。")
        listed[day] = row["working"] == "1"
    return WorkCalendar(listed)


def _in_library(day: date) -> bool | None:
    """What the library says of a day; None in a year that it does not hold."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return None


def _last_year() -> int:
    return int(max(chinese_calendar.holidays).year)
