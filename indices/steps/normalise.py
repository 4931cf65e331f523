"""Normalisation: values of many units become scores of one scale.

With low the value that scores the lower end b and high the one that scores the upper end b + s:

- goalpost, efficacy, minmax, zscore, target: b + s (x - low) / (high - low). Posts are given, the least and largest
  of the window, its mean and mean + deviation (range = mean, deviation), or the least and the indicator's target.
- log_goalpost, efficacy_log: the same on the logarithms. A value at or below 0 has none: it scores the end on its
  side where that end is clipped, else it is missing and noted.
- efficacy_exp: b ((b + s) / b) ^ ((x - low) / (high - low)).
- rank: 1 for the worst; percentile_rank: b + s (rank - 1) / (n - 1). Ties: min, average, max or dense. Ranks are
  taken inside a subject type; what else data decide is taken from all types but the unranked.
- ratio: r = 100 x / x_ref, for a negative indicator 100 x_ref / x; where the indicator has posts they hold for r.
- moderate and interval: b + s inside [a, b], linear down to the lower end at low and high, the same slope beyond.
- none: the value is the score.

Sources: OECD/JRC Handbook, step 5; for the efficacy coefficient (功效系数法) 60 + 40 and its improved forms, the
Chinese performance-evaluation rules; UNDP for log goalposts. The raw score stays beside the clipped one.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, localcontext
from typing import NamedTuple

import numpy as np
import polars as pl

from indices.declare import Normalise, Scale
from indices.design import Indicator
from indices.steps.bench import (
    VALUE,
    WIDE,
    Bench,
    Columns,
    Note,
    ScoreError,
    fixed,
    listed,
    mean_and_deviation,
    plain,
)

_RULE = {"log_goalpost": "log", "efficacy_log": "log", "efficacy_exp": "exp", "rank": "rank", "none": "none",
         "percentile_rank": "percentile", "ratio": "ratio"}  # fmt: skip
_ENDS = pl.Decimal(12, 4)
_EIGHTEEN = Decimal("1e-18")
_POST: Columns = {"indicator": pl.String, "period": pl.String, "rule": pl.String, "method": pl.String, "reverse": pl.Boolean,
         "low": VALUE, "high": VALUE, "lower_end": _ENDS, "span": _ENDS, "floor": _ENDS, "ceiling": _ENDS,
         "best_low": VALUE, "best_high": VALUE, "reference": VALUE, "ties": pl.String, "pool": pl.String}  # fmt: skip

# For rank and percentile_rank, ``pool`` names the periods that are ranked together, each subject type by itself.
_RANKED = """
    SELECT subject, period, indicator, n,
      CASE ties WHEN 'min' THEN below + 1 WHEN 'max' THEN below + same WHEN 'dense' THEN dense
        ELSE below + (same + 1)::DECIMAL(18,1) / 2 END::DECIMAL(18,2) AS place
    FROM (
      SELECT f.subject, f.period, f.indicator, p.ties,
        count(*) OVER pool AS n,
        rank() OVER (pool ORDER BY CASE WHEN p.reverse THEN -f.value ELSE f.value END) - 1 AS below,
        dense_rank() OVER (pool ORDER BY CASE WHEN p.reverse THEN -f.value ELSE f.value END) AS dense,
        count(*) OVER (PARTITION BY f.indicator, p.pool, r.type, f.value) AS same
      FROM figure AS f JOIN post AS p USING (indicator, period) JOIN subject_row AS r USING (subject, period)
      WHERE f.value IS NOT NULL AND p.rule IN ('rank', 'percentile')
      WINDOW pool AS (PARTITION BY f.indicator, p.pool, r.type)
    )
