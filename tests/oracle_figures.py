"""Figures as they were reported, and their sums over submitters.

Where a figure is not there, ``Absent`` is raised with the kind of missing: late (nothing reported), not_yet
(W), not_applicable (N, or a zero denominator), suppressed (C).
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from oracle_reading import PROVINCE, Cell, Key, Lists, Report, Reports

RATES = ("cnc_rate", "dtool_rate", "va_growth")  # of GLT04 and GLT05: they do not add up
_KIND = {"": "late", "W": "not_yet", "N": "not_applicable", "C": "suppressed"}


class Absent(Exception):
    """There is no figure; ``kind`` says why."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Figures:
    """The rows of all reports, and the sums over submitters."""

    def __init__(self, reports: Reports, lists: Lists, targets: dict[str, Decimal]) -> None:
        self.reports, self.lists, self.targets = reports, lists, targets
        self._chain_sums: dict[tuple[str, str, Report], Decimal | str] = {}

    def own(self, form: str, at: Report, key: Key, field: str) -> Decimal:
        """The figure of one row."""
        return self.total([self._cell(form, at, key, field)])

    def _cell(self, form: str, at: Report, key: Key, field: str) -> Cell:
        row = self.reports.row(form, at, key)
        return Cell(None) if row is None else row.get(field, Cell(None))

    @staticmethod
    def total(cells: list[Cell]) -> Decimal:
        """The sum of cells; what is 不适用 adds nothing, what is missing leaves no sum."""
        marks = {cell.mark for cell in cells if cell.value is None}
        for mark in ("C", "W", ""):
            if mark in marks:
                raise Absent(_KIND[mark])
        values = [cell.value for cell in cells if cell.value is not None]
        if not values:
            raise Absent("not_applicable" if marks else "late")
        return sum(values, Decimal(0))

    def add(self, form: str, at: Report, keys: Iterable[Key], field: str) -> Decimal:
        """The sum of several rows."""
        return self.total([self._cell(form, at, key, field) for key in keys])

    def province(self, form: str, at: Report, chain: str, field: str) -> Decimal:
        """GLT04-06 of the province, for all chains (T) or one.

        GLT04 and GLT05 have a row of the province's own, GLT06 has none: then the cities add up, where they
        filed, and the bureau's row stands only where they did not.
        """
        filed = self.reports.filed.get((form, at), {})
        keys = [(city, chain) for city in self.lists.cities]
        own_row = form != "GLT06" and (PROVINCE, chain) in filed
        if not own_row and field not in RATES and any(key in filed for key in keys):
            return self.add(form, at, keys, field)
        return self.own(form, at, (PROVINCE, chain), field)

    def chain(self, item: str, at: Report, field: str) -> Decimal:
        """GLT01 over the province: a chain (EI), a sub-chain (EI01) or a chain's others (EI.Z)."""
        known = self._chain_sums.get((item, field, at))
        if known is None:
            try:
                known = self._sum_chain(item, at, field)
            except Absent as absent:
                known = absent.kind
            self._chain_sums[item, field, at] = known
        if isinstance(known, str):
            raise Absent(known)
        return known

    def _sum_chain(self, item: str, at: Report, field: str) -> Decimal:
        """Counties and adjusting rows where they were filed, else the city's row in history.

        Every submitter has a row T for each chain; a sub-chain row that is not there is 0.
        """
        chain = item[:2]
        subchain = "T" if item == chain else "Z" if item.endswith(".Z") else item
        filed = self.reports.filed.get(("GLT01", at), {})
        history = self.reports.history.get(("GLT01", at), {})
        cells: list[Cell] = []
        for city, parts in self.lists.below.items():
            by_parts = any((part, chain, "T") in filed for part in parts)
            rows, places = (filed, parts) if by_parts else (history, (city,))
            for place in places:
                if (place, chain, "T") not in rows:
                    raise Absent("late")
                row = rows.get((place, chain, subchain))
                cells.append(Cell(Decimal(0)) if row is None else row.get(field, Cell(None)))
        return self.total(cells)
