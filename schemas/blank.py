"""The layout of one sheet of an official form: head, header, rows, footer, notes, print set-up.

The same drawing serves the blank form and the filled one. The reader finds everything by its words, so
the words here (labels of the head, of the header and of the footer) are what ``schemas.reading`` looks
for. Which fields fall due in which row is asked of ``territory`` and of the form; what does not is
printed grey and locked.
"""

from __future__ import annotations

from collections.abc import Sequence

from openpyxl.utils import get_column_letter

from schemas.blank_long import LongTable
from schemas.blank_wide import WideTable
from schemas.dropdowns import Lists, choices
from schemas.page import Page, Placed, Value
from schemas.stationery import LINE, TEXT, Look, Paper, lines, reach

_ROLES = {"统计局": "统计局", "工信局": "工业和信息化局", "亩均办": "亩均论英雄改革办公室"}
_HEAD_LABEL, _HEAD_VALUE = 26, 28  # least widths of the left block
_LEGAL_LABEL, _LEGAL_VALUE = 19, 16  # and of the right one


def draw(paper: Paper, page: Page, lists: Lists) -> None:
    """Draw a page on an empty sheet."""
    table = WideTable(page) if page.form.layout == "wide" else LongTable(page)
    paper.sheet.sheet_format.defaultRowHeight = 14
    paper.sheet.sheet_format.customHeight = True
    top = _draw_head(paper, page, table.widths)
    placed = table.draw(paper, top, lists)
    _draw_foot(paper, page, table.widths, placed.last + 1)
    _set_up(paper, page, table.widths, placed)


def _office_name(page: Page) -> str:
    """The office as a form's head names it: of a region the bureau that the form is for."""
    region = page.codes.regions.get(page.office.code)
    role = next((full for word, full in _ROLES.items() if word in page.form.filer), None)
    return page.office.name if region is None or role is None else region.name + role


def _draw_head(paper: Paper, page: Page, widths: Sequence[float]) -> int:
    """Draw banner, title, left and right block; returns the header's first row."""
    form, due, last = page.form, page.due, len(widths)
    row = 1
    if page.head is not None and page.head.banner:
        paper.block(row, 1, row, last, page.head.banner, Look("banner", edge=""))
        paper.sheet.row_dimensions[row].height = 18
        row += 1
    paper.block(row, 1, row, last, form.title, Look("title", edge=""))
    paper.sheet.row_dimensions[row].height = 30
    year, month = form.valid_to.split("-")
    legal: list[tuple[str, Value]] = [
        ("表    号：", form.no),
        ("表式版本：", form.edition),
        ("制定机关：", form.authority),
        ("批准（备案）机关：", "未经批准"),  # these are sample forms: no approval is invented
        ("批准（备案）文号：", form.approval),
        ("有效期至：", f"{year}年{int(month)}月"),
        ("计量单位：", form.unit),
        ("版次：", page.head.version if page.head is not None else 1),
    ]
    left: list[tuple[str, Value]] = [
        ("综合机关名称（填报单位）：", _office_name(page)),
        ("填报单位代码：", page.office.code),
        ("报告期：", due.period.printed),
    ]
    if form.subject is not None:
        subject = form.column(form.subject)
        name = page.codes.names(subject.codelist or "").get(due.subject, "")
        left += [(f"{subject.companion}：", name), (f"{subject.header[0]}：", due.subject)]
    value_from = reach(widths, last, _LEGAL_VALUE, -1)
    label_from = reach(widths, value_from - 1, _LEGAL_LABEL, -1)
    for number, (label, value) in enumerate(legal, row + 1):
        paper.block(number, label_from, number, value_from - 1, label, Look(align="right", edge=""))
        opened = label == "版次："
        look = Look(align="left", edge="underline" if opened else "", number_format="0" if opened else TEXT,
                    open=opened)  # fmt: skip
        paper.block(number, value_from, number, last, value, look)
    label_to = reach(widths, 1, _HEAD_LABEL, 1)
    value_to = min(reach(widths, label_to + 1, _HEAD_VALUE, 1), label_from - 1)
    for number, (label, value) in enumerate(left, row + 1 + len(legal) - len(left)):
        opened = label.startswith("综合机关")
        paper.block(number, 1, number, label_to, label, Look(align="right", edge=""))
        look = Look(align="left", edge="", number_format=TEXT, open=opened)
        paper.block(number, label_to + 1, number, value_to, value, look)
    return row + len(legal) + 1


