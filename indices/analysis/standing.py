"""Where one subject stands: its strong and weak indicators, and how near the next rank is.

**Next rank.** The published value of the subject ahead is reached as soon as the index rounds to it. For each
indicator of the subject the smallest rise of its score that brings the index there is found by halving, on the tree
with the weights that the subject has: a gap's weight lies with the figures that are there, whatever the means. A rise
ends at the best score that any subject has, so that it can be asked for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from indices.analysis.statistics import matrix, newest
from indices.declare import FIXED as GIVEN_POSTS
from indices.design import Design
from indices.score import Scored
from indices.steps.bench import VALUE, Columns, fixed
from indices.uncertainty.tree import climb

_HALVINGS = 40
_NOISE = 1e-9  # above what floats lose on the way up, below what rounding sees
_CHANGE = 4  # decimals of a change in score
_MEANS = ("arithmetic", "geometric", "harmonic")


def strengths(scored: Scored, most: int = 3, period: str | None = None) -> pl.DataFrame:
    """The indicators in which each subject stands best and worst among those scored: (subject, side, place,
    indicator, score, rank, n). ``rank`` is among the subjects, ties share the best; ties of rank go by code."""
    scores = scored.scores.filter(
        (pl.col("period") == newest(scored, period)) & pl.col("score").is_not_null()
    )
    ranked = scores.with_columns(
        pl.col("score").rank("min", descending=True).over("indicator").cast(pl.Int32).alias("rank"),
        pl.len().over("indicator").cast(pl.Int32).alias("n"),
    ).with_columns((pl.col("rank") / pl.col("n")).alias("share"))
    sides = []
    for side, descending in (("强项", False), ("弱项", True)):
        order = ranked.sort("subject", "share", "indicator", descending=[False, descending, False])
        first = order.with_columns(
            pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over("subject").alias("place")
        )
        sides.append(first.filter(pl.col("place") <= most).with_columns(pl.lit(side).alias("side")))
    columns = ("subject", "side", "place", "indicator", "score", "rank", "n")
    return pl.concat(sides).select(columns).sort("subject", "side", "place")


@dataclass(frozen=True)
class _Tree:
    """One period as arrays: scores (subject, indicator) with nan for what does not count, and the tree's weights."""

    design: Design
    subjects: tuple[str, ...]
    leaves: tuple[str, ...]
    scores: np.ndarray
    weights: Mapping[str, np.ndarray]

    def index(self, scores: np.ndarray) -> np.ndarray:
        """The index of rows of scores."""
        means = {g.id: self.design.mean_of(g) for g in self.design.groups}
        return climb(self.design, self.leaves, scores[None], dict(self.weights), means)[0]  # type: ignore[arg-type]


def next_rank(design: Design, scored: Scored, period: str | None = None) -> pl.DataFrame:
    """The smallest change of one indicator that changes a rank: a row per ranked subject that has one ahead.

    (subject, rank, ahead, gap, indicator, change, value, needed, reason): ``gap`` in published points, ``change`` the
    rise in the indicator's score, rounded up; where its posts are given, ``value`` is the figure and ``needed`` about
    what it must become. ``reason`` says why there is none.
    """
    when = newest(scored, period)
    index = scored.published.filter(
        (pl.col("node") == design.root.id) & (pl.col("period") == when) & pl.col("rank").is_not_null()
    ).sort("type", "rank", "subject")
    ahead = {row["subject"]: who for row in index.iter_rows(named=True) if (who := _ahead(index, row))}
    reason = _no_distance(design)
    tree = None if reason or not ahead else _tree(design, scored, when)
    figures = {
        (s, i): v
        for s, i, v in scored.scores.filter(pl.col("period") == when)
        .select("subject", "indicator", "value")
        .iter_rows()
    }
    posts = {p["indicator"]: p for p in scored.posts.filter(pl.col("period") == when).iter_rows(named=True)}
    rows: list[tuple[object, ...]] = []
    for row in index.filter(pl.col("subject").is_in(list(ahead))).iter_rows(named=True):
        other, target = ahead[row["subject"]]
        known = (row["subject"], row["rank"], other, target - row["value"])
        found = _smallest(tree, row["subject"], float(target)) if tree else None
        if found is None:
            said = reason or "任一指标单独提高到各单位的最好得分仍不够"
            rows.append((*known, None, None, None, None, said))
            continue
        indicator, change, score = found
        needed = _needed(posts.get(indicator), score + change)
        rise = fixed(math.ceil(change * 10**_CHANGE) / 10**_CHANGE, _CHANGE)
        value = figures[row["subject"], indicator]
        rows.append((*known, indicator, rise, value, None if needed is None else fixed(needed, 6), ""))
    schema: Columns = {
        "subject": pl.String, "rank": pl.Int32, "ahead": pl.String, "gap": pl.Decimal(28, design.aggregate.decimals),
        "indicator": pl.String, "change": pl.Decimal(18, _CHANGE), "value": VALUE, "needed": pl.Decimal(38, 6),
        "reason": pl.String,
    }  # fmt: skip
    return pl.DataFrame(rows, schema, orient="row")


