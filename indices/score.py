"""The engine alone: a design and a table to an index, every stage kept as a frame.

``score`` runs the steps in the order in which the design declares them and gives all frames in the order of a total
key: the same design and table, in whatever order of rows and columns, give the same frames.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import polars as pl

from indices.declare import Aggregate, Denominate, Impute, Normalise, Screen, Transform, Treat, Weigh
from indices.design import Design, Step
from indices.one_thread import on_one_thread
from indices.steps.aggregate import climb
from indices.steps.bench import VALUE, Bench, Columns, Note, ScoreError
from indices.steps.denominate import denominate
from indices.steps.impute import impute
from indices.steps.normalise import normalise
from indices.steps.points import missing_points
from indices.steps.rank import publish
from indices.steps.screen import screen
from indices.steps.transform import transform
from indices.steps.treat import treat
from indices.steps.weigh import place_given, weigh
from indices.table import Place, Table, arrange
from schemas.database import fetch, scratch

_FILLED: Columns = {"subject": pl.String, "period": pl.String, "indicator": pl.String, "value": VALUE, "source": pl.String,
           "method": pl.String}  # fmt: skip
_TREATED: Columns = {"subject": pl.String, "period": pl.String, "indicator": pl.String, "before": VALUE, "after": VALUE,
            "how": pl.String}  # fmt: skip


@dataclass(frozen=True)
class Scored:
    """All stages of one computation, each a frame in the order of its key.

    - ``values`` (subject, period, indicator, value, missing): the figures as they were read.
    - ``imputed``, ``treated``: one row per figure filled and per figure changed.
    - ``prepared``: the figures that were scored, with the period that each comes from.
    - ``posts`` (indicator, period, ...): where each scale stood.
    - ``scores`` (subject, period, indicator, raw_score, score, clipped, missing, floored).
    - ``levels`` (subject, period, node, value, reason): every node at full precision.
    - ``published`` (subject, name, type, period, node, value, rank, ranked_n): rounded, with ranks.
    - ``weights`` (node, period, weight, method, effective): inside the parent, and in the whole index.
    - ``coverage`` and ``points`` (subject, period, ...): what was there, what each missing rule moved.
    - ``notes``: everything that a reader must know, with what to do.
    """

    values: pl.DataFrame
    imputed: pl.DataFrame
    treated: pl.DataFrame
    prepared: pl.DataFrame
    posts: pl.DataFrame
    scores: pl.DataFrame
    levels: pl.DataFrame
    published: pl.DataFrame
    weights: pl.DataFrame
    coverage: pl.DataFrame
    points: pl.DataFrame
    notes: pl.DataFrame

    def frames(self) -> dict[str, pl.DataFrame]:
        """All stages by name."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


def score(design: Design, data: pl.DataFrame, place: Place | None = None, threads: int = 1) -> Scored:
    """Compute a design on a table.

    ``data`` is wide or long, as the design says, with numbers or texts in its cells; ``place`` names a cell for
    messages. ScoreError for what cannot be computed, in one sentence.
    """
    return score_table(design, arrange(design, data, place), threads)


@on_one_thread
def score_table(design: Design, table: Table, threads: int = 1) -> Scored:
    """The same for a table that is arranged already."""
    with scratch(threads) as con:
        bench = Bench(con, design)
        _place(bench, table)
        said = "数据中有这个代码，而方法中没有，其数值未用", "核对代码，或删去这些行"
        bench.notes.extend(Note("unknown", "", "", name, *said) for name in table.unknown)
        values = _ordered(bench, "figure", "subject, period, indicator", "* EXCLUDE (t, source)")
        before: pl.DataFrame | None = None
        for step in design.steps:
            if isinstance(step, Normalise):
                before = _ordered(bench, "figure", "subject, period, indicator", "* EXCLUDE (t)")
            _take(bench, step)
            if not bench.rows("SELECT 1 FROM subject_row LIMIT 1"):
                raise ScoreError("没有单位达到 screen 要求的指标覆盖率，不能计算；请补报，或修改 at_least。")
        publish(bench)
        missing_points(bench, design.aggregate)
        return _frames(bench, values, before if before is not None else values)


def _place(bench: Bench, table: Table) -> None:
    """The tables that the first step finds."""
    bench.place("subject_row", table.rows)
    bench.place("membership", table.groups)
    bench.place("figure", table.figures)
    bench.place("column_value", table.columns)
    bench.place("imputed", pl.DataFrame(schema=_FILLED))
    bench.place("treated", pl.DataFrame(schema=_TREATED))
    place_given(bench)


def _take(bench: Bench, step: Step) -> None:
    """One step; each verb has its module."""
    match step:
        case Screen():
            screen(bench, step)
        case Denominate():
            denominate(bench)
        case Impute():
            impute(bench, step)
        case Treat():
            treat(bench, step)
        case Transform():
            transform(bench, step)
        case Normalise():
            normalise(bench, step)
        case Weigh():
            weigh(bench, step)
        case Aggregate():
            climb(bench, step)


def _ordered(bench: Bench, table: str, key: str, columns: str = "*") -> pl.DataFrame:
    return fetch(bench.con, f"SELECT {columns} FROM {table} ORDER BY {key}")


def _frames(bench: Bench, values: pl.DataFrame, prepared: pl.DataFrame) -> Scored:
    figure = "subject, period, indicator"
    take: Callable[..., pl.DataFrame] = lambda *args: _ordered(bench, *args)  # noqa: E731
    bench.con.execute(
        "CREATE OR REPLACE TEMP TABLE weighed AS SELECT w.*, e.effective FROM weight AS w"
        " JOIN effective AS e USING (node, period)"
    )
    schema = dict.fromkeys(Note._fields, pl.String)
    notes = pl.DataFrame(bench.notes, schema, orient="row")
    return Scored(
        values=values,
        imputed=take("imputed", f"{figure}, method"),
        treated=take("treated", figure),
        prepared=prepared,
        posts=take("post", "indicator, period"),
        scores=take("score", figure, "* EXCLUDE (t)"),
        levels=take("node_value", "subject, period, node"),
        published=take("published", "subject, period, node"),
        weights=take("weighed", "node, period"),
        coverage=take("coverage", "subject, period"),
        points=take("points", "subject, period, rule"),
        notes=notes.sort("rule", "period", "subject", "node", maintain_order=True),
    )
