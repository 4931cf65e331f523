"""The sheet 溯源 says of every variable of every subject which cells it rests on, and the public one only how many."""

import hashlib
from contextlib import closing
from typing import Any

import pytest
from books import opened
from conftest import Small

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


def sheet_of(outcome: Outcome, word: str) -> list[list[Any]]:
    """The rows of the sheet 溯源 of MQ below its headings, in the edition of this word."""
    path = next(p for p in outcome.files if "高质量" in p.name and word in p.name)
    return [[c.value for c in row] for row in opened(path)["溯源"].iter_rows(min_row=5)]


def test_the_internal_sheet_names_every_kept_cell_once(small_outcome: Outcome) -> None:
    kept = [r for r in lines(small_outcome) if r["index_code"] == "MQ"]
    rows = [r for r in sheet_of(small_outcome, "内部") if r[1]]
    named: list[tuple[Any, ...]] = []
    for subject, indicator, variables, *counts, report, place, raw, file in rows:
        sheet, _, addresses = place.partition("!")
        parts = [text.split("、") for text in (variables, addresses, raw or "空")]
        assert counts == [None] * 3 or len(parts[0]) == 1
        named += [(subject[-6:], indicator, *p, report, sheet, file) for p in zip(*parts, strict=True)]
    assert sorted(named) == sorted(
        (
            r["subject"],
            r["indicator"],
            r["variable"],
            r["cell"],
            r["raw"] or "空",
            r["report"],
            r["sheet"],
            r["file"],
        )
        for r in kept
    )
    assert len(rows) < 0.8 * len(kept)  # figures of one report share a line
    told = {(r[0][-6:], *r[1:6]) for r in rows if r[5]}
    assert told == {
        (r["subject"], r["indicator"], r["variable"], int(r["cells"]), int(r["files"]), r["digest"])
        for r in kept
        if r["number"] == "1" and r["cells"] != "1"
    }


def test_the_public_sheet_counts_and_gives_digests_alone(small_outcome: Outcome) -> None:
    kept = [r for r in lines(small_outcome) if r["index_code"] == "MQ"]
    rows = [r for r in sheet_of(small_outcome, "公开") if r[1]]
    assert all(len(r) == 4 for r in rows)
    text = "\n".join(str(v) for r in rows for v in r)
    assert not any(r["file"] in text or f"{r['sheet']}!" in text for r in kept) and ".xlsx" not in text
    wanted: dict[tuple[str, str], dict[str, Line]] = {}
    for r in kept:
        wanted.setdefault((r["subject"], r["indicator"]), {})[r["variable"]] = r
    assert len(rows) == len(wanted)
    for subject, indicator, variables, digest in rows:
        own = sorted(wanted[subject[-6:], indicator].items())
        assert variables == "、".join(f"{v}（{r['cells']}／{r['files']}）" for v, r in own)
        listed = "\n".join(f"{v}|{r['digest']}" for v, r in own)
        assert digest == hashlib.sha256(listed.encode()).hexdigest()
