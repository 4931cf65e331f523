"""Who has filed, who is late by how much, whom to chase: a small province with one office absent and one corrected."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from books import opened
from conftest import MONTH, Small
from one_absent import ABSENT, LATE, OneAbsent
from test_cli import zhishu

from flows.arrivals import Expected
from flows.ledger.store import Store
from flows.settings import Settings
from flows.standing import Standing, as_json, standing
from flows.standing_book import standing_book
from flows.standing_text import WIDTH, standing_text

AS_OF = date(2026, 11, 25)  # a Wednesday


@pytest.fixture(scope="module")
def settings(one_absent: OneAbsent) -> Settings:
    return one_absent.settings


@pytest.fixture(scope="module")
def found(settings: Settings) -> Standing:
    return standing(settings, MONTH, AS_OF)


def one(found: Standing, office: str, form: str) -> Expected:
    (wanted,) = [x for x in found.expected if (x.submitter, x.form, x.period) == (office, form, "2026-10")]
    return wanted


def test_received_when_and_late_by_field_group(found: Standing) -> None:
    region = one(found, LATE, "GLT02")  # due on Friday the 20th, the first good version on Tuesday the 24th
    assert (region.state, region.version) == ("accepted", 2)
    assert (region.first, region.last) == (date(2026, 11, 24), date(2026, 11, 24))
    assert [(x.label, x.days) for x in region.late] == [("", 2)]
    chain = one(
        found, LATE, "GLT01"
    )  # its first version stood already on the 19th: 17, 18, 19 after the 16th
    assert (chain.first, chain.last) == (date(2026, 11, 19), date(2026, 11, 24))
    assert [(x.label, x.days) for x in chain.late] == [("产值、增加值", 3), ("", 0)]


def test_what_is_absent_is_late_as_of_a_day(found: Standing, settings: Settings) -> None:
    absent = one(found, ABSENT, "GLT01")
    assert (absent.state, absent.version, absent.first) == ("absent", None, None)
    assert [x.days for x in absent.late] == [7, 3]
    (reminder,) = [r for r in found.reminders if r.submitter == ABSENT]
    assert reminder == found.reminders[0], "those latest stand first"
    assert {(w.form, w.what, w.days) for w in reminder.wanted} == {
        ("GLT01", "未报", 7), ("GLT02", "未报", 3), ("GLT08", "未报", 11),
    }  # fmt: skip
    early = standing(settings, MONTH, date(2026, 11, 10))
    assert not [r for r in early.reminders if r.submitter == ABSENT], "not due yet"
    assert "其中 3 份未到截止日期" in "\n".join(standing_text(early))


def test_coverage_per_form_and_level(found: Standing) -> None:
    (county,) = [x for x in found.levels if (x.form, x.period, x.level) == ("GLT02", "2026-10", "county")]
    assert (county.due_n, county.accepted_n, county.absent_n, county.late_n) == (3, 2, 1, 1)
    assert str(county.filing_rate) == "0.6666"
    assert county.revenue_coverage is not None and 0 < county.revenue_coverage < 1
    (city,) = [x for x in found.levels if (x.form, x.period, x.level) == ("GLT02", "2026-10", "city")]
    assert str(city.filing_rate) == str(city.revenue_coverage) == "1.0000"


def test_the_text_has_the_summary_first_and_fits_two_screens(found: Standing) -> None:
    lines = standing_text(found)
    assert lines[0].startswith("2026-10 报送情况（截至 2026-11-25")
    assert "未报 3" in lines[1] and len(lines) < 60 and max(map(len, lines[2:20])) <= WIDTH
    text = "\n".join(lines)
    assert (
        f"{ABSENT} 余江区统计局：未报 GLT01 2026-10（迟 7 个工作日）" in text
        and "产值、增加值截止 2026-11-16" in text
    )


def test_the_head_of_the_journal_is_printed_for_keeping_elsewhere(
    settings: Settings, found: Standing
) -> None:
    seq, head = Store(settings.home).journal.head
    assert f"日志末端：第 {seq} 号事件，哈希 {head}" in standing_text(found)
    assert (as_json(found)["journal_seq"], as_json(found)["journal_head"]) == (seq, head)


def test_a_rejected_report_is_wanted_again(one_absent: OneAbsent) -> None:
    found = one_absent.rejected
    region = one(found, LATE, "GLT02")
    assert (region.state, region.first, region.hard) == ("rejected", None, 1)
    (reminder,) = [r for r in found.reminders if r.submitter == LATE]
    assert ("GLT02", "退回未重报", 2) in {(w.form, w.what, w.days) for w in reminder.wanted}
    assert [row["rule"] for row in found.findings if row["severity"] == "hard"] == ["H102A"]
    assert ("hard", "H102A", 1, 1) in {
        (row["severity"], row["rule"], row["findings"], row["offices"]) for row in found.rules
    }


def test_the_workbook(found: Standing) -> None:
    hostile = {
        "severity": "soft", "level": 1, "rule": "S202C", "period": "2026-10", "form": "GLT02",
        "submitter": LATE, "subject": "", "file_name": "=cmd|'/c calc'!A1", "sheet": "GLT02", "cell": "K15",
        "value": '=HYPERLINK("http://x")', "message": "+" * 40_000, "advice": "@请核对", "answered": "open",
        "id": "1",
    }  # fmt: skip
    clue = {**hostile, "severity": "clue", "rule": "C301", "message": "同一倍数"}
    data = standing_book(replace(found, findings=(hostile,), clues=(clue,)))
    book = opened(data)
    assert book.sheetnames == ["报送情况", "催报", "审核问题", "线索", "覆盖", "说明"]
    for sheet in book.worksheets:
        assert sheet.page_setup.paperSize == 9
        assert "内部" in str(sheet["A2"].value) + "".join(str(c.value) for c in sheet[2])
        assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
        assert sheet.title == "说明" or sheet.freeze_panes == "A5"
        assert not sheet.oddFooter.left.text[:1].isdigit()
    found_cells = {cell.value for row in book["审核问题"].iter_rows() for cell in row}
    assert {"=cmd|'/c calc'!A1", '=HYPERLINK("http://x")', "未说明", "S202C"} <= found_cells
    assert any(str(value).endswith("（共 40000 字）") for value in found_cells)
    assert "C301" not in found_cells
    assert "C301" in {cell.value for row in book["线索"].iter_rows() for cell in row}
    assert len(book["覆盖"]._charts) == 1
    filed = [[cell.value for cell in row] for row in book["报送情况"].iter_rows(min_row=5)]
    assert len(filed) == len(found.expected)
    (line,) = [row for row in filed if row[:3] == ["GLT01", "2026-10", LATE]]
    assert line[9:14] == ["2026-11-19", "2026-11-24", "2026-11-20", 0, "产值、增加值 2026-11-16 迟 3"]
    assert standing_book(found) == standing_book(found)


def test_the_command_writes_json_and_workbook(
    settings: Settings, small: Small, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ("--home", settings.home, "--codes", small.codes.folder, "--as-of", "2026-11-25")
    path = tmp_path / "s.xlsx"
    code, out, err = zhishu(capsys, "status", "2026-10", *common, "--json", "--xlsx", path)
    told = json.loads(out)
    assert code == 1 and path.is_file() and str(path) in err
    assert told == json.loads(json.dumps(as_json(standing(settings, MONTH, AS_OF))))
    assert told["reminders"][0]["submitter"] == ABSENT and told["as_of"] == "2026-11-25"
    code, _, err = zhishu(capsys, "status", "2026-10", *common[:4], "--as-of", "昨天")
    assert code == 2 and "昨天" in err


def test_the_end_of_the_calendar_is_told(settings: Settings) -> None:
    told = standing(settings, MONTH, date(2027, 1, 5))
    assert "2027年" in told.warning and any("2027年" in line for line in standing_text(told))
