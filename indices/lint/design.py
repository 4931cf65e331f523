"""The linter for designs (format 2): the design by itself, and what its data say of it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import numpy as np
import polars as pl

from indices.declare import Impute, Normalise, Scale, Weigh
from indices.design import Design, Group
from indices.lint.finding import HANDBOOK_ZH, Doubt, Severity, order
from indices.score import Scored
from indices.steps.weigh import shares

MOST_OF_ONE_VARIABLE = Decimal("0.15")
COLLINEAR = 0.95
BINDING = 1 / 3
_PANEL = "COINr 文档：面板数据的极差标准化不能再现；OECD/JRC 手册第 5 步"


def lint_design(design: Design) -> list[Doubt]:
    """Everything that can be said without data."""
    return order([*_means(design), *_series(design), *_weights(design), *_silence(design)])


def lint_scored(design: Design, scored: Scored) -> list[Doubt]:
    """What the data add: collinear indicators, posts that bind, scores that do not tell subjects apart."""
    return order(
        [*_few_subjects(design, scored), *_collinear(design, scored), *_binding(scored), *_flat(scored)]
    )


def _scale_of(design: Design, indicator: str) -> Scale:
    own = next(i.scale for i in design.indicators if i.id == indicator)
    return next(s.scale_of(own) for s in design.steps if isinstance(s, Normalise))


def _means(design: Design) -> Iterator[Doubt]:
    for group in design.groups:
        mean = design.mean_of(group)
        if mean in ("geometric", "harmonic", "power"):
            yield from _positive(design, group, mean)
        if mean.startswith("mpi"):
            ends = {_scale_of(design, leaf).ends for leaf in design.leaves_of(group.id)}
            if ends != {(Decimal(100), Decimal(10))}:
                yield Doubt("mpi-scale", "warn", group.id, "Mazziotta-Pareto 的罚分以均值 100、标准差 10 的得分为准，"
                            "其他尺度下罚分大小没有意义", "Mazziotta, Pareto (2016)")  # fmt: skip
        if mean == "median" and len({n.weight for n in design.nodes if n.parent == group.id}) > 1:
            yield Doubt("median-weights", "warn", group.id, "中位数不用权重，而下级权重不同", HANDBOOK_ZH)


def _positive(design: Design, group: Group, mean: str) -> Iterator[Doubt]:
    for leaf in design.leaves_of(group.id):
        scale = _scale_of(design, leaf)
        if scale.method == "zscore" and scale.ends[0] - 3 * scale.ends[1] <= 0:
            yield Doubt("zscore-geometric", "refuse", leaf, f"{group.id} 用 {mean} 均值，而标准分会为负（均值"
                        f" {scale.ends[0]}、标准差 {scale.ends[1]}）", f"{HANDBOOK_ZH}第 6 步")  # fmt: skip
            continue
        floor = scale.floor if scale.floor is not None else scale.ends[0]
        held = scale.clipped in ("lower", "both") or scale.method in ("minmax", "percentile_rank")
        if scale.method in ("rank", "ratio", "none", "zscore"):
            continue
        if floor <= 0:
            yield Doubt("zero-geometric", "refuse", leaf, f"{group.id} 用 {mean} 均值，而得分可以为 {floor}，一个 0 使整体为 0",
                        f"{HANDBOOK_ZH}第 6 步；UNDP 为此设正的下限")  # fmt: skip
        elif not held:
            yield Doubt("unclipped-geometric", "warn", leaf, f"{group.id} 用 {mean} 均值，而得分下端不截断，可以低于 0",
                        f"{HANDBOOK_ZH}第 6 步")  # fmt: skip


def _series(design: Design) -> Iterator[Doubt]:
    """What moves when a later period or another subject comes."""
    grave: Severity = "refuse" if design.series else "warn"
    panel = bool(design.data.period)
    rolling: dict[str, list[str]] = {}
    for indicator in design.indicators:
        scale = _scale_of(design, indicator.id)
        if panel and scale.needs_window and not isinstance(scale.window, tuple):
            rolling.setdefault(str(scale.window), []).append(indicator.id)
    for window, ids in rolling.items():
        yield Doubt("rolling-posts", grave, f"{ids[0]} 等 {len(ids)} 个指标", f"上下限随数据滚动（window = {window}），"
                    "以往各期会变或各期不可比；请给定上下限或写基期窗口", _PANEL)  # fmt: skip
    for step in design.steps:
        if isinstance(step, Impute) and step.method == "linear":
            yield Doubt(
                "look-ahead",
                grave,
                "",
                "线性填补用到以后的数值，下一期到来时本期会变",
                f"{HANDBOOK_ZH}第 3 步",
            )
        if isinstance(step, Weigh) and step.needs_window and not isinstance(step.window, tuple):
            yield Doubt("rolling-weights", grave, "", f"权重由数据决定（{step.method}）而未冻结；请写基期窗口，"
                        "或用 method = frozen 固定", f"{HANDBOOK_ZH}第 6 步")  # fmt: skip


def _weights(design: Design) -> Iterator[Doubt]:
    for group in design.groups:
        children = [n for n in design.nodes if n.parent == group.id]
        total = sum((c.weight for c in children), Decimal(0))
        equal = len({c.weight for c in children}) == 1
        if not equal and total not in (1, 100, group.weight):
            yield Doubt("weight-sum", "warn", group.id, f"下级权重合计为 {total.normalize():f}，既不是 1 或 100，"
                        f"也不是本级权重 {group.weight.normalize():f}", "合计不对常是漏项或笔误")  # fmt: skip
        if len(children) == 1:
            yield Doubt(
                "one-child",
                "warn",
                group.id,
                f"只有一个下级 {children[0].id}，其权重全由上级决定",
                f"{HANDBOOK_ZH}第 2 步",
            )
    effective = shares(design, {n.id: n.weight for n in design.nodes})
    behind: dict[str, Decimal] = {}
    for indicator in design.indicators:
        name = indicator.variable or indicator.id
        behind[name] = behind.get(name, Decimal(0)) + effective[indicator.id]
    for name, share in behind.items():
        if share > MOST_OF_ONE_VARIABLE:
            yield Doubt(
                "one-variable",
                "warn",
                name,
                f"一个变量占指数权重 {share * 100:.1f} %，超过 15 %",
                f"{HANDBOOK_ZH}第 6 步（重复计算）",
            )


def _silence(design: Design) -> Iterator[Doubt]:
    """Rules under which a missing figure scores better than the worst there can be."""
    rule = design.missing
    for kind in ("not_yet", "late"):
        action = getattr(rule, kind)
        if action == "floor":
            low = min(_lowest(_scale_of(design, i.id)) for i in design.indicators)
            if rule.floor > low:
                yield Doubt("silence-pays", "refuse", "", f"{kind} 按 {rule.floor} 分计，高于最差得分 {low}：不报反而有利",
                            f"{HANDBOOK_ZH}第 3 步")  # fmt: skip
        elif not design.aggregate.at_least:
            yield Doubt("silence-pays", "warn", "", f"{kind} 的权重分给其他指标，而 aggregate 没有 at_least：不报差的指标可以提高指数",
                        f"{HANDBOOK_ZH}第 3 步")  # fmt: skip


def _lowest(scale: Scale) -> Decimal:
    return scale.floor if scale.floor is not None else scale.ends[0]


def _few_subjects(design: Design, scored: Scored) -> Iterator[Doubt]:
    subjects, indicators = scored.scores["subject"].n_unique(), len(design.indicators)
    for step in design.steps:
        if isinstance(step, Weigh) and step.needs_window and subjects < indicators:
            yield Doubt("few-subjects", "refuse", "", f"{step.method} 由 {subjects} 个单位给 {indicators} 个指标定权，只是噪声；"
                        "请给定权重，或冻结自更长的基期", f"{HANDBOOK_ZH}第 4 步（单位数应多于指标数）")  # fmt: skip


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


def _flat(scored: Scored) -> Iterator[Doubt]:
    observed = scored.scores.filter(pl.col("score").is_not_null()).with_columns(pl.col("score").round(2))
    for (indicator,), rows in observed.group_by("indicator", maintain_order=True):
        most, total = rows["score"].value_counts()["count"].max(), rows.height
        if isinstance(most, int) and total >= 3 and most > total / 2:
            yield Doubt(
                "one-score",
                "warn",
                str(indicator),
                f"{total} 个得分中有 {most} 个相同，超过一半，不能区分单位",
                f"{HANDBOOK_ZH}第 4 步",
            )
