"""Head, header and foot found by their words, wherever they stand; what is not as issued is a finding."""

from collections.abc import Callable

import pytest
from books import opened
from openpyxl.cell.cell import MergedCell
from openpyxl.worksheet.worksheet import Worksheet
from sheets import cell, edited, filled, one, place, put, read, rules

from schemas.finding import Severity
from schemas.reading.record import Submission

BASE, VALUES = filled()
(KEY,) = VALUES
GLT01, GLT01_VALUES = filled("GLT01")
LONG, LONG_VALUES = filled("GLT03", "360100", subject="KEI")


def same(found: Submission, base: bytes) -> bool:
    """Equal values, whatever their addresses."""
    return [c[:2] + c[3:] for c in found.cells] == [c[:2] + c[3:] for c in one(base).cells]


def changed(change: Callable[[Worksheet], object], base: bytes = BASE) -> Submission:
    return one(edited(base, change))


def swap(sheet: Worksheet, source: int, target: int) -> None:
    """Exchange two columns of the table, header and all."""
    top, _ = place(sheet, "地区名称")
    for row in range(top, sheet.max_row + 1):
        a, b = sheet.cell(row, source), sheet.cell(row, target)
        if not isinstance(a, MergedCell) and not isinstance(b, MergedCell):
            a.value, b.value = b.value, a.value


def test_head_and_foot() -> None:
    found = one(BASE)
    assert found.findings == ()
    assert found.identity == ("2026-10", "360102", "GLT02", "")
    assert (found.edition, found.version, found.reported_on) == ("2024", 2, "2026-11-08")
    assert found.office == "东湖区统计局"
    assert found.sheet == "GLT02"
    assert found.file_name == "x.xlsx"
    assert len(found.digest) == 64


def test_every_cell_has_its_address_and_its_text() -> None:
    found = cell(one(BASE), "rev_cum")
    sheet = opened(BASE).worksheets[0]
    assert str(sheet[found.address].value) == found.raw == found.value
    assert found.kind == "number"


def test_rows_above_and_blank_rows_do_not_matter() -> None:
    def change(sheet: Worksheet) -> None:
        for area in list(sheet.merged_cells.ranges):
            area.shift(row_shift=3)
        sheet.insert_rows(1, 3)
        sheet["B2"] = "密级：内部"

    assert same(changed(change), BASE)


def test_columns_may_be_moved() -> None:
    def change(sheet: Worksheet) -> None:
        swap(sheet, 3, 4)  # 规上企业单位数 and 亏损企业单位数
        swap(sheet, 5, 6)  # 本月 and 1-本月 of one group
        mark = sheet.max_column
        sheet.move_range(f"AL11:AL{sheet.max_row}", cols=2)  # 数据标识
        assert mark == 38

    found = changed(change)
    assert found.findings == ()
    assert same(found, BASE)
    assert cell(found, "ent_n").address == cell(one(BASE), "ent_loss_n").address


def test_levels_that_are_no_longer_merged_are_not_guessed() -> None:
    def change(sheet: Worksheet) -> None:
        for area in list(sheet.merged_cells.ranges):
            sheet.unmerge_cells(str(area))

    found = changed(change)
    assert set(rules(found)) == {"L04", "L05"}
    assert cell(found, "ent_n").value == cell(one(BASE), "ent_n").value


def test_a_header_of_one_row_with_whole_labels() -> None:
    def change(sheet: Worksheet) -> None:
        top, _ = place(sheet, "地区名称")
        labels = []
        for column in range(1, sheet.max_column + 1):
            first = sheet.cell(top, column).value
            group = first or group  # noqa: F821
            second = sheet.cell(top + 1, column).value
            labels.append(f"{group} {second}" if second else group)
        for area in list(sheet.merged_cells.ranges):
            if area.max_row >= top:
                sheet.unmerge_cells(str(area))
        for column, label in enumerate(labels, 1):
            sheet.cell(top, column).value = label
            sheet.cell(top + 1, column).value = None

    assert same(changed(change), BASE)
    assert changed(change).findings == ()


def test_labels_with_breaks_blanks_and_other_widths() -> None:
    def change(sheet: Worksheet) -> None:
        row, column = place(sheet, "工业总产值（当年价）")
        sheet.cell(row, column).value = "工业总产值\n (当年价)"
        row, column = place(sheet, "表    号：")
        sheet.cell(row, column).value = "表 号:"

    assert same(changed(change), BASE)


