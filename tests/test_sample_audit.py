"""The working paper draws the same cells for the same seed, and heavy cells before light ones."""

from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal

import pytest
from books import opened
from conftest import Ran, Small

from flows.audit_paper import Paper, paper_book
from flows.clues import Clue
from flows.ledger.store import Store
from flows.ledger.warehouse import view_warehouse
from flows.sample_audit import SampleError, sample
from flows.traced import INDICATOR, VARIABLE, Traced


@pytest.fixture(scope="module")
def traced(small: Small, small_ran: Ran) -> Iterator[Traced]:
    assert small_ran.outcome.release is not None
    store = Store(small_ran.home)
    with closing(view_warehouse(store)) as con:
        yield Traced(con, store, small_ran.outcome.release, small.codes)


def test_the_draw_follows_the_seed_and_has_no_cell_twice(traced: Traced) -> None:
    first = sample(traced, 30, 1)
    assert first == sample(traced, 30, 1) != sample(traced, 30, 2)
    assert first[:10] == sample(traced, 10, 1)
    assert len({(row["digest"], row["sheet"], row["cell"], row["field"]) for row in first}) == 30


def test_the_paper_names_offices_rows_and_fields_and_leaves_room_to_write(
    traced: Traced, small: Small
) -> None:
    drawn = sample(traced, 12, 1)
    clue = Clue("集中改数", ("360602",), ("GLT02 2026-10",), "=1+1")
    paper = Paper(traced.release, 7, drawn, [clue])
    data = paper_book(paper, small.codes)
    assert data == paper_book(paper, small.codes)
    book = opened(data)
    assert book.sheetnames == ["对账底稿", "文件", "线索"]
    lines = [[cell.value for cell in row] for row in book["对账底稿"].iter_rows()]
    assert "种子 7　抽取 12 个单元格" in lines[1][0] and traced.release.digest[:16] in lines[1][0]
    assert lines[3][12:] == ["账面数", "差异", "核对人", "日期"]
    for number, (cell, line) in enumerate(zip(drawn, lines[4:], strict=False), 1):
        assert line[0] == number and line[1].startswith(f"{cell['submitter']} ") and len(line[1]) > 8
        assert cell["field"] not in line[4] and line[4].endswith("）") and "=" not in line[3]
        assert line[5:9] == [cell["file_name"], cell["sheet"], cell["cell"], cell["raw"]]
        assert Decimal(line[9]) == Decimal(cell["value"]) and line[12:] == [None] * 4
    files = list(book["文件"].values)[4:]
    assert sum(count for *_, count in files) == 12 and all(len(digest) == 64 for _, digest, _ in files)
    assert list(book["线索"].values)[4][3] == "=1+1" and book["线索"]["D5"].data_type == "s"
    assert any(str(line[0]).startswith("注：1. 权重") for line in lines)


def test_weights_add_up_to_the_contributions_and_decide_the_draw(traced: Traced) -> None:
    everything = sample(traced, 10**6, 3)
    total = Decimal(0)
    for index in traced.versions:
        for subject in traced.subjects(index):
            variables = traced.results(VARIABLE, index, subject)
            resting = {v["indicator"] for v in variables if v["cells"] > 0}
            leaves = traced.results(INDICATOR, index, subject)
            total += sum(r["contribution_full"] or 0 for r in leaves if r["indicator"] in resting)
    assert abs(sum((c["weight"] for c in everything), Decimal(0)) - total) < Decimal("0.001")
    weights = [c["weight"] for c in everything]
    middle = len(weights) // 2
    assert sum(weights[:middle]) > 2 * sum(weights[middle:])


def test_a_sample_of_nothing_is_refused(traced: Traced) -> None:
    with pytest.raises(SampleError, match="大于 0"):
        sample(traced, 0, 1)
