"""Random edits of one source cell each, and what they move: at full scale, before any rounding.

A run of the batch for each edit would cost seconds. What a resubmission with one changed figure does to the
engine's input is one changed value in ``fact``: the new version takes the place of the old one whole, with the
same other values (``test_edits.py`` holds a real resubmission against this). So the facts of a month are cut out
of the warehouse once, a value is changed there, and the engine computes the month again.

Edits share a computation where no subject has values that list the cells of two of them: each value is then still
moved by one edit at most, and by none where it lists none of their cells.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import duckdb

from flows.ledger.relations import relations
from flows.ledger.store import Store
from flows.ledger.warehouse import view_warehouse
from flows.lineage import Lineage
from flows.lineage_cells import place_lineage
from flows.provenance import asked_in
from indices.engine import compute
from indices.method import methods_for
from schemas.codes import Codes
from schemas.form import load_forms
from schemas.period import Period

NOUGHT, ALONE = "nought over the changed figure", "the weight of a single row"

Cell = tuple[int, str, str]  # submission, address, field
Leaf = tuple[str, str, str]  # index, subject, indicator


@dataclass(frozen=True)
class Edit:
    """One figure to be changed, and the indicators whose trace lists its cell; ``idle`` are those of them in which
    it weighs the only row of a mean."""

    cell: Cell
    before: Decimal
    after: Decimal
    listed: frozenset[Leaf]
    idle: frozenset[Leaf]

    @property
    def subjects(self) -> set[tuple[str, str]]:
        return {leaf[:2] for leaf in self.listed}


class Figure(NamedTuple):
    """An indicator of a subject at full scale; ``optimal`` if its optimum interval holds the value."""

    value: Decimal | None
    raw_score: Decimal | None
    score: Decimal | None
    missing: str
    floor: Decimal
    ceiling: Decimal
    optimal: bool


@dataclass(frozen=True)
class Computed:
    """One computation of the month: indicators, and the unrounded weighted sums of pillars and totals.

    The key of a sum is (index, product, subject, pillar), without the pillar for a total.
    """

    indicators: dict[Leaf, Figure]
    sums: dict[tuple, tuple]


class Month:
    """A month of a home in a connection of its own, to be changed and computed again."""

    def __init__(self, con: duckdb.DuckDBPyConnection, codes: Codes, period: Period, seq: int) -> None:
        self.con, self.codes, self.period = con, codes, period
        # rank intervals vary the method, not the data: they take half of the time and are no part of the claims
        self.methods = tuple(replace(m, uncertainty=None) for m in methods_for(period))
        self._leaves = {(m.index, i.id): i for m in self.methods for i in m.indicators}
        relations(con, seq, period)
        self.first = self.compute()
        self.listed, self.idle = self._listed()

    def compute(self) -> Computed:
        """The month as its facts are now."""
        compute(self.con, self.methods, self.codes, self.period)
        given = [self.period.ref_month]
        leaves = self.con.execute(_INDICATORS, given).fetchall()
        sums = [(row, 4) for row in self.con.execute(_PILLARS, given).fetchall()]
        sums += [(row, 3) for row in self.con.execute(_TOTALS, given).fetchall()]
        return Computed({row[:3]: Figure(*row[3:]) for row in leaves}, {row[:n]: row[n:] for row, n in sums})

    def holds(self, key: tuple, leaf: Leaf) -> bool:
        """Whether the sum of this key is taken over an indicator of a subject."""
        index, product, subject, *pillar = key
        indicator = self._leaves[leaf[0], leaf[2]]
        return (
            leaf[:2] == (index, subject)
            and (product == "full" or indicator.monthly)
            and pillar in ([], [indicator.pillar])
        )

    def edits(self, n: int, seed: int) -> list[Edit]:
        """``n`` cells that hold a figure in view of the month, each with its changed figure.

        Most figures of a form enter no index: three of four edits are drawn among the cells that a trace lists,
        the rest among all others.
        """
        rows = self.con.execute(
            "select submission, cell, field, form, value from fact where value is not null order by all"
        ).fetchall()
        draw = random.Random(seed)
        known = [row for row in rows if row[:3] in self.listed]
        other = [row for row in rows if row[:3] not in self.listed]
        drawn = draw.sample(known, n * 3 // 4) + draw.sample(other, n - n * 3 // 4)
        decimals = {(f.code, c.code): c.decimals for f in load_forms() for c in f.columns}
        found = []
        for submission, cell, field, form, value in drawn:
            step = Decimal(1).scaleb(-decimals[form, field])
            after = (value + max(abs(value) / 100, step)).quantize(step)
            place: Cell = (submission, cell, field)
            listed, idle = self.listed.get(place, frozenset()), self.idle.get(place, frozenset())
            found.append(Edit(place, value, after, listed, idle))
        return found

    @contextmanager
    def edited(self, edits: Sequence[Edit]) -> Iterator[None]:
        """The facts with these figures changed, and back again."""
        self._set([(e.after, *e.cell) for e in edits])
        yield
        self._set([(e.before, *e.cell) for e in edits])

    def _set(self, values: Sequence[tuple]) -> None:
        self.con.executemany(
            "update fact set value = ? where submission = ? and cell = ? and field = ?", values
        )

    def _listed(self) -> tuple[dict[Cell, frozenset[Leaf]], dict[Cell, frozenset[Leaf]]]:
        """Which indicators list which cells, as ``zhishu trace`` does; and which of them as the weight of one row."""
        listed: dict[Cell, set[Leaf]] = {}
        idle: dict[Cell, set[Leaf]] = {}
        for method in self.methods:
            lineage = Lineage(self.codes, method)
            sources = {
                s for asked in asked_in(self.con, method, str(self.period)) for s in lineage.sources(asked)
            }
            place_lineage(self.con, sources)
            for *cell, subject, indicator, alone in self.con.execute(_LISTED).fetchall():
                for found in (listed, idle) if alone else (listed,):
                    found.setdefault(tuple(cell), set()).add((method.index, subject, indicator))
        return tuple({cell: frozenset(leaves) for cell, leaves in found.items()} for found in (listed, idle))


_LISTED = """
with rows as (
    select subject, indicator, variable, count(*) as n from lineage where use = '数值' group by all
)
select submission, cell, field, subject, indicator, bool_and(use = '权数' and n = 1)
from lineage join rows using (subject, indicator, variable)
group by all
"""
_INDICATORS = (
    "select index_code, subject, indicator, i.value, raw_score, score, missing, floor, ceiling,"
    " coalesce(i.value between optimum_low and optimum_high, false)"
    " from indicator i join leaf l using (index_code, indicator) where period = ?"
)
_PILLARS = (
    "select index_code, product, subject, pillar_no, sum(weight * score)::decimal(38,14),"
    " sum(weight) filter (where score is not null) from product_leaf where period = ? group by all"
)
_TOTALS = (
    "select index_code, product, subject, weighted_score, present_weight from product_total where period = ?"
)


@contextmanager
def month_of(home: Path, codes: Codes, period: Period) -> Iterator[Month]:
    """The month of a home, as the newest event knows it."""
    store = Store(home)
    con = view_warehouse(store)
    try:
        yield Month(con, codes, period, store.journal.head[0])
    finally:
        con.close()


def batches(edits: Sequence[Edit]) -> list[list[Edit]]:
    """The edits in as few computations as a first fit of the widest finds, no subject in two edits of one."""
    found: list[tuple[set[tuple[str, str]], list[Edit]]] = []
    for edit in sorted(edits, key=lambda edit: -len(edit.subjects)):
        for subjects, batch in found:
            if not subjects & edit.subjects and all(e.cell != edit.cell for e in batch):
                subjects |= edit.subjects
                batch.append(edit)
                break
        else:
            found.append((set(edit.subjects), [edit]))
    return [batch for _, batch in found]


@dataclass(frozen=True)
class Told:
    """What a batch came to: ``wrong`` sentences, and what became of the scores of the indicators that list a cell."""

    wrong: tuple[str, ...]
    scores: Counter[str]  # moved, clipped, inside the optimum, missing


def judge(month: Month, then: Computed, batch: Sequence[Edit]) -> Told:
    """The claims on one computation: what lists no changed cell stands still, what lists one moves.

    An indicator's value (its ratio to the base, where only that period's cell changed) moves always; its score,
    unless it is clipped or inside the optimum before and after. Two kinds of values stand still and are counted apart:
    nothing over something, whatever the denominator, and a weighted mean of one row. A pillar or a total moves where a score in it does,
    and only there.
    """
    listed = {leaf: edit for edit in batch for leaf in edit.listed}
    wrong, scores, moved = [], Counter[str](), set()
    for leaf, before in month.first.indicators.items():
        after = then.indicators[leaf]
        if leaf not in listed:
            if before != after:
                wrong.append(f"{leaf} lists no changed cell and went from {before} to {after}")
            continue
        held = _held(leaf, before, after, listed[leaf])
        scores[held or "moved"] += 1
        if before.score != after.score:
            moved.add(leaf)
        if held not in ("missing", NOUGHT, ALONE) and (before.value, before.raw_score) == (
            after.value,
            after.raw_score,
        ):
            wrong.append(f"{leaf} lists a changed cell and stood still at {before}")
        if not held and leaf not in moved:
            wrong.append(f"the score of {leaf} lists a changed cell and stood still at {before}")
    for key, figure in month.first.sums.items():
        inside = any(month.holds(key, leaf) for leaf in moved)
        if (then.sums[key] != figure) != inside:
            wrong.append(f"{key} went from {figure} to {then.sums[key]}, and a score in it moved: {inside}")
    return Told(tuple(wrong), scores)


def _held(leaf: Leaf, before: Figure, after: Figure, edit: Edit) -> str:
    """Why a value or a score may stand still; empty where it must move."""
    if leaf in edit.idle:
        return ALONE
    if before.raw_score is None or after.raw_score is None:
        return "missing" if before.raw_score is after.raw_score else ""
    if before.optimal and after.optimal:
        return "inside the optimum"
    if (
        before.value == after.value == 0 and edit.before != 0
    ):  # where nothing is above, the cells above are zero
        return NOUGHT
    raw = (before.raw_score, after.raw_score)
    return "clipped" if max(raw) <= before.floor or min(raw) >= before.ceiling else ""


def run(month: Month, edits: Sequence[Edit]) -> Told:
    """All edits, batch by batch."""
    wrong: list[str] = []
    scores = Counter[str]()
    for batch in batches(edits):
        with month.edited(batch):
            told = judge(month, month.compute(), batch)
        wrong += told.wrong
        scores += told.scores
    return Told(tuple(wrong), scores)
