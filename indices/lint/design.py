"""The linter for designs (format 2): what can be said of a design by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from indices.declare import Impute, Normalise, Scale, Treat, Weigh
from indices.design import Design, Group
from indices.lint.finding import HANDBOOK_ZH, Doubt, Severity, order
from indices.steps.weigh import on_scale, shares

MOST_OF_ONE_VARIABLE = Decimal("0.15")
_PANEL = "COINr 文档：面板数据的极差标准化不能再现；OECD/JRC 手册第 5 步"


def lint_design(design: Design) -> list[Doubt]:
    """Everything that can be said without data."""
    return order([*_means(design), *_series(design), *_weights(design), *_silence(design)])


def scale_of(design: Design, indicator: str) -> Scale:
    """The scale that holds for an indicator."""
    own = next(i.scale for i in design.indicators if i.id == indicator)
    return next(s.scale_of(own) for s in design.steps if isinstance(s, Normalise))


def _means(design: Design) -> Iterator[Doubt]:
    weights = settled_weights(design)
    for group in design.groups:
        mean = design.mean_of(group)
        if mean in ("geometric", "harmonic", "power"):
            yield from _positive(design, group, mean)
        if mean.startswith("mpi"):
            ends = {scale_of(design, leaf).ends for leaf in design.leaves_of(group.id)}
            if ends != {(Decimal(100), Decimal(10))}:
                yield Doubt("mpi-scale", "warn", group.id, "Mazziotta-Pareto 的罚分以均值 100、标准差 10 的得分为准，"
                            "其他尺度下罚分大小没有意义", "Mazziotta, Pareto (2016)")  # fmt: skip
        if mean == "median" and len({weights.get(child) for child in design.children[group.id]}) > 1:
            yield Doubt("median-weights", "warn", group.id, "中位数不用权重，而下级权重不同", HANDBOOK_ZH)


def _positive(design: Design, group: Group, mean: str) -> Iterator[Doubt]:
    for leaf in design.leaves_of(group.id):
        scale = scale_of(design, leaf)
        least = lowest(scale)
        if least is None:
            yield Doubt("unclipped-geometric", "warn", leaf, f"{group.id} 用 {mean} 均值，而得分下端不截断（{scale.method}），可以"
                        "低于 0", f"{HANDBOOK_ZH}第 6 步")  # fmt: skip
        elif least <= 0 and scale.method == "zscore":
            yield Doubt("zscore-geometric", "refuse", leaf, f"{group.id} 用 {mean} 均值，而标准分会为负（均值"
                        f" {scale.ends[0]}、标准差 {scale.ends[1]}）", f"{HANDBOOK_ZH}第 6 步")  # fmt: skip
        elif least <= 0:
            yield Doubt("zero-geometric", "refuse", leaf, f"{group.id} 用 {mean} 均值，而得分可以为 {least}，一个 0 使整体为 0",
                        f"{HANDBOOK_ZH}第 6 步；UNDP 为此设正的下限")  # fmt: skip


def lowest(scale: Scale) -> Decimal | None:
    """The least score that a scale gives; of z-scores three deviations below the mean; None if it has no end."""
    if scale.clipped in ("lower", "both"):
        return scale.floor if scale.floor is not None else scale.ends[0]
    if scale.method in ("minmax", "percentile_rank", "target"):
        return scale.ends[0]
    if scale.method == "zscore":
        return scale.ends[0] - 3 * scale.ends[1]
    return Decimal(1) if scale.method == "rank" else None


def _series(design: Design) -> Iterator[Doubt]:
    """What moves when a later period or another subject comes."""
    grave: Severity = "refuse" if design.series else "warn"
    rolls = bool(design.data.period) or design.series  # a table of one period at a time rolls as well
    rolling: dict[str, list[str]] = {}
    for indicator in design.indicators:
        scale = scale_of(design, indicator.id)
        if rolls and scale.needs_window and not isinstance(scale.window, tuple):
            rolling.setdefault(str(scale.window or "未写"), []).append(indicator.id)
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
        if isinstance(step, Treat) and rolls and not isinstance(step.window, tuple):
            yield Doubt("rolling-treatment", grave, "", f"异常值的限度随数据滚动（window = {step.window or '未写'}），以往各期会变"
                        "或各期不可比；请写基期窗口", _PANEL)  # fmt: skip
        if isinstance(step, Weigh) and step.needs_window and not isinstance(step.window, tuple):
            yield Doubt("rolling-weights", grave, "", f"权重由数据决定（{step.method}）而未冻结；请写基期窗口，"
                        "或用 method = frozen 固定", f"{HANDBOOK_ZH}第 6 步")  # fmt: skip


def _weights(design: Design) -> Iterator[Doubt]:
    weights = settled_weights(design)
    for group in design.groups:
        children = design.children[group.id]
        if not any(_weighed(design, child) for child in children):
            yield from _sum(group, [weights[child] for child in children])
        if len(children) == 1:
            yield Doubt("one-child", "warn", group.id, f"只有一个下级 {children[0]}，其权重全由上级决定",
                        f"{HANDBOOK_ZH}第 2 步")  # fmt: skip
    if weights.keys() == design.names.keys():
        yield from one_variable(design, shares(design, weights))


def _sum(group: Group, weights: list[Decimal]) -> Iterator[Doubt]:
    total = sum(weights, Decimal(0))
    if len(set(weights)) > 1 and total not in (1, 100, group.weight):
        yield Doubt("weight-sum", "warn", group.id, f"下级权重合计为 {total.normalize():f}，既不是 1 或 100，"
                    f"也不是本级权重 {group.weight.normalize():f}", "合计不对常是漏项或笔误")  # fmt: skip


def settled_weights(design: Design) -> dict[str, Decimal]:
    """The weights that hold before any figure is seen; nodes that judges or data weigh are left out."""
    found = {n.id: n.weight for n in design.nodes}
    for step in (s for s in design.steps if isinstance(s, Weigh) and s.method != "given"):
        for parent, nodes in design.weighed(step).items():
            new = {node: step.frozen[node] for node in nodes if node in step.frozen}
            if step.method == "equal":
                new = dict.fromkeys(nodes, Decimal(1))
                new = new if len(nodes) == len(design.children[parent]) else on_scale(design, new)
            found = {n: w for n, w in found.items() if n not in nodes} | new
    return found


def _weighed(design: Design, node: str) -> bool:
    """Whether a step and not the tree gives a node its weight."""
    steps = (s for s in design.steps if isinstance(s, Weigh) and s.method != "given")
    return any(node in nodes for step in steps for nodes in design.weighed(step).values())


def one_variable(design: Design, effective: Mapping[str, Decimal]) -> Iterator[Doubt]:
    """Variables behind more of the index than one should be."""
    behind: dict[str, Decimal] = {}
    for indicator in design.indicators:
        name = indicator.variable or indicator.id
        behind[name] = behind.get(name, Decimal(0)) + effective[indicator.id]
    for name, share in behind.items():
        if share > MOST_OF_ONE_VARIABLE:
            yield Doubt("one-variable", "warn", name, f"一个变量占指数权重 {share * 100:.1f} %，超过 15 %",
                        f"{HANDBOOK_ZH}第 6 步（重复计算）")  # fmt: skip


def _silence(design: Design) -> Iterator[Doubt]:
    """Rules under which a missing figure scores better than the worst there can be."""
    rule = design.missing
    for kind in ("not_yet", "late"):
        action = getattr(rule, kind)
        if action == "floor":
            yield from _floor(design, kind)
        elif not design.aggregate.at_least:
            yield Doubt("silence-pays", "warn", "", f"{kind} 的权重分给其他指标，而 aggregate 没有 at_least：不报差的指标可以提高指数",
                        f"{HANDBOOK_ZH}第 3 步")  # fmt: skip


def _floor(design: Design, kind: str) -> Iterator[Doubt]:
    floor = design.missing.floor
    ends = {i.id: lowest(scale_of(design, i.id)) for i in design.indicators}
    least = min((end for end in ends.values() if end is not None), default=None)
    if least is not None and floor > least:
        yield Doubt("silence-pays", "refuse", "", f"{kind} 按 {floor} 分计，高于最差得分 {least}：不报反而有利",
                    f"{HANDBOOK_ZH}第 3 步")  # fmt: skip
    for leaf in (i for i, end in ends.items() if end is None):
        yield Doubt("silence-pays", "warn", leaf, f"{kind} 按 {floor} 分计，而得分下端不截断，可以更低：不报可能有利",
                    f"{HANDBOOK_ZH}第 3 步")  # fmt: skip
