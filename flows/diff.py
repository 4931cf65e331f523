"""What changed between two releases of a period, and why: totals, ranks, indicators, cells, and whose event.

The change of a total is laid on its indicators by their contributions, each with the nearest cause. The cells
are compared in the warehouse as of both sequences. Nothing is computed anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb

from flows.ledger.journal import Entry
from flows.ledger.relations import relations
from flows.ledger.release import Release, releases
from flows.ledger.store import Store
from flows.mistakes import Mistake
from flows.publish import staged
from flows.stored import stored_table
from schemas.period import Period

KEPT = ("result_index", "result_indicator")
_CELL_KEY = "form, period, source, region_code, chain_code, subchain_code, cluster_code, park_code, field"

Row = dict[str, Any]


class DiffError(Mistake):
    """Two releases that cannot be compared; the message says why."""


@dataclass(frozen=True)
class Diff:
    """Rows that differ. Keys of each are columns; ``older`` and ``newer`` hold the two values as text."""

    older: str
    newer: str
    totals: tuple[Row, ...]
    indicators: tuple[Row, ...]
    cells: tuple[Row, ...]

    @property
    def same(self) -> bool:
        """True if no total, indicator or cell differs."""
        return not (self.totals or self.indicators or self.cells)


def diff(con: duckdb.DuckDBPyConnection, store: Store, older: Release, newer: Release) -> Diff:
    """Compare two releases of one period; ``con`` is a warehouse opened for reading.

    DiffError for releases of different periods: their values are not versions of one another.
    """
    if older.manifest.period != newer.manifest.period:
        raise DiffError(f"发布 {older.id} 和 {newer.id} 不是同一报告期，不是彼此的修订，不作比较。")
    for side, release in (("older", older), ("newer", newer)):
        for name in KEPT:
            stored_table(con, release, name)
            con.execute(f"create or replace temp table {side}_{name} as select * from {name}")
        period = Period.parse(release.manifest.period)
        relations(con, release.manifest.seq, period, bool(release.manifest.settings["admit_pending"]))
        con.execute(
            f"create or replace temp table {side}_cell as select f.* exclude (submission), v.name as submission,"
            " v.submitter as filer, v.decided_seq from fact f join in_force v on v.id = f.submission"
        )
    method_changed = dict(older.manifest.methods) != dict(newer.manifest.methods)
    indicators = _rows(con, _INDICATORS, [newer.manifest.period])
    for row in indicators:
        row["cause"] = _cause(row, method_changed)
    return Diff(
        older.id,
        newer.id,
        tuple(_rows(con, _TOTALS, [newer.manifest.period])),
        tuple(_plain(row, _SHOWN) for row in indicators),
        tuple(_cells(con, store.journal.entries())),
    )


_TOTALS = """
select coalesce(a.index_code, b.index_code) as index, coalesce(a.product, b.product) as product,
    coalesce(a.subject, b.subject) as subject, coalesce(b.subject_name, a.subject_name) as name,
    a.value as older, b.value as newer, b.value - a.value as change, a.rank as older_rank, b.rank as newer_rank
from (select * from older_result_index where period = $1) a
full join (select * from newer_result_index where period = $1) b using (index_code, product, subject)
where a.value is distinct from b.value or a.rank is distinct from b.rank
order by 1, 2, 3
"""
_INDICATORS = """
select coalesce(a.index_code, b.index_code) as index, coalesce(a.subject, b.subject) as subject,
    coalesce(a.indicator, b.indicator) as indicator, coalesce(b.name, a.name) as name,
    a.value as older, b.value as newer, a.score as older_score, b.score as newer_score,
    coalesce(b.contribution_full, 0) - coalesce(a.contribution_full, 0) as full_change,
    coalesce(b.contribution_monthly, 0) - coalesce(a.contribution_monthly, 0) as monthly_change,
    a.missing as older_missing, b.missing as newer_missing, a.ref_period as older_ref, b.ref_period as newer_ref,
    a.revenue_coverage as older_coverage, b.revenue_coverage as newer_coverage,
    a.weight as older_weight, b.weight as newer_weight
from (select * from older_result_indicator where period = $1) a
full join (select * from newer_result_indicator where period = $1) b using (index_code, subject, indicator)
where (a.value, a.score, a.missing, a.contribution_full, a.contribution_monthly)
    is distinct from (b.value, b.score, b.missing, b.contribution_full, b.contribution_monthly)
