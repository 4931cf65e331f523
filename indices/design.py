"""The design of any composite index as data: its table, its tree, its steps (method files of format 2).

A design starts where the values of indicators stand. It says how the data are read, which indicators there are and
how they hang together (a tree of any depth, ragged too), and which steps are taken in which order. Each kind of step
is a record of ``indices/declare.py``; what it computes stands in the module of its name in ``indices/steps``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import field
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from indices.declare import (
    Aggregate,
    Denominate,
    Impute,
    Mean,
    Normalise,
    Scale,
    Screen,
    Transform,
    Treat,
    Uncertainty,
    Weigh,
)
from indices.method import MethodError

_STRICT = ConfigDict(extra="forbid")

Direction = Literal["positive", "negative", "moderate", "interval"]
Step = Annotated[
    Screen | Denominate | Impute | Treat | Transform | Normalise | Weigh | Aggregate,
    Field(discriminator="step"),
]
LEAST_POWER = Decimal("0.01")
_BEFORE_SCORES = (Screen, Denominate, Impute, Treat, Transform)


@dataclass(frozen=True, config=_STRICT)
class Data:
    """How the table is read: which columns name a row, and where the header stands.

    ``layout`` wide has a column per indicator, long has one row per figure with the columns ``indicator`` and
    ``value`` (and ``mark``, optional). Marks that stand in place of a figure: W not_yet, N not_applicable,
    C suppressed, an empty cell late.
    """

    subject: str
    name: str = ""
    period: str = ""
    type: str = ""
    groups: tuple[str, ...] = ()
    layout: Literal["wide", "long"] = "wide"
    indicator: str = "indicator"
    value: str = "value"
    mark: str = ""
    sheet: str = ""
    header_row: int = 1


@dataclass(frozen=True, config=_STRICT)
class Indicator:
    """A leaf of the tree.

    ``low`` is the value that scores the lower end, ``high`` the upper end, so a negative indicator has
    low > high. ``reference`` is a base, a standard or a target. ``variable`` names what is measured, where several
    indicators measure the same. ``subjects`` limits the indicator to some subject types.
    """

    id: str
    name: str
    parent: str
    weight: Decimal = Decimal(1)
    column: str = ""
    unit: str = ""
    direction: Direction = "positive"
    low: Decimal | None = None
    high: Decimal | None = None
    optimum: tuple[Decimal, Decimal] | None = None
    reference: Decimal | None = None
    denominator: str = ""
    factor: Decimal = Decimal(1)
    scale: Scale | None = None
    variable: str = ""
    subjects: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The heading of its column in the table."""
        return self.column or self.id


@dataclass(frozen=True, config=_STRICT)
class Group:
    """An inner node of the tree; the one without a parent is the index. ``mean`` overrides its level's."""

    id: str
    name: str
    parent: str = ""
    weight: Decimal = Decimal(1)
    mean: Mean | None = None
    decimals: int | None = None


@dataclass(frozen=True, config=_STRICT)
class Missing:
    """What each kind of missing figure does to a score: ``floor`` scores it at ``floor``, ``spread`` gives its
    weight to the figures that are there. A late figure is spread unless a step fills it."""

    not_yet: Literal["floor", "spread"] = "spread"
    not_applicable: Literal["spread"] = "spread"
    late: Literal["floor", "spread"] = "spread"
    suppressed: Literal["spread"] = "spread"
    floor: Decimal = Decimal(0)


