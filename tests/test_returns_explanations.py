"""Explanations on the sheet 审核结果: found by their labels, and a bad line rejects no form."""

from collections.abc import Callable

import pytest
import sheets
from books import opened
from openpyxl.worksheet.worksheet import Worksheet
from returning import finding, mark

from schemas.decide import decision
from schemas.finding import Finding, Severity, State
from schemas.reading.explanations import ID, REASON, TEXT, TITLE
from schemas.reading.record import Delivery, Explanation
from schemas.reading.worker import decode, encode

BASE, _ = sheets.filled()
ADDRESS = sheets.at(BASE, "rev_cum")
SOFT = [finding(f"S90{n}", ADDRESS, Severity.SOFT) for n in range(1, 4)]
COPY = mark(BASE, finding(cell=ADDRESS), *SOFT)
LONG = "铜价上涨，出厂价随之上涨三成"
LINES = {"S901": 8, "S902": 9, "S903": 10}  # the rows of the sheet


def answered(
    lines: dict[str, tuple[object, object]], change: Callable[[Worksheet], object] | None = None
) -> Delivery:
    """The copy with reasons and texts beside these rules' findings, and a further change of the sheet."""
    book = opened(COPY)
    sheet = book[TITLE]
    for rule, (reason, text) in lines.items():
        sheet.cell(LINES[rule], 9).value, sheet.cell(LINES[rule], 10).value = reason, text  # type: ignore[assignment]
    if change is not None:
        change(sheet)
    return sheets.read(sheets.saved(book))


def told(delivery: Delivery) -> list[tuple[str, str, str]]:
    """Rule, cell and the finding that a bad line means."""
    return [(f.rule, f.cell, f.row_key) for f in delivery.findings]


def test_good_lines_are_taken_and_blank_ones_say_nothing() -> None:
    delivery = answered({"S901": ("3 价格变动", f"　{LONG} "), "S903": (5, "十月份停产检修二十天")})
    assert delivery.explanations == (
        Explanation(SOFT[0].id, "3", LONG, TITLE, "J8"),
        Explanation(SOFT[2].id, "5", "十月份停产检修二十天", TITLE, "J10"),
    )
    assert delivery.refused is None and delivery.findings == ()
    assert len(delivery.submissions) == 1
    assert decode(encode(delivery)) == delivery


def test_who_signed_is_kept() -> None:
    (submission,) = decode(encode(sheets.read(BASE))).submissions
    assert submission.signed == ("王一", "李二", "赵三")
    assert submission.signed_by("王　一") and submission.signed_by(" 赵三 ")
    assert not submission.signed_by("王二")


@pytest.mark.parametrize(
    ("reason", "text", "rule", "cell", "says"),
    [
        ("12", LONG, "E02", "I9", "原因码“12”不在代码表中"),
        ("3 检修", LONG, "E02", "I9", "不在代码表中"),  # code and name of two reasons
        (None, LONG, "E02", "I9", "原因码未填"),
        ("3", "太短", "E03", "J9", "只有 2 个字"),
        ("3", " 九个字九个字九个字 ", "E03", "J9", "只有 9 个字"),
        ("3", None, "E03", "J9", "只有 0 个字"),
        ("3", '=REPT("字",20)', "E05", "J9", "不是直接填写的文字"),
        ("=1+2", LONG, "E05", "I9", "不是直接填写的文字"),
        (True, LONG, "E05", "I9", "不是直接填写的文字"),
    ],
)
def test_a_bad_line_is_named_and_rejects_nothing(
    reason: object, text: object, rule: str, cell: str, says: str
) -> None:
    delivery = answered({"S901": ("3", LONG), "S902": (reason, text)})
    assert [e.finding for e in delivery.explanations] == [SOFT[0].id]
    (bad,) = delivery.findings
    assert (bad.rule, bad.sheet, bad.cell, bad.row_key) == (rule, TITLE, cell, SOFT[1].id)
    assert says in bad.message and bad.advice
    assert bad.severity is Severity.HARD and bad.submitter == ""
    (submission,) = delivery.submissions
    assert decision(submission.findings) is State.ACCEPTED


def test_ten_characters_are_enough() -> None:
    assert len(answered({"S901": ("3", "一二三四五六七八九十")}).explanations) == 1


@pytest.mark.parametrize("id_", ["", "S901", "becb696c1fbad51", "becb696c1fbad51g"])
def test_an_id_that_is_none(id_: str) -> None:
    delivery = answered({"S901": ("3", LONG)}, lambda sheet: setattr(sheet["M8"], "value", id_))
    assert [(f.rule, f.cell, f.value) for f in delivery.findings] == [("E01", "M8", id_)]
    assert delivery.explanations == ()


