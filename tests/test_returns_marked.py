"""The copy that goes back: what is added to it, and that nothing else in it changes."""

import re
from dataclasses import replace
from io import BytesIO
from xml.etree.ElementTree import canonicalize, fromstring, tostring

import pytest
import sheets
from books import opened
from openpyxl import Workbook, load_workbook
from openpyxl.comments import Comment
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import Border, Font, PatternFill, Protection, Side
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet
from returning import SHEET, finding, mark

from schemas.finding import Reply, Severity
from schemas.packing import parts_of
from schemas.reading.explanations import ID, REASON, TEXT, TITLE
from schemas.reading.package import Limits, Refusal
from schemas.returns.exact import values_of
from schemas.returns.marked import CopyError
from schemas.returns.marks import HARD, SOFT
from schemas.returns.record import Answer

HEADER = 6


def framed(data: bytes) -> Workbook:
    """The workbook with all frames, for what looks at formats."""
    return load_workbook(BytesIO(data))


def rich() -> bytes:
    """A filled form with everything in it that must survive."""

    def change(sheet: Worksheet) -> None:
        sheet["A40"] = "=1+1"
        sheet["A40"].data_type = "s"  # a text that looks like a formula
        sheet["B40"] = "=SUM(1,2)"
        sheet["C40"] = 0.1
        sheet["C40"].number_format = "0.00%"
        sheet["C40"].font = Font(name="黑体", bold=True, color="FF0000")
        sheet["C40"].fill = PatternFill("solid", fgColor="00FF00")
        sheet["D40"] = "与上月核对过"
        sheet["D40"].comment = Comment("填表人的批注", "赵三")
        sheet["E40"].comment = Comment("另一条", "赵三")
        sheet.merge_cells("A42:C43")
        sheet["A42"] = "合并"
        sheet.conditional_formatting.add("D40:D41", CellIsRule("equal", ["1"], font=Font(bold=True)))
        rule = DataValidation(type="whole", operator="between", formula1="1", formula2="9")
        rule.add("E41")
        sheet.add_data_validation(rule)
        sheet.protection.sheet = True
        sheet.protection.password = "abc"
        sheet.row_dimensions[41].height = 33
        sheet.column_dimensions["D"].width = 21

    return sheets.edited(sheets.filled()[0], change, framed)


RICH = rich()
ADDRESS = sheets.at(RICH, "rev_cum")


def listed(data: bytes) -> list[dict[str, object]]:
    """The lines of the sheet of findings, by label."""
    sheet = opened(data)[TITLE]
    labels, *lines = ([cell.value for cell in row] for row in sheet.iter_rows(min_row=HEADER))
    return [dict(zip(labels, line, strict=True)) for line in lines]


def looks(sheet: Worksheet) -> dict[str, tuple[object, ...]]:
    """Everything about each cell that openpyxl knows, but its comment."""
    return {
        cell.coordinate: (
            cell.value, cell.data_type, cell.number_format, repr(cell.font), repr(cell.fill),
            repr(cell.border), repr(cell.alignment), repr(cell.protection), repr(cell.hyperlink),
        )
        for row in sheet.iter_rows() for cell in row
    }  # fmt: skip


def test_nothing_else_changes_cell_by_cell() -> None:
    copy = mark(RICH, finding(cell=ADDRESS), finding("S901", "C40", Severity.SOFT))
    before, after = framed(RICH), framed(copy)
    assert after.sheetnames == [TITLE, *before.sheetnames]
    for old in before.worksheets:
        new = after[old.title]
        assert looks(new) == looks(old)
        assert new.merged_cells.ranges == old.merged_cells.ranges
        assert new.sheet_state == old.sheet_state
        assert (new.protection.sheet, new.protection.password) == (
            old.protection.sheet,
            old.protection.password,
        )
        assert [(r.type, r.formula1, str(r.sqref)) for r in new.data_validations.dataValidation] == [
            (r.type, r.formula1, str(r.sqref)) for r in old.data_validations.dataValidation
        ]
        for kind in ("row_dimensions", "column_dimensions"):
            sizes = [
                {k: (d.height if kind == "row_dimensions" else d.width, d.hidden) for k, d in of.items()}
                for of in (getattr(old, kind), getattr(new, kind))
            ]
            assert sizes[0] == sizes[1]
    values = values_of(copy, Limits())
    assert {name: values[name] for name in before.sheetnames} == values_of(RICH, Limits())


