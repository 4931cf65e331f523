"""Where a period stands: who has filed, who is late, what was refused and why, which releases are stale."""

from __future__ import annotations

from contextlib import closing
from decimal import Decimal
from typing import Any

import duckdb

from flows.ledger.release import releases
from flows.ledger.store import Store
from flows.ledger.warehouse import view_warehouse
from flows.publication import stale, view
from flows.settings import Settings
from indices.coverage import place_coverage
from schemas.codes import load_codes
from schemas.period import Period


def standing_of(settings: Settings, period: Period) -> dict[str, Any]:
    """The period's coverage, absent and rejected submissions, findings and releases, for JSON."""
    store = Store(settings.home)
    if not store.warehouse.is_file():
        return {
            "period": str(period), "coverage": [], "absent": [], "rejected": [], "refused": [],
            "releases": [], "stale": [],
        }  # fmt: skip
    with closing(view_warehouse(store, settings.threads)) as con:
        outdated = [str(p) for p in stale(con, store, settings)]
        view(con, store, settings, period)
        place_coverage(con, load_codes(settings.codes_folder), period)
        return {
            "period": str(period),
            "coverage": _records(con, "SELECT * FROM result_coverage ORDER BY period, form"),
            "absent": _records(con, "SELECT * FROM result_absent ORDER BY period, form, submitter, subject"),
            "rejected": _records(con, _REJECTED, [period.ref_month]),
            "refused": _records(con, _REFUSED),
            "releases": [
                {"id": r.id, "stage": r.stage, "digest": r.digest, "reason": r.reason}
                for r in releases(store, str(period))
            ],
            "stale": outdated,
        }


_REJECTED = """
SELECT f.submitter, f.form, f.subject, f.rule, d.file_name, f.sheet, f.cell, f.value, f.message, f.advice
FROM finding AS f
JOIN standing AS s ON s.id = f.submission AND s.state = 'rejected' AND s.place_of_all = 1
JOIN delivery AS d ON d.digest = f.digest
WHERE f.severity = 'hard' AND f.outcome = 'fail' AND s.ref_month = ?
ORDER BY f.submitter, f.form, f.subject, f.seq, f.ordinal
"""
_REFUSED = """
SELECT d.file_name, f.rule, f.message, f.advice
FROM delivery AS d JOIN finding AS f ON f.seq = d.seq AND f.rule = d.refused
WHERE d.refused <> '' ORDER BY d.file_name, d.digest
"""


def _records(
    con: duckdb.DuckDBPyConnection, query: str, values: list[int] | None = None
) -> list[dict[str, Any]]:
    found = con.execute(query, values or [])
    names = [column[0] for column in found.description or ()]
    return [
        {
            name: value if isinstance(value, int) or value is None else str(value)
            for name, value in zip(names, row, strict=True)
        }
        for row in found.fetchall()
    ]


def _percent(share: str | None) -> str:
    return "无从计算" if share is None else f"{100 * Decimal(share):.2f} %"


def standing_text(found: dict[str, Any]) -> list[str]:
    """The same for a person."""
    lines = [f"{found['period']} 报送情况"]
    if not found["coverage"]:
        return [*lines, "台账中还没有任何报表。"]
    for row in found["coverage"]:
        lines.append(
            f"  {row['form']} {row['period']}：应报 {row['due_n']}，接收 {row['accepted_n']}，待核 {row['pending_n']}，"
            f"退回 {row['rejected_n']}，未报 {row['absent_n']}；报送率 {_percent(row['filing_rate'])}，"
            f"营收覆盖率 {_percent(row['revenue_coverage'])}"
        )
    for row in found["absent"]:
        lines.append(
            f"  {row['reason']}：{row['period']} {row['form']} {row['submitter']} {row['submitter_name']} {row['subject']}".rstrip()
        )
    for row in found["rejected"]:
        lines.append(
            f"  退回原因：{row['file_name']} {row['sheet']} {row['cell']}：[{row['rule']}] {row['message']}"
        )
    for row in found["refused"]:
        lines.append(f"  整件拒收：{row['file_name']}：[{row['rule']}] {row['message']}")
    for row in found["releases"]:
        lines.append(f"  发布 {row['id']} {row['stage']} {row['digest'][:16]} {row['reason']}".rstrip())
    if found["stale"]:
        lines.append(f"  需要重新发布的报告期：{'、'.join(found['stale'])}")
    return lines
