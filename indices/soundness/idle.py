"""Declarations without effect: the author meant something by them, and nothing would come of it."""

from __future__ import annotations

from collections.abc import Iterator

from indices.declare import Aggregate, Denominate, Impute, Normalise, Scale, Weigh
from indices.design import Design, Indicator


def idle(design: Design) -> Iterator[str]:
    """Every declaration that changes nothing, in a design that is in order otherwise."""
    yield from _denominators(design)
    if design.data.layout == "wide" and design.data.mark:
        yield 'data.mark 只用于长表（layout = "long"）'
    for step in design.steps:
        match step:
            case Impute():
                yield from _impute(step)
            case Weigh():
                yield from _weigh(design, step)
            case Normalise():
                yield from _scales(design, step)
            case Aggregate():
                yield from _aggregate(design, step)


def _denominators(design: Design) -> Iterator[str]:
    divided = any(isinstance(s, Denominate) for s in design.steps)
    named = [i.id for i in design.indicators if i.denominator]
    if named and not divided:
        yield f"{'、'.join(named)} 写了 denominator，而没有步骤 denominate"
    if divided and not named:
        yield "步骤 denominate 没有要除的指标（没有指标写 denominator）"
    for indicator in design.indicators:
        if indicator.factor != 1 and not indicator.denominator:
            yield f"{indicator.id} 写了 factor，而没有 denominator"


def _impute(step: Impute) -> Iterator[str]:
    if step.method != "carry" and step.max_age != Impute.max_age:
        yield f"步骤 impute 的 max_age 对方法 {step.method} 不起作用"
    if step.method not in ("mean", "median") and step.group:
        yield f"步骤 impute 的 group 对方法 {step.method} 不起作用"


def _weigh(design: Design, step: Weigh) -> Iterator[str]:
    declared = {
        "before": (step.before != Weigh.before, ("entropy",)),
        "judgements": (bool(step.judgements), ("ahp",)),
        "frozen": (bool(step.frozen), ("frozen",)),
        "window": (step.window is not None, ("entropy", "critic", "pca", "frozen")),
    }
    for key, (written, methods) in declared.items():
        if written and step.method not in methods:
            yield f"步骤 weigh 的 {key} 对方法 {step.method} 不起作用"
    level = {node for nodes in design.weighed(step).values() for node in nodes}
    if not level:
        yield f"步骤 weigh 的 level 为 {step.level}，{step.group or design.root.id} 之下没有这一级"
    elif strange := sorted(set(step.frozen) - level):
        yield f"冻结的权重 {'、'.join(strange)} 不是 level = {step.level} 一级的代码"


def _scales(design: Design, step: Normalise) -> Iterator[str]:
    """Each mistake once, since indicators may share the scale of the step."""
    found: dict[str, list[str]] = {}
    for indicator in design.indicators:
        for said in _scale(indicator, step.scale_of(indicator.scale)):
            found.setdefault(said, []).append(indicator.id)
    for said, ids in found.items():
        yield (ids[0] if len(ids) == 1 else f"{ids[0]} 等 {len(ids)} 个指标") + f" 的 {said}"


def _scale(indicator: Indicator, scale: Scale) -> Iterator[str]:
    """Keys of a scale that its method does not use; clips that would cut to a mean or a deviation."""
    method, posts = scale.method, indicator.low is not None
    unused = {
        "window": not scale.needs_window,
        "ddof": method != "zscore",
        "ties": method not in ("rank", "percentile_rank"),
        "reference": method != "ratio",
        "range": method == "rank"
        or (scale.clipped == "none" and (method == "none" or (method == "ratio" and not posts))),
        "clip": method == "rank" and scale.clipped != "none",
        "floor": scale.clipped not in ("lower", "both"),
    }
    for key, without in unused.items():
        if without and getattr(scale, key) != getattr(Scale, key):
            yield f"{key} 对评分方法 {method}（clip = {scale.clipped}）不起作用"
    if method == "zscore" and (
        scale.clipped in ("upper", "both") or (scale.clipped == "lower" and scale.floor is None)
    ):
        yield f"clip 为 {scale.clipped}，而标准分的 range 是均值和标准差，不是两端；请只用 lower 并写 floor"


def _aggregate(design: Design, step: Aggregate) -> Iterator[str]:
    levels = design.heights[design.root.id]
    for key in ("means", "round_levels"):
        if len(getattr(step, key)) > levels:
            yield f"步骤 aggregate 的 {key} 有 {len(getattr(step, key))} 项，而指标体系只有 {levels} 级"
    if step.power != Aggregate.power and "power" not in {design.mean_of(g) for g in design.groups}:
        yield "步骤 aggregate 写了 power，而没有分组用幂平均"
    if step.by != Aggregate.by and not step.at_least:
        yield "步骤 aggregate 写了 by，而没有 at_least"
