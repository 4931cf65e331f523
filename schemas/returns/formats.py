"""The formats of merged cells as they stood: openpyxl spreads the first cell's frame over the others on loading."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import copy

from openpyxl import Workbook
from openpyxl.styles.cell_style import StyleArray
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from schemas.reading.parts import read_book

_CELL = re.compile(rb"<(?:[A-Za-z0-9]+:)?c\s([^<>]*)>")
_ADDRESS = re.compile(rb"""(?:^|\s)r\s*=\s*["']([A-Z]+[0-9]+)["']""")
_STYLE = re.compile(rb"""(?:^|\s)s\s*=\s*["']([0-9]+)["']""")


def restore_formats(parts: Mapping[str, bytes], book: Workbook) -> None:
    """Give the merged cells of a loaded workbook the formats that they have in its parts."""
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    styles = [copy(style) for style in book._cell_styles]
    for part in read_book(parts).sheets:
        if part.name in sheets and sheets[part.name].merged_cells.ranges:
            _restore(sheets[part.name], _style_numbers(part.data), styles)


def _style_numbers(data: bytes) -> dict[str, int]:
    """The number of its format for each cell that has one."""
    found = {}
    for attributes in _CELL.findall(data):
        address, style = _ADDRESS.search(attributes), _STYLE.search(attributes)
        if address is not None and style is not None:
            found[address[1].decode()] = int(style[1])
    return found


def _restore(sheet: Worksheet, numbers: Mapping[str, int], styles: list[StyleArray]) -> None:
    for merged in sheet.merged_cells.ranges:
        for row, column in merged.cells:
            cell = sheet._cells.get((row, column))
            if cell is not None:
                number = numbers.get(f"{get_column_letter(column)}{row}")
                cell._style = StyleArray() if number is None else copy(styles[number])
