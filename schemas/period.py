"""Reporting periods: parsing, printing and ordering.

A period is written ``2026-10`` (a month, figures run from January), ``2026Q3`` (a quarter) or
``2026`` (the annual report). ``2026Q3`` and ``2026-09`` share one *reference month*; the annual
report is a submission of its own and is ordered after the reports of its December.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from typing import Literal

Frequency = Literal["M", "Q", "A"]

_CANONICAL = re.compile(r"(\d{4})(?:-(0[1-9]|1[0-2])|Q([1-4]))?")
_PRINTED = re.compile(
    r"(\d{4})年(?:(?:1[-—–－至])?(1[0-2]|0?[1-9])月|第?([一二三四1-4])季度|(?:年报|（年报）|\(年报\)))"
)
_QUARTERS = {"一": 1, "二": 2, "三": 3, "四": 4, "1": 1, "2": 2, "3": 3, "4": 4}


@dataclass(frozen=True, order=True)
class Period:
    """One reporting period.

    Ordering is by reference month, then months before quarters before annual reports.
    """

    year: int
    month: int  # the reference month, 1-12; a quarter's last month; 12 for a year
    rank: int = 0  # 0 month, 1 quarter, 2 year

    @classmethod
    def parse(cls, text: str) -> Period:
        """Read ``2026-10``, ``2026Q3`` or ``2026``; ValueError otherwise."""
        match = _CANONICAL.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"不是报告期：{text!r}（应写 2026-10、2026Q3 或 2026）")
        year, month, quarter = match.groups()
        if month:
            return cls(int(year), int(month), 0)
        if quarter:
            return cls(int(year), int(quarter) * 3, 1)
        return cls(int(year), 12, 2)

    @classmethod
    def parse_printed(cls, text: str) -> Period:
        """Read a form's head: ``2026年1-10月``, ``2026年第三季度``, ``2026年年报``, or canonical."""
        squeezed = re.sub(r"\s+", "", text)
        if _CANONICAL.fullmatch(squeezed):
            return cls.parse(squeezed)
        match = _PRINTED.fullmatch(squeezed)
        if match is None:
            raise ValueError(f"不是报告期：{text!r}")
        year, month, quarter = match.groups()
        if month:
            return cls(int(year), int(month), 0)
        if quarter:
            return cls(int(year), _QUARTERS[quarter] * 3, 1)
        return cls(int(year), 12, 2)

    @property
    def frequency(self) -> Frequency:
        """``M``, ``Q`` or ``A``."""
        frequencies: tuple[Frequency, ...] = ("M", "Q", "A")
        return frequencies[self.rank]

    @property
    def annual(self) -> bool:
        """True for an annual report."""
        return self.rank == 2

    @property
    def ref_month(self) -> int:
        """The reference month as ``yyyymm``."""
        return self.year * 100 + self.month

    @property
    def quarter_end(self) -> bool:
        """True where the quarterly fields fall due."""
        return self.month % 3 == 0

    @property
    def last_day(self) -> str:
        """ISO date of the period's last day."""
        return f"{self.year:04d}-{self.month:02d}-{calendar.monthrange(self.year, self.month)[1]:02d}"

    @property
    def printed(self) -> str:
        """As a form's head shows it."""
        if self.rank == 2:
            return f"{self.year}年年报"
        if self.rank == 1:
            return f"{self.year}年第{'一二三四'[self.month // 3 - 1]}季度"
        return f"{self.year}年1月" if self.month == 1 else f"{self.year}年1-{self.month}月"

    def as_month(self) -> Period:
        """The month with the same reference month."""
        return Period(self.year, self.month, 0)

    def as_quarter(self) -> Period:
        """The quarter with the same reference month; ValueError inside a quarter."""
        if not self.quarter_end:
            raise ValueError(f"{self} 不是季末月")
        return Period(self.year, self.month, 1)

    def same_month_last_year(self) -> Period:
        """The same kind of period one year earlier."""
        return Period(self.year - 1, self.month, self.rank)

    def previous_report(self) -> Period:
        """The monthly report before this month; there is no January report."""
        if self.month > 2:
            return Period(self.year, self.month - 1, 0)
        return Period(self.year - 1, 12, 0)

    def __str__(self) -> str:
        if self.rank == 2:
            return f"{self.year:04d}"
        if self.rank == 1:
            return f"{self.year:04d}Q{self.month // 3}"
        return f"{self.year:04d}-{self.month:02d}"


def months_between(earlier: int, later: int) -> int:
    """Months from one ``yyyymm`` to another."""
    return (later // 100 - earlier // 100) * 12 + later % 100 - earlier % 100
