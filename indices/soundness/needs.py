"""A design that contradicts itself, or whose steps lack what they need; nothing is assumed for them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from indices.declare import Aggregate, Denominate, Impute, Normalise, Scale, Screen, Transform, Treat, Weigh
from indices.design import Design, Indicator

LEAST_POWER = Decimal("0.01")
_BEFORE_SCORES = (Screen, Denominate, Impute, Treat, Transform)


def tree(design: Design) -> Iterator[str]:
    """Codes and parents that make no tree; the other checks need one."""
    ids = [n.id for n in design.nodes]
    for twice in sorted({i for i in ids if ids.count(i) > 1}):
        yield f"代码 {twice} 重复"
    roots = [g.id for g in design.groups if not g.parent]
    if len(roots) != 1:
        yield f"没有上级的分组应有且只有一个，现有 {len(roots)} 个（{'、'.join(roots)}）"
    known = {g.id for g in design.groups}
    for node in design.nodes:
        if (node.parent or isinstance(node, Indicator)) and node.parent not in known:
            yield f"{node.id} 的上级 {node.parent!r} 未定义"
    parents = {g.id: g.parent for g in design.groups}
    for group in design.groups:
        if not any(n.parent == group.id for n in design.nodes):
            yield f"分组 {group.id} 没有下级"
        if _circles(group.id, parents):
            yield f"分组 {group.id} 的上级关系成环"


def _circles(group: str, parents: dict[str, str]) -> bool:
    seen = set()
    while group in parents and group not in seen:
        seen.add(group)
        group = parents[group]
    return group in seen


def needs(design: Design) -> Iterator[str]:
    """What contradicts itself or is lacking, in a design whose tree is in order."""
    yield from _order(design)
    yield from _powers(design)
    yield from _judged(design)
    yield from _steps(design)


def _order(design: Design) -> Iterator[str]:
    kinds = [type(s) for s in design.steps]
    for kind, word in ((Normalise, "normalise"), (Aggregate, "aggregate")):
        if kinds.count(kind) != 1:
            yield f"步骤 {word} 应有且只有一个，现有 {kinds.count(kind)} 个"
            return
    at = kinds.index(Normalise)
    late = [s.step for s in design.steps[at:] if isinstance(s, _BEFORE_SCORES)]
    if late:
        yield f"步骤 {'、'.join(late)} 应在 normalise 之前"
    if kinds[-1] is not Aggregate:
        yield "步骤 aggregate 应在最后"


def _powers(design: Design) -> Iterator[str]:
    """A mean of powers near 0 is the geometric one in the limit, and no digit of it is left."""
    for step in (s for s in design.steps if isinstance(s, Aggregate)):
        if "power" in {*step.means, *(g.mean for g in design.groups)} and abs(step.power) < LEAST_POWER:
            yield f"幂平均的 power 为 {step.power}，绝对值应不小于 {LEAST_POWER}；接近 0 时请改用 geometric"


def _steps(design: Design) -> Iterator[str]:
    panel = bool(design.data.period)
    for step in design.steps:
        if isinstance(step, Impute) and step.method in ("carry", "linear") and not panel:
            yield f"步骤 impute 的方法 {step.method} 需要报告期，而 data.period 未写"
        if isinstance(step, Impute) and step.group and step.group not in design.data.groups:
            yield f"步骤 impute 的分组 {step.group} 不在 data.groups 中"
        if isinstance(step, Treat | Weigh) and step.needs_window and panel and step.window is None:
            yield f"面板数据的步骤 {step.step} 应写明 window（period、all 或起止期）"
        for chosen in getattr(step, "indicators", ()):
            if chosen not in {i.id for i in design.indicators}:
                yield f"步骤 {step.step} 中的指标 {chosen} 未定义"
    for normalise in (s for s in design.steps if isinstance(s, Normalise)):
        yield from _units(design, normalise)
        for indicator in design.indicators:
            yield from _scale_needs(indicator, normalise.scale_of(indicator.scale), panel)


def _judged(design: Design) -> Iterator[str]:
    """Weights for one parent; of judgements it must be clear which one they are of."""
    for step in (s for s in design.steps if isinstance(s, Weigh)):
        weighed = [parent for parent, nodes in design.weighed(step).items() if len(nodes) > 1]
        if step.needs_window and step.level > 0:
            yield f"步骤 weigh 的方法 {step.method} 只用于指标一级（level = 0），现为 {step.level}"
        if step.group and step.group not in design.children:
            yield f"步骤 weigh 的分组 {step.group} 未定义"
        elif step.method == "ahp" and not step.group and len(weighed) > 1:
            yield f"步骤 weigh 的判断矩阵不知用于 {'、'.join(weighed)} 中的哪一个；请用 group 写明，每个分组写一步"


def _units(design: Design, normalise: Normalise) -> Iterator[str]:
    """A logarithm that the data may call for leaves posts of the file in a unit that is no more."""
    for step in (s for s in design.steps if isinstance(s, Treat) and s.then == "log"):
        treated = [i for i in design.indicators if not step.indicators or i.id in step.indicators]
        given = [i.id for i in treated if _in_its_unit(normalise.scale_of(i.scale))]
        if given:
            yield (
                f"{'、'.join(given)} 的上下限或基准由方法给定，步骤 treat 取对数后单位不符；"
                '请写 then = "none"，或在 treat 的 indicators 中不列这些指标'
            )


def _in_its_unit(scale: Scale) -> bool:
    """Whether posts or a reference of the file stand in the unit of the figures."""
    return scale.fixed or scale.method == "target" or (scale.method == "ratio" and not scale.needs_window)


def _scale_needs(indicator: Indicator, scale: Scale, panel: bool) -> Iterator[str]:
    name, low, high, best = indicator.id, indicator.low, indicator.high, indicator.optimum
    if scale.fixed:
        if low is None or high is None:
            yield f"{name} 缺少上下限 low、high"
        elif low == high:
            yield f"{name} 的上下限相等（{low}）"
        elif best is None and (low > high) != (indicator.direction == "negative"):
            yield f"{name} 的上下限 {low}、{high} 与方向 {indicator.direction} 不符"
        elif scale.method in ("log_goalpost", "efficacy_log") and min(low, high) <= 0:
            yield f"{name} 用对数法而上下限不大于 0"
        elif best is not None and not low < best[0] <= best[1] < high:
            yield f"{name} 的适度区间 {best[0]}、{best[1]} 不在上下限 {low}、{high} 之内"
    elif panel and scale.needs_window and scale.window is None:
        yield f"{name} 的上下限由数据决定，面板数据应写明 window（period、all 或起止期）"
    if (indicator.direction in ("moderate", "interval")) != (best is not None):
        yield f"{name} 的方向 {indicator.direction} 与 optimum 不符"
    if best is not None and not scale.takes_optimum:
        yield f"{name} 是适度指标，方法 {scale.method} 不适用"
    if scale.method in ("target", "ratio") and scale.reference == "given" and indicator.reference is None:
        yield f"{name} 缺少 reference"