"""
_PLACED = f"LEFT JOIN ({_RANKED}) AS r USING (subject, period, indicator)"
# The raw score by the rule of a post; only those that a design uses are bound, which is most of the cost.
_RAW = {
    "none": "x::DECIMAL(28,12)",
    "rank": "place",
    "percentile": "lower_end + (span * (place - 1) / nullif(n - 1, 0))::DECIMAL(28,12)",
    "log": """CASE
        WHEN x <= 0 THEN CASE WHEN low < high THEN floor ELSE ceiling END
        ELSE lower_end + (span * (ln(x)::DECIMAL(24,12) - ln(low)::DECIMAL(24,12))
          / (ln(high)::DECIMAL(24,12) - ln(low)::DECIMAL(24,12)))::DECIMAL(28,12) END""",
    "exp": """(lower_end::DOUBLE * exp(ln((lower_end + span)::DOUBLE / lower_end::DOUBLE)
        * ((x - low) / (high - low))))::DECIMAL(28,12)""",
    "ratio": "CASE WHEN low IS NULL THEN x::DECIMAL(28,12) ELSE {linear} END",
    "linear": "{linear}",
}
_LINEAR = """CASE
    WHEN best_low IS NULL THEN (lower_end + span * ((x - low) / (high - low))::DECIMAL(38,18))::DECIMAL(28,12)
    WHEN x < best_low THEN (lower_end + span * (1 - ((best_low - x) / (best_low - low))::DECIMAL(38,18)))::DECIMAL(28,12)
    WHEN x > best_high THEN (lower_end + span * (1 - ((x - best_high) / (high - best_high))::DECIMAL(38,18)))::DECIMAL(28,12)
    ELSE lower_end + span END"""
_SCORED = """
    CREATE OR REPLACE TEMP TABLE score AS
    WITH ratio AS (
      SELECT f.*, p.* EXCLUDE (indicator, period), {place},
        CASE WHEN p.rule <> 'ratio' THEN f.value
             WHEN p.reverse AND f.value > 0 THEN (100 * p.reference / f.value)::DECIMAL(38,18)
             WHEN NOT p.reverse AND f.value >= 0 THEN (100 * f.value / p.reference)::DECIMAL(38,18)
        END AS x
      FROM figure AS f JOIN post AS p USING (indicator, period)
      {placed}
    ),
    raw AS (
      SELECT *, CASE WHEN x IS NULL THEN NULL {raw} END::DECIMAL(28,12) AS raw_score FROM ratio
    ),
    typed AS (
      SELECT *, CASE WHEN missing = '' AND raw_score IS NULL THEN 'not_applicable' ELSE missing END AS kind FROM raw
    )
    SELECT subject, period, t, indicator, value, source, raw_score, kind AS missing,
      CASE WHEN kind IN ({floored}) THEN {worst} WHEN raw_score < floor THEN floor WHEN raw_score > ceiling THEN ceiling
        ELSE raw_score END::DECIMAL(28,12) AS score,
      raw_score IS NOT NULL AND (coalesce(raw_score < floor, false) OR coalesce(raw_score > ceiling, false)
        OR (rule = 'log' AND x <= 0)) AS clipped,
      coalesce(kind IN ({floored}), false) AS floored
    FROM typed
"""


class Posts(NamedTuple):
    """Where a scale stands for one indicator: its ends, and the reference of a ratio."""

    low: Decimal | None = None
    high: Decimal | None = None
    reference: Decimal | None = None


class Window(NamedTuple):
    """What is known of an indicator in the periods of a window."""

    first: str
    last: str
    figures: int
    least: Decimal
    most: Decimal
    values: list[Decimal]  # only where the scale takes a mean


def normalise(bench: Bench, step: Normalise) -> None:
    """Make ``post`` (the posts of every indicator and period) and ``score`` (raw and clipped) of ``figure``."""
    rows = []
    scales = {i.id: step.scale_of(i.scale) for i in bench.design.indicators}
    periods = bench.periods()
    for indicator in bench.design.indicators:
        scale = scales[indicator.id]
        if not scale.needs_window:
            rows += [_row(indicator, scale, _given(indicator, scale), p, periods[0]) for p in periods]
        elif scale.method in ("rank", "percentile_rank") and isinstance(scale.window, tuple):
            raise ScoreError(
                f'指标 {indicator.id} 按位次评分，不能用基期窗口；请写 window = "period" 或 "all"。'
            )
    for window in dict.fromkeys(s.window for s in scales.values() if s.needs_window):
        mine = [
            i for i in bench.design.indicators if scales[i.id].needs_window and scales[i.id].window == window
        ]
        averaged = any(scales[i.id].method == "zscore" or scales[i.id].reference == "mean" for i in mine)
        for taken, served in bench.windows(window):
            extremes = bench.extremes(taken)
            columns = bench.columns(taken) if averaged else {}
            for indicator in mine:
                posts = Posts()  # of an indicator without any figure, which is missing already
                if indicator.id in extremes:
                    known = Window(
                        taken[0], taken[-1], *extremes[indicator.id], columns.get(indicator.id, [])
                    )
                    posts = _posts(bench, indicator, scales[indicator.id], known)
                elif _figures(bench, indicator.id, served):
                    raise ScoreError(_undecided(indicator, taken))
                rows += [_row(indicator, scales[indicator.id], posts, p, taken[0]) for p in served]
    bench.place("post", pl.DataFrame(rows, _POST, orient="row"))
    _score(bench, {_rule(s) for s in scales.values()})
    _note_unscored(bench, scales)
    bench.con.execute(
        "CREATE OR REPLACE TEMP TABLE node_value AS SELECT subject, period, indicator AS node, score AS value,"
        " CASE WHEN score IS NULL THEN missing ELSE '' END AS reason FROM score"
    )


def _score(bench: Bench, rules: set[str]) -> None:
    """Make ``score`` of ``figure`` and ``post``. Figures that are missing score the floor where the method says so;
    what they are stays in ``missing``."""
    gaps, ranking = bench.design.missing, bool(rules & {"rank", "percentile"})
    bench.con.execute(
        _SCORED.format(
            place="r.place, r.n" if ranking else "NULL AS place",
            placed=_PLACED if ranking else "",
            raw=" ".join(
                f"WHEN rule = '{rule}' THEN {_RAW[rule].format(linear=_LINEAR)}" for rule in sorted(rules)
            ),
            floored=listed(kind for kind in ("not_yet", "late") if getattr(gaps, kind) == "floor"),
            worst=f"{gaps.floor:f}",
        )
    )


def _rule(scale: Scale) -> str:
    return _RULE.get(scale.method, "linear")


def _given(indicator: Indicator, scale: Scale) -> Posts:
    """Posts that stand in the method file."""
    if scale.method == "none":
        return Posts()
    if scale.method == "ratio" and (indicator.reference is None or indicator.reference <= 0):
        raise ScoreError(
            f"指标 {indicator.id} 的对比基准为 {indicator.reference}，应大于 0；请核对 reference。"
        )
    return Posts(indicator.low, indicator.high, indicator.reference)


def _posts(bench: Bench, indicator: Indicator, scale: Scale, known: Window) -> Posts:
    """Posts that a window's figures decide; ScoreError where they would not tell subjects apart."""
    reverse = indicator.direction == "negative"
    worst, best = (known.most, known.least) if reverse else (known.least, known.most)
    if scale.method == "minmax":
        if worst == best:
            raise ScoreError(_constant(indicator, known))
        return Posts(worst, best)
    if scale.method == "target":
        if (
            indicator.reference is None
            or indicator.reference == worst
            or (indicator.reference < worst) != reverse
        ):
            raise ScoreError(
                f"指标 {indicator.id} 的目标 {indicator.reference} 不优于最差值 {worst.normalize():f}，"
                "不能按目标距离评分；请核对目标和方向。"
            )
        return Posts(worst, indicator.reference)
    if scale.method == "zscore":
        mean, deviation = mean_and_deviation(np.asarray(known.values, dtype=np.float64), scale.ddof)
        if worst == best or not deviation > 0:
            raise ScoreError(_constant(indicator, known))
        return Posts(fixed(mean, 18), fixed(mean - deviation if reverse else mean + deviation, 18))
    if scale.method == "ratio":
        return Posts(indicator.low, indicator.high, _reference(bench, indicator, scale, known))
    return Posts()


