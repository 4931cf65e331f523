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
from indices.steps.bench import SCORE, Bench, Columns, fixed, listed

_MEANS: dict[Mean, str] = {
    "arithmetic": "sum(weight * value) / nullif(sum(weight), 0)",
    "geometric": """CASE WHEN min(value) FILTER (WHERE weight > 0) < 0 THEN NULL
        WHEN min(value) FILTER (WHERE weight > 0) = 0 THEN 0
        ELSE exp(sum(weight * ln(CASE WHEN value > 0 THEN value END)::DECIMAL(24,12)) / nullif(sum(weight), 0)) END""",
    "harmonic": """CASE WHEN min(value) FILTER (WHERE weight > 0) < 0 THEN NULL
        WHEN min(value) FILTER (WHERE weight > 0) = 0 THEN 0
        ELSE sum(weight) / sum((weight / CASE WHEN value > 0 THEN value END)::DECIMAL(38,18)) END""",
    "power": """CASE WHEN min(value) FILTER (WHERE weight > 0) < 0 THEN NULL
        WHEN any_value(measure) = 0 THEN 0
        ELSE any_value(measure) * power(sum(weight * power(CASE WHEN weight > 0 AND least(value, measure) > 0 THEN value / measure END, {power})
          ::DECIMAL(28,12)) / nullif(sum(weight), 0), 1.0 / ({power})) END""",
    "median": """(list_sort(list(value))[(count(*) + 1) // 2] + list_sort(list(value))[count(*) // 2 + 1]) / 2""",
    "mpi_minus": "CASE WHEN any_value(middle) > 0 THEN any_value(middle) - {spread} / any_value(middle) END",
    "mpi_plus": "CASE WHEN any_value(middle) > 0 THEN any_value(middle) + {spread} / any_value(middle) END",
}
_SPREAD = "sum(weight * power(value - middle, 2)::DECIMAL(28,12)) / nullif(sum(weight), 0)"
_CHILD = """
    CREATE OR REPLACE TEMP TABLE child AS
    SELECT v.subject, v.period, e.parent, e.mean, v.node, v.value, w.weight, v.reason, {middle} AS middle,
      {measure} AS measure
    FROM edge AS e
    JOIN node_value AS v ON v.node = e.node
    JOIN weight AS w ON w.node = e.node AND w.period = v.period
    WHERE e.height = ?
    WINDOW whole AS (PARTITION BY v.subject, v.period, e.parent)
"""
# The weighted mean over a node's children, which the penalties alone need beside each child.
_MIDDLE = """(sum(w.weight * v.value) OVER whole
    / nullif(sum(w.weight) FILTER (WHERE v.value IS NOT NULL) OVER whole, 0))::DECIMAL(28,12)"""
