"""The index as a function of draws: many versions of one index at once, in numpy.

A version is a point of the unit cube; ``Model`` says which coordinates belong to which factor. All arrays have the
axes (draw, subject, indicator). The middle of the cube with first choices is the index as designed, which a test
holds against the exact engine.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from indices.declare import Uncertainty
from indices.design import Design
from indices.score import Scored
from indices.steps.bench import ScoreError
from indices.uncertainty.ranks import UNRANKED, Array
from indices.uncertainty.tree import Mean, climb


@dataclass(frozen=True)
class Model:
    """One period of a computed index, and what is uncertain in it.

    ``values``, ``floors``, ``late`` and ``applies`` have the axes (subject, indicator): figures with nan for gaps, the
    scores that the method gives to gaps (else nan), gaps that a fill may fill, and figures that belong to the basket.
    ``kinds`` numbers the type of each subject, ``UNRANKED`` for those without ranks. ``posts`` has the rows low, high,
    lower end, span, floor, ceiling and logarithm (0 or 1), one column per indicator.
    """

    design: Design
    declared: Uncertainty
    subjects: tuple[str, ...]
    indicators: tuple[str, ...]
    kinds: Array
    values: Array
    floors: Array
    late: Array
    applies: Array
    posts: Array
    weights: dict[str, float]
    means: dict[str, Mean]

    @property
    def _deciding(self) -> Array:
        """Whose figures data-decided scales and fills are taken from: all but the unranked types."""
        return np.asarray(self.kinds != UNRANKED)

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
        scores = np.where(np.isnan(scores), self.floors, scores)
        applies = np.broadcast_to(self.applies, scores.shape)
        if "leave_out" in part:
            left_out = np.minimum(
                (part["leave_out"][:, 0] * (len(self.indicators) + 1)).astype(int), len(self.indicators)
            )
            out = (left_out[:, None] == np.arange(len(self.indicators)))[:, None, :]
            scores, applies = np.where(out, np.nan, scores), applies & ~out
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
                found[rows] = climb(self.design, self.indicators, scores[rows], mine, means, applies[rows])
        return found

    def published(self, cube: Array) -> Array:
        """The index of every subject in every draw, to the decimals of the design; nan where there is none."""
        rounded: Array = np.round(self.index(cube), self.design.aggregate.decimals)
        return rounded

    def _filled(self, values: Array, chosen: Array) -> Array:
        for number, gap in enumerate(self.declared.gaps):
            rows = chosen == number
            if gap != "spread" and rows.any() and self.late.any():
                middle = np.nanmean if gap == "mean" else np.nanmedian
                filled = np.where(
                    self.late, middle(values[rows][:, self._deciding], axis=1, keepdims=True), values[rows]
                )
                values = np.array(values)
                values[rows] = filled
        return values

    def _scored(self, values: Array, moved: Array | None, chosen: Array) -> Array:
        low, high, start, span, floor, ceiling, log = self.posts
        # Logarithmic posts move along their logarithms, so that none falls to where it has none.
        low, high = (np.where(log == 1, np.log(np.where(log == 1, v, 1.0)), v) for v in (low, high))
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
                scores[rows] = np.clip(start + span * (x - a) / (b - a), floor, ceiling)
            elif scale == "minmax":
                among = x[:, self._deciding]
                least, most = np.nanmin(among, axis=1, keepdims=True), np.nanmax(among, axis=1, keepdims=True)
                worst, best = np.where(low > high, most, least), np.where(low > high, least, most)
                scores[rows] = start + span * (x - worst) / (best - worst)
            else:
                among = x[:, self._deciding]
                deviation = np.nanstd(among, axis=1, ddof=1, keepdims=True) * np.sign(high - low)
                scores[rows] = 100 + 10 * (x - np.nanmean(among, axis=1, keepdims=True)) / deviation
        return scores


def _choice(part: Array | None, draws: int, options: int) -> Array:
    """Which of several options each draw takes; the first where nothing is drawn."""
    if part is None:
        return np.zeros(draws, dtype=int)
    return np.minimum((part[:, 0] * options).astype(int), options - 1)


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
    rows = scored.scores.filter(pl.col("period") == when)
    place = Place(rows, subjects, indicators)
    # A figure that the scale cannot score is a gap here too.
    values = place.numbers("value", pl.col("raw_score").is_not_null())
    floored = pl.col("floored")
    kinds = _kinds(design, scored, when, subjects)
    if set(declared.scales) & {"minmax", "zscore"}:
        _refuse_constant(indicators, values[kinds != UNRANKED])
    return Model(
        design, declared, subjects, indicators, kinds, values,
        place.numbers("score", floored), place.marks((pl.col("missing") == "late") & ~floored),
        ~place.marks(pl.col("missing") == "not_applicable"), np.asarray(columns).T,
        {n: float(w) for n, w in weights.select("node", "weight").iter_rows() if n != design.root.id},
        groups,  # type: ignore[arg-type]
    )  # fmt: skip


def _refuse_constant(indicators: tuple[str, ...], values: Array) -> None:
    for code, column in zip(indicators, values.T, strict=True):
        there = column[~np.isnan(column)]
        if len(there) and there.min() == there.max():
            raise ScoreError(
                f"指标 {code} 的 {len(there)} 个数值全部相等，不能改用 minmax 或 zscore 评分；"
                "请在 [uncertainty] 的 scales 中去掉它们。"
            )


def _kinds(design: Design, scored: Scored, period: str, subjects: tuple[str, ...]) -> Array:
    rows = scored.published.filter((pl.col("period") == period) & (pl.col("node") == design.root.id))
    types = dict(rows.select("subject", "type").iter_rows())
    numbers = {kind: n for n, kind in enumerate(sorted(set(types.values())))}
    return np.asarray([UNRANKED if types[s] in design.unranked else numbers[types[s]] for s in subjects])


def _post(row: dict[str, object]) -> list[float]:
    def number(name: str, absent: float) -> float:
        return absent if row[name] is None else float(row[name])  # type: ignore[arg-type]

    return [number("low", 0.0), number("high", 1.0), number("lower_end", 0.0), number("span", 0.0),
            number("floor", -np.inf), number("ceiling", np.inf), float(row["rule"] == "log")]  # fmt: skip


@dataclass(frozen=True)
class Place:
    """The cells (subject, indicator) of one period's scores as arrays."""

    rows: pl.DataFrame
    subjects: tuple[str, ...]
    indicators: tuple[str, ...]

    def numbers(self, column: str, which: pl.Expr) -> Array:
        """A column where ``which`` holds, nan elsewhere."""
        found = np.full((len(self.subjects), len(self.indicators)), np.nan)
        row, at = ({name: j for j, name in enumerate(names)} for names in (self.subjects, self.indicators))
        for subject, indicator, value in (
            self.rows.filter(which).select("subject", "indicator", column).iter_rows()
        ):
            found[row[subject], at[indicator]] = np.nan if value is None else float(value)
        return found

    def marks(self, which: pl.Expr) -> Array:
        """Where ``which`` holds."""
        marked: Array = ~np.isnan(Place(self.rows.with_columns(pl.lit(1.0).alias("one")), self.subjects,
                                        self.indicators).numbers("one", which))  # fmt: skip
        return marked