def _draw_foot(paper: Paper, page: Page, widths: Sequence[float], row: int) -> None:
    """Draw the signatures and the notes."""
    head = page.head
    day = ""
    if head is not None:
        year, month, date = head.reported_on.split("-")
        day = f"{year}年{int(month)}月{int(date)}日"
    signatures = (
        ("单位负责人：", head.chief if head else "", 13, 12),
        ("统计负责人：", head.statistician if head else "", 13, 12),
        ("填表人：", head.filler if head else "", 9, 12),
        ("联系电话：", head.phone if head else "", 11, 15),
        ("报出日期：", day, 11, 16),
    )
    row += 1
    column = 1
    for label, value, label_need, value_need in signatures:
        label_to = reach(widths, column, label_need, 1)
        if label_to >= len(widths) or sum(widths[label_to:]) < value_need:
            row, column = row + 1, 1
            label_to = reach(widths, column, label_need, 1)
        value_to = reach(widths, label_to + 1, value_need, 1)
        paper.block(row, column, row, label_to, label, Look(align="right", edge=""))
        look = Look(align="left", edge="underline", number_format=TEXT, open=True)
        paper.block(row, label_to + 1, row, value_to, value or None, look)
        column = value_to + 1
        if column > len(widths):
            row, column = row + 1, 1
    row += 1 if column == 1 else 2
    texts = (*page.form.notes, *_code_notes(page))
    for number, note in enumerate(texts, 1):
        text = f"{'说明：' if number == 1 else '　　　'}{number}. {note}"
        paper.block(row, 1, row, len(widths), text, Look("small", "left", "", wrap=True))
        paper.sheet.row_dimensions[row].height = lines(text, sum(widths)) * LINE
        row += 1


def _code_notes(page: Page) -> list[str]:
    """In a blank register: how to get more rows, and the names of codes without a name column."""
    if page.filled is not None or not page.free or page.form.layout == "long":
        return []
    notes = {"": "行数不够时，请在空白行中间插入行，不要在末行之后续填。"}
    for column in page.columns:
        if column.codelist is None or column.companion:
            continue
        names = choices(page.codes, page.office, column.codelist, page.due.period)
        told = all(f"{code}{name}" in column.label for code, name in names.items())
        if not told:
            words = "、".join(f"{code} {name}" for code, name in names.items())
            notes.setdefault(column.codelist, f"{column.header[0]}：{words}。")
    return list(notes.values())


def _set_up(paper: Paper, page: Page, widths: Sequence[float], placed: Placed) -> None:
    """Protect, freeze, and set up the print: A4 landscape, one page wide, header on every page."""
    sheet = paper.sheet
    for number, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    sheet.freeze_panes = sheet.cell(*placed.corner)
    sheet.print_title_rows = f"{placed.header[0]}:{placed.header[1]}"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 9
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 1 if page.form.layout == "long" else 0  # 0: as many as it takes
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_options.horizontalCentered = True
    margins = sheet.page_margins
    margins.left = margins.right = 0.4
    margins.top = margins.bottom = 0.6
    margins.header = margins.footer = 0.3
    sheet.oddFooter.center.text = "第 &P 页 共 &N 页"
    protection = sheet.protection
    protection.sheet = True
    # In the file these flags say what is forbidden: widths and heights may be changed by the filer.
    protection.formatColumns = protection.formatRows = False
    protection.insertRows = not page.free
