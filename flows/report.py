"""What a run tells people: the summary on the screen, the table of findings."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from flows.batch import Outcome
from indices.gate import GATED
from indices.tables.coverage import MEASURES_ZH
from indices.tables.results import Results
from indices.tables.words import SUBJECT_TYPES
from schemas.finding import SEVERITY_ZH, Finding, Severity, State
from schemas.territory import BUREAU

_ORDER = {Severity.HARD: 0, Severity.SOFT: 1, Severity.CLUE: 2}
_NAMES = {"MQ": "制造业高质量发展", "CM": "产业链现代化", "CA": "产业集群先进性"}
_TYPES = {"city": "设区市", "county": "县（市、区）", "chain": "产业链", "cluster": "集群"}


def finding_rows(findings: Sequence[Finding]) -> list[dict[str, str]]:
    """Findings for a person, hard ones first."""
    ordered = sorted(
        findings,
        key=lambda f: (
            _ORDER[f.severity],
            f.period,
            f.submitter,
            f.form,
            f.file_name,
            f.sheet,
            f.cell,
            f.rule,
        ),
    )
    return [
        {
            "程度": SEVERITY_ZH[f.severity],
            "规则": f.rule,
            "文件": f.file_name,
            "工作表": f.sheet,
            "单元格": f.cell,
            "值": f.value,
            "说明": f"{f.message.rstrip('。')}。{f.advice}",
        }
        for f in ordered
    ]


def findings_text(findings: Sequence[Finding], most: int = 40) -> list[str]:
    """Findings that need a person as lines: hard ones first, the rest counted."""
    rows = [row for row in finding_rows(findings) if row["程度"] != SEVERITY_ZH[Severity.CLUE]]
    lines = []
    for row in rows[:most]:
        place = " ".join(part for part in (row["文件"], row["工作表"], row["单元格"]) if part)
        lines.append(f"{row['程度']} [{row['规则']}] {place}：{row['说明']}")
    if len(rows) > most:
        lines.append(f"……另有 {len(rows) - most} 条，见 --json 或 zhishu status")
    return lines


def file_lines(outcome: Outcome, note: Path) -> list[str]:
    """Where the tables are, and the note."""
    return [*(f"表格 {path}" for path in outcome.files), f"说明 {note}"]


def intake_line(outcome: Outcome) -> str:
    """What came in, in one line."""
    intake = outcome.intake
    accepted, pending, rejected = (
        len(intake.submissions(s)) for s in (State.ACCEPTED, State.PENDING, State.REJECTED)
    )
    return (
        f"读取工作簿 {len(intake.deliveries)} 个，报表 {len(intake.judged)} 份："
        f"接收 {accepted}，待核 {pending}，退回 {rejected}；整件拒收 {len(intake.refused)} 个"
    )


def summary_lines(outcome: Outcome) -> list[str]:
    """What a statistician wants to know first: read, refused, coverage, top and bottom."""
    heading = [] if outcome.intake.history_only else [f"报告期 {outcome.period.printed}"]
    return [*heading, *_taken_lines(outcome), *released_lines(outcome)]


def _taken_lines(outcome: Outcome) -> list[str]:
    """What the run took from the inbox and what became of it."""
    intake = outcome.intake
    bureau = sum(1 for j in intake.judged if j.submission.submitter == BUREAU.code)
    lines = []
    lines.append(intake_line(outcome))
    if bureau:
        lines.append(f"其中局内填报（历史或公布资料）{bureau} 份，不计入各单位报送率")
    if intake.seen:
        lines.append(f"内容已入台账或重复、不再接收的工作簿 {intake.seen} 个")
    if intake.ignored:
        lines.append(
            f"不是工作簿、未读取的文件 {len(intake.ignored)} 个：" + _some([p.name for p in intake.ignored])
        )
    if intake.later:
        lines.append(
            f"属于以后报告期、留在收件夹的工作簿 {len(intake.later)} 个："
            + _some([d.file_name for d in intake.later])
        )
    if outcome.returns:
        folder = outcome.returns[0].parent.parent
        offices = len({path.parent for path in outcome.returns})
        lines.append(f"退件 {len(outcome.returns)} 个文件，涉及 {offices} 个单位，在 {folder}")
    waiting = [f"{what} {n} 条" for what, n in outcome.waiting.items() if n]
    if waiting:
        lines.append(f"待局内核定：{'，'.join(waiting)}（清单见 zhishu review）")
    return [*lines, *outcome.repaired]


def released_lines(outcome: Outcome) -> list[str]:
    """What was computed, and the releases."""
    lines = []
    if outcome.note:
        lines.append(unreleased(outcome))
    if outcome.results is not None:
        lines += _coverage_lines(outcome)
        lines += _rank_lines(outcome)
        lines += gate_lines(outcome.results)
    if outcome.release is not None:
        state = "新发布" if outcome.release.fresh else "与已有发布相同"
        lines.append(
            f"发布 {outcome.release.id}（{outcome.release.stage}，{state}），摘要 {outcome.release.digest[:16]}"
        )
    lines += [f"往期修订 {r.id}：{r.reason}" for r in outcome.revised]
    return lines


def unreleased(outcome: Outcome) -> str:
    """Why the period has no release, and what was released all the same."""
    others = "、".join(r.id for r in outcome.revised)
    return outcome.note + (f"往期因新数据另有发布：{others}。" if others else "")


def _some(names: Sequence[str], most: int = 5) -> str:
    return "、".join(names[:most]) + (f" 等 {len(names)} 个" if len(names) > most else "")


def _coverage_lines(outcome: Outcome) -> list[str]:
    assert outcome.results is not None
    lines = []
    for row in outcome.results.coverage.iter_rows(named=True):
        revenue = row["revenue_coverage"]
        covered = _percent(revenue)
        lines.append(
            f"  {row['form']} {row['period']}：应报 {row['due_n']} 份，已收 {row['accepted_n'] + row['pending_n']}，"
            f"报送率 {100 * row['filing_rate']:.2f} %，营收覆盖率 {covered}"
        )
    return ["报送情况", *lines]


def _rank_lines(outcome: Outcome) -> list[str]:
    assert outcome.results is not None
    index = outcome.results.index.filter(
        (pl.col("period") == str(outcome.period)) & (pl.col("product") == "monthly")
    )
    computed = outcome.results.indicator.filter(
        (pl.col("period") == str(outcome.period)) & pl.col("value_published").is_not_null()
    )
    lines = [f"算出指标值 {computed.height} 个，涉及 {computed['subject'].n_unique()} 个对象"]
    for (code, kind), group in sorted(
        index.group_by(["index_code", "subject_type"]), key=lambda g: str(g[0])
    ):
        ranked = group.filter(pl.col("rank").is_not_null()).sort(["rank", "subject"])
        if group["withheld"].eq(GATED).all():
            continue  # told with what is missing
        if kind == "province":
            value = group["value"][0]
            lines.append(f"{_NAMES[str(code)]}月度监测值（试算）全省 {_shown(value)}")
        elif ranked.is_empty():
            lines.append(f"{_NAMES[str(code)]}（{_TYPES[str(kind)]}）：权重覆盖率不足，不公布监测值")
        else:
            first = "、".join(
                f"{r['subject_name']} {r['value']}" for r in ranked.head(3).iter_rows(named=True)
            )
            last = "、".join(
                f"{r['subject_name']} {r['value']}" for r in ranked.tail(3).iter_rows(named=True)
            )
            lines.append(
                f"{_NAMES[str(code)]}（{_TYPES[str(kind)]} {ranked.height} 个）前三：{first}；后三：{last}"
            )
    return lines


def gate_lines(results: Results) -> list[str]:
    """One sentence for each level that is withheld: what was needed, what is there, who is missing."""
    lines = []
    closed = results.gate.filter(~pl.col("passed"))
    for (index, kind), gates in closed.group_by(["index_code", "subject_type"], maintain_order=True):
        parts = [
            f"{g['form']} {g['period']} {_filers(g['filers'])}{MEASURES_ZH[g['measure']]}须达 {_percent(g['threshold'])}，"
            f"现为 {_percent(g['actual'])}"
            for g in gates.iter_rows(named=True)
        ]
        missing = "；".join(
            f"应报 {g['due_n']} 份，已收 {g['filed_n']}，缺{g['missing']}"
            for g in gates.unique(["form", "filers"], keep="first", maintain_order=True).iter_rows(named=True)
            if g["missing"]
        )
        named = SUBJECT_TYPES[str(kind)]
        lines.append(
            f"{_NAMES[str(index)]}（{named}）未达到发布门槛，不公布：{'；'.join(parts)}（{missing or '没有应报的单位'}）"
        )
    return lines


def _filers(level: str) -> str:
    return "链长办" if level == "chain" else SUBJECT_TYPES[level]


def _percent(share: Decimal | None) -> str:
    return "无从计算" if share is None else f"{100 * share:.2f} %"


def _shown(value: Decimal | None) -> str:
    return "不公布（权重覆盖率不足）" if value is None else str(value)


def outcome_json(outcome: Outcome) -> dict[str, Any]:
    """The run for programs: counts, releases, findings, seconds per phase."""
    intake = outcome.intake
    return {
        "period": str(outcome.period),
        "workbooks": len(intake.deliveries),
        "seen": intake.seen,
        "ignored": [p.name for p in intake.ignored],
        "later": [d.file_name for d in intake.later],
        "refused": len(intake.refused),
        "submissions": {str(s): len(intake.submissions(s)) for s in (State.ACCEPTED, State.PENDING, State.REJECTED)},
        "release": None if outcome.release is None else {
            "id": outcome.release.id,
            "stage": outcome.release.stage,
            "digest": outcome.release.digest,
            "fresh": outcome.release.fresh,
        },
        "revised": [r.id for r in outcome.revised],
        "unreleased": outcome.note,
        "files": [str(p) for p in outcome.files],
        "findings": finding_rows(intake.findings),
        "between": finding_rows(outcome.between),
        "waiting": dict(outcome.waiting),
        "returns": [str(p) for p in outcome.returns],
        "seconds": {name: round(value, 3) for name, value in outcome.seconds.items()},
    }  # fmt: skip
