"""What an index is made of: statistics, correlations, reliability, what leaving something out does, who is near whom.

Statistics need floats: they are taken over columns in the order of subjects and cast to 12 decimals at once.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import polars as pl
from scipy.stats import rankdata

from indices.design import Design, checked
from indices.score import Scored, score_table
from indices.steps.bench import Columns, ScoreError, fixed
from indices.steps.treat import kurtosis, skewness
from indices.steps.weigh import principal
from indices.table import Table

_FIXED = pl.Decimal(38, 12)


def _newest(scored: Scored, period: str | None) -> str:
    return period if period is not None else str(scored.scores["period"].max())


def statistics(figures: pl.DataFrame, period: str) -> pl.DataFrame:
    """Per indicator of ``values`` or ``prepared``: n, least, most, mean, median, deviation (n - 1), skew, kurtosis."""
    rows = []
    chosen = figures.filter(pl.col("period") == period).sort("indicator", "subject")
    for (indicator,), part in chosen.group_by("indicator", maintain_order=True):
        x = part["value"].drop_nulls().cast(pl.Float64).to_numpy()
        if len(x):
            deviation = float(x.std(ddof=1)) if len(x) > 1 else math.nan
            found = (
                x.min(),
                x.max(),
                math.fsum(x) / len(x),
                np.median(x),
                deviation,
                skewness(x),
                kurtosis(x),
            )
            rows.append((indicator, len(x), *(_kept(float(v)) for v in found)))
    names = ("least", "most", "mean", "median", "deviation", "skew", "kurtosis")
    schema: Columns = {"indicator": pl.String, "n": pl.Int32, **dict.fromkeys(names, _FIXED)}
    return pl.DataFrame(rows, schema, orient="row")


def _kept(value: float) -> Decimal | None:
    return None if math.isnan(value) else fixed(value)


def matrix(scored: Scored, nodes: Sequence[str], period: str) -> np.ndarray:
    """Scores of some nodes at full precision, a row per subject in key order, nan for gaps."""
    chosen = scored.levels.filter((pl.col("period") == period) & pl.col("node").is_in(list(nodes)))
    wide = chosen.with_columns(pl.col("value").cast(pl.Float64)).pivot(
        "node", index="subject", values="value"
    )
    absent = [pl.lit(None, dtype=pl.Float64).alias(n) for n in nodes if n not in wide.columns]
    return wide.with_columns(absent).sort("subject").select(nodes).to_numpy()


def correlations(
    scored: Scored, nodes: Sequence[str], method: str = "pearson", period: str | None = None
) -> pl.DataFrame:
    """(first, second, n, correlation) of all pairs of nodes, over the subjects that have both.

    ``method`` is pearson or spearman (average ranks). A pair without spread or with fewer than 3 subjects is empty.
    """
    x = matrix(scored, nodes, _newest(scored, period))
    rows = []
    for a, first in enumerate(nodes):
        for b, second in enumerate(nodes):
            both = x[~np.isnan(x[:, [a, b]]).any(axis=1)][:, [a, b]]
            if method == "spearman" and len(both):
                both = np.apply_along_axis(rankdata, 0, both)
            known = len(both) >= 3 and both.std(axis=0).min() > 0
            rows.append(
                (
                    first,
                    second,
                    len(both),
                    fixed(float(np.corrcoef(both, rowvar=False)[0, 1])) if known else None,
                )
            )
    schema: Columns = {"first": pl.String, "second": pl.String, "n": pl.Int32, "correlation": _FIXED}
    return pl.DataFrame(rows, schema, orient="row")


def cronbach(x: np.ndarray) -> float:
    """Cronbach's alpha of complete rows: k / (k - 1) (1 - sum of the variances / variance of the sums).

    nan for one column or without spread. Source: OECD/JRC Handbook, step 4.
    """
    x = x[~np.isnan(x).any(axis=1)]
    k = x.shape[1]
    whole = x.sum(axis=1).var(ddof=1) if len(x) > 1 else 0.0
    return (
        k / (k - 1) * (1 - float(x.var(axis=0, ddof=1).sum()) / float(whole))
        if k > 1 and whole > 0
        else math.nan
    )


def reliability(design: Design, scored: Scored, period: str | None = None) -> pl.DataFrame:
    """(group, n, alpha, first_eigenvalue, first_share): alpha of the children's scores, and their first component."""
    rows = []
    for group in sorted(design.children):
        children = design.children[group]
        x = matrix(scored, children, _newest(scored, period))
        complete = x[~np.isnan(x).any(axis=1)]
        usable = len(children) > 1 and len(complete) > 2 and complete.std(axis=0).min() > 0
        first = float(principal(complete)[0][0]) if usable else math.nan
        rows.append((group, len(children), _kept(cronbach(x)), _kept(first), _kept(first / len(children))))
    names = ("alpha", "first_eigenvalue", "first_share")
    schema: Columns = {"group": pl.String, "n": pl.Int32, **dict.fromkeys(names, _FIXED)}
    return pl.DataFrame(rows, schema, orient="row")


def without(design: Design, node: str) -> Design:
    """The design without an indicator or a group and all below it; groups that are left empty go too.

    MethodError or ScoreError if nothing is left.
    """
    gone = set(design.leaves_of(node)) | {node}
    indicators = tuple(i for i in design.indicators if i.id not in gone)
    groups = tuple(
        g
        for g in design.groups
        if g.id not in gone and any(leaf not in gone for leaf in design.leaves_of(g.id))
    )
    if not indicators:
        raise ScoreError(f"去掉 {node} 后没有指标。")
    return checked(
        dataclasses.replace(design, indicators=indicators, groups=groups), f"{design.id} 去掉 {node}"
    )