@dataclass(frozen=True, config=_STRICT)
class Design:
    """One version of one index, from the table of its indicators to its ranks."""

    format: Literal[2]
    index: str
    version: str
    name: str
    data: Data
    indicators: tuple[Indicator, ...]
    groups: tuple[Group, ...]
    steps: tuple[Step, ...]
    missing: Missing = field(default_factory=Missing)
    uncertainty: Uncertainty | None = None
    series: bool = False
    unranked: tuple[str, ...] = ()
    note: str = ""

    @property
    def id(self) -> str:
        """``TAI-2001``."""
        return f"{self.index}-{self.version}"

    @property
    def nodes(self) -> tuple[Indicator | Group, ...]:
        """Indicators, then groups, in the order of the file."""
        return (*self.indicators, *self.groups)

    @cached_property
    def root(self) -> Group:
        """The index itself."""
        return next(g for g in self.groups if not g.parent)

    @cached_property
    def children(self) -> dict[str, tuple[str, ...]]:
        """The nodes below each group, in the order of the file, indicators first."""
        return {g.id: tuple(n.id for n in self.nodes if n.parent == g.id) for g in self.groups}

    @cached_property
    def heights(self) -> dict[str, int]:
        """How far each node is from its deepest indicator: 0 for indicators, the most for the index."""
        found = {i.id: 0 for i in self.indicators}

        def height(node: str) -> int:
            if node not in found:
                found[node] = 1 + max(height(child) for child in self.children[node])
            return found[node]

        height(self.root.id)
        return found

    @cached_property
    def names(self) -> dict[str, str]:
        """Node to name."""
        return {n.id: n.name for n in self.nodes}

    @property
    def aggregate(self) -> Aggregate:
        """The step that makes the index."""
        return next(s for s in self.steps if isinstance(s, Aggregate))

    def mean_of(self, group: Group) -> Mean:
        """How a group is made of its children: its own mean, else that of its level."""
        means = self.aggregate.means
        return group.mean or means[min(self.heights[group.id], len(means)) - 1]

    def decimals_of(self, group: Group) -> int | None:
        """The decimals to which a group is rounded before it goes up, if its level declares any."""
        if group.decimals is not None:
            return group.decimals
        declared = self.aggregate.round_levels
        height = self.heights[group.id]
        return declared[height - 1] if height <= len(declared) else None

    def leaves_of(self, node: str) -> tuple[str, ...]:
        """The indicators below a node, itself for an indicator."""
        if node not in self.children:
            return (node,)
        return tuple(leaf for child in self.children[node] for leaf in self.leaves_of(child))


_ADAPTER = TypeAdapter(Design)


def read_design(path: Path) -> Design:
    """Read and check a method file of format 2; MethodError says in one sentence what is wrong."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise MethodError(f"方法文件 {path.name} 不能读取：{error}；请另存为 UTF-8 文本。") from error
    return parse_design(text, path.name)


def parse_design(text: str, name: str) -> Design:
    """The same for a text; ``name`` stands in the messages."""
    try:
        design: Design = _ADAPTER.validate_python(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise MethodError(f"方法文件 {name} 不是有效的 TOML：{error}") from error
    except ValidationError as error:
        raise MethodError(f"方法文件 {name} 有误：{_first(error)}") from error
    return checked(design, name)


def checked(design: Design, name: str) -> Design:
    """The design if it can be computed; MethodError names everything that stands in the way."""
    tree = list(_tree(design))
    problems = [*tree, *_order(design), *_means(design), *_needs(design), *([] if tree else _judged(design))]
    if problems:
        raise MethodError(f"方法文件 {name} 不能使用：" + "；".join(problems) + "。")
    return design


def _first(error: ValidationError) -> str:
    """Where the first mistake stands and what it is."""
    found = error.errors()
    place = ".".join(str(part) for part in found[0]["loc"])
    more = f"（另有 {len(found) - 1} 处）" if len(found) > 1 else ""
    return f"{place}：{found[0]['msg']}，写的是 {found[0].get('input')!r}{more}"


def _tree(design: Design) -> Iterator[str]:
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


def _means(design: Design) -> Iterator[str]:
    """A mean of powers near 0 is the geometric one in the limit, and no digit of it is left."""
    for step in (s for s in design.steps if isinstance(s, Aggregate)):
        if "power" in {*step.means, *(g.mean for g in design.groups)} and abs(step.power) < LEAST_POWER:
            yield f"幂平均的 power 为 {step.power}，绝对值应不小于 {LEAST_POWER}；接近 0 时请改用 geometric"


def _needs(design: Design) -> Iterator[str]:
    """Steps that lack what they need; nothing is assumed for them."""
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
        heights, parents = design.heights, design.children.items()
        weighed = [g for g, below in parents if sum(heights[c] == step.level for c in below) > 1]
        if step.group and step.group not in design.children:
            yield f"步骤 weigh 的分组 {step.group} 未定义"
        elif step.method == "ahp" and not step.group and len(weighed) > 1:
            yield f"步骤 weigh 的判断矩阵不知用于 {'、'.join(weighed)} 中的哪一个；请用 group 写明，每个分组写一步"


def _units(design: Design, normalise: Normalise) -> Iterator[str]:
    """A logarithm that the data may call for leaves posts of the file in a unit that is no more."""
    for step in (s for s in design.steps if isinstance(s, Treat) and s.then == "log"):
        for indicator in design.indicators:
            scale = normalise.scale_of(indicator.scale)
            given = (
                scale.fixed
                or scale.method == "target"
                or (scale.method == "ratio" and not scale.needs_window)
            )
            if given and (not step.indicators or indicator.id in step.indicators):
                yield (
                    f'{indicator.id} 的上下限或基准由方法给定，步骤 treat 取对数后单位不符；请写 then = "none"，'
                    "或在 treat 的 indicators 中不列该指标"
                )


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