def formats(data: bytes, part: str) -> dict[str, list[str]]:
    """The format of each cell that the part names, in full, as the package has it."""
    parts = parts_of(data)
    styles = fromstring(parts["xl/styles.xml"])

    def kinds(name: str) -> list[str]:
        return [canonicalize(tostring(one)) for one in styles.find(f"{{{sheets.MAIN}}}{name}") or ()]

    tables = {name: kinds(f"{name}s") for name in ("font", "fill", "border")}
    own = {one.get("numFmtId"): one.get("formatCode") for one in styles.iter(f"{{{sheets.MAIN}}}numFmt")}
    found = []
    for xf in styles.find(f"{{{sheets.MAIN}}}cellXfs") or ():
        number = xf.get("numFmtId", "0")
        inner = [canonicalize(tostring(one)) for one in xf]
        names = [table[int(xf.get(f"{name}Id", "0"))] for name, table in tables.items()]
        found.append([own.get(number) or number, *names, *inner])
    cells = fromstring(parts[part]).iter(f"{{{sheets.MAIN}}}c")
    return {cell.attrib["r"]: found[int(cell.get("s", "0"))] for cell in cells}


def test_formats_stay_in_the_package_too() -> None:
    def merge(sheet: Worksheet) -> None:
        thin = Side(style="thin")
        sheet["A45"].border = Border(left=thin, top=thin, right=thin, bottom=thin)
        sheet["A45"].protection = Protection(locked=False)
        sheet["C46"].fill = PatternFill("solid", fgColor="123456")
        sheet["C46"].border = Border(bottom=Side(style="double"))
        sheet["B46"].number_format = "0.000"

    area = '<mergeCell ref="A45:C46" /></mergeCells>'  # by openpyxl it would change the formats at once
    data = sheets.repacked(
        sheets.edited(RICH, merge, framed),
        "xl/worksheets/sheet1.xml",
        lambda text: text.replace("</mergeCells>", area),
    )
    before = formats(data, "xl/worksheets/sheet1.xml")
    assert before["C46"] != before["B46"] != before["A45"]
    assert formats(mark(data, finding(cell=f"{ADDRESS},A45")), "xl/worksheets/sheet2.xml") == before


def test_a_change_of_any_cell_would_be_seen() -> None:
    hidden = '<row r="43"><c r="B43"><v>7</v></c></row>'  # under a merged range: openpyxl drops it
    data = sheets.repacked(
        RICH, "xl/worksheets/sheet1.xml", lambda text: text.replace('<row r="43"></row>', hidden)
    )
    with pytest.raises(CopyError, match="GLT02!B43 的内容会改变"):
        mark(data, finding(cell=ADDRESS))


def test_the_copy_reads_like_the_original() -> None:
    data, _ = sheets.filled()
    again = sheets.read(mark(data, finding(cell=ADDRESS), finding("S901", "G12", Severity.SOFT)))
    assert again.refused is None and again.findings == () and again.explanations == ()
    (new,), old = again.submissions, sheets.one(data)
    assert replace(new, digest="", file_name="") == replace(old, digest="", file_name="")


def test_same_input_same_bytes() -> None:
    told = [finding(cell=ADDRESS), finding("S901", f"C40,{ADDRESS}", Severity.SOFT)]
    assert mark(RICH, *told) == mark(RICH, *reversed(told))
    bare = {n: p for n, p in parts_of(RICH).items() if not n.startswith("docProps")}
    bare["[Content_Types].xml"] = b"".join(
        piece
        for piece in bare["[Content_Types].xml"].replace(b"<Override", b"\n<Override").splitlines(True)
        if b"docProps" not in piece
    ) + (b"" if b"docProps" not in bare["[Content_Types].xml"].rpartition(b"<Override")[2] else b"</Types>")
    bare["_rels/.rels"] = bare["_rels/.rels"].replace(b"docProps/", b"xl/none/")
    assert b"1980-01-01" in parts_of(mark(sheets.packed(bare), *told))["docProps/core.xml"]


