"""What lists a cell moves with it, and nothing else does: 32 edits here, 200 in ``proof_edits.py``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import MONTH, Ran, Small
from edits import Month, batches, judge, month_of, run

from flows.intake import reader
from flows.ledger.events import decided
from flows.ledger.relations import relations
from flows.ledger.store import Store
from flows.ledger.warehouse import append, open_warehouse
from schemas.finding import State


@pytest.fixture(scope="module")
def month(small_ran: Ran, small: Small) -> Iterator[Month]:
    with month_of(small_ran.home, small.codes, MONTH) as month:
        yield month


def test_values_move_with_the_cells_that_they_list_and_with_no_others(month: Month) -> None:
    edits = month.edits(32, 20)
    assert sum(bool(e.listed) for e in edits) == 24 and len({e.cell for e in edits}) == 32
    told = run(month, edits)
    assert told.wrong == ()
    assert told.scores["moved"] > 20


def test_the_claims_see_a_cell_that_the_trace_does_not_list_and_one_too_many(month: Month) -> None:
    """A changed cell said to be listed by another county's indicator breaks both claims."""
    edit = next(e for e in month.edits(32, 20) if e.listed and all(leaf[1] == "360602" for leaf in e.listed))
    other = frozenset((index, "360603", name) for index, _, name in edit.listed)
    with month.edited([edit]):
        told = judge(month, month.compute(), [replace(edit, listed=other)])
    assert any("lists no changed cell and went" in text for text in told.wrong)
    assert any("stood still" in text for text in told.wrong)


def test_edits_of_one_computation_share_no_subject(month: Month) -> None:
    found = batches(month.edits(32, 20))
    assert sum(map(len, found)) == 32 and len(found) < 16
    for batch in found:
        assert sum(len(e.subjects) for e in batch) == len(set().union(*(e.subjects for e in batch)))


def test_an_edit_is_what_a_resubmission_does(small: Small, small_home: Path) -> None:
    """A county files again with one figure changed: its facts are those of the edit, the version apart."""
    store, settings = Store(small_home), small.settings(small_home)
    (delivery,) = reader(settings)([small.inbox / "2026-10" / "360602.xlsx"])
    old = next(s for s in delivery.submissions if s.form == "GLT02")
    at = next(n for n, c in enumerate(old.cells) if c.field == "rev_cum")
    cell = old.cells[at]
    cells = (*old.cells[:at], cell._replace(value=str(int(cell.value or 0) + 7)), *old.cells[at + 1 :])
    new = replace(old, cells=cells, version=2, digest="f" * 64)
    facts = "select * exclude (submission, status) from fact order by all"
    with store.writing(), closing(open_warehouse(store, reader(settings))) as con:
        relations(con, store.journal.head[0], MONTH)
        changed = con.execute(
            "update fact set value = value + 7 where form = 'GLT02' and period = '2026-10' and field = 'rev_cum'"
            " and region_code = '360602'"
        ).fetchall()
        edited = con.execute(facts).fetchall()
        append(con, store.journal.append([decided(new, State.ACCEPTED, (), "李四", "审核岗")]), [new])
        relations(con, store.journal.head[0], MONTH)
        assert changed == [(1,)] and con.execute(facts).fetchall() == edited
