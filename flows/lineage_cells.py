"""The cells of a figure's amounts: the table ``lineage``, from the rows that a release's sums included.

Grain of ``lineage``: one source and cell behind it. Columns: those of :class:`flows.lineage.Source`, then
``submission`` (id), ``cell`` (address), ``value``, ``mark``, ``status``, ``revision`` and the key columns of
the row. ``park_code`` is always empty: zones enter no index.

Where a sum lacks a submitter, its 营收覆盖率 decides whether it counts. The cells that this share was taken from
stand there too, as use 覆盖率: they move no sum, and a large enough change of one would withhold it. They are
those that ``sum_coverage.sql`` weighs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import duckdb

from flows.ledger.placing import place_rows
from flows.ledger.relations import facts, standing
from flows.ledger.release import Release
from flows.lineage import COVERAGE, OWN, SUM, Source
from flows.release_rows import Row
from indices.roster import SUMMED, expected
from schemas.codes import OTHER_SUBCHAIN, Codes
from schemas.form import PROVINCE
from schemas.period import Period

_SOURCE = dict.fromkeys(Source._fields, "VARCHAR") | {
    "t0": "INTEGER", "month": "INTEGER", "annual": "BOOLEAN",
}  # fmt: skip
_SUM = {"variant": "VARCHAR", "t0": "INTEGER", "annual": "BOOLEAN", "form": "VARCHAR", "scope": "VARCHAR"}
_INCLUDED = _SUM | {"month": "INTEGER", "level": "VARCHAR", "unit": "VARCHAR"}
_REVENUE = {form: "rev_year" if form == "GLT04" else "rev_cum" for form in SUMMED}  # as the engine weighs
_REGIONAL = ("GLT02", "rev_cum")  # where a submitter's own revenue is not known

Sum = tuple[str, int, bool, str, str]  # variant, t0, annual, form, scope


def place_cells(
    con: duckdb.DuckDBPyConnection,
    release: Release,
    codes: Codes,
    sources: Collection[Source],
    included: Sequence[Row],
    text: Callable[[str], str],
) -> None:
    """Create ``lineage`` in a warehouse opened for reading, in the view of a release.

    ``included`` are the release's rows of that table for the sums in question (:func:`sums_of`); ``text`` gives
    the procedures that the release was computed with, by name.
    """
    period = Period.parse(release.manifest.period)
    standing(con, release.manifest.seq, period, bool(release.manifest.settings["admit_pending"]), text)
    place_rows(con, "included", _INCLUDED, (row.values() for row in included))
    incomplete = incomplete_sums(included, codes)
    _place_cells_of(con, _wanted(con, sources, incomplete, codes))
    facts(con, text)
    wanted = "select distinct form, field from wanted_cell"
    con.execute(f"create or replace temp table needed as {wanted}")
    regions = ((r.code, r.level, r.parent) for r in codes.regions.values())
    place_rows(con, "region", dict.fromkeys(("code", "level", "parent"), "VARCHAR"), regions)
    con.execute(text("report_row"))
    place_lineage(con, sources)
    add_coverage(con, incomplete)


def place_lineage(con: duckdb.DuckDBPyConnection, sources: Collection[Source]) -> None:
    """The same table, without coverage, where the engine has just computed: all that it reads is there."""
    place_rows(con, "source", _SOURCE, sorted(set(sources)))
    con.execute(_VALUES)


def add_coverage(con: duckdb.DuckDBPyConnection, incomplete: Mapping[Sum, frozenset[str]]) -> None:
    """Add the cells that decide whether incomplete sums count, to the table that :func:`place_lineage` made."""
    if incomplete:
        rows = ((*sum_, unit) for sum_, units in sorted(incomplete.items()) for unit in sorted(units))
        place_rows(con, "weighed", _SUM | {"unit": "VARCHAR"}, rows)
        place_rows(con, "revenue", {"form": "VARCHAR", "field": "VARCHAR"}, sorted(_REVENUE.items()))
        con.execute(_COVERAGE)


def sums_of(sources: Iterable[Source]) -> set[Sum]:
    """The sums behind sources; where the rule without last year's report was taken, the full one too."""
    return {
        (variant, s.t0, s.annual, s.form, s.scope)
        for s in sources
        if s.how == SUM
        for variant in (("ttm2", "ttm3") if s.variant == "ttm2" else (s.variant,))
    }


