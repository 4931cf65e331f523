"""Numbers of a design that are out of bounds, or that the engine could not keep to their last digit."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Context, Decimal

from indices.declare import Aggregate, Impute, Normalise, Scale, Screen, Transform, Treat, Uncertainty, Weigh
from indices.design import Design, Indicator

_WIDE = Context(prec=60)
MOST_DECIMALS = 12  # of a score
_VALUE, _SCORE, _WEIGHT, _END, _FACTOR = (20, 18), (16, 12), (8, 12), (8, 4), (11, 9)  # digits before, after


def bounds(design: Design) -> Iterator[str]:
    """Everything that is out of bounds, each in words."""
    for node in design.nodes:
        yield from _share(f"{node.id} 的 weight", node.weight, None)
        yield from _fits(f"{node.id} 的 weight", node.weight, _WEIGHT)
    for group in design.groups:
        yield from _decimals(f"分组 {group.id} 的 decimals", group.decimals)
    for indicator in design.indicators:
        yield from _indicator(indicator)
    yield from _fits("missing 的 floor", design.missing.floor, _SCORE)
    for step in design.steps:
        match step:
            case Screen():
                yield from _share("步骤 screen 的 at_least", step.at_least)
            case Impute() if step.max_age < 1:
                yield f"步骤 impute 的 max_age 为 {step.max_age}，应不小于 1"
            case Treat() if step.max_points < 0:
                yield f"步骤 treat 的 max_points 为 {step.max_points}，应不小于 0"
            case Transform():
                yield from _fits("步骤 transform 的 shift", step.shift, _VALUE)
            case Normalise():
                yield from _scale("步骤 normalise", step.scale)
            case Weigh():
                for code, weight in step.frozen.items():
                    yield from _share(f"冻结的权重 {code}", weight, None)
                    yield from _fits(f"冻结的权重 {code}", weight, _WEIGHT)
            case Aggregate():
                yield from _aggregate(step)
    if design.uncertainty is not None:
        yield from _uncertainty(design.uncertainty)


def _indicator(indicator: Indicator) -> Iterator[str]:
    best = indicator.optimum or (None, None)
    posts = zip(("low", "high", "optimum", "optimum", "reference"),
                (indicator.low, indicator.high, *best, indicator.reference), strict=True)  # fmt: skip
    for key, value in posts:
        if value is not None:
            yield from _fits(f"{indicator.id} 的 {key}", value, _VALUE)
    yield from _fits(f"{indicator.id} 的 factor", indicator.factor, _FACTOR)
    if indicator.factor <= 0:
        yield f"{indicator.id} 的 factor 为 {indicator.factor}，应大于 0"
    if indicator.scale is not None:
        yield from _scale(indicator.id, indicator.scale)


def _scale(where: str, scale: Scale) -> Iterator[str]:
    for key, value in (("range", scale.ends[0]), ("range", scale.ends[1]), ("floor", scale.floor)):
        if value is not None:
            yield from _fits(f"{where} 的 {key}", value, _END)
    start, end = scale.ends
    if scale.method == "zscore" and end <= 0:
        yield f"{where} 的 range 为 {start}、{end}：标准差应大于 0"
    elif scale.method != "zscore" and start >= end:
        yield f"{where} 的 range 为 {start}、{end}：下端应小于上端"
    elif scale.method == "efficacy_exp" and start <= 0:
        yield f"{where} 的 range 为 {start}、{end}：指数功效法的下端应大于 0"
    elif scale.method != "zscore" and scale.floor is not None and scale.floor >= end:
        yield f"{where} 的 floor 为 {scale.floor}，应小于上端 {end}"


def _aggregate(step: Aggregate) -> Iterator[str]:
    if not step.means:
        yield "步骤 aggregate 的 means 为空"
    yield from _share("步骤 aggregate 的 at_least", step.at_least)
    yield from _decimals("步骤 aggregate 的 decimals", step.decimals)
    for decimals in step.round_levels:
        yield from _decimals("步骤 aggregate 的 round_levels", decimals)


def _uncertainty(declared: Uncertainty) -> Iterator[str]:
    yield from _share("uncertainty 的 weights", declared.weights)
    yield from _share("uncertainty 的 noise", declared.noise)
    if not 0 <= declared.posts < Decimal("0.5"):
        yield f"uncertainty 的 posts 为 {declared.posts}，应不小于 0 且小于 0.5，否则上下限会互换"
    for key in ("scales", "means", "gaps"):
        if not getattr(declared, key):
            yield f"uncertainty 的 {key} 为空"


def _share(what: str, value: Decimal, most: Decimal | None = Decimal(1)) -> Iterator[str]:
    if value < 0 or (most is not None and value > most):
        yield f"{what} 为 {value}，应不小于 0" + (f"、不大于 {most}" if most is not None else "")


def _decimals(what: str, value: int | None) -> Iterator[str]:
    if value is not None and not 0 <= value <= MOST_DECIMALS:
        yield f"{what} 为 {value}，应在 0 至 {MOST_DECIMALS} 之间"


def _fits(what: str, value: Decimal, digits: tuple[int, int]) -> Iterator[str]:
    """A number with more digits than are kept would be cut without a word."""
    before, after = digits
    if value.copy_abs() >= 10**before or value.quantize(Decimal(1).scaleb(-after), context=_WIDE) != value:
        yield f"{what} 为 {value}，超出整数 {before} 位、小数 {after} 位"
