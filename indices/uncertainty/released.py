"""``result_rank_interval``: how far each published rank moves when the method is varied as its file declares.

Grain: index_code, period, subject; of the monthly value, for the subjects that have a rank. ``low`` to ``high`` holds the
5 % to 95 % quantiles of the rank over the draws, the smallest rank that so many draws reach; ties share the best rank.
A draw varies, from a scrambled Sobol sequence with the declared seed:

- each weight by up to ±``weights`` of itself, then renormalised over the leaves that are there;
- both posts of each indicator by up to ±``posts`` of their distance, the same for all subjects (of an optimum the
  distance from the interval to the posts); scores are clipped again;
- the mean of the index, each of ``means`` with equal chance.

The variation starts from the raw scores that the release keeps, so no figure is read anew. Weights, scores and their
logarithms are made whole numbers before they are summed, and the sums stay below 2^53: every sum is exact, and neither
threads nor the order of rows can move an interval. Source: OECD/JRC Handbook (2008), step 7.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import numpy as np
import polars as pl

from indices.method import Method, RankDraws
from indices.parameters import Columns, place_table
from indices.uncertainty.ranks import Array, ranks_of
from schemas.database import fetch
from schemas.period import Period

COLUMNS: Columns = {
    "index_code": pl.String, "period": pl.String, "subject_type": pl.String, "subject": pl.String,
    "low": pl.Int32, "median": pl.Int32, "high": pl.Int32,
}  # fmt: skip
QUANTILES = (0.05, 0.5, 0.95)
_WEIGHT, _SCORE, _LOG = 10_000, 1_000_000, 100_000_000  # whole numbers per unit
_CENTS = 100

_SCORES = """
SELECT v.subject_type, v.subject, i.indicator, i.weight, coalesce(i.raw_score, i.score)
FROM result_index AS v
JOIN result_indicator AS i USING (index_code, period, subject)
WHERE v.index_code = $index AND v.period = $period AND v.product = 'monthly' AND v.rank IS NOT NULL
  AND i.in_monthly AND i.score IS NOT NULL
ORDER BY v.subject_type, v.subject, i.indicator
"""


def place_intervals(con: duckdb.DuckDBPyConnection, methods: Sequence[Method], period: Period) -> None:
    """Make ``result_rank_interval`` of the tables of one computation, for the methods that declare draws."""
    rows: list[tuple[object, ...]] = []
    for method in methods:
        if method.uncertainty is None:
            continue
        scores = fetch(con, _SCORES, {"index": method.index, "period": str(period)})
        for (kind,), part in scores.group_by(["subject_type"], maintain_order=True):
            subjects = part["subject"].unique(maintain_order=True).to_list()
            found = rank_intervals(method, method.uncertainty, part)
            rows += [
                (method.index, str(period), kind, subject, *map(int, ranks))
                for subject, ranks in zip(subjects, found, strict=True)
            ]
    place_table(con, "result_rank_interval", COLUMNS, rows)


def rank_intervals(method: Method, declared: RankDraws, scores: pl.DataFrame) -> Array:
    """The quantiles of the rank, a row per subject: of (subject_type, subject, indicator, weight, raw score) in key order."""
    columns = ("subject", "indicator", "weight", "raw")
    scores = scores.select(*(pl.col(c).alias(n) for c, n in zip(scores.columns[1:], columns, strict=True)))
    subjects = scores["subject"].unique(maintain_order=True).to_list()
    indicators = sorted(scores["indicator"].unique())
    raw = np.full((len(subjects), len(indicators)), np.nan)
    weight = np.zeros(len(indicators))
    row, column = ({code: at for at, code in enumerate(codes)} for codes in (subjects, indicators))
    for subject, indicator, given, score in scores.iter_rows():
        raw[row[subject], column[indicator]] = float(score)
        weight[column[indicator]] = float(given)
    optimum = np.asarray([_optimum(method, indicator) for indicator in indicators])
    ranks = ranks_of(_index(method, declared, weight, raw, optimum))
    ordered = np.sort(ranks, axis=0)
    return np.stack([ordered[int(np.ceil(q * declared.draws)) - 1] for q in QUANTILES], axis=1)


def _optimum(method: Method, indicator: str) -> bool:
    return next(i for i in method.indicators if i.id == indicator).optimum is not None


def _index(method: Method, declared: RankDraws, weight: Array, raw: Array, optimum: Array) -> Array:
    """The published index of every subject in every draw, in hundredths."""
    count = len(weight)
    cube = _cube(3 * count + 1, declared)
    spread = 2 * cube - 1
    weights = np.rint(weight * _WEIGHT * (1 + float(declared.weights) * spread[:, :count]))
    low, high = (float(declared.posts) * spread[:, a * count : (a + 1) * count][:, None, :] for a in (1, 2))
    score = method.score
    position = (raw - float(score.base)) / float(score.span)
    moved = np.where(optimum, 1 - (1 - position) / (1 + high), (position - low) / (1 + high - low))
    scores = np.clip(float(score.base) + float(score.span) * moved, float(score.floor), float(score.ceiling))
    there = ~np.isnan(scores)
    whole = np.where(there, np.rint(scores * _SCORE), 0)
    total = np.einsum("dk,dnk->dn", weights, there)
    found = np.einsum("dk,dnk->dn", weights, whole) / total / _SCORE
    chosen = np.minimum((cube[:, -1] * len(declared.means)).astype(int), len(declared.means) - 1)
    if "geometric" in declared.means:
        rows = chosen == declared.means.index("geometric")
        logs = np.where(there[rows], np.rint(np.log(np.where(there[rows], scores[rows], 1.0)) * _LOG), 0)
        found[rows] = np.exp(np.einsum("dk,dnk->dn", weights[rows], logs) / total[rows] / _LOG)
    return np.rint(found * _CENTS)


def _cube(dimensions: int, declared: RankDraws) -> Array:
    """The draws: a scrambled Sobol sequence in the unit cube."""
    from scipy.stats import qmc  # takes long to load, and only a computation of a release needs it

    points: Array = qmc.Sobol(dimensions, rng=declared.seed).random(declared.draws)
    return points
