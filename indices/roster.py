"""Whose figures stand in a sum: the submitters that filed, the same ones in every report of a variable.

A sum over submitters (GLT01 over counties and cities, GLT03-06 over cities) is taken over those whose
submission is in force. Where a variable needs several reports (twelve-month totals, a base year) they
are summed over the same submitters. A row that the bureau files for a city or for the province stands
for all submitters below it, where these are not complete; it is never added to their rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from schemas.codes import Codes
from schemas.form import PROVINCE

SUMMED = ("GLT01", "GLT03", "GLT04", "GLT05", "GLT06")


@dataclass(frozen=True, order=True)
class Sum:
    """One sum to take: for ``variant`` at ``t0``, over the submitters of all ``months``."""

    variant: str
    t0: int
    annual: bool
    form: str
    scope: str  # the cluster of GLT03, else ""
    months: tuple[int, ...]


@dataclass(frozen=True, order=True)
class Included:
    """A row to add: the unit (submitter, city total or province row) of one month in a sum."""

    variant: str
    t0: int
    annual: bool
    form: str
    scope: str
    month: int
    level: str  # leaf, block, whole
    unit: str


@dataclass
class Filed:
    """Who has rows in force in one month of one form.

    ``leaves`` are submitters by city, ``blocks`` cities for which the bureau filed a total, ``whole`` is
    the source of the province's row, if there is one.
    """

    leaves: dict[str, set[str]] = field(default_factory=dict)
    blocks: set[str] = field(default_factory=set)
    whole: Literal["", "submission", "bureau"] = ""


Filings = Mapping[tuple[str, str, bool, int], Filed]  # form, scope, annual, month


FiledRow = tuple[str, str, bool, int, str, str, str, Literal["submission", "bureau"]]


def filings(rows: Iterable[FiledRow]) -> Filings:
    """Gather (form, scope, annual, month, level, block, unit, source) rows."""
    found: dict[tuple[str, str, bool, int], Filed] = {}
    for form, scope, annual, month, level, block, unit, source in rows:
        filed = found.setdefault((form, scope, annual, month), Filed())
        if level == "leaf":
            filed.leaves.setdefault(block, set()).add(unit)
        elif level == "block":
            filed.blocks.add(block)
        else:
            filed.whole = source
    return found


def expected(codes: Codes, form: str, scope: str) -> dict[str, frozenset[str]]:
    """The submitters that a sum should hold, by city."""
    if form == "GLT01":
        return {city: frozenset((city, *codes.counties(city))) for city in codes.cities}
    cities = codes.clusters[scope].cities if form == "GLT03" else codes.cities
    return {city: frozenset((city,)) for city in cities}


def include(codes: Codes, filed: Filings, wanted: Sum) -> tuple[list[Included], frozenset[str]]:
    """The rows to add for a sum, and the submitters that are absent from it."""
    due = expected(codes, wanted.form, wanted.scope)
    reports = {m: filed.get((wanted.form, wanted.scope, wanted.annual, m), Filed()) for m in wanted.months}
    levels = {m: _level(wanted.form, reports[m]) for m in wanted.months}

    def row(month: int, level: str, unit: str) -> Included:
        return Included(
            wanted.variant, wanted.t0, wanted.annual, wanted.form, wanted.scope, month, level, unit
        )

    everyone = frozenset().union(*due.values())
    if "whole" in levels.values():
        full = all(
            levels[m] == "whole" or all(_complete(reports[m], c, due[c]) for c in due) for m in wanted.months
        )
        if not full:
            return [], everyone
    rows: list[Included] = []
    absent: set[str] = set()
    for city, leaves in due.items():
        taken = _same(reports, levels, city, leaves)
        absent |= leaves - taken
        for month in wanted.months if taken else ():
            if levels[month] == "whole":
                continue
            if _by_block(reports[month], city, leaves):
                rows.append(row(month, "block", city))
            else:
                rows += [row(month, "leaf", unit) for unit in sorted(taken)]
    rows += [row(m, "whole", PROVINCE) for m in wanted.months if levels[m] == "whole"]
    return rows, frozenset(absent)


def _level(form: str, filed: Filed) -> str:
    """``whole`` where the province's row stands for the sum, else ``parts``.

    The province files its own rows in GLT04 and GLT05, and these stand first; a row of the bureau stands
    only where there is nothing below it.
    """
    own_row = form in ("GLT04", "GLT05") and filed.whole == "submission"
    return "whole" if own_row or (filed.whole and not (filed.leaves or filed.blocks)) else "parts"


def _by_block(filed: Filed, city: str, leaves: frozenset[str]) -> bool:
    return city in filed.blocks and filed.leaves.get(city, set()) < leaves


def _complete(filed: Filed, city: str, leaves: frozenset[str]) -> bool:
    return city in filed.blocks or filed.leaves.get(city, set()) >= leaves


def _same(
    reports: Mapping[int, Filed], levels: Mapping[int, str], city: str, leaves: frozenset[str]
) -> frozenset[str]:
    """The submitters of one city that stand in every report.

    A report that knows the city only as a total can be compared with complete reports alone.
    """
    by_parts = [m for m in reports if levels[m] == "parts"]
    totals = [m for m in by_parts if _by_block(reports[m], city, leaves)]
    if totals:
        return leaves if all(_complete(reports[m], city, leaves) for m in by_parts) else frozenset()
    taken = leaves
    for month in by_parts:
        taken &= reports[month].leaves.get(city, set())
    return taken
