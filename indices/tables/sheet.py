"""The only way in which a cell is written: a workbook in memory and sheets whose writes are checked.

Every write goes through ``Sheet``, which checks XlsxWriter's return code: a text that is too long or a
cell outside the sheet is an error, never a silent gap. Text is always written as text, so that nothing a
submitter typed becomes a formula or a link. A Decimal becomes a float here and nowhere else.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import xlsxwriter
from xlsxwriter.chart import Chart
from xlsxwriter.format import Format

from indices.tables.style import (
    CLOSING,
    HEADING,
    LINE,
    LINE_LEFT,
    MARK,
    MISSING,
    NOTE,
    SONG,
    SUBHEADING,
    TEXT,
    TITLE,
    Look,
    properties,
)  # fmt: skip
from schemas.stamp import CATEGORY

_NORMAL, _SMALL = 1.03, 1.12  # narrow characters of 10 and 9 points per unit of column width


class WriteError(RuntimeError):
    """XlsxWriter refused a cell; the message names sheet and cell."""


class Heading(NamedTuple):
    """A column: the heading that it shares with its neighbours (or none), its own, its width."""

    group: str
    label: str
    width: float


class Book:
    """A workbook in memory with the project's formats; the same content gives the same bytes."""

    def __init__(self, title: str, created: str, footer: str) -> None:
        """``created`` is an ISO date; ``footer`` stands at the left foot of every page."""
        self._buffer = io.BytesIO()
        self.raw = xlsxwriter.Workbook(
            self._buffer,
            {
                "in_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
            },
        )
        self.raw.set_properties(
            {"title": title, "category": CATEGORY, "created": datetime.fromisoformat(created)}
        )
        self.footer = footer
        self._formats: dict[tuple[Look, bool, bool], Format] = {}

    def format(self, look: Look, leftmost: bool, rightmost: bool) -> Format:
        """The workbook's format for a look, made once; a table is open at its sides."""
        key = (look, leftmost, rightmost)
        if key not in self._formats:
            self._formats[key] = self.raw.add_format(properties(look, leftmost, rightmost))
        return self._formats[key]

    def finish(self) -> bytes:
        """Close the workbook and give its bytes."""
        self.raw.close()
        return self._buffer.getvalue()