def incomplete_sums(included: Iterable[Row], codes: Codes) -> dict[Sum, frozenset[str]]:
    """The sums among rows of ``included`` that lack a submitter, each with all submitters that it should hold."""
    taken: dict[Sum, set[tuple[str, str]]] = {}
    for row in included:
        sum_: Sum = (row["variant"], row["t0"], row["annual"], row["form"], row["scope"])
        taken.setdefault(sum_, set()).add((row["level"], row["unit"]))
    found = {}
    for sum_, rows in taken.items():
        due = expected(codes, sum_[3], sum_[4])
        everyone = frozenset().union(*due.values())
        whole = any(level == "whole" for level, _ in rows)
        there = {unit for level, unit in rows if level == "leaf"}
        there |= {unit for level, city in rows if level == "block" for unit in due.get(city, ())}
        if not whole and not everyone <= there:
            found[sum_] = everyone
    return found


@dataclass(frozen=True)
class _Wanted:
    """The cells to look at: fields by form and month, in rows of these regions (all where empty) and chains."""

    cells: frozenset[tuple[str, int, str]]  # form, month, field
    regions: frozenset[str]
    chains: frozenset[str]


def _wanted(
    con: duckdb.DuckDBPyConnection, sources: Collection[Source], incomplete: Iterable[Sum], codes: Codes
) -> _Wanted:
    cells = {(s.form, s.month, s.field) for s in sources}
    if incomplete:
        reports = con.execute("select distinct form, ref_month from in_force").fetchall()
        weighed = {sum_[3] for sum_ in incomplete}
        cells |= {(form, month, _REVENUE[form]) for form, month in reports if form in weighed}
        cells |= {(form, month, _REGIONAL[1]) for form, month in reports if form == _REGIONAL[0]}
    alone = all(s.how == OWN and s.place != PROVINCE for s in sources)
    regions = frozenset(s.place for s in sources) if alone else frozenset()
    return _Wanted(frozenset(cells), regions, _chains({s.item for s in sources}, codes))


def _chains(items: Iterable[str], codes: Codes) -> frozenset[str]:
    """The chain codes of the rows with these items, ``item`` being as ``report_row.sql`` has it; "" for rows of none."""
    whole = {part: c.code for c in codes.chains.values() for part in (*c.subchains, c.code + OTHER_SUBCHAIN)}
    return frozenset({"", *(whole.get(item, item) for item in items)})


def _place_cells_of(con: duckdb.DuckDBPyConnection, wanted: _Wanted) -> None:
    """Put a temporary ``cell`` before the warehouse's own, with the cells in question alone.

    Fields, regions and chains stand in the query as literals: so DuckDB passes over most of a table that it would
    else join as a whole, and the facts of a few fields take no second.
    """
    columns = {"form": "VARCHAR", "month": "INTEGER", "field": "VARCHAR"}
    place_rows(con, "wanted_cell", columns, sorted(wanted.cells))
    warehouse = con.execute("select current_database()").fetchall()[0][0]
    rows = f"c.field in {_literals(field for _, _, field in wanted.cells)} and c.chain_code in {_literals(wanted.chains)}"
    if wanted.regions:
        rows += f" and c.region_code in {_literals(wanted.regions)}"
    con.execute(
        f'create or replace temp table cell as select c.* exclude ("text", kind) from "{warehouse}".main.cell c'
        " join in_force f on f.id = c.submission"
        " semi join wanted_cell w on w.form = f.form and w.month = f.ref_month and w.field = c.field"
        f" where {rows}"
    )


def _literals(codes: Iterable[str]) -> str:
    """Codes as an SQL list; one that nothing matches where there are none."""
    quoted = ", ".join(f"'{code}'" for code in sorted(set(codes)))
    return f"({quoted or 'null'})"