order by 1, 2, 3
"""
_SHOWN = "index subject indicator name older newer older_score newer_score full_change monthly_change cause"
_CHANGED = f"""
select {_CELL_KEY}, a.value as older, b.value as newer, a.mark as older_mark, b.mark as newer_mark,
    a.submission as older_submission, b.submission as newer_submission, coalesce(b.cell, a.cell) as cell,
    coalesce(b.revision, '') as revision, coalesce(b.filer, a.filer) as submitter, b.decided_seq as seq
from older_cell a full join newer_cell b using ({_CELL_KEY})
where (a.value, a.mark) is distinct from (b.value, b.mark)
order by all
"""


def _cause(row: Row, method_changed: bool) -> str:
    """The nearest cause of an indicator's change, from the cells towards the weights."""
    if row["older_missing"] is None or row["newer_missing"] is None:
        return "方法"
    if row["older_missing"] != row["newer_missing"] or row["older_ref"] != row["newer_ref"]:
        return "缺失处理"
    if row["older"] != row["newer"]:
        return "覆盖" if row["older_coverage"] != row["newer_coverage"] else "数据"
    if row["older_score"] != row["newer_score"]:
        return "上下限" if method_changed else "基期数据"
    return "权重" if row["older_weight"] != row["newer_weight"] else "其他指标的权重重分"


def _cells(con: duckdb.DuckDBPyConnection, entries: Sequence[Entry]) -> list[Row]:
    """The cells that changed, each with the event that brought the newer value."""
    confirmed = {e.body["revision"]: e for e in entries if e.type == "corrected"}
    found = []
    for row in _rows(con, _CHANGED):
        entry = confirmed.get(row["revision"]) or (entries[row["seq"] - 1] if row["seq"] else None)
        row["event"] = entry.seq if entry else None
        row["type"], row["actor"] = (entry.type, entry.actor) if entry else ("", "")
        found.append(row)
    return found


def triangle(store: Store, period: str, index: str, subject: str) -> list[Row]:
    """The values of a subject over all releases of a period: how it was revised.

    One row for each release and product: release, stage, product, value, rank.
    """
    entries = store.journal.entries()
    found = []
    with duckdb.connect() as con:
        for release in releases(store, period):
            stored_table(con, release, "result_index")
            stage = staged(release, entries).stage
            found += [
                {"release": release.id, "stage": stage, **row}
                for row in _rows(
                    con,
                    "select product, value, rank from result_index"
                    " where index_code = $1 and subject = $2 and period = $3 order by product desc",
                    [index, subject, period],
                )
            ]
    return found


def _rows(con: duckdb.DuckDBPyConnection, query: str, given: Sequence[object] = ()) -> list[Row]:
    cursor = con.execute(query, list(given))
    names = [column[0] for column in cursor.description or ()]
    return [
        {n: str(v) if isinstance(v, Decimal) else v for n, v in zip(names, row, strict=True)}
        for row in cursor.fetchall()
    ]


def _plain(row: Row, names: str) -> Row:
    return {name: row[name] for name in names.split()}


def diff_lines(found: Diff, shown: int = 30) -> list[str]:
    """What people read of a comparison."""
    if found.same:
        return [f"发布 {found.older} 与 {found.newer} 的指数、指标和单元格都相同。"]
    lines = [
        f"发布 {found.older} → {found.newer}：总值或位次 {len(found.totals)} 处，指标 {len(found.indicators)} 处，单元格 {len(found.cells)} 处不同。"
    ]
    lines += [
        f"{t['index']} {t['product']} {t['subject']} {t['name']}　{t['older'] or '—'} → {t['newer'] or '—'}"
        f"　位次 {t['older_rank'] or '—'} → {t['newer_rank'] or '—'}"
        for t in found.totals[:shown]
    ]
    lines += [
        f"{i['index']} {i['subject']} {i['indicator']} {i['name']}　{i['older'] or '缺'} → {i['newer'] or '缺'}"
        f"　贡献 {i['full_change']}　{i['cause']}"
        for i in found.indicators[:shown]
    ]
    lines += [
        f"{c['form']}.{c['field']} {c['submitter']} {c['period']} {c['cell']}　{c['older'] or '空'} → {c['newer'] or '空'}"
        f"　{c['revision'] or c['newer_submission'] or '撤去'}　事件 {c['event'] or '—'} {c['actor']}"
        for c in found.cells[:shown]
    ]
    return lines
