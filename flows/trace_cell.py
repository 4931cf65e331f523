"""From a cell to the published numbers that rest on it."""

from __future__ import annotations

from collections.abc import Sequence

from flows.lineage import OWN, SUM, Source
from flows.lineage_cells import incomplete_sums, sums_of
from flows.release_rows import Row
from flows.traced import Traced, TraceError
from indices.roster import SUMMED
from schemas.form import PROVINCE

HEADER = ("指数", "对象", "指标", "变量", "用途", "报表")
COLUMNS = ("index", "subject", "indicator", "variable", "use", "submission")


def trace_cell(traced: Traced, file: str, sheet: str, cell: str) -> list[Row]:
    """Which published values rest on a cell: index, subject, indicator, and how it enters.

    ``file`` is the original name or the (beginning of the) SHA-256. TraceError if there is no such cell.
    """
    place = [file, file, sheet, cell]
    filed = traced.query(
        f"select distinct s.form, s.ref_month, c.field, c.region_code from {traced.stored('cell')} c join submission s on s.id = c.submission"
        " join delivery d on d.digest = s.digest"
        " where (d.file_name = ? or starts_with(d.digest, ?)) and c.sheet = ? and c.address = ?",
        place,
    )
    if not filed:
        raise TraceError(f"没有接收过文件 {file} 工作表 {sheet} 单元格 {cell}；请核对名称和地址。")
    figures = {(row["form"], row["ref_month"], row["field"], row["region_code"] or PROVINCE) for row in filed}
    found = []
    for index in traced.versions:
        sources = _concerned(traced, index, figures)
        if not sources:
            continue
        traced.place(sources)
        found += traced.query(
            "select distinct ? as index, l.subject, l.indicator, l.variable, l.use, f.name as submission"
            " from lineage l join in_force f on f.id = l.submission left join delivery d on d.digest = f.digest"
            " join cell c on c.submission = l.submission and c.address = l.cell and c.field = l.field"
            " where (d.file_name = ? or starts_with(f.digest, ?)) and c.sheet = ? and l.cell = ? order by all",
            [index, *place],
        )
    return found


def _concerned(traced: Traced, index: str, figures: set[tuple[str, int, str, str]]) -> set[Source]:
    """The amounts that a cell of one of these forms, months, fields and regions can be a part of.

    Revenue also decides whether a sum that lacks a submitter counts: of a form that is summed, or of the regions.
    """
    rows = {figure[:3] for figure in figures}
    weighing = {form for form, _, field, _ in figures if form in SUMMED and field.startswith("rev_")}
    if any((form, field) == ("GLT02", "rev_cum") for form, _, field, _ in figures):
        weighing |= set(SUMMED)
    sources = traced.sources(index, traced.asked(index, traced.subjects(index)))
    found = {
        s
        for s in sources
        if (
            (s.form, s.month, s.field, s.place) in figures
            if s.how == OWN
            else (s.form, s.month, s.field) in rows
        )
    }
    weighed = {s for s in sources if s.how == SUM and s.form in weighing}
    incomplete = incomplete_sums(traced.included(weighed), traced.codes)
    return found | {s for s in weighed if sums_of([s]) & incomplete.keys()}


def cell_rows(found: Sequence[Row]) -> list[tuple[str, ...]]:
    """The rows of :func:`trace_cell` in the order of :data:`HEADER`."""
    return [tuple(row[name] for name in COLUMNS) for row in found]
