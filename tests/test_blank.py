"""Blank and filled official forms: what is printed where, what is open, and that bytes repeat."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from decimal import Decimal
from functools import cache
from hashlib import sha256
from io import BytesIO

import pytest
from books import opened
from openpyxl.cell import Cell
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet
from python_calamine import CalamineWorkbook

from schemas.codes import load_codes
from schemas.dropdowns import CODE_SHEET, Lists
from schemas.form import Form, form_for, load_forms
from schemas.period import Period
from schemas.stationery import GREY, lines, measure, reach
from schemas.territory import BUREAU, Due, Submitter, delivery_due, edition, row_keys, submitter
from schemas.workbook import Filled, Head, blank_files, blank_workbook, filled_workbook

CODES = load_codes()
HEAD = Head(2, "2026-11-08", "张三", "李四", "王五", "0791-88888888", "合成样例")
HEAD_LABELS = (
    "综合机关名称（填报单位）：", "填报单位代码：", "报告期：", "表    号：", "表式版本：", "制定机关：",
    "批准（备案）机关：", "批准（备案）文号：", "有效期至：", "计量单位：", "版次：",
)  # fmt: skip
FOOT_LABELS = ("单位负责人：", "统计负责人：", "填表人：", "联系电话：", "报出日期：")


def office(code: str) -> Submitter:
    found = submitter(CODES, code)
    assert found is not None
    return found


@cache
def files(code: str, period: str) -> dict[str, bytes]:
    """The blank workbooks of an office by name."""
    return dict(blank_files(CODES, office(code), Period.parse(period)))


@cache
def blank(code: str, period: str) -> Workbook:
    """The blank workbook of an office, read again; shared by the tests, which only look at it."""
    return opened(files(code, period)[f"{period}/{code}.xlsx"])


@cache
def regions(code: str, period: str) -> Worksheet:
    """The blank GLT02 of an office alone."""
    return opened(blank_workbook(CODES, office(code), [Due(code, Period.parse(period), "GLT02")]))["GLT02"]


def find(sheet: Worksheet, text: str) -> Cell:
    found = [cell for row in sheet.iter_rows() for cell in row if cell.value == text]
    assert len(found) == 1, f"{text}: {len(found)}"
    return found[0]


def right_of(sheet: Worksheet, label: str) -> Cell:
    """The cell right of a label's merged area."""
    cell = find(sheet, label)
    end = next((m.max_col for m in sheet.merged_cells.ranges if cell.coordinate in m), cell.column)
    return sheet.cell(cell.row, end + 1)


def merged(sheet: Worksheet) -> set[str]:
    return {str(area) for area in sheet.merged_cells.ranges}


def is_grey(cell: Cell) -> bool:
    return cell.fill.fill_type == "solid" and cell.fill.fgColor.rgb.endswith(GREY)


def column_of(sheet: Worksheet, form: Form, code: str) -> int:
    """The printed column of a wide form's field, by its number in the 甲 乙 丙 1 2 3 row."""
    number = [c.code for c in form.columns if not c.key].index(code) + 1
    stems = next(row for row in sheet.iter_rows() if row[0].value == "甲")
    return next(cell.column for cell in stems if cell.value == number)


def first_row(sheet: Worksheet) -> int:
    return find(sheet, "甲").row + 1


# --- the bytes -----------------------------------------------------------------------------------


def test_bytes_repeat_in_another_process_with_another_hash_seed() -> None:
    script = (
        "import hashlib\n"
        "from schemas.codes import load_codes\n"
        "from schemas.period import Period\n"
        "from schemas.territory import delivery_due, submitter\n"
        "from schemas.workbook import blank_workbook\n"
        "codes = load_codes(); office = submitter(codes, '360600')\n"
        "dues = delivery_due(codes, office, Period.parse('2026-09'))\n"
        "print(hashlib.sha256(blank_workbook(codes, office, dues)).hexdigest())\n"
    )
    here = sha256(files("360600", "2026-09")["2026-09/360600.xlsx"]).hexdigest()
    there = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONHASHSEED": "1", "TZ": "Asia/Shanghai"},  # here it is drawn by lot
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert there.strip() == here


def test_archive_has_no_clock_and_a_fixed_order() -> None:
    data = blank_workbook(CODES, office("EI"), delivery_due(CODES, office("EI"), Period.parse("2026Q3")))
    archive = zipfile.ZipFile(BytesIO(data))
    assert archive.namelist() == sorted(archive.namelist())
    assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    properties = opened(data).properties
    assert properties.created.isoformat() == properties.modified.isoformat() == "2026-09-30T00:00:00"


