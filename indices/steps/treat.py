"""Outlier treatment: winsorise, and take the logarithm where that does not help.

While |skew| >= limit and kurtosis >= limit: the most extreme points on the skewed side take the next value, one step
more each time, at most ``max_points`` steps, and never so far that all points are equal: a column that winsorising
would make constant is noted, and one of two values only stays as it is. If the distribution still fails, the
untreated figures become ln(x - min + 0.01 (max - min)) for positive skew and -ln(max - x + 0.01 (max - min)) for
negative. Skew and kurtosis (excess) are the sample ones, G1 and G2. Source: JRC COIN Tool user guide (2019), section
on outliers; COINr ``qTreat`` with ``log_CT``.

Limits come from the periods of the window and serve every period that it serves: frozen to a base window, a later
period cannot change an earlier one. Each changed cell is a row of ``treated``; of the logarithm, which changes a
whole column, the parameters are a row of ``treatment`` as well.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import polars as pl

from indices.declare import Treat
from indices.steps.bench import VALUE, Bench, Note

SHIFT = 0.01  # of the range, so that the smallest value has a logarithm


class Treatment(NamedTuple):
    """What is done to one column: limits that values are cut to, or a logarithm; None leaves it as it is."""

    lower: float | None = None
    upper: float | None = None
    log: int = 0  # 1 from the lower end, -1 from the upper end
    least: float = 0.0
    most: float = 0.0
    flat: bool = False  # one step more would have made all values equal


def skewness(x: np.ndarray) -> float:
    """Sample skew G1 = n sqrt(n-1)/(n-2) * m3 / m2^1.5 over sums; nan below 3 points or without spread."""
    n = len(x)
    if n < 3 or x.min() == x.max():
        return math.nan
    d = x - math.fsum(x) / n
    return n * math.sqrt(n - 1) / (n - 2) * math.fsum(d**3) / math.fsum(d**2) ** 1.5


def kurtosis(x: np.ndarray) -> float:
    """Sample excess kurtosis G2; nan below 4 points or without spread."""
    n = len(x)
    if n < 4 or x.min() == x.max():
        return math.nan
    d = x - math.fsum(x) / n
    g = n * (n + 1) * (n - 1) / ((n - 2) * (n - 3)) * math.fsum(d**4) / math.fsum(d**2) ** 2
    return g - 3 * (n - 1) ** 2 / ((n - 2) * (n - 3))


def choose(x: np.ndarray, step: Treat) -> Treatment:
    """The treatment of a column of figures."""
    if not _fails(x, step):
        return Treatment()
    won, lower, upper, flat = x.copy(), None, None, False
    for _ in range(step.max_points):
        upwards = skewness(won) > 0
        rest = won[won < won.max()] if upwards else won[won > won.min()]
        flat = bool(rest.min() == rest.max())
        if flat:
            break
        if upwards:
            upper = float(rest.max())
        else:
            lower = float(rest.min())
        won = np.clip(x, lower, upper)
        if not _fails(won, step):
            return Treatment(lower, upper)
    if step.then == "none" or len(np.unique(x)) == 2:
        return Treatment(lower, upper, flat=flat)
    return Treatment(log=1 if skewness(x) > 0 else -1, least=float(x.min()), most=float(x.max()), flat=flat)


def _fails(x: np.ndarray, step: Treat) -> bool:
    skew, kurt = skewness(x), kurtosis(x)
    return abs(skew) >= float(step.skew) and kurt >= float(step.kurtosis)


def treat(bench: Bench, step: Treat) -> None:
    """Treat the columns of ``figure``; ``treatment`` and ``treated`` say what was done."""
    found = []
    for taken, served in bench.windows(step.window):
        columns = bench.columns(taken)
        for indicator in step.indicators or tuple(i.id for i in bench.design.indicators):
            values = columns.get(indicator, [])
            chosen = choose(np.asarray(values, dtype=np.float64), step) if values else Treatment()
            if chosen.flat:
                bench.notes.append(_flat(indicator, taken, chosen))
            if chosen._replace(flat=False) != Treatment():
                found += [(indicator, period, *_exact(chosen, values)) for period in served]
    bench.place(
        "treatment",
        pl.DataFrame(
            found,
            {"indicator": pl.String, "period": pl.String, "lower": VALUE, "upper": VALUE, "log": pl.Int32,
             "least": VALUE, "most": VALUE},
            orient="row",
        ),
    )  # fmt: skip
    bench.con.execute(f"""
        CREATE OR REPLACE TEMP TABLE treating AS
        SELECT f.subject, f.period, f.indicator, f.value AS before,
          CASE t.log
            WHEN 1 THEN ln(nullif(greatest(f.value - t.least + {SHIFT} * (t.most - t.least), 0), 0))::DECIMAL(24,12)
            WHEN -1 THEN -ln(nullif(greatest(t.most - f.value + {SHIFT} * (t.most - t.least), 0), 0))::DECIMAL(24,12)
            ELSE least(greatest(f.value, t.lower), t.upper)  -- an absent limit is passed over
          END::DECIMAL(38,18) AS after,
          CASE WHEN t.log <> 0 THEN '取对数' WHEN f.value > t.upper THEN '压低' ELSE '抬高' END AS how
        FROM figure AS f JOIN treatment AS t USING (indicator, period)
        WHERE f.value IS NOT NULL
    """)
    bench.con.execute(
        "INSERT INTO treated SELECT subject, period, indicator, before, after, how FROM treating"
        " WHERE after IS DISTINCT FROM before"
    )
    bench.note_rows(
        "treat",
        "SELECT subject, period, indicator, before FROM treating WHERE after IS NULL"
        " ORDER BY period, subject, indicator",
        "数值 {} 超出基期窗口对数的定义域，不能处理，按缺失计",
        "核对数值，或更换窗口",
    )
    bench.con.execute("""
        UPDATE figure SET value = t.after, missing = CASE WHEN t.after IS NULL THEN 'late' ELSE '' END
        FROM treating AS t
        WHERE figure.subject = t.subject AND figure.period = t.period AND figure.indicator = t.indicator
    """)


def _flat(indicator: str, taken: list[str], t: Treatment) -> Note:
    instead = "改取对数" if t.log else "不再截尾"
    return Note(
        "treat-flat", "", taken[0] if len(taken) == 1 else "", indicator,
        f"再截尾会使全部数值相等，{instead}，偏度和峰度仍超过限度",
        "核对数值；不需要处理的指标请不要列入 treat 的 indicators",
    )  # fmt: skip


def _exact(t: Treatment, values: list[Decimal]) -> tuple[object, ...]:
    """The limits as the decimals of the column that they are, not as floats."""
    decimals = {float(v): v for v in values}
    lower, upper = (None if v is None else decimals[v] for v in (t.lower, t.upper))
    return lower, upper, t.log, decimals.get(t.least, Decimal(0)), decimals.get(t.most, Decimal(0))
