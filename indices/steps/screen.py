"""Screening: subjects with too few figures are left out before statistics are taken.

coverage = sum(w_i for figures present) / sum(w_i for figures that apply), by count with w_i = 1. Source: OECD/JRC
Handbook on Constructing Composite Indicators (2008), step 3; COINr ``Screen``. A subject is left out of a period, by
name, never silently.
"""

from __future__ import annotations

from indices.declare import Screen
from indices.steps.bench import Bench, ScoreError
from indices.steps.weigh import effective_weights


def screen(bench: Bench, step: Screen) -> None:
    """Remove from ``subject_row`` and ``figure`` whoever has less than ``at_least``; each is noted.

    ScoreError where nobody stays."""
    effective_weights(bench)
    weight = "1" if step.by == "count" else "e.effective"
    bench.con.execute(f"""
        CREATE OR REPLACE TEMP TABLE screened AS
        SELECT f.subject, f.period,
          (coalesce(sum({weight}) FILTER (WHERE f.value IS NOT NULL), 0)
            / nullif(sum({weight}) FILTER (WHERE f.missing <> 'not_applicable'), 0))::DECIMAL(9,6) AS coverage
        FROM figure AS f JOIN effective AS e ON e.node = f.indicator AND e.period = f.period
        GROUP BY f.subject, f.period
    """)
    short = f"coverage IS NULL OR coverage < {step.at_least}"
    bench.note_rows(
        "screen",
        f"SELECT subject, period, '', coalesce(coverage, 0) FROM screened WHERE {short} ORDER BY period, subject",
        f"指标覆盖率 {{}} 低于 {step.at_least}，不参加计算",
        "补报缺失的指标，或在方法文件中修改 screen 的 at_least",
    )
    for table in ("figure", "subject_row"):
        bench.con.execute(
            f"DELETE FROM {table} WHERE (subject, period) IN (SELECT (subject, period) FROM screened WHERE {short})"
        )
    if not bench.rows("SELECT 1 FROM subject_row LIMIT 1"):
        raise ScoreError("没有单位达到 screen 要求的指标覆盖率，不能计算；请补报，或修改 at_least。")
