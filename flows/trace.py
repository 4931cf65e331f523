"""From a published number to its cells: the tree of the index values of one subject, for people and programs.

All figures are those that the release keeps; nothing is computed but the text of formulas and the value of a base
period, which no release keeps. The cells come from the warehouse as of the release's sequence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from flows.cell_record import Behind, cells_behind, picked
from flows.formula import MISSING, Base, Figures, filled, quotient, score_formula
from flows.lineage import BASE, WEIGHT, Asked
from flows.release_rows import Row
from flows.traced import INDEX, INDICATOR, PILLAR, VARIABLE, Traced, TraceError
from indices.method import Indicator, Method
from schemas.period import Period

_TOTAL = (
    "product", "value", "rank", "ranked_n", "status", "weight_coverage", "carried_weight", "oldest_age", "withheld",
)  # fmt: skip
_PILLAR = ("product", "pillar_no", "pillar", "score", "weight_effective", "coverage")
_INDICATOR = (
    "indicator", "name", "pillar_no", "pillar", "unit", "frequency", "ref_period", "age", "value", "value_published",
    "raw_score", "score", "score_published", "clipped", "missing", "status", "revenue_coverage", "reason", "weight",
    "weight_monthly", "weight_full", "contribution_monthly", "contribution_full",
)  # fmt: skip
_VARIABLE = ("variable", "ref_period", "value", "status", "coverage", "cells")


def trace(traced: Traced, index: str, subject: str, indicator: str | None = None) -> Row:
    """The tree of an index value: products, pillars, indicators, variables, cells.

    TraceError if the release has no such index, subject or indicator.
    """
    release, method = traced.release, traced.method(index)
    if not traced.results(INDEX, index, subject):
        raise TraceError(f"发布 {release.id} 的 {index} 中没有对象 {subject}，请核对代码。")
    asked = traced.asked(index, [subject])
    if indicator is not None:
        asked = [one for one in asked if one.indicator.id == indicator]
        if not asked:
            raise TraceError(f"发布 {release.id} 的 {index} {subject} 没有指标 {indicator}。")
    (tree,) = trees(traced, method, [subject], asked)
    return tree


def trees(
    traced: Traced, method: Method, subjects: Sequence[str], asked: Sequence[Asked] | None = None
) -> Iterator[Row]:
    """The trees of some subjects, of the indicators asked for or of all: the cells of all are found at once."""
    wanted = traced.asked(method.index, subjects) if asked is None else asked
    traced.place(traced.sources(method.index, wanted))
    behind = cells_behind(traced)
    chosen = {one.indicator.id for one in wanted}
    return (_tree(traced, method, subject, chosen, behind) for subject in subjects)


def _tree(traced: Traced, method: Method, subject: str, chosen: Iterable[str], behind: Behind) -> Row:
    release, made = traced.release, traced.release.manifest
    totals, pillars, leaves, variables = (
        traced.results(table, method.index, subject) for table in (INDEX, PILLAR, INDICATOR, VARIABLE)
    )
    return {
        "release": release.id, "stage": traced.staged.stage, "stage_reason": traced.staged.reason,
        "publisher": traced.staged.publisher, "approver": traced.staged.approver, "digest": release.digest,
        "journal": {"seq": made.seq, "head": made.head},
        "method": method.id, "method_digest": made.methods[method.id],
        "method_approval": traced.approval(method), "differing": list(traced.differing),
        "index": method.index, "name": method.name, "period": made.period, "subject": subject,
        "subject_name": totals[0]["subject_name"],
        "totals": [
            picked(row, _TOTAL)
            for row in sorted(totals, key=lambda row: row["product"], reverse=True)
        ],
        "pillars": [
            picked(row, _PILLAR)
            for row in sorted(pillars, key=lambda row: row["product"], reverse=True)
        ],
        "indicators": [
            _indicator(traced, method, row, [v for v in variables if v["indicator"] == row["indicator"]], behind)
            for row in leaves
            if row["indicator"] in chosen
        ],
    }  # fmt: skip


def _indicator(traced: Traced, method: Method, row: Row, variables: Sequence[Row], behind: Behind) -> Row:
    leaf = next(i for i in method.indicators if i.id == row["indicator"])
    target = traced.targets.get(row["subject"], {}).get("target")
    month = Period.parse(row["ref_period"]).ref_month if row["ref_period"] else 0
    figures = Figures({v["variable"]: v["value"] for v in variables}, month % 100, target)
    rows = {v["variable"]: behind.get((row["subject"], leaf.id, v["variable"]), []) for v in variables}
    base = _base(leaf, month, target, rows)
    return {
        **picked(row, _INDICATOR),
        "expression": leaf.expression,
        "expression_filled": f"{filled(leaf.node, figures)} = {MISSING if row['value'] is None else row['value']}",
        "score_formula": score_formula(method, leaf, row, base),
        "variables": [
            {**picked(v, _VARIABLE), "age": row["age"], "rows": rows[v["variable"]]} for v in variables
        ],
    }


def _base(
    leaf: Indicator, month: int, target: Decimal | None, rows: Mapping[str, Sequence[Row]]
) -> Base | None:
    """What stands behind an indicator in its base period; None where it has none, or no cell of it is there."""
    months = {cell["month"] for cells in rows.values() for cell in cells if cell["use"] == BASE} - {month}
    if leaf.base_year is None or len(months) != 1:
        return None
    base = months.pop()
    report, then = (
        Figures({name: _amount(cells, at) for name, cells in rows.items()}, at % 100, target)
        for at in (month, base)
    )
    return Base(report, then, month, base)


def _amount(cells: Sequence[Row], month: int) -> Decimal | None:
    """What the cells of a base period add up to, as ``amount.sql`` has it; None where one is missing."""
    found = [c for c in cells if c["use"] == BASE and c["month"] == month]
    there = [c for c in found if c["value"] is not None]
    if not there or any(c["value"] is None and c["mark"] != "N" for c in found):
        return None
    weights = {str(c["key"]): c["value"] for c in cells if c["use"] == WEIGHT and c["month"] == month}
    if not weights:
        return sum((Decimal(c["value"]) for c in there), Decimal(0))
    of_each = [weights.get(str(c["key"])) for c in there]
    if any(weight is None for weight in of_each):
        return None
    taken = [Decimal(weight) for weight in of_each if weight is not None]
    weighted = sum((Decimal(c["value"]) * w for c, w in zip(there, taken, strict=True)), Decimal(0))
    return quotient(weighted, sum(taken, Decimal(0)))