def test_label_and_value_in_one_cell_and_several_in_one() -> None:
    def change(sheet: Worksheet) -> None:
        for label in ("表    号：", "报告期：", "填报单位代码：", "综合机关名称（填报单位）：", "版次："):
            row, column = place(sheet, label)
            at = next(c for c in range(column + 1, 100) if sheet.cell(row, c).value is not None)
            sheet.cell(row, column).value = f"{label}{sheet.cell(row, at).value}"
            sheet.cell(row, at).value = None
        row, column = place(sheet, "单位负责人：")
        for area in list(sheet.merged_cells.ranges):
            if area.min_row == row:
                sheet.unmerge_cells(str(area))
        for at in range(1, sheet.max_column + 1):
            sheet.cell(row, at).value = None
        sheet.cell(
            row, 1
        ).value = "单位负责人：王一　统计负责人：李二　填表人：赵三  联系电话：0791-12345678   报出日期：2026年11月8日"

    found = changed(change)
    assert found.findings == ()
    assert found.reported_on == "2026-11-08"
    assert found.version == 2
    assert same(found, BASE)


def test_an_unknown_column_is_named() -> None:
    def change(sheet: Worksheet) -> None:
        row, column = place(sheet, "亏损企业单位数")
        sheet.cell(row, column).value = "亏损企业数"

    found = changed(change)
    assert rules(found) == ["L04", "L05"]
    assert found.findings[0].value == "亏损企业数"
    assert found.findings[0].cell == "D11"
    assert found.findings[1].field == "ent_loss_n"
    assert "亏损企业单位数" in found.findings[1].message


def test_a_column_twice() -> None:
    def change(sheet: Worksheet) -> None:
        row, column = place(sheet, "亏损企业单位数")
        sheet.cell(row, column).value = "规上企业单位数"

    found = changed(change)
    assert rules(found) == ["L06", "L05"]
    assert found.findings[0].cell == "C11,D11"


def test_content_in_a_column_without_a_header() -> None:
    found = changed(lambda sheet: sheet.cell(16, sheet.max_column + 2, "另有说明"))
    assert rules(found) == ["L13"]
    assert found.findings[0].value == "另有说明"


def test_figures_below_the_foot() -> None:
    found = changed(lambda sheet: sheet.cell(sheet.max_row + 1, 5, 123))
    assert rules(found) == ["L13"]


def test_hidden_row_column_and_sheet() -> None:
    address = cell(one(BASE), "rev_cum").address
    letters = address.rstrip("0123456789")

    def row(sheet: Worksheet) -> None:
        sheet.row_dimensions[int(address.removeprefix(letters))].hidden = True

    def column(sheet: Worksheet) -> None:
        sheet.column_dimensions[letters].hidden = True

    def whole(sheet: Worksheet) -> None:
        sheet.parent.create_sheet("空")
        sheet.sheet_state = "hidden"

    for change, cited in ((row, address.removeprefix(letters)), (column, letters), (whole, "")):
        found = changed(change)
        assert rules(found) == ["L07"]
        assert found.findings[0].cell == cited


def test_a_hidden_blank_column_is_nothing() -> None:
    data, _ = filled(change={"emp_avg": None})
    letters = cell(one(data), "emp_avg").address.rstrip("0123456789")
    found = changed(lambda sheet: setattr(sheet.column_dimensions[letters], "hidden", True), data)
    assert found.findings == ()


def test_merged_data_cells() -> None:
    a, b = (cell(one(BASE), field).address for field in ("ent_n", "ent_loss_n"))
    found = changed(lambda sheet: sheet.merge_cells(f"{a}:{b}"))
    assert rules(found) == ["L08"]
    assert found.findings[0].cell == f"{a}:{b}"
    assert cell(found, "ent_loss_n").kind == "blank"


@pytest.mark.parametrize(
    ("label", "value", "rule"),
    [
        ("计量单位：", "亿元", "H008"),
        ("计量单位：", None, "H008"),
        ("有效期至：", "2025年12月", "H002"),
        ("版次：", None, "H001"),
        ("版次：", "初版", "H001"),
        ("综合机关名称（填报单位）：", None, "H001"),
        ("单位负责人：", None, "H001"),
        ("填表人：", None, "H001"),
        ("联系电话：", None, "H001"),
        ("报出日期：", None, "H001"),
        ("报出日期：", "下月", "H001"),
    ],
)
def test_head_and_foot_rules(label: str, value: str | None, rule: str) -> None:
    def change(sheet: Worksheet) -> None:
        row, column = place(sheet, label)
        at = next(c for c in range(column + 1, 100) if sheet.cell(row, c).value is not None)
        sheet.cell(row, at).value = value

    found = changed(change)
    assert rules(found) == [rule]
    assert found.findings[0].severity is Severity.HARD
    assert found.findings[0].sheet == "GLT02"


