"""Many versions of one index at once, from scores up the tree: what ``indices/steps`` does exactly, in numpy."""

from __future__ import annotations

from typing import Literal

import numpy as np

from indices.declare import Aggregate
from indices.design import Design
from indices.uncertainty.ranks import Array

Mean = Literal["arithmetic", "geometric", "harmonic"]
_JUST = 1 - 1e-12  # a share of weights that is at_least by its decimals must not fail by its last bit


def climb(
    design: Design,
    indicators: tuple[str, ...],
    scores: Array,
    weights: dict[str, Array],
    means: dict[str, Mean],
    applies: Array | None = None,
) -> Array:
    """Up the tree with weights per draw: scores (draw, subject, indicator) to the index (draw, subject).

    A gap's weight goes to the others; without any, or with less than ``at_least`` of those that apply, there is no
    value (nan), as under a geometric or harmonic mean with a negative score. Levels are rounded as the design says.
    """
    node = {code: scores[:, :, j] for j, code in enumerate(indicators)}
    basket = applies if applies is not None else np.ones(scores.shape, dtype=bool)
    due = {code: basket[:, :, j] for j, code in enumerate(indicators)}
    for group in sorted(design.groups, key=lambda g: (design.heights[g.id], g.id)):
        children = design.children[group.id]
        x = np.stack([node[c] for c in children], axis=2)
        given = np.stack([weights[c] for c in children], axis=1)[:, None, :]
        w = given * ~np.isnan(x)
        total = w.sum(axis=2)
        enough = (total > 0) & _enough(
            design.aggregate, x, w, given, np.stack([due[c] for c in children], axis=2)
        )
        safe = np.where(total > 0, total, 1.0)
        x = np.where(w > 0, x, 1.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            if means[group.id] == "arithmetic":
                found = (w * x).sum(axis=2) / safe
            elif means[group.id] == "geometric":
                found = np.exp((w * np.log(x)).sum(axis=2) / safe)
            else:
                found = np.where((x < 0).any(axis=2), np.nan, safe / (w / x).sum(axis=2))
        decimals = design.decimals_of(group)
        node[group.id] = np.where(enough, found if decimals is None else np.round(found, decimals), np.nan)
        due[group.id] = np.logical_or.reduce([due[c] for c in children])
    return node[design.root.id]


def _enough(step: Aggregate, x: Array, w: Array, given: Array, due: Array) -> Array:
    """Whether a node has ``at_least`` of its children that apply, by count or by weight."""
    if not step.at_least:
        return np.ones(x.shape[:2], dtype=bool)
    least = float(step.at_least) * _JUST
    if step.by == "count":
        return np.asarray((~np.isnan(x)).sum(axis=2) >= least * due.sum(axis=2))
    return np.asarray(w.sum(axis=2) >= least * (given * due).sum(axis=2))