# --- head, header, foot --------------------------------------------------------------------------


def test_head_of_a_county_form() -> None:
    sheet = blank("360102", "2026-10")["GLT01"]
    title = sheet["A1"]
    assert title.value == "重点产业链规模以上工业主要经济指标"
    assert (title.font.name, title.font.size, title.alignment.horizontal) == ("黑体", 16, "center")
    last = sheet.max_column
    assert any(m.min_row == 1 == m.min_col and m.max_col == last for m in sheet.merged_cells.ranges)
    values = {label: right_of(sheet, label).value for label in HEAD_LABELS}
    assert values == dict(
        zip(
            HEAD_LABELS,
            ("东湖区统计局", "360102", "2026年1-10月", "赣链统01表", "2024", "江西省统计局", "未经批准",
             "样表，未经批准", "2026年12月", "万元", 1),
            strict=True,
        )
    )  # fmt: skip
    assert find(sheet, "综合机关名称（填报单位）：").column == 1
    assert find(sheet, "表    号：").column > last / 2


def test_head_names_the_bureau_that_the_form_is_for() -> None:
    book = blank("360100", "2026-09")
    assert right_of(book["GLT06"], HEAD_LABELS[0]).value == "南昌市工业和信息化局"
    assert right_of(book["GLT04"], HEAD_LABELS[0]).value == "南昌市统计局"


def test_long_form_names_its_subject() -> None:
    sheet = blank("360100", "2026-09")["GLT03 KEI"]
    assert right_of(sheet, "集群代码：").value == "KEI"
    assert right_of(sheet, "集群名称：").value == "电子信息先进制造业集群"
    sheet = blank("NE", "2026Q3")["GLT07 NE"]
    assert right_of(sheet, "产业链代码：").value == "NE"
    assert right_of(sheet, "产业链名称：").value == "新能源产业链"


@pytest.mark.parametrize(
    ("code", "period"),
    [
        ("360102", "2026-10"),
        ("360100", "2026-09"),
        ("360100", "2025"),
        ("EI", "2026Q3"),
        ("360000", "2026-09"),
    ],
)
def test_labels_stand_once_and_areas_do_not_overlap(code: str, period: str) -> None:
    for sheet in blank(code, period):
        for label in HEAD_LABELS + FOOT_LABELS:
            find(sheet, label)
        seen: set[tuple[int, int]] = set()
        for area in sheet.merged_cells.ranges:
            cells = {(r, c) for rows in area.rows for r, c in rows}
            assert not cells & seen, f"{sheet.title} {area}"
            seen |= cells


def test_two_level_header_units_and_stems() -> None:
    sheet = blank("360102", "2026-10")["GLT01"]
    top = find(sheet, "地区名称").row
    assert {f"I{top}:K{top}", f"G{top}:G{top + 1}", f"A{top}:A{top + 1}", f"A{top + 2}:F{top + 2}"} <= merged(
        sheet
    )
    assert [sheet.cell(top + 1, n).value for n in (9, 10, 11)] == ["本月", "1-本月", "上年同期"]
    form = form_for("GLT01", Period.parse("2026-10"))
    assert [cell.value for cell in sheet[top + 2]][6:-1] == [c.unit for c in form.columns if not c.key]
    stems = [cell.value for cell in sheet[top + 3]]
    assert stems == [*"甲乙丙丁戊己", *range(1, 27), None]
    assert sheet.cell(top, sheet.max_column).value == "数据标识"


def test_head_and_foot_of_a_filled_form() -> None:
    due = Due("EI", Period.parse("2026Q3"), "GLT07", "EI")
    sheet = opened(filled_workbook(CODES, office("EI"), HEAD, [Filled(due, {})]))["GLT07 EI"]
    assert sheet["A1"].value == "合成样例"
    assert sheet["A2"].value == "产业链图谱与链长制运行情况"
    assert right_of(sheet, "版次：").value == 2
    values = [right_of(sheet, label).value for label in FOOT_LABELS]
    assert values == ["张三", "李四", "王五", "0791-88888888", "2026年11月8日"]
    notes = [cell.value for cell in sheet["A"] if cell.value and str(cell.value).startswith("说明：")]
    assert notes == ["说明：1. 统计范围：12条重点产业链，全省口径；依据“四图五清单”。"]


