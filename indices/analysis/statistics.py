"""Figures and scores of one period: moments, correlations, reliability, importance.

Statistics need floats: they are taken over columns in the order of subjects and cast to 12 decimals at once. All take
a ``Scored`` whose subjects are of one type (``report.analyse`` sees to that) and its newest period unless told
otherwise. Source: OECD/JRC Handbook (2008), step 4 (multivariate analysis) and step 6; Paruolo, Saisana and Saltelli
(2013) for the difference between weight and importance.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from decimal import Decimal

import numpy as np
import polars as pl
from scipy.stats import rankdata

from indices.design import Design
from indices.score import Scored
from indices.steps.bench import Columns, fixed
from indices.steps.treat import kurtosis, skewness
from indices.steps.weigh import principal

FIXED = pl.Decimal(38, 12)
OUTLYING_SKEW, OUTLYING_KURTOSIS = 2.0, 3.5  # both together: the rule of the step ``treat``
DOUBLE = 0.95  # correlation from which two indicators say nearly the same
SIBLINGS, ACROSS, ABOVE = "同组", "跨组", "与上级"


def newest(scored: Scored, period: str | None) -> str:
    """The period that is analysed: the one given, else the latest."""
    return period if period is not None else str(scored.scores["period"].max())


def kept(value: float) -> Decimal | None:
    """A statistic as it is stored; None where there is none."""
    return None if math.isnan(value) else fixed(value)


def statistics(figures: pl.DataFrame, period: str) -> pl.DataFrame:
    """Per indicator of ``values`` or ``prepared``, a row with

    n, gaps, zeros, distinct (different figures), same (how many share the commonest), least, most, mean, median,
    deviation (n - 1), skew, kurtosis, outlying (skew and kurtosis beyond the limits of the step ``treat``).
    """
    rows = []
    chosen = figures.filter(pl.col("period") == period).sort("indicator", "subject")
    for (indicator,), part in chosen.group_by("indicator", maintain_order=True):
        there = part["value"].drop_nulls()
        if not len(there):
            continue
        x = there.cast(pl.Float64).to_numpy()
        same = int(there.value_counts()["count"].max())  # type: ignore[arg-type]
        counts = (len(x), part.height - len(x), int((x == 0).sum()), there.n_unique(), same)
        skew, kurt = float(skewness(x)), float(kurtosis(x))
        moments = (x.min(), x.max(), math.fsum(x) / len(x), np.median(x), _deviation(x), skew, kurt)
        outlying = abs(skew) >= OUTLYING_SKEW and kurt >= OUTLYING_KURTOSIS
        rows.append((indicator, *counts, *(kept(float(v)) for v in moments), outlying))
    counted, names = (
        ("n", "gaps", "zeros", "distinct", "same"),
        ("least", "most", "mean", "median", "deviation", "skew", "kurtosis"),
    )
    schema: Columns = {"indicator": pl.String, **dict.fromkeys(counted, pl.Int32), **dict.fromkeys(names, FIXED),
                       "outlying": pl.Boolean}  # fmt: skip
    return pl.DataFrame(rows, schema, orient="row")


def _deviation(x: np.ndarray) -> float:
    return float(x.std(ddof=1)) if len(x) > 1 else math.nan


def matrix(scored: Scored, nodes: Sequence[str], period: str) -> np.ndarray:
    """Scores of some nodes at full precision, a row per subject in key order, nan for gaps."""
    chosen = scored.levels.filter((pl.col("period") == period) & pl.col("node").is_in(list(nodes)))
    wide = chosen.with_columns(pl.col("value").cast(pl.Float64)).pivot(
        "node", index="subject", values="value"
    )
    absent = [pl.lit(None, dtype=pl.Float64).alias(n) for n in nodes if n not in wide.columns]
    return wide.with_columns(absent).sort("subject").select(nodes).to_numpy()


def correlation(x: np.ndarray, y: np.ndarray, method: str = "pearson") -> tuple[int, float]:
    """How many have both, and their correlation; nan without spread or with fewer than 3.

    ``method`` is pearson or spearman (average ranks).
    """
    there = ~(np.isnan(x) | np.isnan(y))
    x, y = x[there], y[there]
    if len(x) < 3 or not np.ptp(x) > 0 or not np.ptp(y) > 0:
        return len(x), math.nan
    if method == "spearman":
        x, y = rankdata(x), rankdata(y)
    return len(x), float(np.corrcoef(x, y)[0, 1])


def correlations(design: Design, scored: Scored, period: str | None = None) -> pl.DataFrame:
    """(first, second, relation, n, pearson, spearman, doubt) of the pairs of nodes that a reader should look at:

    all pairs of indicators and all pairs of groups of one level, inside one parent or across, and every node with
    every group above it. ``doubt`` says in words what speaks against the pair.
    """
    nodes = [n.id for n in design.nodes]
    columns = dict(zip(nodes, matrix(scored, nodes, newest(scored, period)).T, strict=True))
    rows = []
    for first, second, relation in _pairs(design):
        n, r = correlation(columns[first], columns[second])
        _, rho = correlation(columns[first], columns[second], "spearman")
        rows.append((first, second, relation, n, kept(r), kept(rho), _doubt(relation, r)))
    schema: Columns = {"first": pl.String, "second": pl.String, "relation": pl.String, "n": pl.Int32,
                       "pearson": FIXED, "spearman": FIXED, "doubt": pl.String}  # fmt: skip
    return pl.DataFrame(rows, schema, orient="row")


def _pairs(design: Design) -> Iterator[tuple[str, str, str]]:
    parents = {n.id: n.parent for n in design.nodes}
    for at, one in enumerate(design.nodes):
        for other in design.nodes[at + 1 :]:
            if design.heights[one.id] == design.heights[other.id]:
                yield one.id, other.id, SIBLINGS if one.parent == other.parent else ACROSS
    for node in design.nodes:
        above = node.parent
        while above:
            yield node.id, above, ABOVE
            above = parents[above]


def _doubt(relation: str, r: float) -> str:
    if relation == ABOVE:
        return "与上级负相关：方向或权重可疑" if r < 0 else ""
    if abs(r) >= DOUBLE:
        return "近于重复计算"
    return "同组而负相关：互相抵消" if relation == SIBLINGS and r < 0 else ""


def cronbach(x: np.ndarray) -> float:
    """Cronbach's alpha: k / (k - 1) (1 - sum of the variances / sum of all covariances).

    Each covariance is taken over the rows that have both columns, so that a gap costs its own pairs alone. nan for one
    column, a pair with fewer than 2 rows, or no spread. Source: OECD/JRC Handbook, step 4.
    """
    k = x.shape[1]
    covariances = np.full((k, k), math.nan)
    for i in range(k):
        for j in range(k):
            both = x[~np.isnan(x[:, [i, j]]).any(axis=1)][:, [i, j]]
            if len(both) > 1:
                covariances[i, j] = np.cov(both[:, 0], both[:, 1])[0, 1]
    whole = float(covariances.sum())
    return k / (k - 1) * (1 - float(np.trace(covariances)) / whole) if k > 1 and whole > 0 else math.nan


def reliability(design: Design, scored: Scored, period: str | None = None) -> pl.DataFrame:
    """(group, n, complete, alpha): Cronbach's alpha of the scores of a group's ``n`` children; ``complete`` subjects have all."""
    rows = []
    for group in sorted(design.children):
        x = matrix(scored, design.children[group], newest(scored, period))
        rows.append((group, x.shape[1], int((~np.isnan(x).any(axis=1)).sum()), kept(cronbach(x))))
    schema: Columns = {"group": pl.String, "n": pl.Int32, "complete": pl.Int32, "alpha": FIXED}
    return pl.DataFrame(rows, schema, orient="row")


def components(
    design: Design, scored: Scored, period: str | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Principal components of the children of each group, and of all indicators together (``basis``).

    The first frame is (group, basis, n, complete, component, eigenvalue, share, cumulative) with all components, the
    second (group, basis, node, component, loading) with those of eigenvalue above 1, at least one. Groups whose
    complete subjects are fewer than 3, or whose children lack spread among them, have no rows.
    """
    found, loaded = [], []
    for group, basis, nodes in _bases(design):
        x = matrix(scored, nodes, newest(scored, period))
        x = x[~np.isnan(x).any(axis=1)]
        if len(nodes) < 2 or len(x) < 3 or not np.ptp(x, axis=0).min() > 0:
            continue
        values, loadings = principal(x)
        so_far = values.cumsum() / len(nodes)
        for number, value in enumerate(values):
            shares = (value, value / len(nodes), so_far[number])
            found.append(
                (group, basis, len(nodes), len(x), number + 1, *(fixed(float(v), 12) for v in shares))
            )
        for number in range(max(1, int((values > 1).sum()))):
            loaded += [
                (group, basis, n, number + 1, fixed(float(v)))
                for n, v in zip(nodes, loadings[:, number], strict=True)
            ]
    key: Columns = {"group": pl.String, "basis": pl.String}
    shares_of: Columns = dict.fromkeys(("eigenvalue", "share", "cumulative"), FIXED)
    counted: Columns = dict.fromkeys(("n", "complete", "component"), pl.Int32)
    loading: Columns = {"node": pl.String, "component": pl.Int32, "loading": FIXED}
    return (
        pl.DataFrame(found, key | counted | shares_of, orient="row"),
        pl.DataFrame(loaded, key | loading, orient="row"),
    )


