"""Which cells a figure rests on: from the leaves of an expression to the rows that the engine added.

The engine keeps sums, not addresses. The way back is taken from what it did keep: whose rows it included
(``included``), where a subject's rows lie (``reach``) and what stands in a report (``report_row``), read
again from the warehouse for the few fields and months that are asked for. Nothing here computes a figure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, replace
from functools import cache

import duckdb
import polars as pl

from flows.ledger.relations import relations, standing
from flows.ledger.release import Release
from flows.stored import stored_table
from indices.engine import procedure
from indices.expression import Field, Leaf, Spread, Std, Ttm, leaves
from indices.method import Indicator, Method
from indices.parameters import Columns, place_table
from indices.reach import reach_rows
from schemas.codes import OTHER_SUBCHAIN, Codes
from schemas.form import PROVINCE, Form, load_forms
from schemas.period import Period

OWN, LEAD, SUM = "own", "lead", "sum"  # a row of its own, the row of the whole, rows added


@dataclass(frozen=True, order=True)
class Source:
    """One amount that a variable rests on: a field of a form at an item, a place and a month.

    ``use`` is 数值, 权数 (of a weighted mean) or 基期; ``how`` says which rows make up the amount.
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
    """An indicator of a subject as a release has it: what decides which rows stand behind it."""

    indicator: Indicator
    subject: str
    ref_period: str
    whole_year_base: bool
    broken: frozenset[str]  # variables that were taken by the rule without last year's report


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
                        found |= set(self._field(asked, str(leaf), leaf, (variant, t0, False, month), "基期"))
        return found

    def _leaf(self, asked: Asked, leaf: Leaf, t0: int, annual: bool) -> Iterator[Source]:
        name = str(leaf)
        match leaf:
            case Field():
                yield from self._field(asked, name, leaf, ("plain", t0, annual, t0), "数值")
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
                            yield replace(source, variable=name)

    def _twelve_months(self, asked: Asked, name: str, field: Field, t0: int) -> Iterator[Source]:
        """The reports that ``ttm.sql`` brings together; see there for the two rules."""
        last_year = field.code + "_ly"
        december = (t0 // 100 - 1) * 100 + 12
        if t0 % 100 == 12:
            needed = [("ttm2", t0, field.code), ("ttm2", t0, last_year)]
        else:
            variant = "ttm2" if name in asked.broken else "ttm3"
            months = (t0, december) if variant == "ttm2" else (t0, december, t0 - 100)
            needed = [(variant, month, code) for month in months for code in (field.code, last_year)]
        for variant, month, code in needed:
            part = Field(field.form, code, field.selector)
            yield from self._field(asked, name, part, (variant, t0, False, month), "数值")

    def _field(
        self, asked: Asked, name: str, field: Field, moment: tuple[str, int, bool, int], use: str
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
        use: str = "数值",
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
            yield replace(amount, use="权数", field=column.agg_weight)


def reports_before(month: int, reports: int) -> list[int]:
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


def place_cells(
    con: duckdb.DuckDBPyConnection, release: Release, codes: Codes, sources: Iterable[Source]
) -> None:
    """Create ``lineage``: one row for each source and cell behind it, in the view of the release.

    ``con`` is a warehouse opened for reading. Columns: those of Source, then ``submission`` (id),
    ``cell`` (address), ``value``, ``mark``, ``status``, ``revision``, and the key columns of the row.
    """
    wanted = sorted(set(sources))
    _place_sources(con, wanted)
    period = Period.parse(release.manifest.period)
    pending = bool(release.manifest.settings["admit_pending"])
    standing(con, release.manifest.seq, period, pending)
    warehouse = con.execute("select current_database()").fetchall()[0][0]
    con.execute("create or replace temp table needed as select distinct form, field from source")
    # only the cells of these fields and months go into ``fact``, which takes seconds when it is whole
    con.execute(
        f'create or replace temp table cell as select c.* from "{warehouse}".main.cell c'
        " join in_force f on f.id = c.submission"
        " semi join source s on s.form = f.form and s.month = f.ref_month and s.field = c.field"
    )
    relations(con, release.manifest.seq, period, pending)
    place_table(
        con,
        "region",
        {"code": pl.String, "level": pl.String, "parent": pl.String},
        ((r.code, r.level, r.parent) for r in codes.regions.values()),
    )
    con.execute(procedure("report_row"))
    stored_table(con, release, "included")
    con.execute(_CELLS)


def place_lineage(con: duckdb.DuckDBPyConnection, sources: Iterable[Source]) -> None:
    """The same table in a connection in which the engine has just computed: all that it reads is there."""
    _place_sources(con, sorted(set(sources)))
    con.execute(_CELLS)


def _place_sources(con: duckdb.DuckDBPyConnection, wanted: list[Source]) -> None:
    columns: Columns = dict.fromkeys(Source.__dataclass_fields__, pl.String)
    columns |= {"t0": pl.Int32, "month": pl.Int32, "annual": pl.Boolean}
    place_table(con, "source", columns, map(astuple, wanted))


_CELLS = """
create or replace temp table lineage as
with unit_row as (
    select s.*, r.source as origin, r.region_code, r.chain_code, r.subchain_code, r.cluster_code
    from source s
    join report_row r on r.form = s.form and r.annual = s.annual and r.ref_month = s.month
        and r.field = s.field and r.item = s.item
    where s.how = 'own' and r.place = s.place or s.how = 'lead' and r.level = 'whole'
    union all
    select s.*, r.source, r.region_code, r.chain_code, r.subchain_code, r.cluster_code
    from source s
    join included i on i.variant = s.variant and i.t0 = s.t0 and i.annual = s.annual and i.form = s.form
        and i.scope = s.scope and i.month = s.month
    join report_row r on r.form = s.form and r.scope = s.scope and r.annual = s.annual
        and r.ref_month = s.month and r.field = s.field and r.item = s.item
        and r.level = i.level and r.unit = i.unit
    where s.how = 'sum'
)
select u.*, f.submission, f.cell, f.value, f.mark, f.status, f.revision
from unit_row u
join fact f on f.form = u.form and f.annual = u.annual and f.ref_month = u.month and f.field = u.field
    and f.source = u.origin and f.region_code = u.region_code and f.chain_code = u.chain_code
    and f.subchain_code = u.subchain_code and f.cluster_code = u.cluster_code and f.park_code = ''
"""