# The score that the others are measured by before they are raised to a power.
_MEASURE = "{end}(v.value) FILTER (WHERE w.weight > 0) OVER whole"
_BASKET = """
    CREATE OR REPLACE TEMP TABLE basket AS
    SELECT subject, period, parent, any_value(mean) AS mean,
      count(*) FILTER (WHERE reason <> 'not_applicable') AS due,
      count(value) AS there,
      coalesce(sum(weight) FILTER (WHERE reason <> 'not_applicable'), 0) AS due_weight,
      coalesce(sum(weight) FILTER (WHERE value IS NOT NULL), 0) AS there_weight,
      min(value) FILTER (WHERE weight > 0) AS least
    FROM child GROUP BY subject, period, parent
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


def climb(bench: Bench, step: Aggregate, quiet: bool = False) -> None:
    """Add the groups of the tree to ``node_value``, from the lowest level to the index.

    ``quiet`` takes no notes, for a comparison run over the same figures.
    """
    place_edges(bench)
    design = bench.design
    for height in range(1, design.heights[design.root.id] + 1):
        groups = [g for g in design.groups if design.heights[g.id] == height]
        means = sorted({design.mean_of(g) for g in groups})
        middle = _MIDDLE if any(mean.startswith("mpi") for mean in means) else "NULL"
        measure = _MEASURE.format(end="max" if step.power > 0 else "min") if "power" in means else "NULL"
        bench.con.execute(_CHILD.format(middle=middle, measure=measure), [height])
        bench.con.execute(_BASKET)
        bench.con.execute("CREATE OR REPLACE TEMP TABLE climbed (subject VARCHAR, period VARCHAR, node VARCHAR,"
                          " value DECIMAL(28,12))")  # fmt: skip
        for mean in means:
            if mean in ("topsis", "copeland"):
                _compare(bench, mean, [g.id for g in groups if design.mean_of(g) == mean])
            else:
                formula = _MEANS[mean].format(power=step.power, spread=_SPREAD)
                bench.con.execute(f"""
                    INSERT INTO climbed
                    SELECT subject, period, parent, ({formula})::DECIMAL(28,12) FROM child
                    WHERE mean = '{mean}' AND value IS NOT NULL GROUP BY subject, period, parent
                """)
        there, due = ("there", "due") if step.by == "count" else ("there_weight", "due_weight")
        bench.con.execute(f"""
            INSERT INTO node_value
            SELECT b.subject, b.period, b.parent,
              CASE WHEN b.{there} >= {step.at_least} * b.{due} THEN c.value END,
              CASE WHEN b.due = 0 THEN 'not_applicable'
                   WHEN b.there_weight = 0 THEN 'late'
                   WHEN b.{there} < {step.at_least} * b.{due} THEN 'thin'
                   WHEN c.value IS NULL THEN 'undefined' ELSE '' END
            FROM basket AS b
            LEFT JOIN climbed AS c ON c.subject = b.subject AND c.period = b.period AND c.node = b.parent
        """)
        for group in groups:
            decimals = design.decimals_of(group)
            if decimals is not None:
                bench.con.execute(
                    f"UPDATE node_value SET value = round_even(value, {decimals}) WHERE node = ?", [group.id]
                )
        if not quiet:
            _take_notes(bench, step)


def _take_notes(bench: Bench, step: Aggregate) -> None:
    """What the last level climbed could not or only just compute."""
    here = "b.subject, b.period, b.parent"
    table = "FROM basket AS b JOIN node_value AS v ON v.subject = b.subject AND v.period = b.period AND v.node = b.parent"
    order = "ORDER BY b.period, b.subject, b.parent"
    share = "round(b.there / nullif(b.due, 0), 4)" if step.by == "count" else (
        "round(b.there_weight / nullif(b.due_weight, 0), 4)"
    )  # fmt: skip
    zeroing = ["geometric", "harmonic", *(["power"] if step.power < 0 else [])]
    bench.note_rows(
        "zero",
        f"SELECT {here}, b.mean {table} WHERE b.mean IN ({listed(zeroing)}) AND b.least = 0 AND v.value = 0 {order}",
        "下级得分为 0，{} 均值因此为 0",
        "给出高于 0 的得分下限，或改用算术平均",
    )
    bench.note_rows(
        "negative",
        f"SELECT {here}, b.mean, b.least {table} WHERE v.reason = 'undefined' {order}",
        "下级得分最低为 {1}，{0} 合成没有定义，按缺失处理",
        "改用算术平均，或使各得分大于 0；逐对比较的方法要求下级齐全",
    )
    bench.note_rows(
        "thin",
        f"SELECT {here}, {share} {table} WHERE v.reason = 'thin' {order}",
        f"下级覆盖 {{}} 低于 {step.at_least}，不合成",
        "补报缺失的指标，或在方法文件中修改 aggregate 的 at_least",
    )
    bench.note_rows(
        "empty",
        f"SELECT {here} {table} WHERE v.reason = 'late' {order}",
        "下级全部缺失（或只有权重为 0 的），不合成",
        "补报缺失的指标",
    )


def _compare(bench: Bench, mean: Mean, groups: list[str]) -> None:
    """Groups whose value is a comparison of the subjects of one period and type with all children there."""
    measure: Callable[[np.ndarray, np.ndarray], np.ndarray] = topsis if mean == "topsis" else copeland
    rows = []
    for group in groups:
        children = list(bench.design.children[group])
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
                    (*key, group, None if np.isnan(v) else fixed(v))
                    for key, v in zip(who, found, strict=True)
                ]
    schema: Columns = {"subject": pl.String, "period": pl.String, "node": pl.String, "value": SCORE}
    bench.place("compared", pl.DataFrame(rows, schema, orient="row"))
    bench.con.execute("INSERT INTO climbed SELECT * FROM compared")


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
