"""The closed grammar of method expressions, ``format = 1``.

An indicator is written as an expression over form fields, e.g. ``pct(GLT02.profit_cum, GLT02.rev_cum)``
or ``std(yoy(GLT01.rev_cum, GLT01.rev_cum_ly), 11)``. Numbers, ``+ - * /``, fields, the scalars ``month``,
``year_progress`` and ``target_2026``, and the functions below: nothing else. The text is parsed with
Python's own parser and every node outside this list is refused.

A field may carry a selector that says whose rows are meant:

========== ==============================================================================
(none)     the subject's own value
province   the province's value
core       the sum over the core cities of a cluster, from their own rows
chains     the sum over a cluster's chains, for the province
subchains  the distribution over a chain's sub-chains and Z (inside ``hhi_norm``)
cities     the distribution over a cluster's cities (inside ``max_share``)
========== ==============================================================================
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

SELECTORS = ("", "province", "core", "chains", "subchains", "cities")
SCALARS = ("month", "year_progress", "target_2026")


class ExpressionError(ValueError):
    """An expression outside the grammar; the message shows it."""


@dataclass(frozen=True)
class Number:
    """A literal."""

    value: Decimal


@dataclass(frozen=True)
class Scalar:
    """``month`` (1-12), ``year_progress`` (month / 12) or ``target_2026`` (亿元)."""

    name: str


@dataclass(frozen=True)
class Field:
    """A form field with its selector."""

    form: str
    code: str
    selector: str = ""

    def __str__(self) -> str:
        return f"{self.form}.{self.code}" + (f"[{self.selector}]" if self.selector else "")


@dataclass(frozen=True)
class Ttm:
    """The last twelve months of a cumulative field (see ``sql/ttm.sql``)."""

    field: Field

    def __str__(self) -> str:
        return f"ttm({self.field})"


@dataclass(frozen=True)
class Spread:
    """A statistic over the parts of a subject: ``hhi_norm`` over sub-chains, ``max_share`` over cities."""

    function: str
    field: Field

    def __str__(self) -> str:
        return f"{self.function}({self.field})"


@dataclass(frozen=True)
class Std:
    """The deviation (n - 1) of an expression over the last ``reports`` reports."""

    inner: Node
    reports: int
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Binary:
    """``+ - * /``."""

    op: str
    left: Node
    right: Node


@dataclass(frozen=True)
class Ratio:
    """``yoy`` and ``pct`` in %, ``per`` as a plain ratio."""

    function: str
    above: Node
    below: Node


Node = Number | Scalar | Field | Ttm | Spread | Std | Binary | Ratio
Leaf = Field | Ttm | Spread | Std

LEAST_REPORTS = 6  # fewer give no deviation, see sql/std.sql
_LITERAL = re.compile(r"\d+(\.\d+)?")
_OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}


def parse(text: str) -> Node:
    """Parse an expression; ExpressionError names what is outside the grammar."""
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        raise ExpressionError(f"表达式写法有误：{text}（{error.msg}）") from error
    return _node(tree, text)


def _node(tree: ast.expr, text: str) -> Node:
    match tree:
        case ast.Constant(value=value) if isinstance(value, int | float) and not isinstance(value, bool):
            return _number(ast.get_source_segment(text, tree) or str(value), text)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return Binary("*", Number(Decimal(-1)), _node(operand, text))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return Binary(_OPERATORS[type(op)], _node(left, text), _node(right, text))
        case ast.Name(id=name) if name in SCALARS:
            return Scalar(name)
        case ast.Attribute() | ast.Subscript():
            return _field(tree, text)
        case ast.Call(func=ast.Name(id=function), args=args, keywords=[]):
            return _call(function, args, text)
    raise ExpressionError(f"表达式含不允许的写法：{ast.unparse(tree)}（在 {text} 中）")


def _field(tree: ast.expr, text: str) -> Field:
    match tree:
        case ast.Attribute(value=ast.Name(id=form), attr=code):
            return Field(form, code)
        case ast.Subscript(
            value=ast.Attribute(value=ast.Name(id=form), attr=code), slice=ast.Name(id=selector)
        ) if selector in SELECTORS:
            return Field(form, code, selector)
    raise ExpressionError(f"字段写法有误：{ast.unparse(tree)}（在 {text} 中）")


def _call(function: str, args: list[ast.expr], text: str) -> Node:
    match function, args:
        case (("yoy" | "pct" | "per"), [above, below]):
            return Ratio(function, _node(above, text), _node(below, text))
        case "ttm", [argument]:
            return Ttm(_field(argument, text))
        case (("hhi_norm" | "max_share"), [argument]):
            return Spread(function, _field(argument, text))
        case "std", [inner, ast.Constant(value=int(reports))]:
            return _deviation(inner, reports, text)
    raise ExpressionError(f"函数不在清单之列或参数不对：{function}（在 {text} 中）")


def _number(literal: str, text: str) -> Number:
    """A number as it is written: digits, and decimals after a point."""
    if not _LITERAL.fullmatch(literal):
        raise ExpressionError(f"数的写法有误：{literal}，应为 12 或 0.5 的样子（在 {text} 中）")
    return Number(Decimal(literal))


def _deviation(inner: ast.expr, reports: int, text: str) -> Std:
    node = _node(inner, text)
    if reports < LEAST_REPORTS:
        raise ExpressionError(f"std 的期数 {reports} 少于 {LEAST_REPORTS}，永远没有结果（在 {text} 中）")
    if any(isinstance(leaf, Std) for leaf in leaves(node)):
        raise ExpressionError(f"std 之内不能再有 std（在 {text} 中）")
    return Std(node, reports, f"std({ast.unparse(inner)}, {reports})")


def leaves(node: Node) -> Iterator[Leaf]:
    """The values that the rows must supply, in reading order, each as often as it stands."""
    match node:
        case Field() | Ttm() | Spread() | Std():
            yield node
        case Binary(left=left, right=right):
            yield from leaves(left)
            yield from leaves(right)
        case Ratio(above=above, below=below):
            yield from leaves(above)
            yield from leaves(below)


def fields(node: Node) -> Iterator[Field]:
    """Every form field that an expression rests on."""
    for leaf in leaves(node):
        match leaf:
            case Field():
                yield leaf
            case Ttm(field=field) | Spread(field=field):
                yield field
            case Std(inner=inner):
                yield from fields(inner)
