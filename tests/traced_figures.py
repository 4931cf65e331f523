"""Figures of an indicator from the cells that its trace lists, and from nothing else.

The formulas are those of ``oracle_formulas.py`` in plain decimals. What they ask for is answered here from cells
alone: a sum adds them, a weighted mean takes the weights that are listed beside them, a total of twelve months
their reports. Beside the cells only data are known: the code list's number of sub-chains, and the plan's target.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from oracle_figures import Absent, Figures
from oracle_reading import Cell, Report
from oracle_subjects import last_reports, or_nothing, per, twelve_months, yoy

Row = Mapping[str, Any]
BASE, VALUE, WEIGHT = "基期", "数值", "权数"


def report_of(ref_period: str) -> Report:
    """The report that an indicator was read from: a month, a quarter's last month, a year."""
    year, _, rest = ref_period.replace("Q", "-Q").partition("-")
    if not rest:
        return Report(int(year), 12, annual=True)
    return Report(int(year), 3 * int(rest[1:]) if rest.startswith("Q") else int(rest))


class FromCells:
    """A subject at one report, as the formulas ask for it; ``variables`` are those of one traced indicator.

    ``use`` is 基期 to read the base period instead of the report.
    """

    def __init__(
        self, variables: Sequence[Row], at: Report, parts: int, target: Decimal | None, use: str = VALUE
    ) -> None:
        self._rows = {v["variable"]: v["rows"] for v in variables}
        self._parts, self._target, self._use = parts, target, use
        self.at, self.month = at, Decimal(at.month)
        self.year_progress = Decimal(at.month) / 12

    @property
    def target(self) -> Decimal:
        """The plan's target of 2026 in 亿元."""
        if self._target is None:
            raise Absent("late")
        return self._target

    def glt01(self, field: str) -> Decimal:
        return self._field(f"GLT01.{field}")

    def glt02(self, field: str) -> Decimal:
        return self._field(f"GLT02.{field}")

    def glt03(self, field: str) -> Decimal:
        if f"GLT03.{field}" in self._rows:
            return self._field(f"GLT03.{field}")
        return self.total(self._cells("max_share(GLT03.rev_cum[cities])"))  # the whole of its parts

    def glt04(self, field: str) -> Decimal:
        return self._field(f"GLT04.{field}")

    def glt05(self, field: str) -> Decimal:
        return self._field(f"GLT05.{field}")

    def glt06(self, field: str) -> Decimal:
        return self._field(f"GLT06.{field}")

    def glt07(self, field: str) -> Decimal:
        return self._field(f"GLT07.{field}")

    def lead(self, field: str) -> Decimal:
        """A figure of the cluster's lead: one cell."""
        (cell,) = self._cells(f"GLT03.{field}")
        return self.total([cell])

    def province_glt02(self, field: str) -> Decimal:
        return self._field(f"GLT02.{field}[province]")

    def core_glt02(self, field: str) -> Decimal:
        return self._field(f"GLT02.{field}[core]")

    def core_glt03(self, field: str) -> Decimal:
        return self._field(f"GLT03.{field}[core]")

    def chains_glt01(self, field: str) -> Decimal:
        return self._field(f"GLT01.{field}[chains]")

    def weighted(self, rate: str, weight: str) -> Decimal:
        """The mean of a rate, weighted by the cells that are listed as its weights."""
        rows = self._rows[f"GLT03.{rate}"]
        weights = {c["key"]["region_code"]: c for c in rows if c["use"] == WEIGHT}
        assert {c["field"] for c in weights.values()} == {weight}
        pairs = []
        for cell in self._cells(f"GLT03.{rate}"):
            if cell["mark"] != "N":
                other = weights[cell["key"]["region_code"]]
                pairs.append((self.total([cell]), self.total([other])))
        return per(sum((r * w for r, w in pairs), Decimal(0)), sum((w for _, w in pairs), Decimal(0)))

    def ttm(self) -> Decimal:
        """Twelve months: the reports are those whose cells are listed."""
        name = next(name for name in self._rows if name.startswith("ttm("))

        def figure(field: str, at: Report) -> Decimal:
            return self.total(self._cells(name, 100 * at.year + at.month, field))

        return twelve_months(figure, self.at)

    def growth_of_last(self, n: int) -> list[Decimal]:
        """The growth rates of the reports whose cells are listed."""
        name = next(name for name in self._rows if name.startswith("std("))
        values = []
        for at in last_reports(self.at, n):
            month = 100 * at.year + at.month
            try:
                now, before = (
                    self.total(self._cells(name, month, field)) for field in ("rev_cum", "rev_cum_ly")
                )
                values.append(yoy(now, before))
            except Absent:
                if at == self.at:
                    raise
        return values

    def by_subchain(self) -> list[Decimal]:
        """Revenue by sub-chain; one without a row in any report is zero, and the code list says how many there are."""
        rows = self._cells("hhi_norm(GLT01.rev_cum[subchains])")
        codes = sorted({row["key"]["subchain_code"] for row in rows})
        parts = [[row for row in rows if row["key"]["subchain_code"] == code] for code in codes]
        values = [or_nothing(lambda part=part: self.total(part)) for part in parts]
        return values + [Decimal(0)] * (self._parts - len(values))

    def largest_city_share(self) -> Decimal:
        cells = self._cells("max_share(GLT03.rev_cum[cities])")
        return per(
            max(or_nothing(lambda cell=cell: self.total([cell])) for cell in cells), self.glt03("rev_cum")
        )

    def _field(self, name: str) -> Decimal:
        return self.total(self._cells(name))

    def _cells(self, name: str, month: int | None = None, field: str | None = None) -> list[Row]:
        """The cells of a variable, of its own report or of ``month``; ``field`` where it rests on several."""
        if name not in self._rows:
            raise Absent("late")
        at = month or 100 * self.at.year + self.at.month
        rows = [c for c in self._rows[name] if c["use"] == self._use and c["month"] == at]
        return [c for c in rows if field in (None, c["field"])]

    @staticmethod
    def total(cells: Iterable[Row]) -> Decimal:
        """The sum of cells, by the text that stands in each; what is 不适用 adds nothing, a gap leaves no sum."""
        return Figures.total([figure(cell) for cell in cells])


def figure(cell: Row) -> Cell:
    """The figure in a cell: that of a correction, else its text as it was filed, else its mark."""
    if "correction" in cell:
        return Cell(Decimal(cell["correction"]["new_value"]))
    if cell["mark"]:
        return Cell(None, cell["mark"])
    text = cell["raw"].replace(",", "").strip()
    return Cell(Decimal(text).quantize(Decimal("0.0001")) if text else None)