def test_print_set_up() -> None:
    sheet = blank("360102", "2026-10")["GLT01"]
    assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (1, 0)
    first = first_row(sheet)
    assert sheet.print_title_rows == f"${first - 4}:${first - 1}"
    assert sheet.freeze_panes == f"G{first}"


# --- rows, locks, grey ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "period", "form"), [("360102", "2026-10", "GLT01"), ("360100", "2026-09", "GLT04")]
)
def test_row_keys_are_printed_with_their_names(code: str, period: str, form: str) -> None:
    sheet = blank(code, period)[form]
    when = next(d.period for d in delivery_due(CODES, office(code), Period.parse(period)) if d.form == form)
    keys = row_keys(CODES, edition(form, when), office(code), "", when)
    first = first_row(sheet)
    printed = [
        tuple(sheet.cell(first + n, 2 * k + 2).value for k in range(len(keys[0]))) for n in range(len(keys))
    ]
    assert printed == list(keys)
    assert sheet.cell(first, 1).value == CODES.regions[code].name
    assert sheet.cell(first + len(keys), 2).value is None


def test_only_cells_to_be_filled_are_open() -> None:
    sheet = blank("360102", "2026-10")["GLT01"]
    assert sheet.protection.sheet
    assert not sheet.protection.password
    first = first_row(sheet)
    open_rows = {cell.row for row in sheet.iter_rows() for cell in row if not cell.protection.locked}
    for row in sheet.iter_rows(min_row=first, max_row=first + 70):
        locked = [cell.protection.locked for cell in row]
        assert locked == [True] * 6 + [False] * (len(locked) - 6)
    around = open_rows - set(range(first, first + 71))
    assert around == {
        find(sheet, label).row for label in ("综合机关名称（填报单位）：", "版次：", "单位负责人：")
    }


def test_fields_not_due_are_grey_and_locked() -> None:
    form = form_for("GLT02", Period.parse("2026-09"))

    def state(code: str, period: str, row: int, field: str) -> bool:
        sheet = regions(code, period)
        cell = sheet.cell(first_row(sheet) + row, column_of(sheet, form, field))
        assert is_grey(cell) == cell.protection.locked
        return is_grey(cell)

    assert not state("360102", "2026-10", 0, "rev_cum")
    assert state("360102", "2026-10", 0, "va_cum")  # annual
    assert not state("360102", "2025", 0, "va_cum")
    assert state("360102", "2026-09", 0, "gdp_cum")  # not of counties
    assert not state("360100", "2026-09", 0, "gdp_cum")
    assert state("360100", "2026-10", 0, "gdp_cum")  # quarterly
    assert state("360100", "2026-09", 1, "va_growth")  # an adjusting row owes only what adds up
    assert not state("360100", "2026-09", 1, "rev_cum")
    assert state("360102", "2026-10", 0, "tax_cum") and not state("360102", "2026-12", 0, "tax_cum")


def test_cluster_rows_owe_their_own_fields() -> None:
    sheet = blank("360100", "2026-09")["GLT03 KEI"]
    heads = [cell.value for cell in sheet[find(sheet, "指标名称").row][3::2]]
    assert heads == [
        "南昌市（360100）", "南昌高新技术产业开发区（PKNCGX）", "南昌经济技术开发区（PKNCJK）",
        "南昌航空城（PKNCHK）", "集群牵头（360000）",
    ]  # fmt: skip

    def grey(field: str) -> list[bool]:
        row = find(sheet, field).row
        return [is_grey(sheet.cell(row, n)) for n in range(4, 14, 2)]

    assert grey("rev_cum") == [False, False, False, False, True]
    assert grey("gov_items") == [True, True, True, True, False]
    assert grey("land_mu") == [True] * 5  # annual
    assert not is_grey(sheet.cell(find(sheet, "rev_cum").row, 5))  # its mark
    assert is_grey(sheet.cell(find(sheet, "rev_cum").row, 13))


def test_number_formats_follow_the_decimals() -> None:
    sheet = blank("360100", "2025")["GLT04"]
    form = form_for("GLT04", Period.parse("2025"))
    first = first_row(sheet)
    formats = {f: sheet.cell(first, column_of(sheet, form, f)).number_format for f in ("ent_n", "cnc_rate")}
    assert formats == {"ent_n": "#,##0", "cnc_rate": "#,##0.00"}
    assert sheet.cell(first, 2).number_format == "@"


# --- what cells may take -------------------------------------------------------------------------


