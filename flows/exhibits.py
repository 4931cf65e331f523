"""What a run shows in Prefect's user interface, as plain data: tables and notes with stable keys.

``flows/tasks.py`` hands them to Prefect; here they are made, without it, so that tests look at rows. They
are for the bureau (内部): clues stand in them, marked as such.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from flows.batch import Outcome
from flows.ledger.decide import Judged
from flows.release_note import run_note
from flows.report import finding_rows
from flows.rerun import Rerun, rerun_lines
from schemas.codes import Codes
from schemas.finding import SEVERITY_ZH, Finding, Severity, State
from schemas.finding import Outcome as Verdict
from schemas.territory import BUREAU, submitters

TABLE_ROWS = 300
SHOWN_ZH = {**SEVERITY_ZH, Severity.CLUE: "线索（内部）"}
_ORDER = {Severity.HARD: 0, Severity.SOFT: 1, Severity.CLUE: 2}
UNKNOWN = "（未能识别）"  # the submitter of a workbook whose head could not be read

Row = dict[str, str | int]


@dataclass(frozen=True)
class Table:
    """Rows for a table artifact; ``total`` counts those that were left out too."""

    key: str
    title: str
    rows: tuple[Row, ...]
    total: int

    @property
    def description(self) -> str:
        """The title, how many rows there are, and how many of them are shown."""
        if self.total > len(self.rows):
            return f"{self.title}，共 {self.total} 行，只列前 {len(self.rows)} 行"
        return f"{self.title}，共 {self.total} 行"


@dataclass(frozen=True)
class Note:
    """A markdown artifact."""

    key: str
    description: str
    text: str


def exhibits(outcome: Outcome, standing: Mapping[str, Any], codes: Codes) -> list[Table | Note]:
    """Everything that a run shows, in the order in which it is read.

    ``standing`` is what ``standing_of`` gave after the run. Tables about the batch are left out where it
    brought no workbook, so that the newest of each key is the last batch that did.
    """
    period = str(outcome.period)
    shown: list[Table | Note] = [
        Note(f"note-{period}", f"{period} 运行说明", run_note(outcome) + _paths(outcome.files)),
        _table(f"status-{period}", f"{period} 报送情况", status_rows(standing)),
        _table(f"absent-{period}", f"{period} 催报", absent_rows(standing)),
    ]
    if outcome.intake.deliveries or outcome.intake.unreadable:
        failed = [f for f in outcome.intake.findings if f.outcome is Verdict.FAIL]
        details: list[Row] = [
            {**row, "程度": SHOWN_ZH[Severity.CLUE]} if row["程度"] == SEVERITY_ZH[Severity.CLUE] else {**row}
            for row in finding_rows(failed)
        ]
        shown += [
            _table(f"findings-by-rule-{period}", f"{period} 本批审核结果（按规则）", rule_rows(failed)),
            _table(
                f"findings-by-submitter-{period}",
                f"{period} 本批审核结果（按填报单位）",
                submitter_rows(failed, outcome.intake.judged, codes),
            ),
            _table(f"findings-{period}", f"{period} 本批审核结果（逐条）", details),
        ]
    if outcome.returns:
        shown.append(
            Note(f"returns-{period}", f"{period} 退回件 {len(outcome.returns)} 个", returns_note(outcome))
        )
    return shown


def rerun_exhibits(found: Rerun) -> list[Table | Note]:
    """What a rerun shows: its words, and the values that differ where any does."""
    key, lines = found.release.replace(".", "-"), rerun_lines(found)
    shown: list[Table | Note] = [
        Note(f"rerun-{key}", f"发布 {found.release} 重算", "\n".join(f"- {line}" for line in lines))
    ]
    if found.differences:
        rows: list[Row] = [
            {"环节": d.stage, "表": d.table, "行": d.key, "列": d.column, "发布": d.kept, "重算": d.again}
            for d in found.differences
        ]
        shown.append(_table(f"differences-{key}", f"发布 {found.release} 重算不同的数", rows))
    return shown


def _table(key: str, title: str, rows: Sequence[Row]) -> Table:
    return Table(key, title, tuple(rows[:TABLE_ROWS]), len(rows))


def rule_rows(findings: Sequence[Finding]) -> list[Row]:
    """One row per rule and severity: how often it failed, at how many offices, and one example."""
    groups: dict[tuple[int, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((_ORDER[finding.severity], finding.rule), []).append(finding)
    ordered = sorted(groups.items(), key=lambda g: (g[0][0], -len(g[1]), g[0][1]))
    return [
        {
            "程度": SHOWN_ZH[found[0].severity],
            "规则": rule,
            "条数": len(found),
            "涉及单位": len({f.submitter for f in found}),
            "举例": min(f"{f.file_name} {f.sheet} {f.cell}：{f.message}" for f in found),
        }
        for (_, rule), found in ordered
    ]


def submitter_rows(findings: Sequence[Finding], judged: Sequence[Judged], codes: Codes) -> list[Row]:
    """One row per office that filed in this batch or has a finding, those with most hard findings first."""
    names = {office.code: office.name for office in (*submitters(codes), BUREAU)}
    states = Counter((j.submission.submitter, j.state) for j in judged)
    counts = Counter((f.submitter, f.severity) for f in findings)
    filed = {office for office, _ in (*states, *counts)}
    ordered = sorted(filed, key=lambda o: (-counts[o, Severity.HARD], -counts[o, Severity.SOFT], o))
    return [
        {
            "代码": office,
            "填报单位": names.get(office, office or UNKNOWN),
            **{SHOWN_ZH[s]: counts[office, s] for s in Severity},
            "接收": states[office, State.ACCEPTED],
            "待核": states[office, State.PENDING],
            "退回": states[office, State.REJECTED],
        }
        for office in ordered
    ]


def status_rows(standing: Mapping[str, Any]) -> list[Row]:
    """One row per form and period behind the month: due, in each state, both coverages."""
    return [
        {
            "表号": row["form"],
            "报告期": row["period"],
            "应报": row["due_n"],
            "接收": row["accepted_n"],
            "待核": row["pending_n"],
            "退回": row["rejected_n"],
            "未报": row["absent_n"],
            "报送率": _percent(row["filing_rate"]),
            "营收覆盖率": _percent(row["revenue_coverage"]),
        }
        for row in standing["coverage"]
    ]


def absent_rows(standing: Mapping[str, Any]) -> list[Row]:
    """One row per submission that is due and not in force: whose it is and why it is missing."""
    return [
        {
            "情况": row["reason"],
            "报告期": row["period"],
            "表号": row["form"],
            "代码": row["submitter"],
            "填报单位": row["submitter_name"],
            "对象": row["subject"],
        }
        for row in standing["absent"]
    ]


def _percent(share: str | None) -> str:
    return "无从计算" if share is None else f"{100 * Decimal(share):.2f} %"


def returns_note(outcome: Outcome) -> str:
    """The copies that go back, by submitter's folder, as a markdown list of paths.

    A browser opens no files of the server from a page, so the paths are written to be copied.
    """
    folders: dict[Path, list[Path]] = {}
    for path in outcome.returns[:TABLE_ROWS]:
        folders.setdefault(path.parent, []).append(path)
    lines = [f"# {outcome.period} 退回件", "", f"共 {len(outcome.returns)} 个。"]
    if len(outcome.returns) > TABLE_ROWS:
        lines[-1] += f"只列前 {TABLE_ROWS} 个。"
    for folder, paths in sorted(folders.items()):
        lines += ["", _code(folder.name), _paths(sorted(paths))]
    return "\n".join(lines)


def _paths(paths: Sequence[Path]) -> str:
    return "".join(["\n", *(f"- {_code(str(path))}\n" for path in paths)]) if paths else ""


def _code(text: str) -> str:
    """Text in a code span, whose fence is longer than any run of backticks in it."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {text} {fence}" if longest else f"`{text}`"