def _ahead(index: pl.DataFrame, row: Mapping[str, Any]) -> tuple[str, Any] | None:
    """Who stands next ahead of a subject of its type, and with which published value."""
    better = index.filter((pl.col("type") == row["type"]) & (pl.col("value") > row["value"]))
    return better.sort("value", "subject").select("subject", "value").row(0) if better.height else None


def _no_distance(design: Design) -> str:
    """Why one indicator's rise cannot be followed up this tree; empty if it can."""
    for group in design.groups:
        if design.mean_of(group) not in _MEANS:
            return f"{group.id} 的合成方法 {design.mean_of(group)} 不能逐个指标推算"
        if group.id != design.root.id and design.decimals_of(group) is not None:
            return f"{group.id} 先取整再合成，不能逐个指标推算"
    return ""


def _tree(design: Design, scored: Scored, period: str) -> _Tree:
    here = scored.levels.filter(pl.col("period") == period)
    leaves = design.leaves_of(design.root.id)
    scores = matrix(scored, leaves, period).copy()
    subjects = tuple(here["subject"].unique().sort())
    rows, columns = ({code: at for at, code in enumerate(codes)} for codes in (subjects, leaves))
    for subject, node in here.filter(pl.col("value").is_null()).select("subject", "node").iter_rows():
        for leaf in design.leaves_of(node):  # a group that does not stand takes its indicators with it
            scores[rows[subject], columns[leaf]] = np.nan
    weights = scored.weights.filter(pl.col("period") == period).select("node", "weight")
    return _Tree(design, subjects, leaves, scores, {n: np.array([float(w)]) for n, w in weights.iter_rows()})


def _smallest(tree: _Tree, subject: str, target: float) -> tuple[str, float, float] | None:
    """The indicator with the smallest rise that makes the index round to a target, the rise, and its score now."""
    mine = tree.scores[tree.subjects.index(subject)]
    goal = target - 0.5 * 10.0**-tree.design.aggregate.decimals + _NOISE
    room = np.nan_to_num(
        np.nanmax(np.where(np.isnan(tree.scores), -np.inf, tree.scores), axis=0) - mine, nan=0.0
    )
    unit = np.eye(len(mine))
    enough = (room > 0) & (tree.index(mine + unit * room) >= goal)
    if not enough.any():
        return None
    low, high = np.zeros(len(mine)), room.copy()
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        reached = tree.index(mine + unit * middle) >= goal
        low, high = np.where(reached, low, middle), np.where(reached, middle, high)
    change, leaf = min((high[at], leaf) for at, leaf in enumerate(tree.leaves) if enough[at])
    return leaf, float(change), float(mine[tree.leaves.index(leaf)])


def _needed(post: Mapping[str, Any] | None, score: float) -> float | None:
    """The figure that scores so much, where given posts make a straight or logarithmic line."""
    if (
        post is None
        or post["method"] not in GIVEN_POSTS
        or post["best_low"] is not None
        or post["rule"] == "exp"
    ):
        return None
    share = (score - float(post["lower_end"])) / float(post["span"])
    low, high = float(post["low"]), float(post["high"])
    if post["rule"] == "log":
        return math.exp(math.log(low) + share * (math.log(high) - math.log(low)))
    return low + share * (high - low)
