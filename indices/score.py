"""The engine alone: a design and a table to an index, every stage kept as a frame.

``score`` runs the steps in the order in which the design declares them and gives all frames in the order of a total
key: the same design and table, in whatever order of rows and columns, give the same frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import duckdb
import polars as pl

from indices.declare import Aggregate, Denominate, Impute, Normalise, Screen, Transform, Treat, Weigh
from indices.design import Design, Step
from indices.one_thread import on_one_thread
from indices.steps.aggregate import climb
from indices.steps.bench import Bench, Note
from indices.steps.denominate import denominate
from indices.steps.impute import impute
from indices.steps.normalise import normalise
from indices.steps.points import missing_points
from indices.steps.rank import cover, publish
from indices.steps.screen import screen
from indices.steps.transform import transform
from indices.steps.treat import treat
from indices.steps.weigh import place_given, weigh
from indices.table import Place, Table, arrange
from schemas.database import fetch, scratch

_FIGURE = ("subject", "period", "indicator")
_CHANGED = """
    CREATE TEMP TABLE imputed (subject VARCHAR, period VARCHAR, indicator VARCHAR, value DECIMAL(38,18), source VARCHAR,
      method VARCHAR);
    CREATE TEMP TABLE treated (subject VARCHAR, period VARCHAR, indicator VARCHAR, before DECIMAL(38,18),
      after DECIMAL(38,18), how VARCHAR)
"""


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
        bench = _climbed(con, design, table)
        said = "数据中有这个代码，而方法中没有，其数值未用", "核对代码，或删去这些行"
        bench.notes.extend(Note("unknown", "", "", name, *said) for name in table.unknown)
        publish(bench)
        cover(bench)
        missing_points(bench, design.aggregate)
        return _frames(bench, table)


@on_one_thread
def levels(design: Design, table: Table) -> pl.DataFrame:
    """The stage ``levels`` alone, for those who compute many designs; raises as ``score`` does."""
    with scratch() as con:
        return _levels(_climbed(con, design, table))


@on_one_thread
def published(design: Design, table: Table) -> pl.DataFrame:
    """The stage ``published`` alone, for those who compute many designs; raises as ``score`` does."""
    with scratch() as con:
        bench = _climbed(con, design, table)
        publish(bench)
        return _published(bench)


def _climbed(con: duckdb.DuckDBPyConnection, design: Design, table: Table) -> Bench:
    """A bench on which all steps of the design are taken."""
    bench = Bench(con, design)
    _place(bench, table)
    for step in design.steps:
        _take(bench, step)
    return bench


def _place(bench: Bench, table: Table) -> None:
    """The tables that the first step finds."""
    bench.place("subject_row", table.rows)
    bench.place("membership", table.groups)
    bench.place("figure", table.figures)
    bench.place("column_value", table.columns)
    bench.con.execute(_CHANGED)
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


def _ordered(bench: Bench, table: str, key: Sequence[str], columns: str = "*") -> pl.DataFrame:
    return fetch(bench.con, f"SELECT {columns} FROM {table} ORDER BY {', '.join(key)}")


def _levels(bench: Bench) -> pl.DataFrame:
    return _ordered(bench, "node_value", ("subject", "period", "node"))


def _published(bench: Bench) -> pl.DataFrame:
    return _ordered(bench, "published", ("subject", "period", "node"))


def _frames(bench: Bench, table: Table) -> Scored:
    """All stages; ``figure`` is as it was scored, since no step behind the scales may change it."""
    schema = dict.fromkeys(Note._fields, pl.String)
    notes = pl.DataFrame(bench.notes, schema, orient="row")
    weighed = "weight JOIN effective USING (node, period)"
    return Scored(
        values=table.figures.drop("t", "source").sort(_FIGURE),
        imputed=_ordered(bench, "imputed", (*_FIGURE, "method")),
        treated=_ordered(bench, "treated", _FIGURE),
        prepared=_ordered(bench, "figure", _FIGURE, "* EXCLUDE (t)"),
        posts=_ordered(bench, "post", ("indicator", "period")),
        scores=_ordered(bench, "score", _FIGURE, "* EXCLUDE (t)"),
        levels=_levels(bench),
        published=_published(bench),
        weights=_ordered(bench, weighed, ("node", "period"), "node, period, weight, method, effective"),
        coverage=_ordered(bench, "coverage", ("subject", "period")),
        points=_ordered(bench, "points", ("subject", "period", "rule")),
        notes=notes.sort("rule", "period", "subject", "node", maintain_order=True),
    )
