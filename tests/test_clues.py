"""Clues for an auditor: one number for several offices, many cells changed at once; and what is none."""

from dataclasses import replace

import pytest
from ledger_cases import Desk, read_bytes, sheet, workbook

from flows.clues import bulk_edits, shared_phones
from flows.ledger.events import Event, EventType
from flows.ledger.warehouse import append
from schemas.reading.record import Submission
from schemas.reading.worker import decode, encode


def filed(submitter: str, phone: str, form: str = "GLT02") -> Submission:
    (submission,) = read_bytes(
        workbook(sheet([{"region_code": submitter}], form=form, submitter=submitter)), "a.xlsx"
    ).submissions
    return replace(submission, phone=phone)


def test_one_number_of_two_offices_is_a_clue_however_it_is_written() -> None:
    (clue,) = shared_phones([filed("360103", "0791-8888 1234"), filed("360102", "０７９１８８８８１２３４")])
    assert clue.offices == ("360102", "360103") and clue.reports == ("GLT02 2026-10",)
    assert clue.seen == "填表人联系电话同为 079188881234"


def test_one_office_with_one_number_or_none_is_no_clue() -> None:
    assert shared_phones([filed("360102", "1"), filed("360102", "1", "GLT04"), filed("360103", "2")]) == []
    assert shared_phones([filed("360102", ""), filed("360103", "")]) == []


def test_the_number_comes_through_the_worker_and_stays_out_of_the_journal(desk: Desk) -> None:
    delivery = read_bytes(workbook(sheet([{"region_code": "360102"}])), "a.xlsx")
    told = replace(delivery, submissions=(replace(delivery.submissions[0], phone="079188881234"),))
    assert decode(encode(told)).submissions[0].phone == "079188881234"
    desk.file(workbook(sheet([{"region_code": "360102", "rev_cum": "1"}])))
    assert "phone" not in desk.store.journal.path.read_text("utf-8")


def rows(values: list[int]) -> list[dict[str, str | None]]:
    return [{"region_code": f"3601{n:02d}", "rev_cum": str(v)} for n, v in enumerate(values)]


@pytest.mark.parametrize(
    ("changed", "of", "found"),
    [
        (10, 50, True),
        (9, 9, False),  # fewer than ten
        (10, 51, False),  # less than a fifth
    ],
)
def test_many_cells_changed_at_once_are_a_clue(desk: Desk, changed: int, of: int, found: bool) -> None:
    before = list(range(of))
    after = [v + 1000 if n < changed else v for n, v in enumerate(before)]
    desk.file(workbook(sheet(rows(before))))
    desk.file(workbook(sheet(rows(after), version=2)))
    seen = bulk_edits(desk.con, desk.store.journal.entries(), 202610)
    assert [c.kind for c in seen] == (["集中改数"] if found else [])
    if found:
        assert seen[0].offices == ("360102",) and seen[0].reports == ("GLT02 2026-10",)
        assert "版次 1 到 2 改动 10 个单元格（共 50 个），在首次发布之前" in seen[0].seen
        assert bulk_edits(desk.con, desk.store.journal.entries(), 202609) == []


def test_an_edit_after_the_first_release_is_late(desk: Desk) -> None:
    desk.file(workbook(sheet(rows([1] * 12))))
    released = desk.store.journal.append(
        [Event(EventType.RELEASED, "zhishu", "程序", {"release": "2026-10.1", "period": "2026-10"})]
    )
    append(desk.con, released)
    desk.file(workbook(sheet(rows([2] * 12), version=2)))
    (clue,) = bulk_edits(desk.con, desk.store.journal.entries(), 202610)
    assert "在首次发布之后" in clue.seen
