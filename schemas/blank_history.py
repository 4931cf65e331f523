"""The blank history workbook: one line per value, for what the bureau holds of periods before the forms.

The reader finds the head and the columns by their words; how to fill them in stands above the columns, where
the reader passes over it. The fields of each form are listed on a hidden sheet, for the drop-downs.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from schemas.form import Form, load_forms
from schemas.period import Period
from schemas.reading.history import COLUMNS
from schemas.reading.layout import HISTORY_TITLE
from schemas.territory import BUREAU

HEADER = (*COLUMNS, "资料来源")
FILE_NAME = f"{HISTORY_TITLE}.xlsx"

_WIDTHS = (10, 12, 52, 20, 18, 30)
_HOW = (
    "每行一个数：表代码如 GLT02；报告期写 2025-12（月）、2025Q4（季）或 2025（年报）；没有数值的行请删除。",
    "记录键写成“键=代码”，多个键用英文分号隔开：",
    "字段代码和计量单位见随附的字段说明；数值只写数；资料来源写明年鉴、快报或文件名。更正时版次加 1，整册重报。",
)
_LINES = 2000  # rows with drop-downs
_FIELDS = "字段代码"


def history_forms(period: Period) -> tuple[Form, ...]:
    """The forms whose figures a history workbook may hold; registers, which have no unit of theirs, have none."""
    month = f"{period.year:04d}-{period.month:02d}"
    return tuple(
        form
        for form in load_forms()
        if form.store != "permu"
        and not form.filed_by_bureau
        and form.valid_from <= month <= form.valid_to
        and form.unit != "-"
    )


def blank_history(period: Period) -> bytes:
    """A workbook to be filled in; the same period gives the same bytes."""
    forms, buffer = history_forms(period), io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        book.set_properties({"title": HISTORY_TITLE, "created": datetime.fromisoformat(period.last_day)})
        song = {"font_name": "宋体", "font_size": 10}
        plain, bold = book.add_format(song), book.add_format({**song, "bold": True})
        title = book.add_format({"font_name": "黑体", "font_size": 16})
        heading = book.add_format(
            {**song, "bold": True, "align": "center", "border": 1, "bg_color": "#D9E1F2"}
        )
        sheet = book.add_worksheet("历史数据")
        for column, width in enumerate(_WIDTHS):
            sheet.set_column(column, column, width, plain)
        sheet.write_string(0, 0, HISTORY_TITLE, title)
        above = [*_HOW[:2], *_keys(forms), *_HOW[2:]]
        head = [f"填报单位代码：{BUREAU.code}", "版次：1", "报出日期："]
        for row, text in enumerate([*above, *head], 1):
            sheet.write_string(row, 0, text, bold if text in head else plain)
        top = len(above) + len(head) + 1
        for column, text in enumerate(HEADER):
            sheet.write_string(top, column, text, heading)
        _drop_downs(sheet, top + 1, forms)
        sheet.freeze_panes(top + 1, 0)
        sheet.repeat_rows(top)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        _fields(book.add_worksheet(_FIELDS), forms)
    return buffer.getvalue()


def _drop_downs(sheet: Worksheet, first: int, forms: Sequence[Form]) -> None:
    """The codes of forms; for a line's form the codes of its fields."""
    last = first + _LINES - 1
    sheet.data_validation(
        first, 0, last, 0, {"validate": "list", "source": [form.code for form in forms], "error_title": "填报有误",
                            "error_message": "请选择表代码。"},
    )  # fmt: skip
    line = first + 1
    own = f"MATCH($A{line},{_FIELDS}!$A:$A,0)-1,0,COUNTIF({_FIELDS}!$A:$A,$A{line}),1"
    sheet.data_validation(
        first, 3, last, 3, {"validate": "list", "source": f"=OFFSET({_FIELDS}!$B$1,{own})",
                            "error_type": "warning", "error_title": "填报有误",
                            "error_message": "该表没有这个字段，见字段说明。"},
    )  # fmt: skip


def _fields(sheet: Worksheet, forms: Sequence[Form]) -> None:
    """Form and field, line by line: what the drop-downs look up. Hidden, so that nobody takes it for a report."""
    fields = [(form.code, field.code) for form in forms for field in form.columns if not field.key]
    for row, codes in enumerate(fields):
        for column, code in enumerate(codes):
            sheet.write_string(row, column, code)
    sheet.hide()


def _keys(forms: Sequence[Form]) -> list[str]:
    """How the key of a record is written, a line for the forms that have the same."""
    forms_by: dict[str, list[str]] = {}
    for form in forms:
        forms_by.setdefault(";".join(f"{column.code}=…" for column in form.keys), []).append(form.code)
    return [f"　　{'、'.join(codes)}：{key}" for key, codes in forms_by.items()]
