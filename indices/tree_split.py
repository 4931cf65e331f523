"""The change of an index between two computations of one tree, by indicator; whatever the means, the parts add up.

A group with a mean of the form ``f(V) = sum W_i f(s_i)`` (arithmetic, geometric, harmonic: f is the score itself, its
logarithm, its inverse) changes by

    V' - V = m sum [ mean(W_i) (f_i' - f_i) + (W_i' - W_i) (mean(f_i) - F) ],   m = (V' - V) / (f(V') - f(V))

with F the mean of f(V) and f(V') (see ``indices/shapley.py``; for the logarithm this is the logarithmic mean Divisia
index). It is the same forwards and backwards. The first term of a child goes on to what is below the child, in the same
proportions in which that made the child's change; the second, a shift of weight, stays with the child. What is
made by none of them (another mean, rounding between levels, a mean of another form) stays with the group. So an
item is an indicator, or a group whose own weight or mean made a difference.

Sources: Ang (2015), LMDI decomposition approach, Energy Policy 86; Shorrocks (2013), Journal of Economic Inequality 11.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext

import polars as pl

from indices.design import Design
from indices.score import Scored
from indices.shapley import FINE, WIDE, rounded_to
from indices.steps.bench import Columns

COLUMNS: Columns = {
    "subject": pl.String, "period": pl.String, "item": pl.String, "points": pl.Decimal(28, 12),
}  # fmt: skip
_NOTHING = Decimal("1e-9")  # below this a remainder is the rounding of a mean to 12 decimals

_FORMS: Mapping[str, Callable[[Decimal], Decimal]] = {
    "arithmetic": lambda s: s,
    "geometric": lambda s: s.ln(),
    "harmonic": lambda s: 1 / s,
}


@dataclass(frozen=True)
class _State:
    """One subject on one side: values and weights by node; a node without a value is not there."""

    design: Design
    value: Mapping[str, Decimal]
    weight: Mapping[str, Decimal]

    def share(self, children: tuple[str, ...], child: str) -> Decimal:
        """The weight of a child among its siblings that are there; nothing if it is not."""
        there = sum((self.weight[c] for c in children if c in self.value), Decimal(0))
        return self.weight[child] / there if child in self.value and there else Decimal(0)


def split_trees(before: tuple[Design, Scored], after: tuple[Design, Scored]) -> pl.DataFrame:
    """(subject, period, item, points, published) of every subject and period that has an index on both sides.

    ``points`` of 12 decimals, ``published`` rounded to the later design's decimals so that they add up to the
    difference of the published values. Items without a part are left out. Both designs must have the same tree.
    """
    sides = [_states(*side) for side in (before, after)]
    published = [_published(*side) for side in (before, after)]
    decimals = after[0].aggregate.decimals
    rows: list[tuple[object, ...]] = []
    with localcontext(WIDE):
        for key in sorted(published[0].keys() & published[1].keys()):
            parts = _parts(after[0].root.id, sides[0][key], sides[1][key])
            parts = {item: p.quantize(FINE) for item, p in sorted(parts.items())}
            moving = {item: p for item, p in parts.items() if p}
            if moving:
                change = published[1][key] - published[0][key]
                printed = rounded_to(change, list(moving.values()), decimals)
                rows += [(*key, *pair, p) for pair, p in zip(moving.items(), printed, strict=True)]
    return pl.DataFrame(rows, COLUMNS | {"published": pl.Decimal(28, decimals)}, orient="row")


def _published(design: Design, scored: Scored) -> dict[tuple[str, str], Decimal]:
    rows = scored.published.filter((pl.col("node") == design.root.id) & pl.col("value").is_not_null())
    return {(s, p): v for s, p, v in rows.select("subject", "period", "value").iter_rows()}


def _states(design: Design, scored: Scored) -> dict[tuple[str, str], _State]:
    weights: dict[str, dict[str, Decimal]] = {}
    for node, period, weight in scored.weights.select("node", "period", "weight").iter_rows():
        weights.setdefault(period, {})[node] = weight
    values: dict[tuple[str, str], dict[str, Decimal]] = {}
    there = scored.levels.filter(pl.col("value").is_not_null())
    for subject, period, node, value in there.select("subject", "period", "node", "value").iter_rows():
        values.setdefault((subject, period), {})[node] = value
    return {key: _State(design, value, weights[key[1]]) for key, value in values.items()}


def _parts(node: str, before: _State, after: _State) -> dict[str, Decimal]:
    """What made the change of a node that is there on both sides, by item."""
    change = after.value[node] - before.value[node]
    children = after.design.children.get(node)
    if children is None:
        return {node: change}
    names = {_mean(state, node) for state in (before, after)}
    splits = [_of_mean(name, children, before, after) for name in sorted(names)]
    found: dict[str, Decimal] = {}
    for split in splits:
        for child, (own, shifted) in split.items():
            below = _below(child, own / len(splits), before, after)
            for item, part in (*below.items(), (child, shifted / len(splits))):
                found[item] = found.get(item, Decimal(0)) + part
    rest = change - sum(found.values(), Decimal(0))
    if abs(rest) > _NOTHING:
        found[node] = found.get(node, Decimal(0)) + rest
    return found


def _mean(state: _State, node: str) -> str:
    return state.design.mean_of(next(g for g in state.design.groups if g.id == node))


def _below(child: str, own: Decimal, before: _State, after: _State) -> dict[str, Decimal]:
    """What a child's score did, handed on to the parts of the child's own change in their proportions."""
    change = after.value.get(child, Decimal(0)) - before.value.get(child, Decimal(0))
    if not own or not change:
        return {}
    return {item: part * own / change for item, part in _parts(child, before, after).items()}


def _of_mean(
    name: str, children: tuple[str, ...], before: _State, after: _State
) -> dict[str, tuple[Decimal, Decimal]]:
    """For one mean: child to what its score did and what its weight did; empty where the mean has no such form."""
    there = [c for c in children if c in before.value or c in after.value]
    pairs = {
        c: (before.value.get(c, after.value.get(c)), after.value.get(c, before.value.get(c))) for c in there
    }
    form = _FORMS.get(name)
    if form is None or (name != "arithmetic" and any(s is None or s <= 0 for p in pairs.values() for s in p)):
        return {}
    formed = {c: (form(a), form(b)) for c, (a, b) in pairs.items() if a is not None and b is not None}
    shares = {c: (before.share(children, c), after.share(children, c)) for c in there}
    level = [sum((shares[c][k] * formed[c][k] for c in there), Decimal(0)) for k in (0, 1)]
    middle, scale = (level[0] + level[1]) / 2, _scale(name, level)
    return {
        c: (
            scale * (shares[c][0] + shares[c][1]) / 2 * (formed[c][1] - formed[c][0]),
            scale * (shares[c][1] - shares[c][0]) * ((formed[c][0] + formed[c][1]) / 2 - middle),
        )
        for c in there
    }


def _scale(name: str, level: list[Decimal]) -> Decimal:
    """Points of the mean per unit of the form, between the two levels; its slope where they are equal."""
    if name == "arithmetic":
        return Decimal(1)
    one, two = (v.exp() if name == "geometric" else 1 / v for v in level)
    if level[0] != level[1]:
        return (two - one) / (level[1] - level[0])
    return one if name == "geometric" else -one * one
