"""The paper that forms are printed on: cell formats, measures and the small drawing steps.

Here is what every sheet shares, whatever stands on it: the formats (each made once in a workbook and
shared by all cells that wear it, since openpyxl is slow when every cell gets its own), how wide a text
is, which columns a head line spans, and merging. What a form says and where stands in ``blank``; what
its cells may take in ``dropdowns``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal
from unicodedata import east_asian_width

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.styles.cell_style import StyleArray
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.cell_range import MultiCellRange
from openpyxl.worksheet.worksheet import Worksheet

TEXT = "@"
GREY = "D9D9D9"
LINE = 13.5  # points of one line of 宋体 10

_FONTS = {
    "title": Font(name="黑体", size=16),
    "body": Font(name="宋体", size=10),
    "small": Font(name="宋体", size=9),
    "banner": Font(name="黑体", size=12, color="C00000"),
}
_THIN = Side(style="thin", color="000000")
_BOX = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_UNDERLINE = Border(bottom=_THIN)


@dataclass(frozen=True)
class Look:
    """How a cell looks, and whether the filer may write in it."""

    font: Literal["title", "body", "small", "banner"] = "body"
    align: Literal["left", "center", "right"] = "center"
    edge: Literal["", "box", "underline"] = "box"
    number_format: str = "General"
    wrap: bool = False
    grey: bool = False
    open: bool = False  # not locked


class Looks:
    """The formats of one workbook, each made once."""

    def __init__(self, workbook: Workbook) -> None:
        self._scrap = workbook.worksheets[0]
        self._made: dict[Look, StyleArray] = {}

    def __getitem__(self, look: Look) -> StyleArray:
        if look not in self._made:
            cell = Cell(self._scrap, row=1, column=1)
            cell.font = _FONTS[look.font]
            cell.alignment = Alignment(horizontal=look.align, vertical="center", wrap_text=look.wrap or None)
            if look.edge:
                cell.border = _BOX if look.edge == "box" else _UNDERLINE
            if look.grey:
                cell.fill = PatternFill("solid", fgColor=GREY)
            cell.number_format = look.number_format
            cell.protection = Protection(locked=not look.open)
            self._made[look] = cell._style
        return self._made[look]


class _Merged(MultiCellRange):
    """Merged ranges written in their order: openpyxl keeps a set, whose order differs between runs."""

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self.sorted())


class Paper:
    """One sheet to draw on."""

    def __init__(self, sheet: Worksheet, looks: Looks) -> None:
        self.sheet = sheet
        self.looks = looks
        sheet.merged_cells = _Merged()

    def put(self, row: int, column: int, value: Decimal | int | str | None, style: StyleArray) -> None:
        """Write one cell. A text stays a text, whatever it begins with."""
        cell = self.sheet.cell(row, column)
        cell._style = style  # shared, never changed afterwards
        if value is None:
            return
        cell.value = value
        if isinstance(value, str):
            cell.data_type = "s"

    def block(
        self, top: int, left: int, bottom: int, right: int, value: Decimal | int | str | None, look: Look
    ) -> None:
        """Write a value into a block of cells, merged if it has more than one."""
        style = self.looks[look]
        self.put(top, left, value, style)
        if look.edge or look.open:  # the covered cells carry the rest of the frame, and the lock
            for row in range(top, bottom + 1):
                for column in range(left, right + 1):
                    if (row, column) != (top, left):
                        self.put(row, column, None, style)
        if (top, left) != (bottom, right):
            self.sheet.merged_cells.add(area(top, left, bottom, right))


def area(top: int, left: int, bottom: int, right: int) -> str:
    """``B3:D9``; one cell is ``B3``."""
    first, last = f"{get_column_letter(left)}{top}", f"{get_column_letter(right)}{bottom}"
    return first if first == last else f"{first}:{last}"


def measure(text: str) -> int:
    """The width of a text in half-width characters."""
    return sum(2 if east_asian_width(char) in "WFA" else 1 for char in text)


def lines(text: str, width: float) -> int:
    """How many lines a text takes in a cell of this width (in half-width characters)."""
    # A full-width character is never halved, so an odd rest is lost at each line's end.
    usable = max(2, int(width - 1) // 2 * 2)
    return sum(max(1, -(-measure(part) // usable)) for part in text.split("\n"))


def reach(widths: Sequence[float], start: int, need: float, step: Literal[1, -1]) -> int:
    """The last column (from 1) of a span that begins at ``start`` and is at least ``need`` wide."""
    column, got = start, widths[start - 1]
    while got < need and 1 <= column + step <= len(widths):
        column += step
        got += widths[column - 1]
    return column
