"""The score of a released figure under other posts: the formulas of ``sql/indicator.sql`` for one value, in Decimal.

Needed only to ask what a changed goalpost did; every score of a release comes from the procedure, and a test holds
the two against each other.
"""

from __future__ import annotations

from decimal import Decimal, localcontext

from indices.method import Indicator, Score
from indices.shapley import FINE, WIDE


def same_definition(one: Indicator, two: Indicator) -> bool:
    """Whether two versions of an indicator differ in nothing that decides its score but posts and optimum."""
    return _definition(one) == _definition(two)


def same_posts(one: Indicator, two: Indicator) -> bool:
    """Whether posts and optimum are the same."""
    return (one.low, one.high, one.optimum) == (two.low, two.high, two.optimum)


def _definition(indicator: Indicator) -> tuple[object, ...]:
    return (
        indicator.expression, indicator.direction, indicator.frequency, indicator.normalisation,
        indicator.base_year, indicator.optimum is None,
    )  # fmt: skip


def rescored(
    value: Decimal | None, raw: Decimal | None, own: Indicator, ends: Score, other: Indicator, new: Score
) -> Decimal | None:
    """The score of a figure that ``own`` gave the raw score ``raw``, as the posts of ``other`` score it.

    Of a ratio to a base year only the raw score is kept, so the ratio is taken back from it. None where there is no
    figure.
    """
    if value is None or raw is None:
        return None
    with localcontext(WIDE):
        figure = value
        if own.normalisation == "base_ratio":
            figure = own.low + (raw - ends.base) * (own.high - own.low) / ends.span
        return min(max(_raw(figure, other, new), new.floor), new.ceiling).quantize(FINE)


def _raw(x: Decimal, indicator: Indicator, ends: Score) -> Decimal:
    low, high = indicator.low, indicator.high
    if indicator.optimum is not None:
        best_low, best_high = indicator.optimum
        fall = ends.ceiling - ends.base
        if x < best_low:
            return ends.ceiling - fall * (best_low - x) / (best_low - low)
        return ends.ceiling - fall * (x - best_high) / (high - best_high) if x > best_high else ends.ceiling
    if indicator.normalisation == "log_goalpost":
        if x <= 0:
            return ends.floor if low < high else ends.ceiling
        x, low, high = x.ln(), low.ln(), high.ln()
    return ends.base + ends.span * (x - low) / (high - low)
