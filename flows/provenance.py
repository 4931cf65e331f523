"""Where the totals of a release come from: for every subject and variable how many cells, their digest, the first few.

``result_source`` is made beside the engine's tables and kept with them, so that the sheet 溯源 can be printed and a
rerun can compare it without the warehouse. A sum over a province has hundreds of cells: the table keeps the first
:data:`SHOWN` of a variable, and one digest over all; ``zhishu trace`` lists them all. A workbook is named by its
digest and a report by office, form and period: the name that a file had when it came decides nothing, and a result
that held it would not be the same for the same content.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from flows.lineage import Asked, Lineage, Source, asked_of
from flows.lineage_cells import place_lineage
from indices.method import Method
from schemas.codes import Codes
from schemas.period import Period

SHOWN = 3  # cells of one variable that are named


def asked_in(con: duckdb.DuckDBPyConnection, method: Method, period: str) -> list[Asked]:
    """The indicators of a method in a period, from the result tables that the engine left in ``con``."""
    key = [method.index, period]
    where = "where index_code = ? and period = ?"
    return asked_of(
        method,
        con.execute(
            f"select indicator, subject, ref_period, reason from result_indicator {where}", key
        ).fetchall(),
        con.execute(
            f"select subject, indicator, variable, status from result_variable {where}", key
        ).fetchall(),
    )


def place_sources(
    con: duckdb.DuckDBPyConnection, methods: Sequence[Method], codes: Codes, period: Period
) -> None:
    """Create ``result_source`` after :func:`indices.engine.compute`, for the totals of the period itself.

    Grain: one row for each index, subject, indicator, variable and named cell (``number`` 1 to at most SHOWN).
    ``cells`` and ``files`` count all distinct cells and workbooks behind the variable; ``digest`` is the SHA-256 of
    their sorted lines (file, sheet, cell, raw text, value or mark, correction). A variable without a cell has no row.
    """
    sources: set[Source] = set()
    for method in methods:
        lineage = Lineage(codes, method)
        for asked in asked_in(con, method, str(period)):
            sources |= lineage.sources(asked)
    place_lineage(con, sources)
    con.execute(_TABLE, [str(period), SHOWN])


_TABLE = """
create or replace temp table result_source as
with distinct_cell as (
    select distinct l.subject, l.indicator, l.variable, l.submission, l.cell, l.field, l.revision,
        coalesce(cast(l.value as varchar), l.mark, '') as figure
    from lineage l
), named as (
    select d.*, f.digest as file, f.name as report, c.sheet, c.raw,
        concat_ws('|', f.digest, c.sheet, d.cell, coalesce(c.raw, ''), d.figure, d.revision) as line
    from distinct_cell d
    join in_force f on f.id = d.submission
    join cell c on c.submission = d.submission and c.address = d.cell and c.field = d.field
), counted as (
    select subject, indicator, variable, count(*)::integer as cells, count(distinct file)::integer as files,
        sha256(string_agg(line, chr(10) order by line)) as digest,
        min({line: line, field: field, submission: submission, file: file, report: report, sheet: sheet,
            cell: cell, raw: raw}, $2) as shown
    from named
    group by subject, indicator, variable
), numbered as (
    select *, unnest(shown) as first, generate_subscripts(shown, 1)::integer as number from counted
)
select r.index_code, r.period, n.subject, n.indicator, n.variable, n.number, n.cells, n.files, n.digest,
    n.first.file as file, n.first.report as report, n.first.sheet as sheet, n.first.cell as cell,
    n.first.raw as raw
from numbered n
join result_indicator r on r.period = $1 and r.subject = n.subject and r.indicator = n.indicator
"""
