"""Leave one indicator or one group out: the whole index is computed anew by the exact engine, and ranks compared.

Source: OECD/JRC Handbook (2008), step 7: an index whose ranks hang on one indicator says little more than it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from decimal import Decimal

import polars as pl

from indices.declare import Aggregate, Impute, Transform, Treat, Weigh
from indices.design import Design, Step
from indices.method import MethodError
from indices.method_file import checked
from indices.score import Scored, published
from indices.steps.bench import Columns, ScoreError, fixed
from indices.table import Table

_MEAN = pl.Decimal(18, 4)


def without(design: Design, node: str) -> Design:
    """The design without an indicator or a group and all below it; groups that are left empty go too.

    Steps that name the indicators forget them too, and go where they named no other. ScoreError if nothing is left.
    """
    gone = set(design.leaves_of(node)) | {node}
    indicators = tuple(i for i in design.indicators if i.id not in gone)
    gone |= {g.id for g in design.groups if gone.issuperset(design.leaves_of(g.id))}
    groups = tuple(g for g in design.groups if g.id not in gone)
    if not indicators:
        raise ScoreError(f"去掉 {node} 后没有指标。")
    steps = tuple(left for s in design.steps if (left := _forgetting(s, gone)) is not None)
    return checked(
        dataclasses.replace(design, indicators=indicators, groups=groups, steps=steps),
        f"{design.id} 去掉 {node}",
    )


def _forgetting(step: Step, gone: set[str]) -> Step | None:
    """The step without some indicators; None if it was for these alone, since a step that names none takes all."""
    if isinstance(step, Weigh) and step.group in gone:
        return None
    if not isinstance(step, Impute | Treat | Transform) or not gone & set(step.indicators):
        return step
    left = tuple(i for i in step.indicators if i not in gone)
    return dataclasses.replace(step, indicators=left) if left else None


def _settled(design: Design, weights: Mapping[str, Decimal]) -> Design:
    """The design with all that hangs on the height of a node or on all children of a group said of the node itself.

    When the deepest group goes, the others stand a level lower: means, roundings and weights of levels would go to
    other nodes. A judgement matrix fits the whole group alone; its weights stay as plain numbers.
    """
    above = [s for s in design.steps if isinstance(s, Weigh) and s.level > 0]
    weighed = {node for step in above for nodes in design.weighed(step).values() for node in nodes}
    groups = tuple(
        dataclasses.replace(
            g,
            mean=design.mean_of(g),
            decimals=design.decimals_of(g),
            weight=weights[g.id] if g.id in weighed else g.weight,
        )
        for g in design.groups
    )

    def said(step: Step) -> Step:
        if isinstance(step, Weigh) and step.method == "ahp":
            return dataclasses.replace(step, method="frozen", judgements=(), frozen=dict(weights))
        return dataclasses.replace(step, round_levels=()) if isinstance(step, Aggregate) else step

    steps = tuple(said(s) for s in design.steps if s not in above)
    return dataclasses.replace(design, groups=groups, steps=steps)


def leave_out(design: Design, table: Table, scored: Scored, period: str) -> pl.DataFrame:
    """(node, subject, rank, rank_without, shift, reason) for every indicator and every group below the index.

    ``scored`` is the design computed on ``table``. A positive shift is a better rank without the node; ``reason`` says
    why there is no index without it.
    """
    root = design.root.id
    before = _ranks(scored.published, root, period)
    given = scored.weights.filter(pl.col("period") == period).select("node", "weight")
    settled, rows = _settled(design, dict(given.iter_rows())), []
    for node in sorted(design.names):
        if node == root or set(design.leaves_of(node)) == {i.id for i in design.indicators}:
            continue
        after, reason = _without(settled, table, node, period)
        for subject, rank in sorted(before.items()):
            other = after.get(subject)
            shift = rank - other if rank is not None and other is not None else None
            rows.append((node, subject, rank, other, shift, reason))
    names = ("rank", "rank_without", "shift")
    schema: Columns = {
        "node": pl.String,
        "subject": pl.String,
        **dict.fromkeys(names, pl.Int32),
        "reason": pl.String,
    }
    return pl.DataFrame(rows, schema, orient="row")


def _without(design: Design, table: Table, node: str, period: str) -> tuple[dict[str, int | None], str]:
    """Ranks without a node, and why there are none."""
    try:
        one = without(design, node)
        left = [i.id for i in one.indicators]
        part = dataclasses.replace(table, figures=table.figures.filter(pl.col("indicator").is_in(left)))
        return _ranks(published(one, part), one.root.id, period), ""
    except (MethodError, ScoreError) as error:
        return {}, str(error)


def _ranks(index: pl.DataFrame, root: str, period: str) -> dict[str, int | None]:
    rows = index.filter((pl.col("node") == root) & (pl.col("period") == period))
    return dict(rows.select("subject", "rank").iter_rows())


def shifts(omitted: pl.DataFrame) -> pl.DataFrame:
    """(node, n, moved, mean_shift, largest_shift, reason) of ``leave_out``: how many ranks move, by how much.

    Shifts count without their sign; what moves most stands first.
    """
    rows = []
    for (node,), part in omitted.group_by("node", maintain_order=True):
        sizes = [abs(s) for s in part["shift"].drop_nulls()]
        mean = fixed(sum(sizes) / len(sizes), 4) if sizes else None
        rows.append(
            (node, len(sizes), sum(s > 0 for s in sizes), mean, max(sizes, default=None), part["reason"][0])
        )
    schema: Columns = {"node": pl.String, "n": pl.Int32, "moved": pl.Int32, "mean_shift": _MEAN,
                       "largest_shift": pl.Int32, "reason": pl.String}  # fmt: skip
    found = pl.DataFrame(rows, schema, orient="row")
    return found.sort("mean_shift", "node", descending=[True, False], nulls_last=True)
