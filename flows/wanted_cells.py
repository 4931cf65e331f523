"""Which cells of the warehouse a lineage needs at all: the others are left out before anything is joined."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import duckdb

from flows.ledger.placing import place_rows
from flows.lineage import OWN, Source, Sum
from indices.roster import SUMMED
from schemas.codes import OTHER_SUBCHAIN, Codes
from schemas.form import PROVINCE

REVENUE = {form: "rev_year" if form == "GLT04" else "rev_cum" for form in SUMMED}  # as the engine weighs
REGIONAL = ("GLT02", "rev_cum")  # where a submitter's own revenue is not known


@dataclass(frozen=True)
class Wanted:
    """The cells to look at: fields by form and month, in rows of these regions (all where empty) and chains."""

    cells: frozenset[tuple[str, int, str]]  # form, month, field
    regions: frozenset[str]
    chains: frozenset[str]


def wanted_cells(
    con: duckdb.DuckDBPyConnection, sources: Collection[Source], incomplete: Iterable[Sum], codes: Codes
) -> Wanted:
    """The cells that sources can rest on, and those that the coverage of incomplete sums is taken from."""
    cells = {(s.form, s.month, s.field) for s in sources}
    if incomplete:
        reports = con.execute("select distinct form, ref_month from in_force").fetchall()
        weighed = {sum_[3] for sum_ in incomplete}
        cells |= {(form, month, REVENUE[form]) for form, month in reports if form in weighed}
        cells |= {(form, month, REGIONAL[1]) for form, month in reports if form == REGIONAL[0]}
    alone = all(s.how == OWN and s.place != PROVINCE for s in sources)
    regions = frozenset(s.place for s in sources) if alone else frozenset()
    return Wanted(frozenset(cells), regions, _chains({s.item for s in sources}, codes))


def _chains(items: Iterable[str], codes: Codes) -> frozenset[str]:
    """The chain codes of the rows with these items, ``item`` being as ``report_row.sql`` has it; "" for rows of none."""
    whole = {part: c.code for c in codes.chains.values() for part in (*c.subchains, c.code + OTHER_SUBCHAIN)}
    return frozenset({"", *(whole.get(item, item) for item in items)})


def place_wanted(con: duckdb.DuckDBPyConnection, wanted: Wanted) -> None:
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
