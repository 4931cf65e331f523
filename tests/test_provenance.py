"""The sheet 溯源 says of every variable of every subject which cells it rests on, and the public one only how many."""

import hashlib
from contextlib import closing
from typing import Any

import pytest
from conftest import Small
from openpyxl import load_workbook

from flows.batch import Outcome
from flows.ledger.release import read_release
from flows.ledger.store import Store
from flows.ledger.warehouse import view_warehouse
from flows.provenance import SHOWN
from flows.stored import records
from flows.trace import trace
from flows.traced import Traced

Line = dict[str, Any]


def revision(cell: Line) -> str:
    """The number of the correction that a cell was corrected by, if any."""
    return str(cell.get("correction", {}).get("revision", ""))


def lines(outcome: Outcome) -> list[Line]:
    assert outcome.release is not None
    return list(records(outcome.release.table("result_source")).iter_rows(named=True))


@pytest.mark.parametrize(("index", "subject"), [("MQ", "360102"), ("MQ", "360100"), ("CM", "CH01")])
def test_counts_digests_and_cells_are_those_that_trace_finds(
    small: Small, small_outcome: Outcome, small_ran: Any, index: str, subject: str
) -> None:
    store = Store(small_ran.home)
    kept = [r for r in lines(small_outcome) if r["index_code"] == index]
    subject = subject if any(r["subject"] == subject for r in kept) else kept[0]["subject"]
    kept = [r for r in kept if r["subject"] == subject]
    with closing(view_warehouse(store)) as con:
        traced = Traced(con, store, read_release(store, "2026-10.1"), small.codes)
        found = trace(traced, index, subject)
    seen = 0
    for indicator in found["indicators"]:
        for variable in indicator["variables"]:
            cells = {
                "|".join(
                    (c["digest"], c["sheet"], c["cell"], c["raw"] or "", c["value"] or c["mark"], revision(c))
                )
                for c in variable["rows"]
            }
            own = [
                r
                for r in kept
                if (r["indicator"], r["variable"]) == (indicator["indicator"], variable["variable"])
            ]
            assert [int(r["number"]) for r in own] == list(range(1, min(len(cells), SHOWN) + 1))
            if not cells:
                continue
            text = "\n".join(sorted(cells))
            assert own[0]["digest"] == hashlib.sha256(text.encode()).hexdigest()
            assert int(own[0]["cells"]) == len(cells)
            assert int(own[0]["files"]) == len({c.split("|")[0] for c in cells})
            named = [f"{r['file']}|{r['sheet']}|{r['cell']}|{r['raw']}|" for r in own]
            assert all(c.startswith(n) for c, n in zip(sorted(cells), named, strict=False))
            seen += len(own)
    assert seen > 20


def test_the_internal_sheet_names_cells_and_the_public_one_counts(small_outcome: Outcome) -> None:
    kept = [r for r in lines(small_outcome) if r["index_code"] == "MQ"]
    internal, public = (
        load_workbook(next(p for p in small_outcome.files if "高质量" in p.name and word in p.name))["溯源"]
        for word in ("内部", "公开")
    )
    one = next(r for r in kept if r["cells"] == "1")
    rows = [[c.value for c in row] for row in internal.iter_rows(min_row=5)]
    named = next(
        r for r in rows if one["subject"] in str(r[0]) and (r[1], r[2]) == (one["indicator"], one["variable"])
    )
    assert named[6] == one["report"] and named[7] == f"{one['sheet']}!{one['cell']}"
    assert named[8:10] == [one["raw"], one["file"]] and named[3:6] == [None] * 3
    counted = [[c.value for c in row] for row in public.iter_rows(min_row=5)]
    assert all(len(r) == 6 for r in counted)
    open_text = "\n".join(str(v) for r in counted for v in r)
    assert f"{one['sheet']}!" not in open_text and one["file"] not in open_text and ".xlsx" not in open_text
    first = {(r["subject"], r["indicator"], r["variable"]): r["digest"] for r in kept}
    assert {r[5] for r in counted if r[5]} == set(first.values())