def test_columns_may_be_moved_and_lines_deleted() -> None:
    def change(sheet: Worksheet) -> None:
        sheet.delete_rows(LINES["S902"])
        sheet.insert_cols(1, 2)
        sheet.move_range("O1:O40", cols=-14)  # the ids to column A
        sheet.insert_rows(1, 3)

    delivery = answered({"S901": ("3", LONG), "S903": ("4", LONG)}, change)
    assert [(e.finding, e.reason, e.cell) for e in delivery.explanations] == [
        (SOFT[0].id, "3", "L11"),
        (SOFT[2].id, "4", "L12"),
    ]


def test_the_sheet_is_known_by_its_labels_too() -> None:
    delivery = answered({"S901": ("3", LONG)}, lambda sheet: setattr(sheet, "title", "Sheet9"))
    assert [e.sheet for e in delivery.explanations] == ["Sheet9"]
    assert delivery.findings == ()


@pytest.mark.parametrize("label", [REASON, TEXT, ID])
def test_a_missing_column_is_told_once(label: str) -> None:
    at = {REASON: "I6", TEXT: "J6", ID: "M6"}[label]
    delivery = answered({"S901": ("3", LONG), "S902": ("3", LONG)}, lambda s: setattr(s[at], "value", "x"))
    assert [f.rule for f in delivery.findings] == ["E07"] and label in delivery.findings[0].message
    assert delivery.explanations == () and len(delivery.submissions) == 1


def test_a_label_that_stands_there_twice() -> None:
    delivery = answered({"S901": ("3", LONG)}, lambda s: setattr(s["N6"], "value", TEXT))
    assert [f.rule for f in delivery.findings] == ["E07"]


def test_what_is_hidden_is_not_taken() -> None:
    def row(sheet: Worksheet) -> None:
        sheet.row_dimensions[9].hidden = True

    def column(sheet: Worksheet) -> None:
        sheet.column_dimensions["J"].hidden = True

    def whole(sheet: Worksheet) -> None:
        sheet.sheet_state = "hidden"

    lines: dict[str, tuple[object, object]] = {"S901": ("3", LONG), "S902": ("3", LONG)}
    assert told(answered(lines, row)) == [("E06", "J9", SOFT[1].id)]
    assert [e.finding for e in answered(lines, row).explanations] == [SOFT[0].id]
    for change, cells in ((column, ["J8", "J9"]), (whole, ["J8", "J9"])):
        delivery = answered(lines, change)
        assert [(f.rule, f.cell) for f in delivery.findings] == [("E06", cell) for cell in cells]
        assert delivery.explanations == ()
    assert told(answered({"S901": ("3", LONG)}, row)) == []  # a hidden line without an answer


def test_two_answers_to_one_finding() -> None:
    def same_id(sheet: Worksheet) -> None:
        sheet["M9"].value = SOFT[0].id

    delivery = answered({"S901": ("3", LONG), "S902": ("4", LONG)}, same_id)
    assert told(delivery) == [("E04", "J8", SOFT[0].id), ("E04", "J9", SOFT[0].id)]
    assert delivery.explanations == ()
    assert len(answered({"S901": ("3", LONG), "S902": ("3", LONG)}, same_id).explanations) == 1


def test_a_workbook_of_answers_alone_is_refused_as_no_form() -> None:
    book = opened(COPY)
    for sheet in book.worksheets[1:]:
        book.remove(sheet)
    book[TITLE]["I8"], book[TITLE]["J8"] = "99", "短"
    delivery = sheets.read(sheets.saved(book))
    assert delivery.refused is not None and delivery.refused.rule == "L01"


def test_a_form_may_be_called_so() -> None:
    renamed = sheets.edited(BASE, lambda sheet: setattr(sheet, "title", TITLE))
    assert sheets.one(renamed).sheet == TITLE
    empty = opened(BASE)
    empty.create_sheet(f"{TITLE}（旧）")["A1"] = "没有表头"
    assert [f.rule for f in sheets.read(sheets.saved(empty)).findings] == ["E07"]


def test_the_id_takes_a_number_as_it_is_shown() -> None:
    def id_of(value: str) -> str:
        return Finding("S901", Severity.SOFT, "", "", value=value).id

    assert id_of("1.1") == id_of("1.1000000000000001") and id_of("3|0.30000000000000004") == id_of("3|0.3")
    assert id_of("1.1") != id_of("1.2") and id_of("3911") != id_of("03911")
    assert id_of("123456789012345678") != id_of("123456789012345679")  # a code, not a measured number
