"""The whole analysis of one period of a computed index, subject types apart, as frames in the order of a total key."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from indices.analysis.omission import leave_out, shifts
from indices.analysis.standing import next_rank, strengths
from indices.analysis.statistics import (
    components,
    correlations,
    importance,
    newest,
    reliability,
    statistics,
)
from indices.design import Design
from indices.one_thread import on_one_thread
from indices.score import Scored
from indices.steps.bench import ScoreError
from indices.table import Table


@dataclass(frozen=True)
class Analysis:
    """What an index is made of in ``period``; every frame opens with ``type``, the subject type (or an empty text).

    The other columns are those of the functions of the same names; ``omission`` is ``shifts`` and ``omitted`` the
    frame that it sums up.
    """

    period: str
    statistics: pl.DataFrame
    correlations: pl.DataFrame
    reliability: pl.DataFrame
    components: pl.DataFrame
    loadings: pl.DataFrame
    importance: pl.DataFrame
    omission: pl.DataFrame
    omitted: pl.DataFrame
    strengths: pl.DataFrame
    next_rank: pl.DataFrame

    def frames(self) -> dict[str, pl.DataFrame]:
        """The frames by the names of their files."""
        fields = (f.name for f in dataclasses.fields(self) if f.name != "period")
        return {f"analysis_{name}": getattr(self, name) for name in fields}


@on_one_thread
def analyse(design: Design, table: Table, scored: Scored, period: str | None = None) -> Analysis:
    """Analyse one period of ``scored``, the design computed on ``table``; the newest unless told otherwise.

    Types that the design leaves unranked are left out, so that a province does not stand among its counties;
    ScoreError if there is no other.
    """
    when = newest(scored, period)
    here = scored.published.filter(pl.col("period") == when)
    kinds = [k for k in here["type"].unique().sort() if k not in design.unranked]
    if not kinds:
        raise ScoreError(f"{when or '本期'} 没有参加排位的单位类型，不能分析；请检查 unranked。")
    parts = {k: _of(scored, here.filter(pl.col("type") == k)["subject"]) for k in kinds}

    def each(made: Callable[[Scored], pl.DataFrame]) -> pl.DataFrame:
        return pl.concat([made(part).select(pl.lit(k).alias("type"), pl.all()) for k, part in parts.items()])

    omitted = leave_out(design, table, scored, when)
    return Analysis(
        period=when,
        statistics=each(lambda p: statistics(p.values, when)),
        correlations=each(lambda p: correlations(design, p, when)),
        reliability=each(lambda p: reliability(design, p, when)),
        components=each(lambda p: components(design, p, when)[0]),
        loadings=each(lambda p: components(design, p, when)[1]),
        importance=each(lambda p: importance(design, p, when)),
        omission=each(lambda p: shifts(_among(omitted, p))),
        omitted=each(lambda p: _among(omitted, p)),
        strengths=each(lambda p: strengths(p, period=when)),
        next_rank=each(lambda p: next_rank(design, p, when)),
    )


def _of(scored: Scored, subjects: pl.Series) -> Scored:
    """The stages of some subjects; what has no subject stays."""
    frames = {
        name: frame.filter(pl.col("subject").is_in(subjects.implode()))
        for name, frame in scored.frames().items()
        if "subject" in frame.columns
    }
    return dataclasses.replace(scored, **frames)


def _among(omitted: pl.DataFrame, part: Scored) -> pl.DataFrame:
    return omitted.filter(pl.col("subject").is_in(part.scores["subject"].unique().implode()))
