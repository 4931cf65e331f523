"""Aggregation: from the scores of the indicators up the tree to the index, level by level.

With weights w of the children that are there (the weight of a missing child goes to the others):

- arithmetic: sum(w x) / sum(w);  geometric: exp(sum(w ln x) / sum(w));  harmonic: sum(w) / sum(w / x);
  power: m (sum(w (x/m)^p) / sum(w))^(1/p), with m the largest score for p > 0 and the least for p < 0, which changes
  nothing and keeps every power within 0 to 1;  median: the middle of the scores, without weights.
- mpi_minus, mpi_plus (Mazziotta and Pareto 2016, for scores of mean 100 and deviation 10): M - S^2 / M or
  M + S^2 / M, with M the mean and S^2 the variance over the children; the penalty is for imbalance.
- topsis: D- / (D+ + D-), the distances to the worst and the best of the period over weighted scores (Hwang and
  Yoon 1981), 0 to 1.  copeland: wins less losses of pairwise comparisons in which the children vote with their
  weights and a tie votes half each way (OECD/JRC Handbook, step 6). Both compare subjects of one period and type, so
  one subject more can move the others.

A zero under a geometric or harmonic mean, or a power below 0, makes it zero and is noted; a negative score has no such
mean: the node is missing and noted. A node with less than ``at_least`` of its children is missing and noted. A child
that does not apply is outside the basket. Sums are exact; each mean is cast to 12 decimals once.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from indices.declare import Aggregate, Mean
from indices.design import Group
from indices.steps.bench import SCORE, Bench, Columns, Note, fixed, listed, plain

_MEANS: dict[Mean, str] = {
    "arithmetic": "sum(weight * value) / nullif(sum(weight), 0)",
    "geometric": """CASE WHEN min(value) FILTER (WHERE weight > 0) < 0 THEN NULL
        WHEN min(value) FILTER (WHERE weight > 0) = 0 THEN 0
        ELSE exp(sum(weight * ln(CASE WHEN value > 0 THEN value END)::DECIMAL(24,12)) / nullif(sum(weight), 0)) END""",
    "harmonic": """CASE WHEN min(value) FILTER (WHERE weight > 0) < 0 THEN NULL
        WHEN min(value) FILTER (WHERE weight > 0) = 0 THEN 0
        ELSE sum(weight) / nullif(sum((weight / CASE WHEN value > 0 THEN value END)::DECIMAL(38,18)), 0) END""",
    "power": """CASE WHEN min(value) FILTER (WHERE weight > 0) < 0 THEN NULL
        WHEN any_value(measure) = 0 THEN 0
        ELSE any_value(measure) * power(sum(weight * power(CASE WHEN weight > 0 AND least(value, measure) > 0 THEN value / measure END, {power})
          ::DECIMAL(28,12)) / nullif(sum(weight), 0), 1.0 / ({power})) END""",
    "median": "(list_sort({scores})[(count(value) + 1) // 2] + list_sort({scores})[count(value) // 2 + 1]) / 2",
    "mpi_minus": "CASE WHEN any_value(middle) > 0 THEN any_value(middle) - {spread} / any_value(middle) END",
    "mpi_plus": "CASE WHEN any_value(middle) > 0 THEN any_value(middle) + {spread} / any_value(middle) END",
    "topsis": "any_value(compared)",
    "copeland": "any_value(compared)",
}
_SCORES = "list(value) FILTER (WHERE value IS NOT NULL)"
_SPREAD = "sum(weight * power(value - middle, 2)::DECIMAL(28,12)) / nullif(sum(weight), 0)"
# ``weight`` is that of a child with a score, ``due`` that of each.
_CHILD = """
    SELECT v.subject, v.period, e.parent, e.mean, v.value, v.reason, w.weight AS due,
      CASE WHEN v.value IS NOT NULL THEN w.weight END AS weight,
      {middle} AS middle, {measure} AS measure, {compared} AS compared
    FROM edge AS e
    JOIN node_value AS v ON v.node = e.node
    JOIN weight AS w ON w.node = e.node AND w.period = v.period
    {comparison}
    WHERE e.height = {height}
    WINDOW whole AS (PARTITION BY v.subject, v.period, e.parent)
