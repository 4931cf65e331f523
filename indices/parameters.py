"""What the SQL procedures need beside the facts, put into the connection as small temporary tables.

Methods, code lists and the plan become ``leaf``, ``node``, ``reach``, ``wanted`` and the like; each table is
described where a procedure in ``sql/`` names it as input.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import duckdb
import polars as pl

from indices.compile import node_id
from indices.expression import Field, Leaf, Node, Spread, Std, Ttm, fields, leaves
from indices.method import Indicator, Method
from indices.reach import SubjectRow, reach_rows
from indices.roster import SUMMED
from indices.targets import Plan
from schemas.codes import OTHER_SUBCHAIN, Codes
from schemas.form import load_forms

TTM_PAIRS = (("GLT01", "rev_cum", "rev_cum_ly"), ("GLT03", "rev_cum", "rev_cum_ly"))
REVENUE_FIELDS = tuple((f, "rev_year" if f == "GLT04" else "rev_cum") for f in SUMMED)

Columns = dict[str, pl.DataType | type]


def _place(con: duckdb.DuckDBPyConnection, name: str, frame: pl.DataFrame) -> None:
    """Put a small frame into the connection as a temporary table of its own."""
    con.register("placed", frame.to_arrow())
    con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM placed")
    con.unregister("placed")


def place_table(con: duckdb.DuckDBPyConnection, name: str, columns: Columns, rows: Iterable[tuple]) -> None:
    _place(con, name, pl.DataFrame(list(rows), schema=columns, orient="row"))


def place_parameters(
    con: duckdb.DuckDBPyConnection,
    methods: Sequence[Method],
    codes: Codes,
    plan: Plan,
    periods: Sequence[int],
) -> None:
    """Everything that the procedures need beside the facts."""
    text, whole = pl.String, pl.Int32
    money, post = pl.Decimal(12, 2), pl.Decimal(12, 6)
    place_table(
        con,
        "region",
        {"code": text, "level": text, "parent": text},
        ((r.code, r.level, r.parent) for r in codes.regions.values()),
    )
    place_table(con, "evaluated", {"period": whole}, ((p,) for p in periods))
    place_table(con, "revenue_field", {"form": text, "field": text}, REVENUE_FIELDS)
    wanted = _wanted(methods)
    needed = {(form, field) for form, field, *_ in wanted} | set(REVENUE_FIELDS) | {("GLT02", "rev_cum")}
    needed |= {(form, weight) for form, _, _, weight, *_ in wanted if weight is not None}
    place_table(con, "needed", {"form": text, "field": text}, sorted(needed))
    place_table(con, "ttm_pair", {"form": text, "field": text, "field_ly": text}, TTM_PAIRS)
    place_table(con, "coverage_floor", {"floor": pl.Decimal(9, 4)}, [(max(m.coverage.sum for m in methods),)])
    place_table(
        con,
        "wanted",
        {"form": text, "field": text, "agg": text, "agg_weight": text, **dict.fromkeys(_USES, pl.Boolean)},
        wanted,
    )
    place_table(
        con,
        "node",
        dict.fromkeys(("node", "kind", "form", "field", "selector", "subject_type"), text),
        _nodes(methods),
    )
    place_table(
        con,
        "node_of",
        dict.fromkeys(("index_code", "indicator", "node"), text),
        sorted({(m.index, i.id, node_id(leaf)) for m in methods for i, leaf in _all_leaves(m)}),
    )
    place_table(
        con,
        "reach",
        dict.fromkeys(("subject_type", "subject", "form", "selector", "item", "place"), text),
        sorted({row for m in methods for row in reach_rows(codes, m)}),
    )
    place_table(
        con,
        "chain_parts",
        {"subject": text, "item": text, "n": whole},
        (
            (chain.code, item, len(chain.subchains) + 1)
            for chain in codes.chains.values()
            for item in (*chain.subchains, chain.code + OTHER_SUBCHAIN)
        ),
    )
    place_table(
        con,
        "target",
        {
            "position": whole,
            "subject": text,
            "subject_name": text,
            "target": money,
            "wording": text,
        },
        (
            (position, t.subject, t.name, t.target, t.wording)
            for position, t in enumerate(plan.targets, 1)
            if t.subject in codes.chains or any(t.subject in c.subchains for c in codes.chains.values())
        ),
    )
    place_table(
        con,
        "threshold",
        {"index_code": text, "total": pl.Decimal(9, 4), "monthly": pl.Decimal(9, 4)},
        ((m.index, m.coverage.total, m.coverage.monthly) for m in methods),
    )
    place_table(
        con,
        "basket_name",
        {"index_code": text, "subject_type": text, "name": text},
        ((m.index, s, m.basket(s)[0]) for m in methods for s in m.subjects),
    )
    place_table(
        con,
        "subject_leaf",
        {"index_code": text, "subject_type": text, "indicator": text},
        ((m.index, s, i.id) for m in methods for s in m.subjects for i in m.basket(s)[1]),
    )
    place_table(
        con,
        "leaf",
        _LEAF_COLUMNS | dict.fromkeys(_POSTS, post),
        (_leaf(m, i) for m in methods for i in m.indicators),
    )


_POSTS = ("low", "high", "optimum_low", "optimum_high")
_LEAF_COLUMNS: Columns = {
    "index_code": pl.String, "indicator": pl.String, "name": pl.String, "pillar_no": pl.Int32,
    "pillar": pl.String, "unit": pl.String, "frequency": pl.String, "in_monthly": pl.Boolean,
    "decimals": pl.Int32, "weight": pl.Decimal(9, 2), "max_age": pl.Int32, "not_yet": pl.String, "normalisation": pl.String,
    "reverse": pl.Boolean, "base_year": pl.Int32, "base": pl.Decimal(9, 4),
    "span": pl.Decimal(9, 4),
    "fall": pl.Decimal(9, 4), "floor": pl.Decimal(9, 4), "ceiling": pl.Decimal(9, 4),
}  # fmt: skip


def _leaf(method: Method, indicator: Indicator) -> tuple:
    """The row of one indicator in ``leaf``, in the order of its columns."""
    score = method.score
    pillar = next(p.name for p in method.pillars if p.no == indicator.pillar)
    return (
        method.index, indicator.id, indicator.name, indicator.pillar, pillar, indicator.unit,
        indicator.frequency, indicator.monthly, indicator.decimals, indicator.weight,
        method.max_age[indicator.frequency],
        method.missing.not_yet, indicator.normalisation, indicator.direction == "逆向", indicator.base_year,
        score.base, score.span, score.ceiling - score.base, score.floor, score.ceiling,
        indicator.low, indicator.high, *(indicator.optimum or (None, None)),
    )  # fmt: skip


_USES = ("every", "based", "totalled")
Wanted = tuple[str, str, str, str | None, bool, bool, bool]


def _wanted(methods: Sequence[Method]) -> list[Wanted]:
    """The fields to bring together, how they add up, and what they are used for.

    ``every``: at every report (deviations); ``based``: in base years; ``totalled``: over twelve months.
    """
    forms = {form.code: form for form in load_forms() if not form.filed_by_bureau}
    indicators = [i for m in methods for i in m.indicators]
    totalled = {(form, code) for form, *pair in TTM_PAIRS for code in pair}
    named = (
        {(f.form, f.code) for i in indicators for f in fields(i.node)}
        | totalled
        | {("GLT07", "rev_full_cum")}
    )
    based = {(f.form, f.code) for i in indicators if i.base_year is not None for f in fields(i.node)}
    deviations = [leaf for m in methods for _, leaf in _all_leaves(m) if isinstance(leaf, Std)]
    every = {(f.form, f.code) for leaf in deviations for f in fields(leaf)}
    rows: list[Wanted] = []
    for key in sorted(named):
        column = forms[key[0]].column(key[1])
        uses = (key in every, key in based, key in totalled)
        rows.append((*key, column.agg or "none", column.agg_weight, *uses))
    return rows


def place_subjects(con: duckdb.DuckDBPyConnection, rows: Iterable[SubjectRow]) -> None:
    """Make ``subject`` the given rows."""
    place_table(
        con,
        "subject",
        {
            "index_code": pl.String,
            "subject_type": pl.String,
            "subject": pl.String,
            "subject_name": pl.String,
            "target_2026": pl.Decimal(12, 2),
        },
        rows,
    )


def _all_leaves(method: Method) -> list[tuple[Indicator, Leaf]]:
    """Every leaf of a method's expressions, those inside a deviation too."""
    found: list[tuple[Indicator, Leaf]] = []

    def walk(indicator: Indicator, node: Node) -> None:
        for leaf in leaves(node):
            found.append((indicator, leaf))
            if isinstance(leaf, Std):
                walk(indicator, leaf.inner)

    for indicator in method.indicators:
        walk(indicator, indicator.node)
    return found


def _nodes(methods: Sequence[Method]) -> list[tuple[str, str, str, str, str, str]]:
    """The leaves that ``node_value`` has to supply: node, kind, form, field, selector, subject type."""
    rows = set()
    for method in methods:
        for _, leaf in _all_leaves(method):
            match leaf:
                case Field() as field:
                    kind = "field"
                case Ttm(field=field):
                    kind = "ttm"
                case Spread(function=kind, field=field):
                    pass
                case Std():
                    continue
            rows |= {
                (node_id(leaf), kind, field.form, field.code, field.selector, s) for s in method.subjects
            }
    return sorted(rows)
