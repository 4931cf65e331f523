"""Whole workbooks: what goes in comes out, and every kind of cell is read or named, never guessed."""

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
import sheets
from books import opened
from sheets import CODES, all_forms, at, cell, edited, filled, one, put, read, repacked, rules

from schemas.finding import Severity
from schemas.form import Form
from schemas.period import Period
from schemas.reading.record import Cell, Submission
from schemas.territory import Due, submitter
from schemas.workbook import Filled, filled_workbook

SHEET = "xl/worksheets/sheet1.xml"
OFFICES = {
    "GLT01": ("360102", ""), "GLT02": ("360100", ""), "GLT03": ("360100", "KEI"), "GLT04": ("360100", ""),
    "GLT05": ("360100", ""), "GLT06": ("360100", ""), "GLT07": ("EI", "EI"), "GLT08": ("360102", ""),
    "GLT09": ("360102", ""), "GLT10": ("360102", ""),
}  # fmt: skip
PERIODS = {"M": "2026-09", "Q": "2026Q3", "A": "2025"}
CASES = [
    (form, frequency) for form in all_forms() if not form.filed_by_bureau for frequency in form.frequencies
]


def of(form: Form, frequency: str) -> tuple[bytes, dict]:
    office, subject = OFFICES[form.code]
    return filled(form.code, office, PERIODS[frequency], subject, keys=4)


def bare(submission: Submission) -> list[tuple]:
    """What a cell says, without the text it was written in (programs write 5.0 for 5)."""
    return [(c.row, c.field, c.address, c.kind, c.value, c.mark) for c in submission.cells]


@pytest.mark.parametrize(("form", "frequency"), CASES, ids=lambda x: getattr(x, "id", x))
def test_what_goes_in_comes_out(form: Form, frequency: str) -> None:
    data, values = of(form, frequency)
    found = one(data)
    assert found.findings == ()
    assert (found.form, found.edition, found.period) == (form.code, form.edition, PERIODS[frequency])
    period = Period.parse(found.period)
    expected = []
    for row, (key, fields) in enumerate(values.items()):
        keys = iter(key)
        for column in form.columns_at(period):
            value = next(keys) if column.key else fields[column.code]
            text = f"{value.normalize():f}" if isinstance(value, Decimal) else value or None
            expected.append((row, column.code, "0" if text == "-0" else text))
    assert [(c.row, c.field, c.value) for c in found.cells] == expected
    assert len({(c.address, c.field) for c in found.cells}) == len(expected)
    assert {c.kind for c in found.cells} <= {"number", "text", "blank"}


def test_the_bureaus_edition_is_told_by_its_version() -> None:
    due = Due("BUREAU", Period.parse("2025-12"), "GLT02")
    form = next(f for f in all_forms() if f.id == "GLT02-published")
    sheet = Filled(due, {("360000",): {"rev_cum": Decimal("466449000"), "ent_n": None}})
    data = filled_workbook(CODES, sheets.BUREAU, sheets.HEAD, [sheet], {"GLT02": form})
    found = one(data)
    assert (found.edition, found.submitter, found.findings) == ("published", "BUREAU", ())
    assert cell(found, "rev_cum").value == "466449000"
    assert cell(found, "ent_n").kind == "blank"


@pytest.mark.parametrize(("form", "frequency"), CASES[:3], ids=lambda x: getattr(x, "id", x))
def test_saved_again_by_openpyxl(form: Form, frequency: str) -> None:
    data, _ = of(form, frequency)
    again = one(edited(data, lambda sheet: None))
    assert again.findings == ()
    assert bare(again) == bare(one(data))


# --- one cell at a time

BASE, _ = filled(change={"rev_cum": Decimal("1234567.5")})
REV = at(BASE, "rev_cum")


def with_cell(markup: str, data: bytes = BASE, address: str = REV) -> Submission:
    """The sheet with the markup of one cell replaced; ``{}`` stands for its address."""

    def change(text: str) -> str:
        start = text.index(f'<c r="{address}"')
        end = text.index("</c>", start) + 4
        return text[:start] + markup.format(f'r="{address}"') + text[end:]

    return one(repacked(data, SHEET, change))


