"""Denomination: totals become comparable between large and small subjects.

x' = factor * x / d, where d is the subject's own denominator of the same period. Source: OECD/JRC Handbook, step 5
(scale effects); COINr ``Denominate``. A missing denominator makes the figure missing; one that is zero or negative
makes it not applicable; both are noted.
"""

from __future__ import annotations

import polars as pl

from indices.steps.bench import Bench


def denominate(bench: Bench) -> None:
    """Divide in ``figure``; the quotient is kept to 18 decimals."""
    named = [i for i in bench.design.indicators if i.denominator]
    bench.place(
        "denominator",
        pl.DataFrame(
            [(i.id, i.denominator, i.factor) for i in named],
            {"indicator": pl.String, "label": pl.String, "factor": pl.Decimal(20, 9)},
            orient="row",
        ),
    )
    bench.con.execute("""
        CREATE OR REPLACE TEMP TABLE divided AS
        SELECT f.subject, f.period, f.indicator, f.value AS total, d.label, c.value AS divisor,
          CASE WHEN c.value > 0 THEN (f.value / c.value * d.factor)::DECIMAL(38,18) END AS value
        FROM figure AS f
        JOIN denominator AS d USING (indicator)
        LEFT JOIN column_value AS c ON c.subject = f.subject AND c.period = f.period AND c.label = d.label
    """)
    bench.note_rows(
        "denominate",
        "SELECT subject, period, indicator, label, coalesce(divisor::VARCHAR, '空') FROM divided"
        " WHERE total IS NOT NULL AND value IS NULL ORDER BY period, subject, indicator",
        "分母 {0} 为 {1}，不能相除",
        "核对分母；没有分母的指标按缺失处理，分母不大于 0 的按不适用处理",
    )
    bench.con.execute("""
        UPDATE figure SET value = d.value,
          missing = CASE WHEN figure.value IS NULL THEN figure.missing WHEN d.value IS NOT NULL THEN ''
                         WHEN d.divisor IS NULL THEN 'late' ELSE 'not_applicable' END
        FROM divided AS d
        WHERE figure.subject = d.subject AND figure.period = d.period AND figure.indicator = d.indicator
    """)