def rule_at(sheet: Worksheet, row: int, column: int) -> tuple[str, str, str | None, bool] | None:
    address = sheet.cell(row, column).coordinate
    rules = [v for v in sheet.data_validations.dataValidation if address in v.sqref]
    assert len(rules) <= 1
    return (rules[0].type, rules[0].formula1, rules[0].formula2, rules[0].showErrorMessage) if rules else None


def test_register_offers_the_code_lists() -> None:
    sheet = blank("360102", "2026-10")["GLT08"]
    form = form_for("GLT08", Period.parse("2026-10"))
    first = first_row(sheet)
    for row in (first, first + 49):

        def at(field: str, row: int = row) -> tuple[str, str, str | None, bool] | None:
            return rule_at(sheet, row, column_of(sheet, form, field))

        assert at("region_code") == ("list", '"360102"', None, True)
        assert at("chain_main") == ("list", '"EI,NF,EQ,NE,PC,BM,ST,AV,FD,TX,PH,FU"', None, True)
        assert at("park_code") == ("list", '"PKNCGX,PKNCJK,PKNCHK"', None, True)
        subchains = at("subchain")
        assert subchains is not None and len(subchains[1]) <= 257 and "PH04" in subchains[1]
        tiers = at("tiers")
        assert tiers is not None and not tiers[3]  # several may be joined, so the list only offers
        assert at("ent_name") is None
        assert rule_at(sheet, row, 1) == ("textLength", "18", "18", True)
        assert not sheet.cell(row, 1).protection.locked
    assert rule_at(sheet, first + 50, 1) is None
    texts = " ".join(str(cell.value) for cell in sheet["A"] if cell.value)
    assert "EI01 移动智能终端" in texts


def test_numbers_have_their_range_and_deductions_may_be_negative() -> None:
    sheet = regions("360100", "2026-10")
    form = form_for("GLT02", Period.parse("2026-10"))
    first = first_row(sheet)
    keys = row_keys(CODES, form, office("360100"), "", Period.parse("2026-10"))
    deducting = first + keys.index(("360199",))
    rev, count = column_of(sheet, form, "rev_cum"), column_of(sheet, form, "ent_n")
    assert rule_at(sheet, first, rev) == ("decimal", "0", "1000000000000", True)
    assert rule_at(sheet, first, count) == ("whole", "0", "30000", True)
    assert rule_at(sheet, deducting, rev) == ("decimal", "-1000000000000", "1000000000000", True)
    assert rule_at(sheet, deducting - 1, rev) == ("decimal", "0", "1000000000000", True)
    assert rule_at(sheet, first, sheet.max_column) == ("list", '"N,W,C"', None, False)


def test_long_form_marks_take_one_letter() -> None:
    sheet = blank("EI", "2026Q3")["GLT07 EI"]
    row = find(sheet, "node_n").row
    assert rule_at(sheet, row, 4) == ("whole", "1", "500", True)
    assert rule_at(sheet, row, 5) == ("list", '"N,W,C"', None, True)
    assert rule_at(sheet, find(sheet, "buy_total").row, 4) is None  # annual: nothing to fill in


def test_validation_texts_keep_within_what_excel_takes() -> None:
    for code, period in (("360102", "2026-10"), ("360100", "2026-09"), ("EI", "2026Q3")):
        for sheet in blank(code, period):
            for rule in sheet.data_validations.dataValidation:
                assert len(rule.formula1) <= 257
                assert max(len(rule.prompt or ""), len(rule.error or "")) <= 255


def test_long_lists_stand_on_one_hidden_sheet() -> None:
    forms = {form.code: form for form in load_forms() if form.filed_by_bureau}
    when = Period.parse("2025-12")
    dues = [Due("BUREAU", when, code) for code in ("GLT01", "GLT02")]
    book = opened(blank_workbook(CODES, BUREAU, dues, forms))
    assert book.sheetnames == ["GLT01", "GLT02", CODE_SHEET]
    codes = book[CODE_SHEET]
    assert codes.sheet_state == "hidden"
    assert [cell.value for cell in codes["A"]] == [CODE_SHEET, *CODES.regions]
    rule = rule_at(book["GLT02"], first_row(book["GLT02"]), 2)
    assert rule == ("list", f"{CODE_SHEET}!$A$2:$A${len(CODES.regions) + 1}", None, True)