_VALUES = """
create or replace temp table lineage as
with amount as (
    select distinct form, annual, month as ref_month, field, item from source
), its_row as (
    select * from report_row semi join amount using (form, annual, ref_month, field, item)
), its_fact as (
    select * from fact semi join amount using (form, annual, ref_month, field)
), unit_row as (
    select s.*, r.source as origin, r.region_code, r.chain_code, r.subchain_code, r.cluster_code
    from source s
    join its_row r on r.form = s.form and r.annual = s.annual and r.ref_month = s.month
        and r.field = s.field and r.item = s.item and r.place = s.place
    where s.how = 'own'
    union all
    select s.*, r.source, r.region_code, r.chain_code, r.subchain_code, r.cluster_code
    from source s
    join its_row r on r.form = s.form and r.annual = s.annual and r.ref_month = s.month
        and r.field = s.field and r.item = s.item
    where s.how = 'lead' and r.level = 'whole'
    union all
    select s.*, r.source, r.region_code, r.chain_code, r.subchain_code, r.cluster_code
    from source s
    join included i on i.variant = s.variant and i.t0 = s.t0 and i.annual = s.annual and i.form = s.form
        and i.scope = s.scope and i.month = s.month
    join its_row r on r.form = s.form and r.scope = s.scope and r.annual = s.annual
        and r.ref_month = s.month and r.field = s.field and r.item = s.item
        and r.level = i.level and r.unit = i.unit
    where s.how = 'sum'
)
select u.* exclude (origin, region_code, chain_code, subchain_code, cluster_code),
    f.submission, f.cell, f.value, f.mark, f.status, f.revision,
    u.region_code, u.chain_code, u.subchain_code, u.cluster_code
from unit_row u
join its_fact f on f.form = u.form and f.annual = u.annual and f.ref_month = u.month and f.field = u.field
    and f.source = u.origin and f.region_code = u.region_code and f.chain_code = u.chain_code
    and f.subchain_code = u.subchain_code and f.cluster_code = u.cluster_code and f.park_code = ''
"""

# each submitter by its last report before the sum's month, else by that of the month itself; where one has
# neither, all by the revenue of their regions, a city's own rows by the city's less its counties'
_COVERAGE = f"""
insert into lineage
with asked as (
    select distinct s.* replace (
        '{COVERAGE}' as use, '' as place, 0 as month, '' as field,
        w.variant as variant
    )
    from source s
    join (select distinct variant, t0, annual, form, scope from weighed) w
        on (w.variant = s.variant or s.variant = 'ttm2' and w.variant = 'ttm3')
        and w.t0 = s.t0 and w.annual = s.annual and w.form = s.form and w.scope = s.scope
    where s.how = 'sum'
), own as (
    select a.*, w.unit, r.source as origin, r.ref_month, r.field as revenue,
        r.region_code, r.chain_code, r.subchain_code, r.cluster_code
    from asked a
    join weighed w using (variant, t0, annual, form, scope)
    join revenue v using (form)
    join report_row r on r.form = a.form and r.annual = a.annual and r.item = a.item and r.unit = w.unit
        and r.level = 'leaf' and r.field = v.field and r.ref_month <= a.t0 and r.value is not null
    qualify rank() over (
        partition by a.indicator, a.subject, a.variable, a.variant, a.t0, a.annual, a.form, a.scope, a.item, w.unit
        order by r.ref_month < a.t0 desc, r.ref_month desc
    ) = 1
), lacking as (
    select distinct a.* from asked a
    join weighed w using (variant, t0, annual, form, scope)
    anti join own o on o.indicator = a.indicator and o.subject = a.subject and o.variable = a.variable
        and o.variant = a.variant and o.t0 = a.t0 and o.annual = a.annual and o.form = a.form
        and o.scope = a.scope and o.item = a.item and o.unit = w.unit
), counted_in as (
    select code as unit, code as place from region
    union all
    select parent, code from region where level = 'county'
), regional as (
    select l.*, w.unit, r.source as origin, r.ref_month, r.field as revenue,
        r.region_code, r.chain_code, r.subchain_code, r.cluster_code
    from lacking l
    join weighed w using (variant, t0, annual, form, scope)
    join counted_in p on p.unit = w.unit and (p.place = w.unit or l.form = 'GLT01')
    join report_row r on r.form = '{_REGIONAL[0]}' and not r.annual and r.field = '{_REGIONAL[1]}'
        and r.place = p.place and r.ref_month <= l.t0 and r.value is not null
    qualify rank() over (
        partition by l.indicator, l.subject, l.variable, l.variant, l.t0, l.annual, l.form, l.scope, l.item, p.place
        order by r.ref_month desc
    ) = 1
), found as (
    select * from own
    union all
    select * replace ('{_REGIONAL[0]}' as form) from regional
)
select distinct c.indicator, c.subject, c.variable, c.use, c.how, c.variant, c.t0, c.annual, c.form, c.scope, c.item,
    c.region_code, c.ref_month, c.revenue,
    f.submission, f.cell, f.value, f.mark, f.status, f.revision,
    c.region_code, c.chain_code, c.subchain_code, c.cluster_code
from found c
join fact f on f.form = c.form and f.ref_month = c.ref_month and f.field = c.revenue
    and f.annual = (c.annual and c.form <> '{_REGIONAL[0]}')
    and f.source = c.origin and f.region_code = c.region_code and f.chain_code = c.chain_code
    and f.subchain_code = c.subchain_code and f.cluster_code = c.cluster_code and f.park_code = ''
"""
