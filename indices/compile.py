"""Method expressions as DuckDB SQL: all expressions in one statement, one row per expression, subject and moment.

What the rows supply stands in ``node_value`` one figure below the other; the figures that an expression names are put
side by side as x0, x1 and so on. Expressions that differ only in what they name have one shape, as ``pct(a, b)``: the
statement holds each shape once, since planning ninety expressions one by one was a third of a small computation.
Arithmetic follows one rule, so that a rerun gives the same digits: sums and products with a literal are exact DECIMAL;
a quotient, and a product of two quotients, is taken once per row and cast to 12 decimals at once. A zero denominator
gives no value and is told apart from a missing one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from indices.expression import Binary, Field, Leaf, Node, Number, Ratio, Scalar, Spread, Std, Ttm, leaves

_SCALE = "DECIMAL(28,12)"


def node_id(leaf: Leaf) -> str:
    """The name under which a leaf's values stand in ``node_value``."""
    return str(leaf)


def value_sql(node: Node, columns: dict[str, str]) -> str:
    """The SQL of an expression over the values of its leaves; ``m`` is the subject at a moment."""
    match node:
        case Number(value=value):
            return f"{value}::DECIMAL(18,4)" if value == value.to_integral_value() else f"{value}"
        case Scalar(name="month"):
            return "(m.month % 100)::DECIMAL(2,0)"
        case Scalar(name="year_progress"):
            return f"((m.month % 100) / 12)::{_SCALE}"
        case Scalar():
            return "m.target_2026"
        case Field() | Ttm() | Spread() | Std():
            return columns[node_id(node)]
        case Ratio(function=function, above=above, below=below):
            return _ratio_sql(function, value_sql(above, columns), value_sql(below, columns))
        case Binary(op=op, left=left, right=right):
            return _binary_sql(op, left, right, columns)
    raise AssertionError(node)


def _ratio_sql(function: str, above: str, below: str) -> str:
    match function:
        case "yoy":
            return f"((100 * ({above} - {below})::{_SCALE}) / nullif({below}, 0))::{_SCALE}"
        case "pct":
            return f"((100 * ({above})::{_SCALE}) / nullif({below}, 0))::{_SCALE}"
    return f"(({above}) / nullif({below}, 0))::{_SCALE}"


def _binary_sql(op: str, left: Node, right: Node, columns: dict[str, str]) -> str:
    one, two = value_sql(left, columns), value_sql(right, columns)
    if op == "/":
        return f"(({one}) / nullif({two}, 0))::{_SCALE}"
    if op in "+-":
        return f"(({one}) {op} ({two}))::{_SCALE}"
    if isinstance(left, Number):
        return _scaled_sql(left, two)
    if isinstance(right, Number):
        return _scaled_sql(right, one)
    return f"(({one})::DOUBLE * ({two})::DOUBLE)::{_SCALE}"


def _scaled_sql(factor: Number, operand: str) -> str:
    """A product with a literal, exact: the literal is as narrow as it is written."""
    return f"({factor.value} * ({operand})::{_SCALE})::{_SCALE}"


def zero_sql(node: Node, columns: dict[str, str]) -> list[str]:
    """Conditions under which a denominator is zero."""
    match node:
        case Ratio(above=above, below=below):
            own = [f"({value_sql(below, columns)}) = 0"]
            return own + zero_sql(above, columns) + zero_sql(below, columns)
        case Binary(op=op, left=left, right=right):
            own = [] if op != "/" or isinstance(right, Number) else [f"({value_sql(right, columns)}) = 0"]
            return own + zero_sql(left, columns) + zero_sql(right, columns)
    return []


def _any(parts: list[str]) -> str:
    return f"coalesce({' OR '.join(parts)}, false)" if parts else "false"


@dataclass(frozen=True)
class Formula:
    """An expression to be read for the subjects of an index, under a name, where ``when`` holds.

    ``when`` is an SQL condition on variant, t0, month and annual.
    """

    index: str
    name: str
    node: Node
    when: str


def readings_sql(formulas: Iterable[Formula], moments: str = "true") -> str:
    """A query of (index_code, name, subject, variant, t0, month, annual, value, zero, mark, coverage, brk, reason,
    cells), with a row wherever ``node_value`` has one for at least one leaf of an expression.

    ``moments`` is a condition for all. Input: ``subject`` (of all indices), ``moment`` and ``node_value``. An
    expression without leaves has no rows; one at least must have some.
    """
    shapes: dict[tuple[str, str], int] = {}
    conditions: dict[str, int] = {}
    parts, width = [], 0
    for one in formulas:
        names = list(dict.fromkeys(map(node_id, leaves(one.node))))
        columns = {leaf: f"x{place}" for place, leaf in enumerate(names)}
        sql = value_sql(one.node, columns), _any(zero_sql(one.node, columns))
        shape = shapes.setdefault(sql, len(shapes))
        condition = conditions.setdefault(one.when, len(conditions))
        parts += [
            f"('{one.index}', '{one.name}', {shape}, {condition}, '{leaf}', {place})"
            for place, leaf in enumerate(names)
        ]
        width = max(width, len(names))
    figures = ", ".join(f"any_value(v.value) FILTER (WHERE p.place = {n}) AS x{n}" for n in range(width))
    return f"""
WITH part(index_code, name, shape, condition, node, place) AS (VALUES {", ".join(parts)}),
figures AS (
  SELECT p.index_code, p.name, p.shape, v.subject, s.target_2026, v.variant, v.t0, v.month, v.annual,
    {figures},
    CASE WHEN bool_or(v.mark = 'C') THEN 'C' WHEN bool_or(v.mark = 'W') THEN 'W'
      WHEN bool_or(v.mark = 'N') THEN 'N' ELSE '' END AS mark,
    min(v.coverage) AS coverage,
    CASE WHEN bool_or(v.brk = 'B') THEN 'B' ELSE '' END AS brk,
    coalesce(arg_min(v.reason, p.place) FILTER (WHERE v.reason <> ''), '') AS reason,
    coalesce(sum(v.cells), 0)::BIGINT AS cells
  FROM node_value AS v
  JOIN part AS p USING (node)
  JOIN subject AS s ON s.index_code = p.index_code AND s.subject = v.subject
  SEMI JOIN (SELECT * FROM moment WHERE {moments}) USING (variant, t0, month, annual)
  WHERE {_case("p.condition", conditions)}
  GROUP BY ALL
)
SELECT index_code, name, subject, variant, t0, month, annual,
  {_case("shape", [f"({value})::{_SCALE}" for value, _ in shapes])} AS value,
  {_case("shape", [zero for _, zero in shapes])} AS zero,
  mark, coverage, brk, reason, cells
FROM figures AS m"""


def _case(number: str, expressions: Iterable[str]) -> str:
    """SQL for the one of these expressions that has a number, counted from 0."""
    cases = " ".join(f"WHEN {n} THEN {expression}" for n, expression in enumerate(expressions))
    return f"CASE {number} {cases} END"