@pytest.mark.parametrize(
    ("markup", "rule", "kind", "raw"),
    [
        ('<c {} t="e"><v>#DIV/0!</v></c>', "L10", "error", "#DIV/0!"),
        ('<c {} t="e"><f>1/0</f><v>#DIV/0!</v></c>', "L10", "error", "#DIV/0!"),
        ("<c {}><f>SUM(A1:A9)</f></c>", "L15", "formula", "=SUM(A1:A9)"),
        ("<c {}><f>SUM(A1:A9)</f><v></v></c>", "L15", "formula", "=SUM(A1:A9)"),
        ('<c {} t="b"><v>1</v></c>', "H007", "bool", "TRUE"),
        ('<c {} t="d"><v>2026-09-01</v></c>', "H007", "text", "2026-09-01"),
        ('<c {} t="inlineStr"><is><t>36%</t></is></c>', "H007", "text", "36%"),
        ('<c {} t="str"><f>A1</f><v>无</v></c>', "H007", "text", "无"),
        ("<c {}><v>1_000</v></c>", "H007", "number", "1_000"),
        ("<c {}><v>１２</v></c>", "H007", "number", "１２"),
        *((f'<c {{}} t="inlineStr"><is><t>{t}</t></is></c>', "H007", "text", t) for t in ("/", "-", "无", "约5", "5万元")),
    ],
)  # fmt: skip
def test_what_is_no_number_is_named_and_has_no_value(markup: str, rule: str, kind: str, raw: str) -> None:
    found = with_cell(markup)
    (finding,) = found.findings
    assert finding.rule == rule
    assert finding.severity is Severity.HARD
    assert (finding.sheet, finding.cell, finding.field, finding.value) == ("GLT02", REV, "rev_cum", raw)
    assert finding.row_key == "region_code=360102"
    assert "营业收入 1-本月" in finding.message
    assert (finding.file_name, finding.submitter, finding.period) == ("x.xlsx", "360102", "2026-10")
    assert cell(found, "rev_cum") == Cell(0, "rev_cum", REV, raw, kind, None)


@pytest.mark.parametrize(
    ("number_format", "words"),
    [("yyyy-mm-dd", "日期"), ("0.00%", "百分比"), ("0%", "百分比"), ("0.0,", "缩小"), ("m/d/yy", "日期")],
)
def test_a_format_that_shows_another_number(number_format: str, words: str) -> None:
    found = one(put(BASE, REV, 0.36, number_format))
    assert rules(found) == ["H007"]
    assert words in found.findings[0].message
    assert cell(found, "rev_cum").value is None
    assert cell(found, "rev_cum").raw == "0.36"


@pytest.mark.parametrize(
    ("text", "value", "cleaned"),
    [
        ("1,234,567.5", "1234567.5", "文本转数字|去千分位"),
        ("１２３４", "1234", "文本转数字|全角转半角"),
        ("1234", "1234", "文本转数字"),
        (" -5 ", "-5", "文本转数字|去空格"),
    ],
)
def test_text_that_the_cleaner_reads_is_a_soft_finding(text: str, value: str, cleaned: str) -> None:
    found = with_cell(f'<c {{}} t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>')
    (finding,) = found.findings
    assert (finding.rule, finding.severity, finding.value) == ("C01", Severity.SOFT, text)
    assert cell(found, "rev_cum") == Cell(0, "rev_cum", REV, text, "text", value, cleaned)


@pytest.mark.parametrize(
    ("markup", "value", "cleaned", "soft"),
    [
        ("<c {}><v>0.30000000000000004</v></c>", "0.3", "十五位有效数字", []),
        ("<c {}><v>1.23456</v></c>", "1.2346", "保留四位小数", ["C02"]),
        ("<c {}><f>1/3</f><v>0.33333333333333331</v></c>", "0.3333", "十五位有效数字|保留四位小数", []),
        ("<c {}><f>SUM(A1)</f><v>12</v></c>", "12", "", []),
        ("<c {}><v>1.5E3</v></c>", "1500", "", []),
    ],
)
def test_numbers_are_exact_and_say_how_they_were_rounded(
    markup: str, value: str, cleaned: str, soft: list[str]
) -> None:
    found = with_cell(markup)
    assert rules(found) == soft
    got = cell(found, "rev_cum")
    assert (got.value, got.cleaned) == (value, cleaned)
    assert got.kind == ("formula" if "<f>" in markup else "number")


@pytest.mark.parametrize(
    "markup", ['<c {} t="inlineStr"><is><t>  </t></is></c>', '<c {} t="str"><f>""</f><v></v></c>']
)
def test_blank_text_is_blank(markup: str) -> None:
    found = with_cell(markup)
    assert found.findings == ()
    assert cell(found, "rev_cum").kind == "blank"


def test_a_code_typed_as_a_number() -> None:
    key = at(BASE, "region_code")
    found = one(put(BASE, key, 360102))
    assert cell(found, "region_code") == Cell(
        0, "region_code", key, "360102", "number", "360102", "数字转文本"
    )
    spaced = one(put(BASE, key, " ３６0102　"))
    assert cell(spaced, "region_code").value == "360102"
    assert cell(spaced, "region_code").cleaned == "去空格|全角转半角"