@pytest.mark.parametrize(
    ("label", "value", "rule"),
    [
        ("报告期：", None, "H001"),
        ("报告期：", "十月份", "H001"),
        ("填报单位代码：", None, "H001"),
        ("表    号：", "赣链统99表", "L01"),
        ("表式版本：", "1999", "L02"),
    ],
)
def test_without_identity_there_is_no_submission(label: str, value: str | None, rule: str) -> None:
    def change(sheet: Worksheet) -> None:
        row, column = place(sheet, label)
        at = next(c for c in range(column + 1, 100) if sheet.cell(row, c).value is not None)
        sheet.cell(row, at).value = value

    delivery = read(edited(BASE, change))
    assert delivery.submissions == ()
    assert delivery.refused is not None
    assert (delivery.refused.rule, delivery.refused.sheet) == (rule, "GLT02")


def test_without_an_edition_the_one_in_force_is_taken() -> None:
    def change(sheet: Worksheet) -> None:
        row, column = place(sheet, "2024")
        sheet.cell(row, column).value = None
        row, column = place(sheet, "表式版本：")
        sheet.cell(row, column).value = None

    assert changed(change).edition == "2024"


@pytest.mark.parametrize(("period", "rule"), [("2027年1-2月", "H002"), ("2026年1月", "H003")])
def test_periods_that_a_form_does_not_know(period: str, rule: str) -> None:
    def change(sheet: Worksheet) -> None:
        row, column = place(sheet, "2026年1-10月")
        sheet.cell(row, column).value = period

    assert rules(changed(change)) == [rule]


def test_a_head_that_says_two_things() -> None:
    found = changed(lambda sheet: sheet.cell(3, 1, "报告期：2026年1-9月"))
    assert "L16" in rules(found)


def test_the_unit_printed_over_a_column() -> None:
    def change(sheet: Worksheet) -> None:
        row, column = place(sheet, "规上企业单位数")
        sheet.cell(row + 2, column).value = "万元"

    found = changed(change)
    assert rules(found) == ["H008"]
    assert found.findings[0].field == "ent_n"


def test_blank_subchain_rows_are_nothing_and_blank_chain_rows_are_kept() -> None:
    first = cell(one(GLT01), "ent_n").address
    row = int("".join(filter(str.isdigit, first)))

    def change(sheet: Worksheet) -> None:
        for number in (row, row + 1):  # the whole chain and its first sub-chain
            for column in range(7, sheet.max_column + 1):
                sheet.cell(number, column).value = None

    before, after = one(GLT01), changed(change, GLT01)
    assert after.findings == ()
    rows = {c.row for c in after.cells}
    assert len(rows) == len({c.row for c in before.cells}) - 1
    assert rows == set(range(len(rows)))
    assert all(
        c.kind == "blank" and c.value is None for c in after.cells if c.row == 0 and c.field.endswith("_cum")
    )
    assert cell(after, "subchain_code", 0).value == "T"
    assert cell(after, "ent_n", 0).address == first


def test_marks() -> None:
    data, _ = filled(
        change={"mfg_va_growth": None, "mva_cum": None, "emp_avg": None},
        marks={KEY: "mfg_va_growth=N|mva_cum=C"},
    )
    found = one(data)
    assert found.findings == ()
    assert [cell(found, f).mark for f in ("mfg_va_growth", "mva_cum", "emp_avg", "rev_cum")] == [
        "N",
        "C",
        "",
        "",
    ]
    data, _ = filled(change={"mfg_va_growth": None, "mva_cum": None}, marks={KEY: "W"})
    assert [cell(one(data), f).mark for f in ("mfg_va_growth", "mva_cum", "rev_cum")] == ["W", "W", ""]


@pytest.mark.parametrize(
    ("mark", "rule"),
    [("rev_cum=N", "L11"), ("N", "L11"), ("X", "L12"), ("nofield=N", "L12"), ("不适用", "L12")],
)
def test_marks_that_cannot_be(mark: str, rule: str) -> None:
    data, _ = filled(marks={KEY: mark})
    found = one(data)
    assert rules(found) == [rule]
    assert found.findings[0].severity is Severity.HARD


