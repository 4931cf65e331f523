"""Transformation: x' = ln(x + shift), kept to 12 decimals. Source: OECD/JRC Handbook, step 5.

A figure at or below -shift has no logarithm: it becomes missing and is noted, never set to some small number.
"""

from __future__ import annotations

from indices.declare import Transform
from indices.steps.bench import Bench, listed


def transform(bench: Bench, step: Transform) -> None:
    """Replace the values of the step's indicators in ``figure``."""
    chosen = f"indicator IN ({listed(step.indicators)}) AND value IS NOT NULL"
    outside = f"{chosen} AND value + {step.shift} <= 0"
    bench.note_rows(
        "transform",
        f"SELECT subject, period, indicator, value FROM figure WHERE {outside} ORDER BY period, subject, indicator",
        f"数值 {{}} 加 {step.shift} 后不大于 0，没有对数，按缺失计",
        "核对数值，或在 transform 中写更大的 shift",
    )
    bench.con.execute(f"UPDATE figure SET value = NULL, missing = 'late' WHERE {outside}")
    bench.con.execute(f"UPDATE figure SET value = ln(value + {step.shift})::DECIMAL(24,12) WHERE {chosen}")
