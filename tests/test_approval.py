"""A method version is approved by name and document, and the order of events says whether in time."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from books import opened
from ledger_cases import Desk, sheet, workbook

from flows.approval import (
    LATE,
    UNAPPROVED,
    Approval,
    ApprovalError,
    approvals,
    approve,
    caveat,
    changed_locks,
)
from flows.intake import reader
from flows.ledger.release import read_release
from flows.ledger.store import Store
from flows.ledger.warehouse import open_warehouse, view_warehouse
from flows.printing import write_workbooks
from flows.publish import at_stage
from flows.settings import Settings
from flows.stored import stored_results
from indices.method import METHODS_DIR, load_methods
from schemas.codes import load_codes

WORD = Approval("赵六", "分管局长", "赣统字〔2026〕1号", "2026-01-08")
MQ = next(m for m in load_methods() if m.id == "MQ-2026.1")
ROWS = [{"region_code": "360102", "rev_cum": "1"}]


def lock(desk: Desk, word: Approval = WORD, folder: Path = METHODS_DIR) -> int:
    return approve(desk.con, desk.store, MQ.id, word, folder).seq


def known(desk: Desk) -> dict[str, Any]:
    return approvals(desk.store.journal.entries(), [MQ])[MQ.id]


def test_a_lock_before_the_first_data_came_in_time(desk: Desk) -> None:
    assert known(desk) == {} and caveat({}) == UNAPPROVED
    seq = lock(desk)
    assert known(desk) == {
        "approver": "赵六", "role": "分管局长", "document": "赣统字〔2026〕1号", "date": "2026-01-08",
        "seq": seq, "digest": desk.store.journal.entries()[-1].body["digest"], "first_data": 0,
    }  # fmt: skip
    desk.file(workbook(sheet(ROWS)))
    assert known(desk)["first_data"] > seq and caveat(known(desk)) == ""
    position = desk.con.execute("select seq from projection").fetchall()
    assert position == [(desk.store.journal.head[0],)]  # the database is at the journal's head


@pytest.mark.parametrize(
    ("period", "state", "told"),
    [
        ("2026-10", "accepted", LATE),
        ("2026-10", "pending", LATE),  # figures that wait are known figures
        ("2026-10", "rejected", ""),
        ("2024-11", "accepted", ""),  # before the first period, which is 2024-12
        ("2024-12", "accepted", LATE),
    ],
)
def test_a_lock_after_figures_of_the_first_period_is_late(
    desk: Desk, period: str, state: str, told: str
) -> None:
    desk.file(workbook(sheet(ROWS, period=period, state=state)))
    lock(desk)
    assert caveat(known(desk)) == told


@pytest.mark.parametrize(
    ("word", "told"),
    [
        (replace(WORD, approver=" "), "批准人"),
        (replace(WORD, role=""), "批准人职务"),
        (replace(WORD, document=""), "批准文号"),
        (replace(WORD, date="2026-13-01"), "不是日期"),
    ],
)
def test_a_lock_says_who_and_by_what(desk: Desk, word: Approval, told: str) -> None:
    with pytest.raises(ApprovalError, match=told):
        lock(desk, word)
    with pytest.raises(ApprovalError, match="没有方法 MQ-1999"):
        approve(desk.con, desk.store, "MQ-1999", WORD)
    assert desk.store.journal.head[0] == 0


def test_a_locked_file_that_is_changed_is_found_and_no_version_is_locked_twice(
    desk: Desk, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(METHODS_DIR, tmp_path / "methods"))
    seq = lock(desk, folder=folder)
    assert changed_locks(desk.store.journal.entries(), folder) == []
    with pytest.raises(ApprovalError, match=f"已由 赵六 批准并锁定（事件 {seq}）"):
        lock(desk, folder=folder)
    elsewhere = Path(shutil.copytree(folder, tmp_path / "changed"))
    with (elsewhere / "MQ-2026.1.toml").open("a", encoding="utf-8") as file:
        file.write("# one more word\n")
    (problem,) = changed_locks(desk.store.journal.entries(), elsewhere)
    assert problem.startswith("方法文件 MQ-2026.1.toml 与台账日志第 1 行批准时的不同")
    gone = Path(shutil.copytree(folder, tmp_path / "gone", ignore=shutil.ignore_patterns("MQ-*")))
    assert "不在本程序中" in changed_locks(desk.store.journal.entries(), gone)[0]


def test_every_sheet_says_what_is_wanting(month_home: Path, tmp_path: Path) -> None:
    settings, store = Settings(home=month_home), Store(month_home)
    release = read_release(store, "2026-10.1")
    assert release.manifest.beside["approvals"] == {m.id: {} for m in load_methods()}
    with store.writing():
        con = open_warehouse(store, reader(settings))
        approve(con, store, MQ.id, WORD)
        con.close()
    view_warehouse(store).close()
    now = at_stage(store, release)
    assert now.digest == release.digest == now.manifest.digest  # an approval decides no number
    results = stored_results(release, load_codes())
    for path in write_workbooks(now, results, tmp_path / "out", ["public"]):
        told = LATE if "制造业高质量发展" in path.name else UNAPPROVED
        book = opened(path)
        assert all(f"（试算，{told}）" in str(page["A2"].value) for page in book.worksheets), path.name
        notes = {row[0].value: row[1].value for row in book["说明"].iter_rows()}
        if told == LATE:
            assert "2026-01-08 由 赵六（分管局长）以 赣统字〔2026〕1号 批准" in notes["批准情况"]
        assert told in notes["批准情况"]
