"""The blank history workbook: what it offers, and that it can be filled in and read as it is."""

from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet
from sheets import read
from test_cli import zhishu

from schemas.blank_history import blank_history, history_forms
from schemas.period import Period

DECEMBER = Period.parse("2025-12")
LINES = [
    ("GLT02", "2025-12", "region_code=360100", "rev_cum", 123.5, "年鉴"),
    ("GLT03", "2025-12", "cluster_code=KEI;region_code=360100", "rev_cum", 3, "快报"),
]


def header_of(sheet: Worksheet) -> int:
    return next(row for row in range(1, 20) if sheet.cell(row, 1).value == "表代码")


def test_filled_in_it_is_read_without_a_finding() -> None:
    book = load_workbook(BytesIO(blank_history(DECEMBER)))
    sheet = book["历史数据"]
    for number, line in enumerate(LINES, header_of(sheet) + 1):
        for column, value in enumerate(line, 1):
            sheet.cell(number, column).value = value
    day = next(cell for (cell,) in sheet.iter_rows(max_col=1) if cell.value == "报出日期：")
    day.value = "报出日期：2026年1月20日"
    saved = BytesIO()
    book.save(saved)
    delivery = read(saved.getvalue())
    assert delivery.refused is None and delivery.findings == ()
    told = [(s.form, s.edition, s.period, s.submitter, s.reported_on) for s in delivery.submissions]
    assert told == [(form, "history", "2025-12", "BUREAU", "2026-01-20") for form in ("GLT02", "GLT03")]
    assert all(not s.findings for s in delivery.submissions)


def test_it_offers_the_forms_and_the_fields_of_each() -> None:
    assert [form.code for form in history_forms(DECEMBER)] == [f"GLT0{n}" for n in range(1, 8)]
    book = load_workbook(BytesIO(blank_history(DECEMBER)))
    sheet, first = book["历史数据"], header_of(book["历史数据"]) + 1
    forms, fields = sheet.data_validations.dataValidation
    assert str(forms.sqref).startswith(f"A{first}:") and "GLT07" in forms.formula1
    assert str(fields.sqref).startswith(f"D{first}:") and f"MATCH($A{first}," in fields.formula1
    listed = list(book["字段代码"].values)
    assert ("GLT02", "rev_cum") in listed and len(listed) == len(set(listed)) > 150
    assert book["字段代码"].sheet_state == "hidden"
    text = "".join(str(sheet.cell(row, 1).value) for row in range(1, first))
    assert "　　GLT04、GLT05、GLT06：region_code=…;chain_code=…" in text


def test_the_command_writes_it_alone(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, _ = zhishu(capsys, "forms", "2025-12", "--history", "--out", tmp_path)
    assert code == 0 and "zhishu backfill" in out
    assert sorted(p.name for p in tmp_path.iterdir()) == ["2025-12 字段说明.md", "历史数据表.xlsx"]
    assert (tmp_path / "历史数据表.xlsx").read_bytes() == blank_history(DECEMBER)
    code, _, err = zhishu(capsys, "forms", "2025-12", "--history", "--revisions", "--out", tmp_path)
    assert code == 2 and "--history 只写历史数据表" in err