"""
# The weighted mean over a node's children, which the penalties alone need beside each child.
_MIDDLE = """(sum(w.weight * v.value) OVER whole
    / nullif(sum(w.weight) FILTER (WHERE v.value IS NOT NULL) OVER whole, 0))::DECIMAL(28,12)"""
# The score that the others are measured by before they are raised to a power.
_MEASURE = "{end}(v.value) FILTER (WHERE w.weight > 0) OVER whole"
_COMPARISON = "LEFT JOIN compared AS c ON c.subject = v.subject AND c.period = v.period AND c.node = e.parent"
# One mean of a level: what the parent has to stand on, its value, and why there is none.
_BASKET = """
    SELECT subject, period, parent, '{mean}' AS mean, least, round({there} / nullif({due}, 0), 4) AS share,
      CASE WHEN {there} >= {at_least} * {due} THEN found END AS value,
      CASE WHEN due_n = 0 THEN 'not_applicable'
           WHEN there_weight = 0 THEN 'late'
           WHEN {there} < {at_least} * {due} THEN 'thin'
           WHEN found IS NULL THEN 'undefined' ELSE '' END AS reason
    FROM (
      SELECT subject, period, parent,
        count(*) FILTER (WHERE reason <> 'not_applicable') AS due_n,
        count(value) AS there_n,
        coalesce(sum(due) FILTER (WHERE reason <> 'not_applicable'), 0) AS due_weight,
        coalesce(sum(weight), 0) AS there_weight,
        min(value) FILTER (WHERE weight > 0) AS least,
        ({formula})::DECIMAL(28,12) AS found
      FROM child WHERE mean = '{mean}' GROUP BY subject, period, parent
    )