def test_lists_reference() -> None:
    lists = Lists()
    assert lists.reference(("a", "b")) == '"a,b"'
    assert lists.reference(["x" * 126] * 2) == f'"{"x" * 126},{"x" * 126}"'  # 253 characters
    long = tuple(str(n) for n in range(1000, 1060))
    assert lists.reference(long) == lists.reference(long) == f"{CODE_SHEET}!$A$2:$A$61"
    assert lists.reference((*long, "z")) == f"{CODE_SHEET}!$B$2:$B$62"


# --- every form of every office ------------------------------------------------------------------


@pytest.mark.parametrize("code", ["360000", "360100", "360600", "360102", "EI"])
@pytest.mark.parametrize("period", ["2026-01", "2026-02", "2026-09", "2026Q3", "2025"])
def test_every_office_gets_what_it_owes(code: str, period: str) -> None:
    dues = delivery_due(CODES, office(code), Period.parse(period))
    given, name = files(code, period), f"{period}/{code}.xlsx"
    sheets = CalamineWorkbook.from_filelike(BytesIO(given[name])).sheet_names if name in given else []
    assert sheets == [f"{due.form} {due.subject}".strip() for due in dues]
    assert (f"{period}/{code}-GLT09.xlsx" in given) == (code == "360102" and period == "2025")


@pytest.mark.parametrize("form", load_forms(), ids=lambda form: form.id)
def test_every_edition_can_be_drawn(form: Form) -> None:
    when = Period.parse(
        "2025" if form.frequencies == ("A",) else "2025Q4" if "Q" in form.frequencies else "2025-12"
    )
    filers = [office(code) for code in ("360000", "360100", "360102")] + [BUREAU]
    if form.code == "GLT07":
        filers = [office("EI")]
    for filer in filers:
        subject = {"GLT03": "KEI", "GLT07": "EI"}.get(form.code, "")
        data = blank_workbook(CODES, filer, [Due(filer.code, when, form.code, subject)], {form.code: form})
        sheet = CalamineWorkbook.from_filelike(BytesIO(data)).get_sheet_by_name(
            f"{form.code} {subject}".strip()
        )
        texts = [value for row in sheet.to_python() for value in row if value != ""]
        assert texts[texts.index("表    号：") + 1] == form.no
        assert texts[texts.index("表式版本：") + 1] == form.edition
        printed = set(map(str, texts))
        for column in form.columns:
            assert column.key or set(column.header) <= printed or column.label in printed


def test_the_two_stores_are_not_mixed() -> None:
    when = Period.parse("2025")
    with pytest.raises(ValueError, match="单独成册"):
        blank_workbook(CODES, office("360102"), [Due("360102", when, "GLT02"), Due("360102", when, "GLT09")])
    with pytest.raises(ValueError, match="没有应报的表"):
        blank_workbook(CODES, office("360000"), [])


def test_revision_form_comes_on_demand() -> None:
    ((name, data),) = blank_files(CODES, office("360000"), Period.parse("2026-01"), revisions=True)
    assert (name, opened(data).sheetnames) == ("2026-01/360000.xlsx", ["GLT10"])


# --- filled forms --------------------------------------------------------------------------------


def filled(code: str, sheet: Filled, forms: dict[str, Form] | None = None) -> Worksheet:
    data = filled_workbook(CODES, BUREAU if code == "BUREAU" else office(code), HEAD, [sheet], forms)
    return opened(data).worksheets[0]


def test_values_marks_and_notes_are_written_where_they_belong() -> None:
    when = Period.parse("2026-10")
    key = ("360102",)
    form = form_for("GLT02", when)
    sheet = filled(
        "360102",
        Filled(
            Due("360102", when, "GLT02"),
            {key: {"rev_cum": Decimal("123456789.25"), "ent_n": 0, "va_growth": None, "out_cum": "１２"}},
            {key: "va_growth=N"},
            {(key, "rev_cum"): "口径：规上；可靠程度 A"},
        ),
    )
    row = first_row(sheet)
    revenue = sheet.cell(row, column_of(sheet, form, "rev_cum"))
    assert Decimal(str(revenue.value)) == Decimal("123456789.25")
    assert revenue.comment.text == "口径：规上；可靠程度 A"
    assert sheet.cell(row, column_of(sheet, form, "ent_n")).value == 0
    assert sheet.cell(row, column_of(sheet, form, "va_growth")).value is None
    assert sheet.cell(row, column_of(sheet, form, "out_cum")).value == "１２"
    assert sheet.cell(row, sheet.max_column).value == "va_growth=N"