def test_colours_and_comments_are_on_the_cells_named() -> None:
    copy = opened(
        mark(
            RICH,
            finding("H201", f"{ADDRESS},D40"),
            finding("S901", f"{ADDRESS},E40", Severity.SOFT),
            finding("C999", "B40", Severity.CLUE),
            finding("S999", "B40", Severity.SOFT, level=3),
        )
    )[SHEET]
    ours = {str(area.sqref): area.rules[0] for area in copy.conditional_formatting}
    colours = {where: rule.dxf.fill.bgColor.rgb[-6:] for where, rule in ours.items() if rule.dxf.fill}
    assert {frozenset(where.split()): colour for where, colour in colours.items()} == {
        frozenset((ADDRESS, "D40")): HARD,
        frozenset(("E40",)): SOFT,
    }
    assert ours["D40:D41"].priority > max(ours[where].priority for where in colours)
    assert copy[ADDRESS].comment.text.splitlines() == [
        "—— 审核意见 ——",
        "【强制性 H201】H201 的说明。请核对。",
        "【核实性 S901】S901 的说明。请核对。",
    ]
    assert copy["D40"].comment.text.startswith("填表人的批注\n—— 审核意见 ——\n【强制性 H201】")
    assert copy["D40"].comment.author == "赵三"
    assert copy["B40"].comment is None


def test_ranges_columns_rows_and_merged_cells_can_be_named() -> None:
    told = [finding(f"H{n}", cell) for n, cell in enumerate(("C", "41", "B42:C43", "B5:C5"))]
    sheet = opened(mark(RICH, *told))[SHEET]
    (where,) = [str(area.sqref) for area in sheet.conditional_formatting if area.rules[0].dxf.fill]
    assert "C1:C43" in where and "B42:C43" in where and "A41:" in where
    assert "H2" in sheet["A42"].comment.text  # the merged range's own cell


def test_a_file_wrong_everywhere_does_not_drown_in_comments() -> None:
    copy = mark(RICH, *(finding(f"H{n:03}", ADDRESS) for n in range(30)))
    assert opened(copy)[SHEET][ADDRESS].comment.text.endswith("另有 22 条，见“审核结果”表。")
    assert len(listed(copy)) == 30


def test_a_list_that_nobody_would_read_ends_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schemas.returns.record.MOST", 3)
    copy = mark(RICH, *(finding(f"H{n}", ADDRESS) for n in range(5)))
    assert [row["规则"] for row in listed(copy)] == ["H0", "H1", "H2"]
    assert "另有 2 条未列出，请先改正已列各条。" in str(opened(copy)[TITLE]["A5"].value)
    assert "H4" not in opened(copy)[SHEET][ADDRESS].comment.text


def test_a_cell_far_out_costs_nothing() -> None:
    far = sheets.put(RICH, "XFD1048576", "远")
    copy = mark(far, finding(cell="XFD1048576"), finding("H1", cell="没有这一格"))
    assert values_of(copy, Limits())[SHEET]["XFD1048576"].text == "远"
    assert len(parts_of(copy)["xl/worksheets/sheet2.xml"]) < 2 * len(
        parts_of(far)["xl/worksheets/sheet1.xml"]
    )
    assert [row["单元格"] for row in listed(copy)] == ["没有这一格", "XFD1048576"]


def test_the_first_sheet_lists_hard_ones_first_with_links() -> None:
    soft, hard = finding("S901", "C40", Severity.SOFT), finding("H201", f"{ADDRESS},D40")
    copy = mark(RICH, soft, finding("C901", "C40", Severity.CLUE), hard, hard, finding("L14", sheet="别表"))
    book = opened(copy)
    assert book.active.title == TITLE
    assert [sheet.sheet_view.tabSelected for sheet in book.worksheets] == [
        True,
        *[False] * (len(book.worksheets) - 1),
    ]
    rows = listed(copy)
    assert [(row["序号"], row["程度"], row["规则"], row[ID]) for row in rows[:1]] == [
        (1, "强制性", "H201", hard.id)
    ]
    assert [row["规则"] for row in rows] == ["H201", "L14", "S901"]
    assert [row["答复状态"] for row in rows] == ["须改正", "须改正", "待说明"]
    assert rows[0]["单元格"] == f"{ADDRESS}、D40"
    sheet = book[TITLE]
    assert sheet.cell(HEADER + 1, 5).hyperlink.location == f"'{SHEET}'!{ADDRESS}"
    assert sheet.cell(HEADER + 2, 5).hyperlink is None  # a sheet that is not there
    assert sheet.freeze_panes == f"A{HEADER + 1}"
    assert (sheet.page_setup.orientation, int(sheet.page_setup.paperSize)) == ("landscape", 9)
    assert book.calculation.fullCalcOnLoad


