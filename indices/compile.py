"""Method expressions as DuckDB SQL: all expressions of a method in one statement, one row per subject and moment.

What the rows supply stands in ``node_value`` one figure below the other; the figures of a subject at a moment are
put side by side once, and every expression is read from that row: to plan a join for each expression would cost
more than to compute it. Arithmetic follows one rule, so that a rerun gives the same digits: sums and products with a literal are
exact DECIMAL; a quotient, and a product of two quotients, is taken once per row and cast to 12 decimals
at once. A zero denominator gives no value and is told apart from a missing one.
"""

from __future__ import annotations

from collections.abc import Mapping

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


def readings_sql(nodes: Mapping[str, tuple[Node, str]], moments: str = "true") -> str:
    """A query of (name, subject, variant, t0, month, annual, value, zero, mark, coverage, brk, reason, cells).

    ``nodes`` are expressions by name, each with the condition on (variant, t0, month, annual) under which it is
    read; ``moments`` is a condition for all. Input: ``subject`` (of one index), ``moment`` and ``node_value``.
    Rows where nothing at all is known are left out.
    """
    names = dict.fromkeys(node_id(leaf) for node, _ in nodes.values() for leaf in leaves(node))
    columns = {name: f"c{number}" for number, name in enumerate(names)}
    figures = ",\n    ".join(
        f"any_value(value) FILTER (WHERE node = '{name}') AS {column}" for name, column in columns.items()
    )
    readings = ",\n    ".join(_reading_sql(name, *reading, columns) for name, reading in nodes.items())
    parts = ", ".join(
        f"('{name}', '{part}', {place})"
        for name, (node, _) in nodes.items()
        for place, part in enumerate(dict.fromkeys(map(node_id, leaves(node))))
    )
    return f"""
WITH known AS (
  SELECT v.*, s.target_2026
  FROM node_value AS v
  JOIN subject AS s USING (subject)
  SEMI JOIN (SELECT * FROM moment WHERE {moments}) USING (variant, t0, month, annual)
),
figures AS (
  SELECT subject, target_2026, variant, t0, month, annual,
    {figures}
  FROM known GROUP BY subject, target_2026, variant, t0, month, annual
),
computed AS (
  SELECT subject, variant, t0, month, annual, unnest([
    {readings}
  ], recursive := true)
  FROM figures AS m
),
parts AS (
  SELECT name, subject, variant, t0, month, annual,
    CASE WHEN bool_or(mark = 'C') THEN 'C' WHEN bool_or(mark = 'W') THEN 'W' WHEN bool_or(mark = 'N') THEN 'N'
      ELSE '' END AS mark,
    min(coverage) AS coverage,
    CASE WHEN bool_or(brk = 'B') THEN 'B' ELSE '' END AS brk,
    coalesce(arg_min(reason, place) FILTER (WHERE reason <> ''), '') AS reason,
    coalesce(sum(cells), 0)::BIGINT AS cells
  FROM known JOIN (VALUES {parts}) AS part(name, node, place) USING (node)
  GROUP BY name, subject, variant, t0, month, annual
)
SELECT name, subject, variant, t0, month, annual, value, zero, mark, coverage, brk, reason, cells
FROM computed JOIN parts USING (name, subject, variant, t0, month, annual)
WHERE read"""


def _reading_sql(name: str, node: Node, when: str, columns: dict[str, str]) -> str:
    """One expression as a struct; it is computed only where it is read."""
    return (
        f"{{name: '{name}', read: {when}, value: CASE WHEN {when} THEN ({value_sql(node, columns)})::{_SCALE} END,"
        f" zero: {when} AND {_any(zero_sql(node, columns))}}}"
    )
