"""Method expressions as DuckDB SQL: one statement per indicator, one row per subject and moment.

Arithmetic follows one rule, so that a rerun gives the same digits: sums and products with a literal are
exact DECIMAL; a quotient, and a product of two quotients, is taken once per row and cast to 12 decimals
at once. A zero denominator gives no value and is told apart from a missing one.
"""

from __future__ import annotations

from indices.expression import Binary, Field, Leaf, Node, Number, Ratio, Scalar, Spread, Std, Ttm, leaves

_SCALE = "DECIMAL(28,12)"


def node_id(leaf: Leaf) -> str:
    """The name under which a leaf's values stand in ``node_value``."""
    return str(leaf)


def value_sql(node: Node, columns: dict[str, str]) -> str:
    """The SQL of an expression over the aliases of its leaves; ``m`` is the moment, ``s`` the subject."""
    match node:
        case Number(value=value):
            return f"{value}::DECIMAL(18,4)" if value == value.to_integral_value() else f"{value}"
        case Scalar(name="month"):
            return "(m.month % 100)::DECIMAL(2,0)"
        case Scalar(name="year_progress"):
            return f"((m.month % 100) / 12)::{_SCALE}"
        case Scalar():
            return "s.target_2026"
        case Field() | Ttm() | Spread() | Std():
            return f"{columns[node_id(node)]}.value"
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


def reading_sql(node: Node) -> str:
    """A query of (subject, variant, t0, month, annual, value, zero, mark, coverage, brk, reason, cells).

    Input: ``subject`` (of one index) as ``s``, ``moment_of`` (variant, t0, month, annual) as ``m`` and
    ``node_value``. Rows where nothing at all is known are left out.
    """
    names = list(dict.fromkeys(node_id(leaf) for leaf in leaves(node)))
    columns = {name: f"c{number}" for number, name in enumerate(names)}
    aliases = list(columns.values())
    joins = "\n".join(
        f"LEFT JOIN node_value AS {alias} ON {alias}.node = '{name}' AND {alias}.subject = s.subject"
        f" AND {alias}.variant = m.variant AND {alias}.t0 = m.t0 AND {alias}.month = m.month"
        f" AND {alias}.annual = m.annual"
        for name, alias in columns.items()
    )
    marks = ", ".join(f"{alias}.mark" for alias in aliases)
    coverages = [f"{alias}.coverage" for alias in aliases]
    least = coverages[0] if len(coverages) == 1 else f"least({', '.join(coverages)})"
    reasons = ", ".join(f"nullif({alias}.reason, '')" for alias in aliases)
    return f"""
SELECT s.subject, m.variant, m.t0, m.month, m.annual,
  ({value_sql(node, columns)})::{_SCALE} AS value,
  {_any(zero_sql(node, columns))} AS zero,
  CASE WHEN 'C' IN ({marks}) THEN 'C' WHEN 'W' IN ({marks}) THEN 'W' WHEN 'N' IN ({marks}) THEN 'N'
    ELSE '' END AS mark,
  {least} AS coverage,
  CASE WHEN 'B' IN ({", ".join(f"{alias}.brk" for alias in aliases)}) THEN 'B' ELSE '' END AS brk,
  coalesce({reasons}, '') AS reason,
  {" + ".join(f"coalesce({alias}.cells, 0)" for alias in aliases)} AS cells
FROM subject AS s CROSS JOIN moment_of AS m
{joins}
WHERE {" OR ".join(f"{alias}.node IS NOT NULL" for alias in aliases)}"""
