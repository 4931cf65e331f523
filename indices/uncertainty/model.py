"""The index as a function of draws: many versions of one index at once, in numpy.

A version is a point of the unit cube; ``Model`` says which coordinates belong to which factor. All arrays have the
axes (draw, subject, indicator). The middle of the cube with first choices is the index as designed, which a test
holds against the exact engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from indices.declare import Uncertainty
from indices.design import Design
from indices.score import Scored
from indices.steps.bench import ScoreError

Array = np.ndarray
Mean = Literal["arithmetic", "geometric", "harmonic"]


@dataclass(frozen=True)
class Model:
    """One period of a computed index, and what is uncertain in it.

    ``values`` (subject, indicator) has nan for gaps; ``posts`` has the rows low, high, lower end, span, floor,
    ceiling and logarithm (0 or 1), one column per indicator.
    """

    design: Design
    declared: Uncertainty
    subjects: tuple[str, ...]
    indicators: tuple[str, ...]
    values: Array
    posts: Array
    weights: dict[str, float]
    means: dict[str, Mean]

    @property
    def factors(self) -> dict[str, int]:
        """How many coordinates each uncertain factor takes, in their order."""
        d, (n, k) = self.declared, self.values.shape
        sizes = {
            "weights": len(self.weights) if d.weights else 0,
            "posts": 2 * k if d.posts else 0,
            "noise": n * k if d.noise else 0,
            "scales": int(len(d.scales) > 1),
            "means": int(len(d.means) > 1),
            "gaps": int(len(d.gaps) > 1),
            "leave_out": int(d.leave_out),
        }
        return {name: size for name, size in sizes.items() if size}

    def index(self, cube: Array) -> Array:
        """The index of every subject in every draw: (draws, dimensions) to (draws, subjects)."""
        part, at = {}, 0
        for name, size in self.factors.items():
            part[name], at = cube[:, at : at + size], at + size
        draws, d = len(cube), self.declared
        values = np.broadcast_to(self.values, (draws, *self.values.shape))
        if "noise" in part:
            values = values * (
                1 + float(d.noise) * (2 * part["noise"].reshape(draws, *self.values.shape) - 1)
            )
        values = self._filled(values, _choice(part.get("gaps"), draws, len(d.gaps)))
        scores = self._scored(values, part.get("posts"), _choice(part.get("scales"), draws, len(d.scales)))
        if "leave_out" in part:
            out = np.minimum(
                (part["leave_out"][:, 0] * (len(self.indicators) + 1)).astype(int), len(self.indicators)
            )
            scores = np.where((out[:, None] == np.arange(len(self.indicators)))[:, None, :], np.nan, scores)
        spread = part.get("weights")
        factor = (
            np.ones((draws, len(self.weights))) if spread is None else 1 + float(d.weights) * (2 * spread - 1)
        )
        weights = {node: w * factor[:, j] for j, (node, w) in enumerate(self.weights.items())}
        chosen = _choice(part.get("means"), draws, len(d.means))
        found = np.empty((draws, len(self.subjects)))
        for number, mean in enumerate(d.means):
            rows = chosen == number
            if rows.any():
                means = self.means if mean == "declared" else dict.fromkeys(self.means, mean)
                mine = {node: w[rows] for node, w in weights.items()}
                found[rows] = climb(self.design, self.indicators, scores[rows], mine, means)
        return found

    def _filled(self, values: Array, chosen: Array) -> Array:
        for number, gap in enumerate(self.declared.gaps):
            rows = chosen == number
            if gap != "spread" and rows.any() and np.isnan(values).any():
                middle = np.nanmean if gap == "mean" else np.nanmedian
                filled = np.where(
                    np.isnan(values[rows]), middle(values[rows], axis=1, keepdims=True), values[rows]
                )
                values = np.array(values)
                values[rows] = filled
        return values

    def _scored(self, values: Array, moved: Array | None, chosen: Array) -> Array:
        low, high, start, span, floor, ceiling, log = self.posts
        shape = (len(values), 1, values.shape[2])
        lows, highs = np.broadcast_to(low, shape), np.broadcast_to(high, shape)
        if moved is not None:
            by = (2 * moved - 1).reshape(len(values), 2, -1) * float(self.declared.posts) * (high - low)
            lows, highs = lows + by[:, None, 0], highs + by[:, None, 1]
        scores = np.empty(values.shape)
        for number, scale in enumerate(self.declared.scales):
            rows = chosen == number
            if not rows.any():
                continue
            x, a, b = values[rows], lows[rows], highs[rows]
            if scale == "declared":
                # A value at or below 0 has no logarithm; as -inf it meets the clip of its side.
                logged = np.where(
                    x > 0, np.log(np.where(x > 0, x, 1.0)), np.where(np.isnan(x), np.nan, -np.inf)
                )
                x = np.where(log == 1, logged, x)
                a, b = (np.where(log == 1, np.log(np.where(log == 1, v, 1.0)), v) for v in (a, b))
                scores[rows] = np.clip(start + span * (x - a) / (b - a), floor, ceiling)
            elif scale == "minmax":
                least, most = np.nanmin(x, axis=1, keepdims=True), np.nanmax(x, axis=1, keepdims=True)
                worst, best = np.where(low > high, most, least), np.where(low > high, least, most)
                scores[rows] = start + span * (x - worst) / (best - worst)
            else:
                deviation = np.nanstd(x, axis=1, ddof=1, keepdims=True) * np.sign(high - low)
                scores[rows] = 100 + 10 * (x - np.nanmean(x, axis=1, keepdims=True)) / deviation
        return scores


def _choice(part: Array | None, draws: int, options: int) -> Array:
    """Which of several options each draw takes; the first where nothing is drawn."""
    if part is None:
        return np.zeros(draws, dtype=int)
    return np.minimum((part[:, 0] * options).astype(int), options - 1)


def climb(
    design: Design,
    indicators: tuple[str, ...],
    scores: Array,
    weights: dict[str, Array],
    means: dict[str, Mean],
) -> Array:
    """Up the tree with weights per draw: scores (draw, subject, indicator) to the index (draw, subject).

    A gap's weight goes to the others; without any there is no index (nan).
    """
    node = {code: scores[:, :, j] for j, code in enumerate(indicators)}
    for group in sorted(design.groups, key=lambda g: (design.heights[g.id], g.id)):
        children = design.children[group.id]
        x = np.stack([node[c] for c in children], axis=2)
        w = np.stack([weights[c] for c in children], axis=1)[:, None, :] * ~np.isnan(x)
        total = w.sum(axis=2)
        safe = np.where(total > 0, total, 1.0)
        x = np.where(w > 0, x, 1.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            if means[group.id] == "arithmetic":
                found = (w * x).sum(axis=2) / safe
            elif means[group.id] == "geometric":
                found = np.exp((w * np.log(x)).sum(axis=2) / safe)
            else:
                found = safe / (w / x).sum(axis=2)
        node[group.id] = np.where(total > 0, found, np.nan)
    return node[design.root.id]


def ranks_of(index: Array) -> Array:
    """Ranks of each row, ties sharing the best; 0 where there is no index."""
    better = (index[:, None, :] > index[:, :, None]).sum(axis=2) + 1
    return np.where(np.isnan(index), 0, better)


def model_of(design: Design, scored: Scored, period: str | None = None) -> Model:
    """The model of one period of a computed index, the newest by default; ScoreError for what it cannot vary."""
    declared = design.uncertainty
    if declared is None:
        raise ScoreError(f"方法 {design.id} 没有 [uncertainty]，不知道什么不确定；请在方法文件中声明。")
    when = period if period is not None else str(scored.scores["period"].max())
    subjects = tuple(sorted(scored.scores.filter(pl.col("period") == when)["subject"].unique()))
    indicators = tuple(i.id for i in design.indicators)
    posts = scored.posts.filter(pl.col("period") == when)
    odd = posts.filter(~pl.col("rule").is_in(["linear", "log"]) | pl.col("best_low").is_not_null())
    if odd.height:
        raise ScoreError(
            f"指标 {odd['indicator'][0]} 的评分方法 {odd['method'][0]} 不能做不确定性分析；请用上下限、极差或标准分。"
        )
    groups = {g.id: design.mean_of(g) for g in design.groups}
    for group, mean in groups.items():
        if mean not in ("arithmetic", "geometric", "harmonic"):
            raise ScoreError(f"{group} 的合成方法 {mean} 不能做不确定性分析；请用算术、几何或调和平均。")
    table = {row["indicator"]: row for row in posts.iter_rows(named=True)}
    columns = [
        _post(table[i]) if i in table else [0.0, 1.0, 0.0, 0.0, -np.inf, np.inf, 0.0] for i in indicators
    ]
    weights = scored.weights.filter(pl.col("period") == when)
    return Model(
        design, declared, subjects, indicators, _values(scored, when, subjects, indicators), np.asarray(columns).T,
        {n: float(w) for n, w in weights.select("node", "weight").iter_rows() if n != design.root.id},
        groups,  # type: ignore[arg-type]
    )  # fmt: skip


def _post(row: dict[str, object]) -> list[float]:
    def number(name: str, absent: float) -> float:
        return absent if row[name] is None else float(row[name])  # type: ignore[arg-type]

    return [number("low", 0.0), number("high", 1.0), number("lower_end", 0.0), number("span", 0.0),
            number("floor", -np.inf), number("ceiling", np.inf), float(row["rule"] == "log")]  # fmt: skip


def _values(scored: Scored, period: str, subjects: tuple[str, ...], indicators: tuple[str, ...]) -> Array:
    found = np.full((len(subjects), len(indicators)), np.nan)
    row, column = ({name: j for j, name in enumerate(names)} for names in (subjects, indicators))
    figures = scored.scores.filter((pl.col("period") == period) & pl.col("value").is_not_null())
    for subject, indicator, value in figures.select("subject", "indicator", "value").iter_rows():
        found[row[subject], column[indicator]] = float(value)
    return found