def test_a_sheet_without_a_number_is_left_and_said() -> None:
    delivery = read(edited(BASE, lambda sheet: sheet.parent.create_sheet("草稿").append(["随手记", 1])))
    assert [f.rule for f in delivery.findings] == ["L14"]
    assert delivery.findings[0].severity is Severity.SOFT
    assert len(delivery.submissions) == 1


def test_a_hidden_sheet_without_a_number_is_nothing() -> None:
    def change(sheet: Worksheet) -> None:
        lists = sheet.parent.create_sheet("代码表")
        lists.append(["代码表", "360102"])
        lists.sheet_state = "hidden"

    assert read(edited(BASE, change)).findings == ()


def test_the_same_report_twice_in_a_workbook() -> None:
    delivery = read(edited(BASE, lambda sheet: sheet.parent.copy_worksheet(sheet)))
    assert [rules(s) for s in delivery.submissions] == [["L17"], ["L17"]]


def test_a_header_that_is_not_there() -> None:
    def change(sheet: Worksheet) -> None:
        top, _ = place(sheet, "地区名称")
        sheet.delete_rows(top, 2)

    found = changed(change)
    assert "L03" in rules(found)
    assert found.cells == ()


# --- long forms


def test_long_form_keys() -> None:
    found = one(LONG)
    assert found.findings == ()
    assert found.subject == "KEI"
    keys = [
        tuple(cell(found, f, row).value for f in ("cluster_code", "region_code", "park_code"))
        for row in sorted({c.row for c in found.cells})
    ]
    assert keys == [(a, b, c or None) for a, b, c in LONG_VALUES]
    heading = cell(found, "region_code")
    assert heading.raw == "南昌市（360100）"
    assert heading.address == cell(found, "cluster_code").address


def test_a_blank_zone_is_nothing() -> None:
    def change(sheet: Worksheet) -> None:
        row, column = place(sheet, next(c.raw for c in one(LONG).cells if c.field == "park_code" and c.value))
        for number in range(row + 3, row + 3 + len(VALUES[KEY]) + 5):
            if sheet.cell(number, column).coordinate not in sheet.merged_cells:
                sheet.cell(number, column).value = None

    rows_before, rows = ({c.row for c in s.cells} for s in (one(LONG), changed(change, LONG)))
    assert len(rows) == len(rows_before) - 1


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("rev_cum", "rev_xxx", ["L04", "L05"]),
        ("rev_cum", "ent_n", ["L06", "L05"]),
        ("rev_cum", None, ["L13"]),
        ("南昌市（360100）", "南昌市", ["L04", "L04"]),
        ("集群规上企业数", "集群企业数", ["L19"]),
        ("指标名称", "指标", ["L05"]),
    ],
)
def test_long_lines_and_headings_by_code(old: str, new: str | None, rule: list[str]) -> None:
    def change(sheet: Worksheet) -> None:
        row, column = place(sheet, old)
        sheet.cell(row, column).value = new

    assert rules(changed(change, LONG))[: len(rule)] == rule


def test_long_marks() -> None:
    key = next(iter(LONG_VALUES))
    data, _ = filled(
        "GLT03", "360100", subject="KEI", change={"rev_cum": None}, marks={(key, "rev_cum"): "C"}
    )
    assert cell(one(data), "rev_cum").mark == "C"
    data, _ = filled("GLT03", "360100", subject="KEI", marks={(key, "rev_cum"): "C"})
    assert rules(one(data)) == ["L11"]
    data, _ = filled(
        "GLT03", "360100", subject="KEI", change={"rev_cum": None}, marks={(key, "rev_cum"): "Q"}
    )
    assert rules(one(data)) == ["L12"]


def test_a_long_form_without_its_subject() -> None:
    def change(sheet: Worksheet) -> None:
        row, column = place(sheet, "KEI")
        sheet.cell(row, column).value = None

    delivery = read(edited(LONG, change))
    assert delivery.refused is not None
    assert delivery.refused.rule == "H001"


def test_a_hidden_line_of_a_long_form() -> None:
    row = int(cell(one(LONG), "rev_cum").address.lstrip("ABCDEFGH"))
    found = changed(lambda sheet: setattr(sheet.row_dimensions[row], "hidden", True), LONG)
    assert rules(found) == ["L07"]


def test_a_number_in_the_head_typed_as_a_number() -> None:
    at = next(
        c.coordinate for row in opened(BASE).worksheets[0].iter_rows() for c in row if c.value == "360102"
    )
    assert one(put(BASE, at, 360102)).submitter == "360102"
