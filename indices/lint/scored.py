"""The linter for designs (format 2): what the figures add, once an index is computed."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import numpy as np
import polars as pl

from indices.declare import Scale, Weigh, Window
from indices.design import Design
from indices.lint.design import one_variable, scale_of, settled_weights
from indices.lint.finding import HANDBOOK_ZH, Doubt, order
from indices.one_thread import on_one_thread
from indices.score import Scored

COLLINEAR = 0.95
BINDING = 1 / 3
ALIKE = 10_000  # scores are one score if they are equal to this part of their scale's range


@on_one_thread
def lint_scored(design: Design, scored: Scored) -> list[Doubt]:
    """Collinear indicators, posts that bind, scores that do not tell subjects apart, weights from too few figures."""
    return order(
        [
            *_few_subjects(design, scored),
            *_heavy(design, scored),
            *_collinear(design, scored),
            *_binding(scored),
            *_flat(design, scored),
        ]
    )


def _span(scale: Scale) -> Decimal:
    """How wide a scale is: between its ends, of z-scores one deviation."""
    start, end = scale.ends
    return end if scale.method == "zscore" else end - start


def _few_subjects(design: Design, scored: Scored) -> Iterator[Doubt]:
    """Parents whose weights come from fewer observations than they have indicators."""
    for step in (s for s in design.steps if isinstance(s, Weigh) and s.needs_window):
        for parent, nodes in design.weighed(step).items():
            observed = _observed(design, scored, nodes, step.window)
            if len(nodes) > 1 and observed < len(nodes):
                yield Doubt("few-subjects", "refuse", parent, f"{step.method} 由 {observed} 个观测给 {len(nodes)} 个指标定权，只是"
                            "噪声；请给定权重，或冻结自更长的基期", f"{HANDBOOK_ZH}第 4 步（单位数应多于指标数）")  # fmt: skip


def _observed(design: Design, scored: Scored, nodes: tuple[str, ...], window: Window | None) -> int:
    """Subjects and periods with all scores of a window, without unranked types; the least of windows that roll."""
    ranked = (
        scored.published.filter(~pl.col("type").is_in(design.unranked)).select("subject", "period").unique()
    )
    rows = scored.scores.filter(pl.col("indicator").is_in(nodes) & pl.col("score").is_not_null())
    complete = rows.group_by("subject", "period").len().filter(pl.col("len") == len(nodes))
    found = complete.join(ranked, on=["subject", "period"], how="semi")
    if isinstance(window, tuple):
        first, last = map(pl.lit, window)
        found = found.filter(pl.col("period").is_between(first, last))
    if window == "period":
        counts = dict(found.group_by("period").len().iter_rows())
        return min(counts.get(p, 0) for p in scored.scores["period"].unique())
    return found.height


def _heavy(design: Design, scored: Scored) -> Iterator[Doubt]:
    """Variables behind much of the index, where judges or data gave the weights."""
    if settled_weights(design).keys() != design.names.keys():
        newest = scored.weights.filter(pl.col("period") == scored.weights["period"].max())
        yield from one_variable(design, dict(newest.select("node", "effective").iter_rows()))


def _collinear(design: Design, scored: Scored) -> Iterator[Doubt]:
    """Indicators of the newest period that say nearly the same."""
    newest = scored.scores["period"].max()
    wide = (
        scored.scores.filter(pl.col("period") == newest)
        .with_columns(pl.col("score").cast(pl.Float64))
        .pivot("indicator", index="subject", values="score")
    )
    ids = [i.id for i in design.indicators if i.id in wide.columns]
    x = wide.sort("subject").select(ids).to_numpy()
    for a in range(len(ids)):
        for b in range(a + 1, len(ids)):
            both = x[~np.isnan(x[:, [a, b]]).any(axis=1)][:, [a, b]]
            if len(both) >= 5 and both.std(axis=0).min() > 0:
                r = float(np.corrcoef(both, rowvar=False)[0, 1])
                if abs(r) >= COLLINEAR:
                    near = "近于重复计算" if r > 0 else "一升一降，近于互相抵消"
                    yield Doubt("collinear", "warn", f"{ids[a]}、{ids[b]}", f"{len(both)} 个单位的相关系数为 {r:.3f}，{near}",
                                f"{HANDBOOK_ZH}第 4 步")  # fmt: skip


def _binding(scored: Scored) -> Iterator[Doubt]:
    observed = scored.scores.filter(pl.col("raw_score").is_not_null())
    counted = observed.group_by("indicator").agg(pl.col("clipped").mean().alias("share"), pl.len().alias("n"))
    for row in counted.sort("indicator").iter_rows(named=True):
        if row["share"] > BINDING and row["n"] >= 3:
            yield Doubt("binding-post", "warn", row["indicator"], f"上下限截断了 {row['share'] * 100:.0f} % 的数值，超过三分之一",
                        "截断处不再区分单位，见 UNDP 人类发展指数技术说明")  # fmt: skip


def _flat(design: Design, scored: Scored) -> Iterator[Doubt]:
    """Indicators most of whose scores are one; figures taken as they are have no range and must be equal."""
    observed = scored.scores.filter(pl.col("score").is_not_null())
    for (indicator,), rows in observed.group_by("indicator", maintain_order=True):
        scale, scores = scale_of(design, str(indicator)), rows["score"].cast(pl.Float64)
        if scale.method != "none" or scale.range is not None:
            scores = (scores / float(_span(scale)) * ALIKE).round()
        most, total = scores.value_counts()["count"].max(), rows.height
        if isinstance(most, int) and total >= 3 and most > total / 2:
            yield Doubt(
                "one-score",
                "warn",
                str(indicator),
                f"{total} 个得分中有 {most} 个相同，超过一半，不能区分单位",
                f"{HANDBOOK_ZH}第 4 步",
            )
