"""The comparison of two versions: every figure kept, changed, added or removed, with both addresses."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
import sheets
from openpyxl import load_workbook
from records import clean, history

from schemas.reading.record import Submission
from schemas.returns.compare import compare_versions
from schemas.returns.comparison_book import comparison_workbook
from schemas.returns.folder import write_return_folder

A, B, C = (("360102", chain, "T") for chain in ("EI", "NF", "EQ"))


def versions() -> tuple[Submission, Submission]:
    """An older version with rows A and B, a newer with C and A."""
    old, new = clean("GLT01", "2026-10", "360102"), clean("GLT01", "2026-10", "360102")
    old.rows = {A: {"rev_cum": "980", "exp_cum": "100", "out_cum": "1000.50"}, B: {"rev_cum": "7"}}
    new.rows = {C: {"rev_cum": "5"}, A: {"rev_cum": "981", "out_cum": "1000.5", "cost_cum": "3"}}
    new.raw[A, "profit_cum"] = "约五十"
    return old.build(), replace(new.build(), version=2, digest="e" * 64)


def lines(old: Submission, new: Submission) -> dict[tuple[str, str], tuple[str, ...]]:
    """State, row state, old value, new value by row key and field."""
    names = ("state", "row_state", "old_value", "new_value")
    frame = compare_versions(old, new)
    return {(r["row_key"], r["field"]): tuple(r[n] for n in names) for r in frame.iter_rows(named=True)}


def key(row: tuple[str, str, str]) -> str:
    return f"region_code={row[0]};chain_code={row[1]};subchain_code={row[2]}"


def test_every_figure_is_kept_changed_added_or_removed() -> None:
    assert lines(*versions()) == {
        (key(C), "rev_cum"): ("added", "added", "", "5"),
        (key(A), "out_cum"): ("kept", "kept", "1000.50", "1000.5"),
        (key(A), "rev_cum"): ("changed", "kept", "980", "981"),
        (key(A), "cost_cum"): ("added", "kept", "", "3"),
        (key(A), "profit_cum"): ("added", "kept", "", "约五十"),
        (key(A), "exp_cum"): ("removed", "kept", "100", ""),
        (key(B), "rev_cum"): ("removed", "removed", "7", ""),
    }


def test_addresses_of_both_and_an_order_that_does_not_vary() -> None:
    old, new = versions()
    frame = compare_versions(old, new)
    (changed,) = frame.filter(frame["state"] == "changed").iter_rows(named=True)
    assert (changed["old_cell"][-2:], changed["new_cell"][-2:]) == ("12", "13")
    assert frame["row_key"].unique(maintain_order=True).to_list() == [key(C), key(A), key(B)]
    assert compare_versions(old, new).equals(frame)
    assert set(compare_versions(old, old)["state"]) == {"kept"}


def test_marks_and_repeated_rows() -> None:
    old, new = (clean("GLT01", "2026-10", "360102") for _ in range(2))
    old.rows = {A: {"rev_cum": "1"}}
    new.rows = {A: {"rev_cum": "1"}}
    new.marks[A, "elec_cum"] = "C"
    new.repeated = [A]
    frame = compare_versions(old.build(), new.build())
    told = [(r["field"], r["state"], r["new_value"]) for r in frame.iter_rows(named=True)]
    assert told == [
        ("rev_cum", "kept", "1"),
        ("elec_cum", "added", "C"),
        ("rev_cum", "added", "1"),
        ("elec_cum", "added", "C"),
    ]


def test_history_is_compared_by_key_and_field() -> None:
    old = history("GLT01", "2025-12", {A: {"rev_cum": "1", "exp_cum": "2"}})
    new = history("GLT01", "2025-12", {A: {"exp_cum": "2", "rev_cum": "3"}})
    states = {field: line[0] for (_, field), line in lines(old, new).items()}
    assert states == {"exp_cum": "kept", "rev_cum": "changed"}


def test_only_versions_of_one_submission_are_compared() -> None:
    old, new = versions()
    with pytest.raises(ValueError, match="不是同一份报表"):
        compare_versions(old, replace(new, period="2026-09"))
    with pytest.raises(ValueError, match="不是已知的表式"):
        compare_versions(replace(old, form="GLT77"), replace(new, form="GLT77"))


def test_the_workbook_says_it_on_paper() -> None:
    old, new = versions()
    data = comparison_workbook(old, new, sheets.CODES)
    assert data == comparison_workbook(old, new, sheets.CODES)
    book = load_workbook(BytesIO(data))
    assert book.sheetnames == ["版本对照", "删除的行", "未变"]
    sheet = book["版本对照"]
    assert sheet["A4"].value == "修改 1 格，新增 3 格，删除 2 格，未变 1 格；整行删除 1 行。"
    rows = list(sheet.iter_rows(min_row=6, values_only=True))
    assert [row[0] for row in rows] == ["新增", "修改", "新增", "新增", "删除", "删除"]
    assert rows[1][1:3] == ("东湖区 电子信息产业链 全链", "营业收入 1-本月")
    assert (rows[1][4], rows[1][6], rows[1][7]) == (980, 981, 1)
    assert rows[3][6] == "约五十"
    kept = book["未变"]
    assert (kept["E6"].value, kept["E6"].number_format) == (1000.5, "#,##0.0")
    assert sheet.freeze_panes == "A6" and int(sheet.page_setup.paperSize) == 9
    assert [c.value for c in book["删除的行"][6]] == ["东湖区 有色金属产业链 全链", key(B)]


def test_text_of_submitters_stays_text() -> None:
    old, new = versions()
    evil = replace(new, cells=tuple(c._replace(raw="=1+1") if c.raw == "约五十" else c for c in new.cells))
    book = load_workbook(BytesIO(comparison_workbook(old, evil, sheets.CODES)))
    (cell,) = [c for row in book["版本对照"].iter_rows() for c in row if c.value == "=1+1"]
    assert cell.data_type == "s"


def test_comparisons_lie_in_the_submitter_s_folder(tmp_path: Path) -> None:
    old, new = versions()
    third = replace(new, digest="f" * 64)
    files = write_return_folder(tmp_path, [], [(old, new), (old, third)], sheets.CODES, workers=1)
    assert [str(f.path.relative_to(tmp_path)) for f in files] == [
        f"360102 东湖区统计局/版本对照-GLT01-2026-10-第1版与第2版-dddddddd-{letter * 8}.xlsx"
        for letter in "ef"
    ]
    (one,) = write_return_folder(tmp_path, [], [(old, new)], sheets.CODES, workers=1)
    assert one.path.name == "版本对照-GLT01-2026-10-第1版与第2版.xlsx" and one.kind == "comparison"


def test_a_comparison_with_another_file_of_the_same_version_overwrites_none(tmp_path: Path) -> None:
    old, new = versions()
    twin = replace(new, digest="f" * 64, cells=new.cells[:-1])

    def names(pair: tuple[Submission, Submission]) -> list[str]:
        return [file.path.name for file in write_return_folder(tmp_path, (), [pair], sheets.CODES, workers=1)]

    plain = "版本对照-GLT01-2026-10-第1版与第2版.xlsx"
    assert names((old, new)) == names((old, new)) == [plain]
    kept = next(tmp_path.rglob(plain)).read_bytes()
    assert names((old, twin)) == [f"{plain[:-5]}-dddddddd-ffffffff.xlsx"]
    assert next(tmp_path.rglob(plain)).read_bytes() == kept