REGISTER, _ = filled("GLT08", keys=2)


@pytest.mark.parametrize(
    ("field", "value", "number_format", "expected"),
    [
        ("date_in", "2026年9月", None, "2026-09"),
        ("date_in", 202609, None, "2026-09"),
        ("date_in", 46266, "yyyy-mm", "2026-09"),
        ("date_in", "九月", None, "九月"),  # rule R05 names it
        ("date_in", 46266, None, "46266"),
        ("tiers", "T1｜ T2", None, "T1|T2"),
        ("industry4", 2614, None, "2614"),
    ],
)
def test_months_and_codes_in_a_register(
    field: str, value: object, number_format: str | None, expected: str
) -> None:
    found = one(put(REGISTER, at(REGISTER, field), value, number_format))
    assert found.findings == ()
    assert cell(found, field).value == expected


def test_a_credit_code_stored_as_a_number_has_lost_its_end() -> None:
    found = one(put(REGISTER, at(REGISTER, "uscc"), 913601001583060001))
    assert rules(found) == ["H007"]
    assert cell(found, "uscc").value is None


def test_a_day_in_a_text_field_and_a_percentage_in_a_code() -> None:
    for number_format in ("yyyy-mm-dd", "0%"):
        found = one(put(REGISTER, at(REGISTER, "industry4"), 2614, number_format))
        assert rules(found) == ["H007"]


def test_dates_of_a_workbook_that_counts_from_1904() -> None:
    data = put(REGISTER, at(REGISTER, "date_in"), 44804, "yyyy-mm-dd")
    moved = repacked(
        data, "xl/workbook.xml", lambda text: text.replace("<workbookPr ", '<workbookPr date1904="1" ')
    )
    assert cell(one(moved), "date_in").value == "2026-09"


def test_blank_rows_and_rows_of_names_only_are_no_records() -> None:
    def change(sheet: sheets.Worksheet) -> None:
        row = sheet[at(REGISTER, "uscc")].row
        sheet.insert_rows(row + 1, 2)

    found = one(edited(REGISTER, change))
    assert {c.row for c in found.cells} == {0, 1}


def test_glt09_with_another_form_is_refused_whole() -> None:
    county = submitter(CODES, "360102")
    assert county is not None
    pages = [
        Filled(Due("360102", Period.parse("2025"), "GLT09"), {("91360100158306000A",): {}}),
        Filled(Due("360102", Period.parse("2025"), "GLT02"), {("360102",): {}}),
    ]
    delivery = read(filled_workbook(CODES, county, sheets.HEAD, pages))
    assert delivery.submissions == ()
    assert delivery.refused is not None
    assert delivery.refused.rule == "L09"
    alone = read(filled_workbook(CODES, county, sheets.HEAD, pages[:1]))
    assert alone.refused is None


def test_several_sheets_make_several_submissions() -> None:
    city = submitter(CODES, "360100")
    assert city is not None
    period = Period.parse("2026-10")
    pages = [Filled(Due("360100", period, "GLT03", c), {(c, "360100", ""): {}}) for c in ("KEI", "KCU")]
    pages.append(Filled(Due("360100", period, "GLT02"), {("360100",): {}}))
    delivery = read(filled_workbook(CODES, city, sheets.HEAD, pages))
    assert [s.identity[2:] for s in delivery.submissions] == [
        ("GLT03", "KEI"),
        ("GLT03", "KCU"),
        ("GLT02", ""),
    ]
    assert {s.digest for s in delivery.submissions} == {delivery.digest}


def test_names_of_sheet_and_file_do_not_matter() -> None:
    renamed = edited(BASE, lambda sheet: setattr(sheet, "title", "GLT07 乱"))
    assert one(renamed).form == "GLT02"
    assert one(renamed).sheet == "GLT07 乱"


def test_a_worker_imports_nothing_heavy() -> None:
    code = (
        "import sys; import schemas.reading.worker, schemas.reading.pool; "
        "heavy = {'polars', 'duckdb', 'prefect', 'openpyxl', 'pandera', 'pyarrow', 'xlsxwriter', 'flows'}; "
        "print(sorted(heavy & {name.partition('.')[0] for name in sys.modules}))"
    )
    out = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent.parent,
    )
    assert out.stdout.strip() == "[]"


def test_the_workbook_is_what_openpyxl_reads_too() -> None:
    sheet = opened(BASE).worksheets[0]
    for found in one(BASE).cells:
        if found.kind == "number":
            assert Decimal(str(sheet[found.address].value)) == Decimal(found.value or "x")