"""


def place_edges(bench: Bench) -> None:
    """``edge`` (parent, node, height, mean): the tree, with the mean of each parent and its height."""
    design = bench.design
    rows = [
        (g.id, child, design.heights[g.id], design.mean_of(g))
        for g in design.groups
        for child in design.children[g.id]
    ]
    schema = {"parent": pl.String, "node": pl.String, "height": pl.Int32, "mean": pl.String}
    bench.place("edge", pl.DataFrame(rows, schema, orient="row"))


def climb(bench: Bench, step: Aggregate) -> None:
    """Add the groups of the tree to ``node_value``, from the lowest level to the index."""
    place_edges(bench)
    for height in _heights(bench):
        _add(bench, step, height)
        _take_notes(bench, step)


def climb_again(bench: Bench, step: Aggregate) -> None:
    """The same over other scores of the indicators, without notes."""
    for height in _heights(bench):
        _add(bench, step, height)


def _heights(bench: Bench) -> range:
    design = bench.design
    return range(1, design.heights[design.root.id] + 1)


def _add(bench: Bench, step: Aggregate, height: int) -> None:
    """The groups of one height, rounded where the design says so."""
    design = bench.design
    groups = [g for g in design.groups if design.heights[g.id] == height]
    _reach(bench, step, height, groups)
    bench.con.execute("INSERT INTO node_value SELECT subject, period, parent, value, reason FROM basket")
    for group in groups:
        decimals = design.decimals_of(group)
        if decimals is not None:
            bench.con.execute(
                f"UPDATE node_value SET value = round_even(value, {decimals}) WHERE node = ?", [group.id]
            )


def _reach(bench: Bench, step: Aggregate, height: int, groups: list[Group]) -> None:
    """``basket`` (subject, period, parent, mean, least, share, value, reason): the groups of one height."""
    means = sorted({bench.design.mean_of(g) for g in groups})
    comparing = any(mean in _COMPARED for mean in means)
    if comparing:
        _compare(bench, groups)
    child = _CHILD.format(
        middle=_MIDDLE if any(mean.startswith("mpi") for mean in means) else "NULL",
        measure=_MEASURE.format(end="max" if step.power > 0 else "min") if "power" in means else "NULL",
        compared="c.value" if comparing else "NULL",
        comparison=_COMPARISON if comparing else "",
        height=height,
    )
    measured = "n" if step.by == "count" else "weight"
    parts = [
        _BASKET.format(
            mean=mean,
            formula=_MEANS[mean].format(power=step.power, spread=_SPREAD, scores=_SCORES),
            there=f"there_{measured}",
            due=f"due_{measured}",
            at_least=step.at_least,
        )
        for mean in means
    ]
    bench.con.execute(
        f"CREATE OR REPLACE TEMP TABLE basket AS WITH child AS ({child}) {' UNION ALL '.join(parts)}"
    )


def _take_notes(bench: Bench, step: Aggregate) -> None:
    """What the last level climbed could not or only just compute."""
    zeroing = ["geometric", "harmonic", *(["power"] if step.power < 0 else [])]
    rows = bench.rows(
        "SELECT subject, period, parent, mean, least, share, reason FROM basket"
        " WHERE reason IN ('undefined', 'thin', 'late')"
        f" OR (mean IN ({listed(zeroing)}) AND least = 0 AND value = 0) ORDER BY period, subject, parent"
    )
    for subject, period, node, mean, least, share, reason in rows:
        match reason:
            case "undefined":
                shown = least if least is None else plain(least)
                rule, said = "negative", f"下级得分最低为 {shown}，{mean} 合成没有定义，按缺失处理"
                advice = "改用算术平均，或使各得分大于 0；逐对比较的方法要求下级齐全"
            case "thin":
                rule, said = "thin", f"下级覆盖 {share} 低于 {step.at_least}，不合成"
                advice = "补报缺失的指标，或在方法文件中修改 aggregate 的 at_least"
            case "late":
                rule, said = "empty", "下级全部缺失（或只有权重为 0 的），不合成"
                advice = "补报缺失的指标"
            case _:
                rule, said = "zero", f"下级得分为 0，{mean} 均值因此为 0"
                advice = "给出高于 0 的得分下限，或改用算术平均"
        bench.notes.append(Note(rule, subject, period, node, said, advice))


def _compare(bench: Bench, groups: list[Group]) -> None:
    """``compared`` (subject, period, node, value): groups whose value is a comparison of the subjects of one period
    and type with all children there."""
    rows = []
    for group in groups:
        measure = _COMPARED.get(bench.design.mean_of(group))
        if measure is None:
            continue
        children = list(bench.design.children[group.id])
        for period in bench.periods():
            weights = dict(
                bench.rows("SELECT node, weight FROM weight WHERE period = ? ORDER BY node", [period])
            )
            for kind in bench.kinds(period):
                who, scores = bench.matrix(children, [period], kind)
                if not who:
                    continue
                found = measure(scores, np.asarray([float(weights[c]) for c in children]))
                rows += [
                    (*key, group.id, None if np.isnan(v) else fixed(v))
                    for key, v in zip(who, found, strict=True)
                ]
    schema: Columns = {"subject": pl.String, "period": pl.String, "node": pl.String, "value": SCORE}
    bench.place("compared", pl.DataFrame(rows, schema, orient="row"))


def topsis(scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Closeness to the best, of shape (subjects,); nan where all subjects are alike."""
    weighted = scores * weights / weights.sum()
    to_best = np.sqrt(((weighted - weighted.max(axis=0)) ** 2).sum(axis=1))
    to_worst = np.sqrt(((weighted - weighted.min(axis=0)) ** 2).sum(axis=1))
    whole = to_best + to_worst
    return np.where(whole > 0, to_worst / np.where(whole > 0, whole, 1.0), np.nan)


def outranking(scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Share of weight with which the row beats the column, ties half each way; zero on the diagonal."""
    ahead = scores[:, None, :] - scores[None, :, :]
    votes = ((ahead > 0) + 0.5 * (ahead == 0)) @ (weights / weights.sum())
    np.fill_diagonal(votes, 0.0)
    return votes


def copeland(scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Wins less losses of each subject; votes within 1e-12 of each other are a draw."""
    votes = outranking(scores, weights)
    margin = votes - votes.T
    return np.where(np.abs(margin) < 1e-12, 0.0, np.sign(margin)).sum(axis=1)


_COMPARED: dict[Mean, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "topsis": topsis,
    "copeland": copeland,
}
