"""A working paper: cells drawn for checking against the filers' own books, the weightier the likelier.

A cell's weight is the sum, over the indicators that rest on it, of their contribution to the full value,
divided by the number of cells behind each. The draw is without replacement (Efraimidis and Spirakis) with
numbers taken from SHA-256 of seed and cell, in decimal arithmetic: the same seed draws the same cells anywhere.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import Any

from flows.ledger.canonical import sha256
from flows.lineage import COVERAGE
from flows.mistakes import Mistake
from flows.traced import INDICATOR, Traced

Row = dict[str, Any]


class SampleError(Mistake):
    """A sample that cannot be drawn; the message says why."""


def sample(traced: Traced, n: int, seed: int) -> list[Row]:
    """``n`` cells in the order of their drawing, with weight and place; all of them if there are fewer.

    SampleError for an ``n`` below 1.
    """
    if n < 1:
        raise SampleError(f"抽取的单元格数应大于 0，现为 {n}。")
    cells: dict[tuple[int, str, str], Row] = {}
    for index in traced.versions:
        subjects = traced.subjects(index)
        traced.place(traced.sources(index, traced.asked(index, subjects)))
        traced.place_table(INDICATOR)
        for row in traced.query(_WEIGHTS, [index, traced.release.manifest.period]):
            known = cells.setdefault(
                (row["submission"], row["cell"], row["field"]), {**row, "weight": Decimal(0), "n": 0}
            )
            known["weight"] += row["weight"]
            known["n"] += row["n"]
    drawn = sorted((_key(seed, cell), name) for name, cell in cells.items() if cell["weight"] > 0)
    return [cells[name] for _, name in drawn[:n]]


def _key(seed: int, cell: Row) -> Decimal:
    """-ln(u) / weight: an exponential time whose rate is the weight; the earliest are drawn."""
    text = f"{seed}|{cell['name']}|{cell['sheet']}|{cell['cell']}|{cell['field']}"
    with localcontext(prec=40):
        u = (Decimal(int(sha256(text), 16)) + 1) / (Decimal(2) ** 256 + 1)
        return -u.ln() / cell["weight"]


# each indicator's contribution is spread evenly over its cells; the division is one per row, cast at once
_WEIGHTS = f"""
with distinct_cell as (
    select distinct subject, indicator, submission, cell, field from lineage where use <> '{COVERAGE}'
), counted as (
    select *, count(*) over (partition by subject, indicator) as cells from distinct_cell
), weighed as (
    select d.submission, d.cell, d.field,
        sum((coalesce(r.contribution_full, 0) / d.cells)::decimal(18,12))::decimal(28,12) as weight,
        count(*) as n
    from counted d
    join result_indicator r on r.index_code = $1 and r.period = $2 and r.subject = d.subject
        and r.indicator = d.indicator
    group by d.submission, d.cell, d.field
)
select w.*, f.name, f.submitter, f.form, f.period, f.digest, v.file_name, c.sheet, c.row_key, c.raw,
    cast(c.value as varchar) as value
from weighed w
join in_force f on f.id = w.submission
left join delivery v on v.digest = f.digest
join cell c on c.submission = w.submission and c.address = w.cell and c.field = w.field
order by f.name, c.sheet, w.cell, w.field
"""
