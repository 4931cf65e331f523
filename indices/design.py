"""The design of any composite index as data: its table, its tree, its steps (method files of format 2).

A design starts where the values of indicators stand. It says how the data are read, which indicators there are and
how they hang together (a tree of any depth, ragged too), and which steps are taken in which order. Each kind of step
is a record of ``indices/declare.py``; what it computes stands in the module of its name in ``indices/steps``.
"""

from __future__ import annotations

from dataclasses import field
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Literal

from pydantic import ConfigDict, Field
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

_STRICT = ConfigDict(extra="forbid")

Direction = Literal["positive", "negative", "moderate", "interval"]
Step = Annotated[
    Screen | Denominate | Impute | Treat | Transform | Normalise | Weigh | Aggregate,
    Field(discriminator="step"),
]


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

    def weighed(self, step: Weigh) -> dict[str, tuple[str, ...]]:
        """The nodes whose weights a step sets, by parent; a parent without any has no entry."""
        parents = (step.group,) if step.group else tuple(self.children)
        found = {
            p: tuple(c for c in self.children.get(p, ()) if self.heights[c] == step.level) for p in parents
        }
        return {parent: nodes for parent, nodes in found.items() if nodes}

    def leaves_of(self, node: str) -> tuple[str, ...]:
        """The indicators below a node, itself for an indicator."""
        if node not in self.children:
            return (node,)
        return tuple(leaf for child in self.children[node] for leaf in self.leaves_of(child))
