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

import duckdb

from flows.ledger.placing import place_rows
from flows.ledger.relations import facts, standing
from flows.ledger.release import Release
from flows.lineage import COVERAGE, SUM, Source, Sum
from flows.release_rows import Row
from flows.wanted_cells import REGIONAL, REVENUE, place_wanted, wanted_cells
from indices.roster import expected
from schemas.codes import Codes
from schemas.period import Period

_SOURCE = dict.fromkeys(Source._fields, "VARCHAR") | {
    "t0": "INTEGER", "month": "INTEGER", "annual": "BOOLEAN",
}  # fmt: skip
_SUM = {"variant": "VARCHAR", "t0": "INTEGER", "annual": "BOOLEAN", "form": "VARCHAR", "scope": "VARCHAR"}
_INCLUDED = _SUM | {"month": "INTEGER", "level": "VARCHAR", "unit": "VARCHAR"}


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
    place_wanted(con, wanted_cells(con, sources, incomplete, codes))
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
        place_rows(con, "revenue", {"form": "VARCHAR", "field": "VARCHAR"}, sorted(REVENUE.items()))
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
    join report_row r on r.form = '{REGIONAL[0]}' and not r.annual and r.field = '{REGIONAL[1]}'
        and r.place = p.place and r.ref_month <= l.t0 and r.value is not null
    qualify rank() over (
        partition by l.indicator, l.subject, l.variable, l.variant, l.t0, l.annual, l.form, l.scope, l.item, p.place
        order by r.ref_month desc
    ) = 1
), found as (
    select * from own
    union all
    select * replace ('{REGIONAL[0]}' as form) from regional
)
select distinct c.indicator, c.subject, c.variable, c.use, c.how, c.variant, c.t0, c.annual, c.form, c.scope, c.item,
    c.region_code, c.ref_month, c.revenue,
    f.submission, f.cell, f.value, f.mark, f.status, f.revision,
    c.region_code, c.chain_code, c.subchain_code, c.cluster_code
from found c
join fact f on f.form = c.form and f.ref_month = c.ref_month and f.field = c.revenue
    and f.annual = (c.annual and c.form <> '{REGIONAL[0]}')
    and f.source = c.origin and f.region_code = c.region_code and f.chain_code = c.chain_code
    and f.subchain_code = c.subchain_code and f.cluster_code = c.cluster_code and f.park_code = ''
"""