def _figures(bench: Bench, indicator: str, periods: list[str]) -> int:
    """How many figures an indicator has in some periods, of whatever subject."""
    query = (
        "SELECT count(*) FROM figure WHERE indicator = ? AND list_contains(?, period) AND value IS NOT NULL"
    )
    return int(bench.rows(query, (indicator, periods))[0][0])


def _undecided(indicator: Indicator, taken: list[str]) -> str:
    when = f"{taken[0]} 至 {taken[-1]} " if taken[0] else ""
    return (
        f"指标 {indicator.id}（{indicator.name}）{when}没有参加排名的单位的数值，不能由数据定上下限；"
        "请换窗口，或在方法文件中给定上下限。"
    )


def _constant(indicator: Indicator, known: Window) -> str:
    when = f"{known.first} 至 {known.last} " if known.first else ""
    return (
        f"指标 {indicator.id}（{indicator.name}）{when}的 {known.figures} 个数值全部相等（{known.least.normalize():f}），"
        "不能由数据定上下限；请在方法文件中给定上下限，或剔除该指标。"
    )


def _reference(bench: Bench, indicator: Indicator, scale: Scale, known: Window) -> Decimal:
    """The divisor of a ratio: the mean of the window, or a subject's figure in its last period."""
    if scale.reference == "mean":
        with localcontext(WIDE):
            found = (sum(known.values, Decimal(0)) / len(known.values)).quantize(_EIGHTEEN)
    else:
        rows = bench.rows(
            "SELECT value FROM figure WHERE indicator = ? AND subject = ? AND period = ? AND value IS NOT NULL",
            (indicator.id, scale.reference, known.last),
        )
        found = rows[0][0] if rows else Decimal(0)
    if found <= 0:
        raise ScoreError(f"指标 {indicator.id} 的对比基准 {scale.reference} 缺失或不大于 0；请核对基准。")
    return found


def _row(indicator: Indicator, scale: Scale, posts: Posts, period: str, pool: str) -> tuple[object, ...]:
    start, end = scale.ends
    span = end if scale.method == "zscore" else end - start
    floor = scale.floor if scale.floor is not None else start
    optimum = indicator.optimum or (None, None)
    return (
        indicator.id, period, _rule(scale), scale.method, indicator.direction == "negative",
        posts.low, posts.high, start, span,
        floor if scale.clipped in ("lower", "both") else None,
        end if scale.clipped in ("upper", "both") else None,
        *optimum, posts.reference, scale.ties, pool,
    )  # fmt: skip


def _note_unscored(bench: Bench, scales: Mapping[str, Scale]) -> None:
    rows = bench.rows(
        "SELECT subject, period, indicator, value FROM score WHERE value IS NOT NULL AND raw_score IS NULL"
        " ORDER BY period, subject, indicator"
    )
    for subject, period, indicator, value in rows:
        said = (
            f"数值 {plain(value)} 不能按 {scales[indicator].method} 评分（对数和反向比值要求大于 0，"
            "位次要求至少两个单位），按不适用处理"
        )
        bench.notes.append(Note("normalise", subject, period, indicator, said, "核对数值，或更换评分方法"))