class Sheet:
    """One A4 sheet, landscape unless told otherwise, whose writes are checked."""

    def __init__(self, book: Book, name: str, widths: Sequence[float], portrait: bool = False) -> None:
        self.book, self.name, self.widths = book, name, tuple(widths)
        self.raw = book.raw.add_worksheet(name)
        self._breaks: list[int] = []
        for column, width in enumerate(widths):
            self._checked(self.raw.set_column(column, column, width), 0, column)
        if not portrait:
            self.raw.set_landscape()
        self.raw.set_paper(9)
        self.raw.set_margins(left=0.4, right=0.4, top=0.55, bottom=0.6)
        self.raw.center_horizontally()
        self.raw.fit_to_pages(1, 0)
        self.raw.hide_gridlines(2)
        small = f'&"{SONG}"&9'
        self.raw.set_footer(f"&L{small}{book.footer.replace('&', '&&')}&R{small}第 &P 页　共 &N 页")

    @property
    def last_column(self) -> int:
        """The last column of the sheet's grid."""
        return len(self.widths) - 1

    @property
    def pixels(self) -> int:
        """The width of the grid as a screen draws it."""
        return self.pixels_before(len(self.widths))

    def pixels_before(self, column: int) -> int:
        """The width of the columns to the left of one."""
        return sum(int(width * 7 + 5) for width in self.widths[:column])

    def text(self, row: int, column: int, value: str, look: Look = TEXT) -> None:
        """Write text as text; an empty one leaves a formatted blank."""
        self._text(row, column, value, self._format(look, column, column))

    def number(
        self, row: int, column: int, value: Decimal | int | None, look: Look, gap: str = MISSING
    ) -> None:
        """Write a number that is rounded already; None prints as ``gap``, never as 0."""
        style = self._format(look, column, column)
        if value is None:
            self._text(row, column, gap, style)
        else:
            self._checked(self.raw.write_number(row, column, float(value), style), row, column)

    def styles(self, looks: Sequence[Look]) -> list[Format]:
        """The formats of a row's columns from the first on, for :meth:`line`."""
        return [self._format(look, column, column) for column, look in enumerate(looks)]

    def line(self, row: int, values: Sequence[str | float | None], styles: Sequence[Format]) -> None:
        """Write the cells of one row of a long list, from the first column on; None leaves a cell out."""
        for column, (value, style) in enumerate(zip(values, styles, strict=True)):
            if isinstance(value, str):
                self._text(row, column, value, style)
            elif value is not None:
                self._checked(self.raw.write_number(row, column, value, style), row, column)

    def merged(self, row: int, column: int, last_row: int, last_column: int, value: str, look: Look) -> None:
        """Write text over a range of cells; a range of one cell is just that cell."""
        style = self._format(look, column, last_column)
        if (row, column) != (last_row, last_column):
            code = self.raw.merge_range(row, column, last_row, last_column, "", style)
            self._checked(code, row, column)
        self._text(row, column, value, style)

    def merged_number(
        self, row: int, column: int, last_column: int, value: Decimal | int | None, look: Look
    ) -> None:
        """Write a number over several cells of a row; None prints as missing."""
        self.merged(row, column, row, last_column, MISSING, look)
        if value is not None:
            style = self._format(look, column, last_column)
            self._checked(self.raw.write_number(row, column, float(value), style), row, column)

    def head(self, title: str, left: str, right: str) -> int:
        """Write the title and below it a line with a mark in the last column; gives the next row."""
        self.merged(0, 0, 0, self.last_column, title, TITLE)
        self.raw.set_row(0, 30)
        self.merged(1, 0, 1, self.last_column - 1, left, LINE_LEFT)
        self.text(1, self.last_column, right, MARK)
        self.raw.set_row(1, LINE)
        return 2

    def headings(self, row: int, headings: Sequence[Heading]) -> int:
        """Two rows of headings: merged over an equal group, or down where there is none; the next row."""
        column = 0
        while column < len(headings):
            group, label, _ = headings[column]
            last = column
            if not group:
                self.merged(row, column, row + 1, column, _broken(label), HEADING)
            else:
                while last + 1 < len(headings) and headings[last + 1].group == group:
                    last += 1
                self.merged(row, column, row, last, group, HEADING)
                for place in range(column, last + 1):
                    self.text(row + 1, place, _broken(headings[place].label), SUBHEADING)
            column = last + 1
        self.raw.set_row(row, LINE)
        deepest = max(_heading_lines(h) - (not h.group) for h in headings)
        self.raw.set_row(row + 1, 14 * max(1, deepest) + 3)
        return row + 2

    def notes(self, row: int, lines: Sequence[str]) -> int:
        """Write numbered notes over the whole width below a table; gives the next row."""
        room = sum(self.widths) * _SMALL
        for number, line in enumerate(lines, 1):
            text = f"注：{number}. {line}" if number == 1 else f"　　{number}. {line}"
            self.merged(row, 0, row, self.last_column, text, CLOSING if number == 1 else NOTE)
            self.raw.set_row(row, 13.5 * lines_of(text, room))
            row += 1
        return row

    def fit_row(self, row: int, *texts: tuple[str, int, int], line: int = LINE) -> int:
        """Make a row high enough for texts, each wrapped from a first to a last column.

        ``line`` is the height of one line in points. Gives the row's height in pixels.
        """
        lines = max(
            (lines_of(text, sum(self.widths[first : last + 1]) * _NORMAL) for text, first, last in texts),
            default=1,
        )
        self.raw.set_row(row, line * lines)
        return int(line * lines * 4 / 3)

    def break_before(self, row: int) -> None:
        """Start a new page with this row, so that no chart or small table is cut."""
        self._breaks.append(row)
        self._checked(self.raw.set_h_pagebreaks(self._breaks) or 0, row, 0)

    def chart(self, row: int, left: int, chart: Chart, width: int, height: int) -> int:
        """Put a chart on top of a row, ``left`` pixels from the margin; gives the row below it.

        Width and height are in pixels; the rows under the chart have the default height of 20.
        """
        chart.set_size({"width": width, "height": height})
        placed = {"x_offset": left, "y_offset": 2, "object_position": 2}
        self._checked(self.raw.insert_chart(row, 0, chart, placed), row, 0)
        return row + height // 20 + 2

    def _format(self, look: Look, first: int, last: int) -> Format:
        return self.book.format(look, first == 0, last == self.last_column)

    def _text(self, row: int, column: int, value: str, style: Format) -> None:
        if value:
            self._checked(self.raw.write_string(row, column, value, style), row, column)
        else:
            self._checked(self.raw.write_blank(row, column, None, style), row, column)

    def _checked(self, code: int, row: int, column: int) -> None:
        if code != 0:
            place = f"{self.name}!{xlsxwriter.utility.xl_rowcol_to_cell(row, column)}"
            raise WriteError(f"不能写入单元格 {place}（XlsxWriter 返回 {code}）")


def lines_of(text: str, room: float) -> int:
    """How many lines a text takes in a width of so many narrow characters."""
    wide = sum(2 if unicodedata.east_asian_width(c) in "WFA" else 1 for c in text)
    return max(1, -(-wide // max(1, int(room))))


def _broken(label: str) -> str:
    """A heading with its unit on a line of its own."""
    return label.replace("（", "\n（", 1)


def _heading_lines(heading: Heading) -> int:
    return sum(lines_of(line, heading.width * _SMALL) for line in _broken(heading.label).split("\n"))
