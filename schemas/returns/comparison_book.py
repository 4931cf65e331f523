"""The comparison of two versions as a workbook: counts on top, differences first, rows that are gone by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from io import BytesIO

import polars as pl
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from schemas.codes import Codes
from schemas.form import Form
from schemas.period import Period
from schemas.reading.record import Submission
from schemas.returns.compare import ADDED, CHANGED, KEPT, REMOVED, compare_versions, form_by
from schemas.row_words import row_words
from schemas.stamp import CATEGORY

STATE_ZH = {CHANGED: "修改", ADDED: "新增", REMOVED: "删除", KEPT: "未变"}

_COLOURS = {CHANGED: "#FFEB9C", ADDED: "#C6EFCE", REMOVED: "#FFC7CE", KEPT: "#FFFFFF"}
_COLUMNS: Mapping[str, float] = {
    "情况": 7, "行": 40, "指标": 30, "原单元格": 10, "原值": 18, "新单元格": 10, "新值": 18, "增减": 16,
}  # fmt: skip
_LONGEST = 32_000  # characters that a cell takes, and some room
_HEADER_ROW = 4
_PLACES = 4  # decimals that a figure may have
_BASE = {"font_name": "宋体", "font_size": 10, "valign": "vcenter"}


def comparison_workbook(old: Submission, new: Submission, codes: Codes) -> bytes:
    """The comparison as a workbook; the same versions give the same bytes. ValueError as in ``compare_versions``."""
    frame = compare_versions(old, new)
    form = form_by(new)
    buffer = BytesIO()
    book = xlsxwriter.Workbook(
        buffer,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    last_day = datetime.fromisoformat(Period.parse(new.period).last_day)
    book.set_properties({"title": f"{form.no}版本对照", "category": CATEGORY, "created": last_day})
    writer = _Writer(book, form, codes)
    head = _head(old, new, form, frame)
    writer.table("版本对照", head, frame.filter(pl.col("state") != KEPT))
    gone = frame.filter(pl.col("row_state") == REMOVED)["row_key"].unique(maintain_order=True).to_list()
    if gone:
        writer.rows("删除的行", gone)
    writer.table("未变", head[:1], frame.filter(pl.col("state") == KEPT))
    book.close()
    return buffer.getvalue()


def _head(old: Submission, new: Submission, form: Form, frame: pl.DataFrame) -> list[str]:
    count = {state: frame.filter(pl.col("state") == state).height for state in STATE_ZH}
    gone = frame.filter(pl.col("row_state") == REMOVED)["row_key"].n_unique()
    said = "，".join(f"{words} {count[state]} 格" for state, words in STATE_ZH.items())
    return [
        f"{form.no}《{form.title}》{new.subject}　{new.office}　{Period.parse(new.period).printed}",
        f"原：第 {old.version} 版（{old.file_name} {old.sheet}，{old.digest[:12]}）　"
        f"新：第 {new.version} 版（{new.file_name} {new.sheet}，{new.digest[:12]}）",
        f"{said}；整行删除 {gone} 行。",
    ]


class _Writer:
    """The sheets of one workbook, with its formats."""

    def __init__(self, book: xlsxwriter.Workbook, form: Form, codes: Codes) -> None:
        self._book = book
        self._form, self._codes = form, codes
        self._title = book.add_format({**_BASE, "font_name": "黑体", "font_size": 16})
        self._plain = book.add_format(_BASE)
        self._header = self._boxed({"bold": True, "align": "center", "bg_color": "#D9E1F2"})
        self._text = self._boxed({"text_wrap": True})
        self._address = self._boxed({"align": "center"})
        self._numbers = [
            self._boxed({"num_format": "#,##0" + "." * (places > 0) + "0" * places, "align": "right"})
            for places in range(_PLACES + 1)
        ]
        self._states = {s: self._boxed({"align": "center", "bg_color": c}) for s, c in _COLOURS.items()}

    def _boxed(self, properties: Mapping[str, object]) -> Format:
        return self._book.add_format({**_BASE, "border": 1, "border_color": "#808080", **properties})

    def table(self, name: str, head: Sequence[str], frame: pl.DataFrame) -> None:
        """A sheet of lines."""
        sheet = self._sheet(name, head, list(_COLUMNS))
        for at, width in enumerate(_COLUMNS.values()):
            sheet.set_column(at, at, width)
        for row, line in enumerate(frame.iter_rows(named=True), _HEADER_ROW + 1):
            old, new = (self._figure(line["field"], line[name]) for name in ("old_value", "new_value"))
            self._put(sheet, row, 0, STATE_ZH[line["state"]], self._states[line["state"]])
            self._put(sheet, row, 1, row_words(self._form, line["row_key"], self._codes))
            self._put(sheet, row, 2, self._label(line["field"]))
            self._put(sheet, row, 3, line["old_cell"], self._address)
            self._put(sheet, row, 4, line["old_value"] if old is None else old)
            self._put(sheet, row, 5, line["new_cell"], self._address)
            self._put(sheet, row, 6, line["new_value"] if new is None else new)
            self._put(sheet, row, 7, "" if old is None or new is None else new - old)

    def rows(self, name: str, keys: Sequence[str]) -> None:
        """A sheet of rows by name."""
        sheet = self._sheet(name, ["原版有、新版没有的行："], ["行", "行键"])
        sheet.set_column(0, 1, 60)
        for row, key in enumerate(keys, _HEADER_ROW + 1):
            self._put(sheet, row, 0, row_words(self._form, key, self._codes))
            self._put(sheet, row, 1, key)

    def _sheet(self, name: str, head: Sequence[str], labels: Sequence[str]) -> Worksheet:
        sheet = self._book.add_worksheet(name)
        self._put(sheet, 0, 0, name, self._title)
        for row, words in enumerate(head, 1):
            self._put(sheet, row, 0, words, self._plain)
        for at, label in enumerate(labels):
            self._put(sheet, _HEADER_ROW, at, label, self._header)
        sheet.freeze_panes(_HEADER_ROW + 1, 0)
        sheet.repeat_rows(_HEADER_ROW)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        sheet.set_footer("&R第 &P 页　共 &N 页")
        sheet.hide_gridlines(2)
        return sheet

    def _put(
        self, sheet: Worksheet, row: int, column: int, value: str | Decimal, look: Format | None = None
    ) -> None:
        """Write a number or a text; what the library refuses is an error, never a gap."""
        if isinstance(value, Decimal):
            places = len(format(value.normalize(), "f").partition(".")[2])
            code = sheet.write_number(row, column, float(value), look or self._numbers[min(places, _PLACES)])
        else:
            code = sheet.write_string(row, column, value[:_LONGEST], look or self._text)
        if code:
            raise ValueError(f"{sheet.get_name()} 第 {row + 1} 行写不下")

    def _figure(self, field: str, text: str) -> Decimal | None:
        """The number of a numeric field."""
        column = next((c for c in self._form.columns if c.code == field), None)
        if column is None or not column.numeric or not text:
            return None
        try:
            return Decimal(text)
        except InvalidOperation:
            return None

    def _label(self, field: str) -> str:
        return next((c.label for c in self._form.columns if c.code == field), field)
