"""Why did it change: the difference of an index between two states, given to its causes.

A state is a design with a table. Causes are the players of a cooperative game: ``data`` (the figures that both sides
have), ``coverage`` (which figures are there, and the marks of gaps), ``weight``, ``goalpost`` (posts, optimum and
reference) and ``method`` (everything else in the design). Every mixture of them is computed by the engine; a cause
gets its Shapley value, and the published split is rounded so that it adds up (see ``indices/shapley.py``). Causes that
do not differ are not computed and get nothing. By indicator the same change is split in ``indices/tree_split.py``; what
a release keeps of MQ, CM and CA is split in ``indices/change.py`` without computing it again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

import polars as pl

from indices.design import Design, Indicator
from indices.score import levels
from indices.shapley import FINE, WIDE, Coalition, coalitions, rounded_to, steps
from indices.steps.bench import Columns, ScoreError
from indices.table import Table

CAUSES = ("data", "coverage", "weight", "goalpost", "method")
CAUSES_ZH = {
    "data": "数据",
    "coverage": "覆盖和缺失规则",
    "weight": "权重",
    "goalpost": "上下限",
    "method": "方法",
}
_POSTS = ("low", "high", "optimum", "reference")


@dataclass(frozen=True)
class State:
    """One side: a design and the table of one period."""

    design: Design
    table: Table


def attribute(before: State, after: State) -> pl.DataFrame:
    """The change of each subject's index by cause: (subject, cause, exact, published), causes in the order above.

    Subjects that have an index on both sides, the other ones are left out. Both tables must hold one period each;
    ScoreError otherwise, and where the trees differ.
    """
    for state in (before, after):
        if state.table.rows["period"].n_unique() != 1:
            raise ScoreError("变动分析的每一侧应只有一个报告期；请先按报告期筛选。")
    if {n.id: n.parent for n in before.design.nodes} != {n.id: n.parent for n in after.design.nodes}:
        raise ScoreError("两侧的指标体系不同，不能按原因分解；请先在同一体系上计算。")
    causes = _differing(before, after)
    values = {taken: _index(_mixed(before, after, taken)) for taken in coalitions(causes)}
    whole, nothing = values[frozenset(causes)], values[frozenset()]
    decimals = after.design.aggregate.decimals
    rows = []
    for subject in sorted(whole.keys() & nothing.keys()):
        if any(subject not in v for v in values.values()):
            raise ScoreError(f"单位 {subject} 在某种组合下没有指数（覆盖不足），不能分解；请补报后再分析。")
        shares = _shapley(causes, values, subject)
        change = _published(whole[subject], decimals) - _published(nothing[subject], decimals)
        printed = rounded_to(change, list(shares.values()), decimals)
        rows += [(subject, c, shares[c], p) for c, p in zip(CAUSES, printed, strict=True)]
    schema: Columns = {
        "subject": pl.String,
        "cause": pl.String,
        "exact": pl.Decimal(28, 12),
        "published": pl.Decimal(28, decimals),
    }
    return pl.DataFrame(rows, schema, orient="row")


def _published(value: Decimal, decimals: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-decimals), context=WIDE)


def _shapley(
    causes: Sequence[str], values: Mapping[Coalition, Mapping[str, Decimal]], subject: str
) -> dict[str, Decimal]:
    found = dict.fromkeys(CAUSES, Decimal(0))
    with localcontext(WIDE):
        for cause, without, taken, share in steps(causes):
            found[cause] += share * (values[taken][subject] - values[without][subject])
        return {cause: value.quantize(FINE) for cause, value in found.items()}


def _differing(before: State, after: State) -> list[str]:
    """The causes in which the two sides differ."""
    one, two = before.design, after.design
    same_but = dataclasses.replace(_design(one, two, frozenset({"weight", "goalpost"})), version=two.version, name=two.name,
                                   note=two.note, uncertainty=two.uncertainty)  # fmt: skip
    differs = {
        "weight": [n.weight for n in one.nodes] != [n.weight for n in two.nodes],
        "goalpost": any(
            getattr(i, p) != getattr(j, p)
            for i, j in zip(one.indicators, two.indicators, strict=True)
            for p in _POSTS
        ),
        "method": same_but != two,
    }
    return ["data", "coverage", *(c for c in CAUSES if differs.get(c))]


def _mixed(before: State, after: State, taken: frozenset[str]) -> State:
    """The state in which the causes taken are as after, the others as before."""
    return State(_design(before.design, after.design, taken), _table(before.table, after.table, taken))


def _design(one: Design, two: Design, taken: frozenset[str]) -> Design:
    base, other = (two, one) if "method" in taken else (one, two)
    foreign = {"weight", "goalpost"} & taken if base is one else {"weight", "goalpost"} - taken
    given = {n.id: n for n in other.nodes}

    def leaf(indicator: Indicator) -> Indicator:
        source = given[indicator.id]
        changed = {p: getattr(source, p) for p in _POSTS} if "goalpost" in foreign else {}
        weight = source.weight if "weight" in foreign else indicator.weight
        return dataclasses.replace(indicator, weight=weight, **changed)

    groups = tuple(
        dataclasses.replace(g, weight=given[g.id].weight) if "weight" in foreign else g for g in base.groups
    )
    return dataclasses.replace(base, indicators=tuple(map(leaf, base.indicators)), groups=groups)


def _table(one: Table, two: Table, taken: frozenset[str]) -> Table:
    """Which figures and denominators are there by coverage, what they say by data; one that the data's side lacks
    takes the other's."""
    there = two if "coverage" in taken else one
    wanted, other = (two, one) if "data" in taken else (one, two)
    return dataclasses.replace(
        there,
        figures=_blended(there.figures, wanted.figures, other.figures, ["subject", "indicator"]),
        columns=_blended(there.columns, wanted.columns, other.columns, ["subject", "label"]),
    )


def _blended(there: pl.DataFrame, wanted: pl.DataFrame, other: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """The rows of ``there``; a value that is there is the wanted one, or the other where none is wanted."""
    found = there
    for frame, name in ((wanted, "wanted"), (other, "other")):
        found = found.join(frame.select(*key, pl.col("value").alias(name)), on=key, how="left")
    said = pl.when(pl.col("value").is_not_null()).then(pl.coalesce("wanted", "other"))
    return found.with_columns(said.alias("value")).select(there.columns)


def _index(state: State) -> dict[str, Decimal]:
    found = levels(state.design, state.table)
    rows = found.filter((pl.col("node") == state.design.root.id) & pl.col("value").is_not_null())
    return dict(rows.select("subject", "value").iter_rows())