def leave_out(design: Design, table: Table, period: str) -> pl.DataFrame:
    """(node, subject, rank, rank_without, shift) for every indicator and every group below the index.

    A positive shift is a better rank without the node.
    """
    root = design.root.id

    def ranks(one: Design) -> dict[str, int | None]:
        published = score_table(one, _part(one, table)).published
        rows = published.filter((pl.col("node") == root) & (pl.col("period") == period))
        return dict(rows.select("subject", "rank").iter_rows())

    before, rows = ranks(design), []
    for node in sorted(design.names):
        if node != root and set(design.leaves_of(node)) != {i.id for i in design.indicators}:
            after = ranks(without(design, node))
            for subject, rank in sorted(before.items()):
                other = after.get(subject)
                shift = rank - other if rank is not None and other is not None else None
                rows.append((node, subject, rank, other, shift))
    names = ("rank", "rank_without", "shift")
    schema: Columns = {"node": pl.String, "subject": pl.String, **dict.fromkeys(names, pl.Int32)}
    return pl.DataFrame(rows, schema, orient="row")


def _part(design: Design, table: Table) -> Table:
    figures = table.figures.filter(pl.col("indicator").is_in([i.id for i in design.indicators]))
    return dataclasses.replace(table, figures=figures)


def strengths(scored: Scored, most: int = 3, period: str | None = None) -> pl.DataFrame:
    """The indicators in which each subject stands best and worst among those scored: (subject, side, place,
    indicator, score, rank, n). ``rank`` is among the subjects, ties share the best; ties of rank go by code."""
    scores = scored.scores.filter(
        (pl.col("period") == _newest(scored, period)) & pl.col("score").is_not_null()
    )
    ranked = scores.with_columns(
        pl.col("score").rank("min", descending=True).over("indicator").cast(pl.Int32).alias("rank"),
        pl.len().over("indicator").cast(pl.Int32).alias("n"),
    ).with_columns((pl.col("rank") / pl.col("n")).alias("share"))
    sides = []
    for side, descending in (("strength", False), ("weakness", True)):
        order = ranked.sort("subject", "share", "indicator", descending=[False, descending, False])
        first = order.with_columns(
            pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over("subject").alias("place")
        )
        sides.append(first.filter(pl.col("place") <= most).with_columns(pl.lit(side).alias("side")))
    columns = ("subject", "side", "place", "indicator", "score", "rank", "n")
    return pl.concat(sides).select(columns).sort("subject", "side", "place")


def next_rank(design: Design, scored: Scored, period: str | None = None) -> pl.DataFrame:
    """The smallest change of one indicator's score that lifts a subject to the published value of the next one ahead.

    (subject, rank, ahead, gap, indicator, change): the indicator with the largest effective weight among those with
    room below the best score seen; ``change`` is in points of its score. Empty where no single indicator suffices.
    ScoreError unless every mean is arithmetic, since only then one point of score is worth the same everywhere.
    """
    if any(design.mean_of(g) != "arithmetic" for g in design.groups):
        raise ScoreError("只有逐级算术平均的指数才能计算到下一位次的距离。")
    when = _newest(scored, period)
    index = scored.published.filter(
        (pl.col("node") == design.root.id) & (pl.col("period") == when) & pl.col("rank").is_not_null()
    ).sort("type", "rank", "subject")
    weights = {
        n: float(w)
        for n, w in scored.weights.filter(pl.col("period") == when).select("node", "effective").iter_rows()
    }
    scores = scored.scores.filter((pl.col("period") == when) & pl.col("score").is_not_null())
    best = {i: float(v) for i, v in scores.group_by("indicator").agg(pl.col("score").max()).iter_rows()}
    rows: list[tuple[object, ...]] = []
    for row in index.iter_rows(named=True):
        better = index.filter((pl.col("type") == row["type"]) & (pl.col("value") > row["value"])).sort(
            "value", "subject"
        )
        if not better.height:
            continue
        gap = better["value"][0] - row["value"]
        mine = scores.filter(pl.col("subject") == row["subject"]).sort("indicator")
        # The weights of missing indicators have gone to those that are there; inside the tree that is not one factor,
        # so the subject's own weights are taken from its complete basket only.
        if mine.height < len(design.indicators):
            rows.append((row["subject"], row["rank"], better["subject"][0], gap, None, None))
            continue
        needed = [
            (float(gap) / weights[i], i) for i, s in mine.select("indicator", "score").iter_rows()
            if weights[i] > 0 and float(s) + float(gap) / weights[i] <= best[i]
        ]  # fmt: skip
        change, indicator = min(needed, default=(None, None))
        rows.append(
            (
                row["subject"],
                row["rank"],
                better["subject"][0],
                gap,
                indicator,
                None if change is None else fixed(change, 4),
            )
        )
    schema: Columns = {"subject": pl.String, "rank": pl.Int32, "ahead": pl.String, "gap": pl.Decimal(28, design.aggregate.decimals),
                       "indicator": pl.String, "change": pl.Decimal(18, 4)}  # fmt: skip
    return pl.DataFrame(rows, schema, orient="row")