def test_only_the_cells_for_explanations_are_open() -> None:
    soft, done = (finding(rule, "C40", Severity.SOFT) for rule in ("S901", "S902"))
    answers = {
        soft.id: Answer(Reply.RETURNED, "3", "铜价上涨三成，销量未变", "请写明涨幅的来源"),
        done.id: Answer(Reply.APPROVED, "5", "十月份停产检修二十天"),
    }
    copy = mark(RICH, soft, done, finding(cell=ADDRESS), answers=answers)
    sheet = opened(copy)[TITLE]
    assert sheet.protection.sheet and not sheet.protection.password
    unlocked = {cell.coordinate for row in sheet.iter_rows() for cell in row if not cell.protection.locked}
    assert unlocked == {f"I{HEADER + 2}", f"J{HEADER + 2}"}
    rules = {rule.type: (str(rule.sqref), rule.formula1) for rule in sheet.data_validations.dataValidation}
    assert rules["list"][0] == f"I{HEADER + 2}" and "3 价格变动" in rules["list"][1]
    assert rules["textLength"] == (f"J{HEADER + 2}", "10")
    hard, returned, approved = listed(copy)
    assert (hard[REASON], hard[TEXT]) == (None, None)
    assert (returned[REASON], returned[TEXT]) == ("3 价格变动", "铜价上涨三成，销量未变")
    assert returned["答复状态"] == "说明被退回：请写明涨幅的来源"
    assert (approved[TEXT], approved["答复状态"]) == ("十月份停产检修二十天", "已认可")


def test_submitters_text_never_becomes_a_formula() -> None:
    evil = '=HYPERLINK("http://x","y")'
    told = finding("S901", ADDRESS, Severity.SOFT, value=evil)
    copy = mark(RICH, told, answers={told.id: Answer(Reply.EXPLAINED, "=1", evil)})
    assert b"<f>" not in parts_of(copy)["xl/worksheets/sheet1.xml"]
    (row,) = opened(copy)[TITLE].iter_rows(min_row=HEADER + 1)
    risky = [cell for cell in row if str(cell.value).startswith("=")]
    assert [cell.data_type for cell in risky] == ["s", "s", "s"] and all(cell.quotePrefix for cell in risky)
    control = mark(RICH, replace(told, value="a\x01b", message="x\x0bm"))
    assert listed(control)[0]["值"] == "a�b"


def test_numbers_keep_their_text_and_formulas_their_results() -> None:
    data = sheets.repacked(
        RICH,
        "xl/worksheets/sheet1.xml",
        lambda text: text.replace("<v>0.1</v>", "<v>0.10000000000000001</v>").replace(
            "<f>SUM(1,2)</f><v />", "<f>SUM(1,2)</f><v>3.0000000000000004</v>"
        ),
    )
    sheet = parts_of(mark(data, finding(cell=ADDRESS)))["xl/worksheets/sheet2.xml"]
    assert b"<v>0.10000000000000001</v>" in sheet
    assert b"<f>SUM(1,2)</f><v>3.0000000000000004</v>" in sheet


@pytest.mark.parametrize(
    ("kind", "result"),
    [(' t="str"', "a&amp;&lt;b"), (' t="b"', "1"), (' t="e"', "#DIV/0!"), ("", "45000.5")],
)
def test_results_of_every_kind_are_kept(kind: str, result: str) -> None:
    def change(text: str) -> str:
        start = text.index('<c r="B40"')
        end = text.index("</c>", start)
        return f'{text[:start]}<c r="B40"{kind}><f>A1&amp;"x"</f><v>{result}</v>{text[end:]}'

    data = sheets.repacked(RICH, "xl/worksheets/sheet1.xml", change)
    copy = mark(data, finding(cell=ADDRESS))
    assert values_of(copy, Limits())[SHEET]["B40"] == values_of(data, Limits())[SHEET]["B40"]
    assert opened(copy)[SHEET]["B40"].value == '=A1&"x"'


def test_a_day_far_out_stays_a_number() -> None:
    data = sheets.put(RICH, "C40", 99999999, "yyyy-mm-dd")
    assert b"<v>99999999</v>" in parts_of(mark(data, finding(cell=ADDRESS)))["xl/worksheets/sheet2.xml"]


