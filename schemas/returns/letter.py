"""The letter for a file that cannot be marked: which file, why, whom it concerns, what to do.

A workbook of its own, made without opening the file. Where findings are known they stand on a second
sheet, laid out like that of a marked copy, so that explanations can be written on it and sent with the form.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.worksheet import Worksheet

from schemas.codes import Codes
from schemas.packing import NO_TIME, saved
from schemas.returns.listing import put_text, write_listing
from schemas.returns.record import Listing
from schemas.stamp import CATEGORY
from schemas.stationery import LINE, lines

SHEET = "退件函"
_WIDTHS = (14.0, 76.0)
_BOLD, _BODY = Font(name="宋体", size=11, bold=True), Font(name="宋体", size=11)
_REFUSED = "本函所列文件未予采用，报送单位先前已接收的数据不受影响。更正后请按原渠道重报。"
_TAKEN = "本函所列文件已经审核，只是不能在原件上加注；各表的问题见“审核结果”表。"
_MOVE = "请把“审核结果”表复制到更正后的工作簿中，一并报回。"


@dataclass(frozen=True)
class Letter:
    """What a letter says. ``reason`` and ``advice`` are sentences, ``rule`` may be empty."""

    listing: Listing  # without findings where none are known but the reason
    digest: str
    rule: str
    reason: str
    advice: str
    place: str = ""  # sheet and cell, where the reason has one
    taken: bool = False  # the file was read, only no marked copy could be made


def letter_workbook(letter: Letter, codes: Codes) -> bytes:
    """The letter as a workbook; the same letter gives the same bytes."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = SHEET
    if letter.listing.findings:
        listing = replace(letter.listing, remarks=(_MOVE, *letter.listing.remarks))
        write_listing(book, listing, codes)
        book.move_sheet(sheet, -1)
        book.active = 0
        sheet.sheet_view.tabSelected, book.worksheets[1].sheet_view.tabSelected = True, False
    _write(sheet, letter)
    book.properties.creator = "审核"
    book.properties.category = CATEGORY
    book.properties.created = NO_TIME
    return saved(book, NO_TIME)


def _write(sheet: Worksheet, letter: Letter) -> None:
    for column, width in zip("AB", _WIDTHS, strict=True):
        sheet.column_dimensions[column].width = width
    put_text(sheet.cell(1, 1), SHEET, Font(name="黑体", size=18))
    sheet.row_dimensions[1].height = 34
    said = (
        ("收件单位", letter.listing.office or "未能识别，请转交报送单位"),
        ("文件", letter.listing.delivery_name),
        ("文件指纹", f"SHA-256 {letter.digest}"),
        ("原因", f"[{letter.rule}] {letter.reason}" if letter.rule else letter.reason),
        *([("位置", letter.place)] if letter.place else []),
        ("怎么办", letter.advice),
        ("说明", _TAKEN if letter.taken else _REFUSED),
    )
    for row, (label, words) in enumerate(said, 3):
        put_text(sheet.cell(row, 1), label, _BOLD)
        put_text(sheet.cell(row, 2), words, _BODY)
        sheet.cell(row, 1).alignment = Alignment(vertical="top")
        sheet.cell(row, 2).alignment = Alignment(vertical="top", wrap_text=True)
        sheet.row_dimensions[row].height = LINE * 1.2 * lines(words, _WIDTHS[1]) + 8
    sheet.sheet_view.showGridLines = False
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
