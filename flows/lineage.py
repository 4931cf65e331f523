"""Which amounts a figure rests on: from the leaves of an expression to fields, places and months.

The engine keeps sums, not addresses. The way back is taken from what it did keep and from the same data that it
goes by: where a subject's rows lie (``reach``), how a field adds up (the form), and which reports a total of
twelve months, a deviation or a base year needs. ``lineage_cells`` finds the cells of these amounts. Nothing here
computes a figure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from indices.expression import Field, Leaf, Spread, Std, Ttm, leaves
from indices.method import Indicator, Method
from indices.reach import reach_rows
from schemas.codes import OTHER_SUBCHAIN, Codes
from schemas.form import PROVINCE, Form, load_forms
from schemas.period import Period

OWN, LEAD, SUM = "own", "lead", "sum"  # a row of its own, the row of the whole, rows added
VALUE, WEIGHT, BASE, COVERAGE = "数值", "权数", "基期", "覆盖率"  # what a cell is used for
WHOLE_YEAR_BASE = "基期取全年"  # the reasons that ``indicator.sql`` and ``ttm.sql`` write
FULL_RULE_FAILED = "上年同月累计"

Sum = tuple[str, int, bool, str, str]  # variant, t0, annual, form, scope


class Source(NamedTuple):
    """One amount that a variable rests on: a field of a form at an item, a place and a month.

    ``use`` is one of the four above; ``how`` says which rows make up the amount.
    """

    indicator: str
    subject: str
    variable: str
    use: str
    how: str
    variant: str
    t0: int
    annual: bool
    form: str
    scope: str
    item: str
    place: str
    month: int
    field: str


@dataclass(frozen=True)
class Asked:
    """An indicator of a subject as a release has it: what decides which rows stand behind it.

    ``broken`` names the variables that were taken by the rule without last year's report.
    """

    indicator: Indicator
    subject: str
    ref_period: str
    whole_year_base: bool
    broken: frozenset[str]


def asked_of(
    method: Method,
    indicators: Iterable[tuple[str, str, str, str]],
    variables: Iterable[tuple[str, str, str, str]],
) -> list[Asked]:
    """The indicators of a release as :class:`Lineage` wants them.

    ``indicators`` are (indicator, subject, reference period, reason) of ``result_indicator``, ``variables``
    (subject, indicator, variable, status) of ``result_variable``. A variable that is complete or only partly
    covered went by the full rule; a missing one too, where the reason is of that rule.
    """
    indicators = list(indicators)
    full = {(subject, name) for name, subject, _, reason in indicators if reason.startswith(FULL_RULE_FAILED)}
    broken: dict[tuple[str, str], set[str]] = {}
    for subject, name, variable, status in variables:
        if status == "B" or (status in ("M", "C") and (subject, name) not in full):
            broken.setdefault((subject, name), set()).add(variable)
    leaves_of = {i.id: i for i in method.indicators}
    return [
        Asked(
            leaves_of[name], subject, ref_period, reason == WHOLE_YEAR_BASE,
            frozenset(broken.get((subject, name), ())),
        )
        for name, subject, ref_period, reason in indicators
    ]  # fmt: skip


class Lineage:
    """The sources of a release's figures for one method and set of code lists."""

    def __init__(self, codes: Codes, method: Method) -> None:
        self._reach: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
        for _, subject, form, selector, item, place in reach_rows(codes, method):
            self._reach.setdefault((subject, form, selector), []).append((item, place))
        self._parts = {c.code: (*c.subchains, c.code + OTHER_SUBCHAIN) for c in codes.chains.values()}

    def sources(self, asked: Asked) -> set[Source]:
        """Every amount behind an indicator; empty where it has no reference period."""
        if not asked.ref_period:
            return set()
        t0 = Period.parse(asked.ref_period).ref_month
        annual = asked.indicator.frequency == "A"
        found = {s for leaf in leaves(asked.indicator.node) for s in self._leaf(asked, leaf, t0, annual)}
        base_year = asked.indicator.base_year
        if base_year is not None:
            variant = "base_year" if asked.whole_year_base else "base"
            months = {t0, base_year * 100 + (12 if asked.whole_year_base else t0 % 100)}
            for leaf in leaves(asked.indicator.node):
                if isinstance(leaf, Field):
                    for month in months:
                        found |= set(self._field(asked, str(leaf), leaf, (variant, t0, False, month), BASE))
        return found

    def _leaf(self, asked: Asked, leaf: Leaf, t0: int, annual: bool) -> Iterator[Source]:
        name = str(leaf)
        match leaf:
            case Field():
                yield from self._field(asked, name, leaf, ("plain", t0, annual, t0))
            case Ttm(field=field):
                yield from self._twelve_months(asked, name, field, t0)
            case Spread(function=function, field=field):
                places = (
                    [(item, PROVINCE) for item in self._parts.get(asked.subject, ())]
                    if function == "hhi_norm"
                    else self._reach.get((asked.subject, field.form, field.selector), [])
                )
                for item, place in places:
                    yield from self._amount(asked, name, field, item, place, ("plain", t0, annual, t0))
            case Std(inner=inner, reports=reports):
                for part in leaves(inner):  # the current report stands as variables of its own, too
                    yield from self._leaf(asked, part, t0, False)
                for month in reports_before(t0, reports):
                    for part in leaves(inner):
                        for source in self._leaf(asked, part, month, False):
                            yield source._replace(variable=name)

    def _twelve_months(self, asked: Asked, name: str, field: Field, t0: int) -> Iterator[Source]:
        """The reports that ``ttm.sql`` brings together; see there for the two rules."""
        variant = "ttm2" if t0 % 100 == 12 or name in asked.broken else "ttm3"
        needed = [(t0, field.code)]
        if t0 % 100 != 12:
            needed += [(t0, field.code + "_ly"), ((t0 // 100 - 1) * 100 + 12, field.code)]
        if variant == "ttm3":
            needed.append((t0 - 100, field.code))
        for month, code in needed:
            part = Field(field.form, code, field.selector)
            yield from self._field(asked, name, part, (variant, t0, False, month))

    def _field(
        self, asked: Asked, name: str, field: Field, moment: tuple[str, int, bool, int], use: str = VALUE
    ) -> Iterator[Source]:
        for item, place in self._reach.get((asked.subject, field.form, field.selector), []):
            yield from self._amount(asked, name, field, item, place, moment, use)

    def _amount(
        self,
        asked: Asked,
        name: str,
        field: Field,
        item: str,
        place: str,
        moment: tuple[str, int, bool, int],
        use: str = VALUE,
    ) -> Iterator[Source]:
        """One amount, and its weights where it is a weighted mean; the branches are those of ``amount.sql``."""
        variant, t0, annual, month = moment
        column = _forms()[field.form].column(field.code)
        if field.form in ("GLT02", "GLT07") or (place != PROVINCE and field.form != "GLT01"):
            how = OWN
        else:
            how = LEAD if column.agg == "lead" else SUM
        scope = item if field.form == "GLT03" else ""
        amount = Source(
            asked.indicator.id, asked.subject, name, use, how, variant, t0, annual, field.form, scope, item,
            place, month, field.code,
        )  # fmt: skip
        yield amount
        if how == SUM and column.agg == "wmean" and column.agg_weight:
            yield amount._replace(use=WEIGHT, field=column.agg_weight)


def reports_before(month: int, reports: int) -> Sequence[int]:
    """The months of the last reports up to ``month``, newest first; there is no report in January."""
    year, found = month // 100, [month]
    at = month % 100
    while len(found) < reports:
        at -= 1
        if at == 1:
            year, at = year - 1, 12
        found.append(year * 100 + at)
    return found


@cache
def _forms() -> dict[str, Form]:
    return {form.code: form for form in load_forms() if not form.filed_by_bureau}
