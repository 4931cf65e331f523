"""A method over forms as a design of the generic engine, so that one engine serves both.

From the values of its indicators on, a method of format 1 is a design: goalposts with a floor, logarithmic posts, an
optimum, weights given, arithmetic, rounding at publication. Its weights are renormalised over all leaves that are
there, not first inside each pillar, so its tree has one level. A ratio to a base year is taken on its raw score,
since the base figure is no column of the results.
"""

from __future__ import annotations

from typing import Literal

import polars as pl

from indices.declare import Aggregate, Normalise, Scale
from indices.design import Data, Design, Direction, Group, Indicator
from indices.method import Indicator as FormIndicator
from indices.method import Method
from indices.method import Score as Ends
from indices.method_file import checked

Product = Literal["monthly", "full"]
_DIRECTIONS: dict[str, Direction] = {"正向": "positive", "逆向": "negative", "适度": "interval"}
_MARKS = {"not_yet": "W", "not_applicable": "N", "suppressed": "C", "late": ""}


def design_of(method: Method, subject_type: str, product: Product) -> Design:
    """The design of one product for one subject type; its columns are the codes of the indicators."""
    _, basket = method.basket(subject_type)
    leaves = tuple(_leaf(i, method) for i in basket if i.monthly or product == "full")
    floor = method.missing.not_yet
    design = Design(
        format=2, index=method.index, version=method.version, name=method.name, data=Data(subject="subject"),
        indicators=leaves, groups=(Group(id=method.index, name=method.name),),
        steps=(Normalise(step="normalise", scale=_scale("goalpost", method.score)), Aggregate(step="aggregate")),
        missing={"not_yet": floor, "floor": method.score.floor},  # type: ignore[arg-type]
    )  # fmt: skip
    return checked(design, method.id)


def _leaf(indicator: FormIndicator, method: Method) -> Indicator:
    raw = indicator.normalisation == "base_ratio"
    method_of = {"log_goalpost": "log_goalpost", "base_ratio": "none"}.get(indicator.normalisation)
    return Indicator(
        id=indicator.id, name=indicator.name, parent=method.index, weight=indicator.weight, unit=indicator.unit,
        direction="positive" if raw else _DIRECTIONS[indicator.direction] if indicator.optimum or indicator.direction != "适度" else "positive",
        low=None if raw else indicator.low, high=None if raw else indicator.high, optimum=indicator.optimum,
        scale=_scale(method_of, method.score) if method_of else None,
    )  # fmt: skip


def _scale(method: str, ends: Ends) -> Scale:
    return Scale(
        method=method,  # type: ignore[arg-type]
        range=(ends.base, ends.base + ends.span), clip="both", floor=ends.floor,
    )  # fmt: skip


def table_of(design: Design, method: Method, leaves: pl.DataFrame) -> pl.DataFrame:
    """The rows of ``result_indicator`` (subject, indicator, value, raw_score, missing) as a wide table of texts."""
    raw = [i.id for i in method.indicators if i.normalisation == "base_ratio"]
    figure = pl.when(pl.col("indicator").is_in(raw)).then(pl.col("raw_score")).otherwise(pl.col("value"))
    cells = leaves.with_columns(
        pl.when(pl.col("missing") == "")
        .then(figure.cast(pl.String))
        .otherwise(pl.col("missing").replace_strict(_MARKS, default=""))
        .alias("cell")
    )
    wide = cells.pivot("indicator", index="subject", values="cell").sort("subject")
    absent = [pl.lit("").alias(i.id) for i in design.indicators if i.id not in wide.columns]
    return wide.with_columns(absent).select("subject", *(i.id for i in design.indicators))
