"""Formulas as text, with the figures in the places of their names: the value of an indicator and its score.

The one thing that is worked out here is what a release does not keep: the value of a base period, by the rules
of ``indices/compile.py``, in decimals.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

from indices.expression import Binary, Node, Number, Ratio, Scalar, leaves
from indices.method import Indicator, Method

_SCALE = Decimal("1e-12")
MISSING = "缺"


@dataclass(frozen=True)
class Figures:
    """What stands in the places of names: variables by name, the month of the report, the plan's target (亿元)."""

    variables: Mapping[str, Decimal | None]
    month: int
    target: Decimal | None = None

    def scalar(self, name: str) -> tuple[str, Decimal | None]:
        """``month``, ``year_progress`` or ``target_2026``: as it is printed, and its value."""
        if name == "month":
            return str(self.month), Decimal(self.month)
        if name == "year_progress":
            return f"({self.month} / 12)", quotient(Decimal(self.month), Decimal(12))
        return MISSING if self.target is None else str(self.target), self.target


@dataclass(frozen=True)
class Base:
    """An indicator at its report and in its base period, over the same submitters, with the figures behind both."""

    report: Figures
    base: Figures
    report_month: int  # yyyymm
    base_month: int


def filled(node: Node, figures: Figures) -> str:
    """An expression with its values filled in; 缺 for one that is missing."""
    match node:
        case Number(value=value):
            return str(value)
        case Scalar(name=name):
            return figures.scalar(name)[0]
        case Ratio(function=function, above=above, below=below):
            return f"{function}({filled(above, figures)}, {filled(below, figures)})"
        case Binary(op=op, left=left, right=right):
            return f"({filled(left, figures)} {op} {filled(right, figures)})"
    figure = figures.variables.get(str(next(leaves(node))))
    return MISSING if figure is None else str(figure)


def value(node: Node, figures: Figures) -> Decimal | None:
    """The value of an expression, each quotient cut to 12 decimals as the engine does; None where one is missing."""
    match node:
        case Number(value=number):
            return number
        case Scalar(name=name):
            return figures.scalar(name)[1]
        case Ratio(function=function, above=above, below=below):
            one, two = value(above, figures), value(below, figures)
            if one is None or not two:
                return None
            return quotient({"yoy": 100 * (one - two), "pct": 100 * one}.get(function, one), two)
        case Binary(op=op, left=left, right=right):
            one, two = value(left, figures), value(right, figures)
            if one is None or two is None or (op == "/" and two == 0):
                return None
            match op:
                case "+":
                    return one + two
                case "-":
                    return one - two
                case "*":
                    with localcontext(prec=50):
                        return (one * two).quantize(_SCALE, ROUND_HALF_UP)
            return quotient(one, two)
    return figures.variables.get(str(next(leaves(node))))


def quotient(above: Decimal, below: Decimal) -> Decimal:
    """A quotient to 12 decimals, half away from zero as DuckDB casts."""
    with localcontext(prec=50):
        return (above / below).quantize(_SCALE, ROUND_HALF_UP)


def score_formula(method: Method, leaf: Indicator, row: Mapping[str, Any], base: Base | None) -> str:
    """How the score of a row of ``result_indicator`` follows from its value, with goalposts filled in.

    ``base`` are the figures of an indicator that is scored on its base period.
    """
    rule, x = method.score, row["value"]
    if x is None:
        return "缺值，按缺失规则处理" if row["score"] is None else f"尚未产生，取下限 {rule.floor}"
    end = f" = {row['raw_score']}，取值于 [{rule.floor}, {rule.ceiling}]，得 {row['score']}"
    match leaf.normalisation:
        case "log_goalpost":
            line = f"{rule.base} + {rule.span} × (ln {x} − ln {leaf.low}) / (ln {leaf.high} − ln {leaf.low})"
        case "optimum":
            line = f"区间 {leaf.optimum} 内取 {rule.ceiling}，到 {leaf.low}、{leaf.high} 线性降至 {rule.base}；x = {x}"
        case "base_ratio":
            ratio = _base_ratio(leaf, base)
            line = f"r = {ratio}；{rule.base} + {rule.span} × (r − {leaf.low}) / ({leaf.high} − {leaf.low})"
        case _:
            line = f"{rule.base} + {rule.span} × ({x} − {leaf.low}) / ({leaf.high} − {leaf.low})"
    return line + end


def _base_ratio(leaf: Indicator, base: Base | None) -> str:
    """100 × report / base, or the other way round where less is better, with both and what they are made of."""
    reverse = leaf.direction == "逆向"
    if base is None:
        return "100 × 基期值 / 报告期值" if reverse else "100 × 报告期值 / 基期值"
    figures = ((base.report_month, base.report), (base.base_month, base.base))
    (now, x), (then, y) = [
        (f"{month} 的 {filled(leaf.node, f)} = {value(leaf.node, f)}", value(leaf.node, f))
        for month, f in figures
    ]
    above, below = (y, x) if reverse else (x, y)
    ratio = quotient(100 * above, below) if above is not None and below else MISSING
    return f"100 × {above} / {below} = {ratio}（报告期 {now}；基期 {then}）"