def _bases(design: Design) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for group in sorted(design.children):
        yield group, "下级", design.children[group]
    if len(design.groups) > 1:
        yield design.root.id, "全部指标", design.leaves_of(design.root.id)


def importance(design: Design, scored: Scored, period: str | None = None) -> pl.DataFrame:
    """(indicator, effective, n, correlation, importance): the weight that an indicator was given and the part that it plays.

    ``importance`` is the squared correlation of its score with the index, over the sum of these of all indicators: a
    large weight on an indicator that the index does not follow says little. Empty without spread.
    """
    when = newest(scored, period)
    leaves = sorted(design.leaves_of(design.root.id))
    *columns, index = matrix(scored, [*leaves, design.root.id], when).T
    found = [correlation(column, index) for column in columns]
    squares = math.fsum(r * r for _, r in found if not math.isnan(r))
    weights = dict(scored.weights.filter(pl.col("period") == when).select("node", "effective").iter_rows())
    rows = [
        (leaf, weights.get(leaf), n, kept(r), kept(r * r / squares if squares else math.nan))
        for leaf, (n, r) in zip(leaves, found, strict=True)
    ]
    schema: Columns = {"indicator": pl.String, "effective": pl.Decimal(20, 16), "n": pl.Int32,
                       "correlation": FIXED, "importance": FIXED}  # fmt: skip
    return pl.DataFrame(rows, schema, orient="row")