def test_optional_rows_are_left_out_and_others_are_not() -> None:
    when = Period.parse("2026-10")
    keys = [("360102", "EI", "T"), ("360102", "EI", "EI02")]
    sheet = filled("360102", Filled(Due("360102", when, "GLT01"), {key: {"ent_n": 1} for key in keys}))
    first = first_row(sheet)
    printed = [tuple(sheet.cell(first + n, c).value for c in (4, 6)) for n in range(14)]
    assert printed[:3] == [("EI", "T"), ("EI", "EI02"), ("NF", "T")]
    assert printed[12] == ("FU", "T") and printed[13] == (None, None)

    due = Due("360100", when, "GLT03", "KEI")
    sheet = filled("360100", Filled(due, {("KEI", "360100", "PKNCGX"): {"ent_n": 3}}))
    heads = [cell.value for cell in sheet[find(sheet, "指标名称").row][3::2]]
    assert heads == ["南昌市（360100）", "南昌高新技术产业开发区（PKNCGX）", "集群牵头（360000）"]


def test_long_marks_are_per_value() -> None:
    key = ("EI",)
    due = Due("EI", Period.parse("2025"), "GLT07", "EI")
    sheet = filled("EI", Filled(due, {key: {"node_n": 30}}, {(key, "top3_buy"): "C"}))
    assert (
        sheet.cell(find(sheet, "node_n").row, 4).value,
        sheet.cell(find(sheet, "node_n").row, 5).value,
    ) == (30, None)
    assert sheet.cell(find(sheet, "top3_buy").row, 5).value == "C"


def test_rows_beyond_the_territory_are_written_as_given() -> None:
    when = Period.parse("2026-10")
    rows = {("360103",): {"ent_n": 1}, ("999999",): {"ent_n": 2}}
    sheet = filled("360102", Filled(Due("360102", when, "GLT02"), rows))
    first = first_row(sheet)
    assert [sheet.cell(first + n, 2).value for n in range(3)] == ["360102", "360103", "999999"]
    assert [sheet.cell(first + n, 1).value for n in range(3)] == ["东湖区", "西湖区", None]


def test_text_never_becomes_a_formula_or_an_error() -> None:
    when = Period.parse("2026-10")
    names = ("=1+1", '=HYPERLINK("http://example.org")', "#N/A", "+86", "@SUM(A1)")
    rows = {(f"91360000{n:010d}",): {"ent_name": name} for n, name in enumerate(names)}
    sheet = filled("360102", Filled(Due("360102", when, "GLT08"), rows))
    first = first_row(sheet)
    cells = [sheet.cell(first + n, 2) for n in range(len(names))]
    assert [(cell.value, cell.data_type) for cell in cells] == [(name, "s") for name in names]
    assert sheet.cell(first + len(names), 1).value is None  # no empty rows in a filled register


def test_published_edition_takes_any_rows() -> None:
    when = Period.parse("2025-12")
    form = form_for("GLT02", when, "published")
    rows = {("360000",): {"rev_cum": 466449000, "va_cum": 1}, ("360100",): {"ent_n": 5}}
    sheet = filled("BUREAU", Filled(Due("BUREAU", when, "GLT02"), rows), {"GLT02": form})
    first = first_row(sheet)
    assert [sheet.cell(first + n, 1).value for n in range(2)] == ["江西省", "南昌市"]
    assert not any(is_grey(cell) for row in sheet.iter_rows() for cell in row)
    assert right_of(sheet, "填报单位代码：").value == "BUREAU"


def test_a_county_workbook_stays_small() -> None:
    when = Period.parse("2026-10")
    county = office("360102")
    sheets = []
    for due in delivery_due(CODES, county, when):
        form = edition(due.form, when)
        fields = [c.code for c in form.columns if c.numeric]
        keys = row_keys(CODES, form, county, "", when)
        rows = {
            k: {f: (n * 7919 * (i + 3)) % 400000 for i, f in enumerate(fields)} for n, k in enumerate(keys)
        }
        sheets.append(Filled(due, rows))
    assert len(filled_workbook(CODES, county, HEAD, sheets)) < 40_000


# --- measures ------------------------------------------------------------------------------------


def test_measures() -> None:
    assert measure("产值A1") == 6
    assert lines("规上企业单位数", 10) == 2
    assert lines("规上企业单位数", 16) == 1
    assert lines("甲\n乙", 10) == 2
    assert reach([10, 5, 5, 20], 1, 18, 1) == 3
    assert reach([10, 5, 5, 20], 4, 21, -1) == 3
    assert reach([10, 5], 1, 99, 1) == 2
