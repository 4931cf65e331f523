"""Units of measure as factors, so that a method's unit can be checked against its expression.

A unit is a factor on base units with dimensions: 万元 is 10^4 元, 家/百家 is 1/100. Numbers of
enterprises, items and tasks are pure counts. A literal by which a value is multiplied divides the unit:
``per(a, b) * 10000`` in 件/万元 is in 件/亿元. This is what catches an error of a factor of ten thousand.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import reduce

from indices.expression import Binary, Field, Node, Number, Ratio, Scalar, Spread, Std, Ttm
from schemas.form import Form

_BASE: dict[str, tuple[Fraction, str]] = {
    "": (Fraction(1), ""), "-": (Fraction(1), ""), "%": (Fraction(1, 100), ""),
    "百分点": (Fraction(1, 100), ""), "‰": (Fraction(1, 1000), ""),
    "元": (Fraction(1), "元"), "万元": (Fraction(10**4), "元"), "亿元": (Fraction(10**8), "元"),
    "人": (Fraction(1), "人"), "百人": (Fraction(100), "人"),
    "个": (Fraction(1), ""), "家": (Fraction(1), ""), "项": (Fraction(1), ""), "件": (Fraction(1), ""),
    "百家": (Fraction(100), ""), "亩": (Fraction(1), "亩"),
    "吨标准煤": (Fraction(1), "吨标准煤"), "万千瓦时": (Fraction(10**4), "千瓦时"),
    "立方米": (Fraction(1), "立方米"), "万立方米": (Fraction(10**4), "立方米"),
    "万吨": (Fraction(10**4), "吨"), "当量吨": (Fraction(1), "当量吨"), "分": (Fraction(1), "分"),
    "月": (Fraction(1), "月"), "天": (Fraction(1, 30), "月"),
}  # fmt: skip


class UnitError(ValueError):
    """Units that do not fit; the message says which."""


@dataclass(frozen=True)
class Unit:
    """What the number 1 stands for: a factor times base units with exponents."""

    factor: Fraction
    dimensions: tuple[tuple[str, int], ...] = ()

    def over(self, other: Unit) -> Unit:
        """The unit of a quotient."""
        return self.times(Unit(1 / other.factor, tuple((d, -n) for d, n in other.dimensions)))

    def times(self, other: Unit) -> Unit:
        """The unit of a product."""
        powers = dict(self.dimensions)
        for dimension, power in other.dimensions:
            powers[dimension] = powers.get(dimension, 0) + power
        kept = tuple(sorted((d, n) for d, n in powers.items() if n))
        return Unit(self.factor * other.factor, kept)

    def scaled(self, factor: Fraction) -> Unit:
        """The same quantity in numbers ``1 / factor`` times as large."""
        return Unit(self.factor * factor, self.dimensions)


PURE = Unit(Fraction(1))


def unit_of(text: str) -> Unit:
    """Read ``万元/人``; UnitError for an unknown name."""

    def single(name: str) -> Unit:
        if name not in _BASE:
            raise UnitError(f"不认识的计量单位：{name}")
        factor, dimension = _BASE[name]
        return Unit(factor, ((dimension, 1),) if dimension else ())

    return reduce(Unit.over, (single(name) for name in text.split("/")))


def expression_unit(node: Node, forms: dict[str, Form]) -> Unit:
    """The unit that an expression has; UnitError where it adds unlike things."""
    match node:
        case Number():
            return PURE
        case Scalar(name="month"):
            return unit_of("月")
        case Scalar(name="target_2026"):
            return unit_of("亿元")
        case Scalar() | Spread():
            return PURE
        case Field(form=form, code=code):
            return unit_of(forms[form].column(code).unit)
        case Ttm(field=field):
            return expression_unit(field, forms)
        case Std(inner=inner):
            return expression_unit(inner, forms)
        case Ratio(function=function, above=above, below=below):
            ratio = expression_unit(above, forms).over(expression_unit(below, forms))
            return ratio if function == "per" else ratio.scaled(Fraction(1, 100))
        case Binary():
            return _binary(node, forms)
    raise AssertionError(node)


def _binary(node: Binary, forms: dict[str, Form]) -> Unit:
    left, right = expression_unit(node.left, forms), expression_unit(node.right, forms)
    if node.op in "+-":
        if left != right:
            raise UnitError(f"不同单位的量相加减（{left.factor} 与 {right.factor}）")
        return left
    if node.op == "*":
        if isinstance(node.left, Number):
            return right.scaled(1 / abs(Fraction(node.left.value)))
        if isinstance(node.right, Number):
            return left.scaled(1 / abs(Fraction(node.right.value)))
        return left.times(right)
    if isinstance(node.right, Number):
        return left.scaled(Fraction(node.right.value))
    return left.over(right)