def test_a_copy_that_comes_back_is_marked_afresh() -> None:
    first, second = finding("S901", "C40", Severity.SOFT), finding("S902", "D40", Severity.SOFT)
    book = opened(mark(RICH, first, second, finding(cell=ADDRESS)))
    sheet = book[TITLE]
    for row in sheet.iter_rows(min_row=HEADER + 1):
        if row[12].value == second.id:
            row[8].value, row[9].value = "99", "太短"
    again = mark(sheets.saved(book), second)
    book = opened(again)
    assert book.sheetnames[:2] == [TITLE, SHEET]
    assert [str(a.sqref) for a in book[SHEET].conditional_formatting if a.rules[0].dxf.fill] == ["D40"]
    commented = {c.coordinate: c.comment.text for row in book[SHEET].iter_rows() for c in row if c.comment}
    assert commented.keys() == {"D40", "E40"}
    assert commented["D40"].count("—— 审核意见 ——") == 1 and commented["D40"].startswith("填表人的批注")
    (line,) = listed(again)
    assert (line[REASON], line[TEXT]) == ("99", "太短")  # what was written, to be mended
    clean = framed(mark(again))
    assert clean[SHEET]["D40"].comment.text == "填表人的批注"
    assert looks(clean[SHEET]) == looks(framed(RICH)[SHEET])


def test_a_bad_answer_leads_to_its_new_line() -> None:
    soft = finding("S901", "C40", Severity.SOFT)
    bad = finding("E03", "J99", sheet=TITLE, row_key=soft.id, submitter="")
    sheet = opened(mark(RICH, soft, bad))[TITLE]
    assert [row[11].value for row in sheet.iter_rows(min_row=HEADER + 1)] == ["E03", "S901"]
    assert sheet.cell(HEADER + 1, 5).value == f"J{HEADER + 2}"
    assert sheet.cell(HEADER + 1, 5).hyperlink.location == f"'{TITLE}'!J{HEADER + 2}"


def test_drop_downs_from_other_sheets_survive_excel() -> None:
    main = "http://schemas.microsoft.com/office/spreadsheetml/2009/9/main"
    extension = (
        f'<extLst><ext uri="{{CCE6A557-97BC-4b89-ADB6-D9C93CAAB3DF}}" xmlns:x14="{main}">'
        '<x14:dataValidations count="1" xmlns:xm="http://schemas.microsoft.com/office/excel/2006/main">'
        '<x14:dataValidation type="list" allowBlank="1" showErrorMessage="1" error="请选择">'
        "<x14:formula1><xm:f>代码表!$A$2:$A$9</xm:f></x14:formula1><xm:sqref>C5:C9 E5</xm:sqref>"
        "</x14:dataValidation></x14:dataValidations></ext></extLst></worksheet>"
    )
    data = sheets.repacked(
        RICH, "xl/worksheets/sheet1.xml", lambda text: text.replace("</worksheet>", extension)
    )
    rules = opened(mark(data, finding(cell=ADDRESS)))[SHEET].data_validations.dataValidation
    (found,) = [rule for rule in rules if rule.formula1 == "代码表!$A$2:$A$9"]
    assert (found.type, str(found.sqref), found.error, found.showErrorMessage, found.allow_blank) == (
        "list", "C5:C9 E5", "请选择", True, True,
    )  # fmt: skip


def test_the_box_of_a_comment_stands_beside_its_cell() -> None:
    def narrow(sheet: Worksheet) -> None:
        sheet.column_dimensions["E"].width, sheet.column_dimensions["F"].hidden = 10, True
        sheet.column_dimensions["G"].width = 60

    parts = parts_of(mark(sheets.edited(RICH, narrow), finding(cell="D5")))
    drawing = parts["xl/drawings/commentsDrawing1.vml"].decode()
    # 300 pixels after a gap of 12 end in G: 75 of E, none of F, 237 of G
    assert re.search(r"Anchor>4, 12, 4, 0, 6, 237, ", drawing)
    assert drawing.count("Anchor>") == 2 * drawing.count("ClientData ObjectType")


def test_pictures_that_are_lost_are_told() -> None:
    told = mark(sheets.packed(parts_of(RICH) | {"xl/media/image1.png": b"x"}), finding(cell=ADDRESS))
    words = [cell.value for cell in opened(told)[TITLE]["A"] if cell.value]
    assert any("原件中的图片、图形等未带入本件" in str(word) for word in words)
    assert not any(
        "图片" in str(cell.value) for cell in opened(mark(RICH, finding(cell=ADDRESS)))[TITLE]["A"]
    )


def test_a_file_that_cannot_be_trusted_is_not_opened() -> None:
    with pytest.raises(Refusal, match="压缩包目录损坏"):
        mark(RICH[:-100], finding(cell=ADDRESS))
