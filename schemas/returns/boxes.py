"""Comment boxes beside their cells: openpyxl puts all of them into the upper left corner of the sheet."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from openpyxl import Workbook
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.xml.functions import SubElement, fromstring, tostring

_EXCEL = "{urn:schemas-microsoft-com:office:excel}"
_GAP = 12  # pixels between a cell and its box
_WIDTH, _HEIGHT = 64, 20  # pixels of a column and a row that say nothing else


def place_boxes(parts: dict[str, bytes], book: Workbook) -> dict[str, bytes]:
    """The written parts of a workbook, each comment's box to the right of its cell."""
    placed = dict(parts)
    for sheet in book.worksheets:
        if sheet.legacy_drawing in parts:  # written for the comments of the sheet
            placed[sheet.legacy_drawing] = _placed(parts[sheet.legacy_drawing], sheet)
    return placed


def _placed(drawing: bytes, sheet: Worksheet) -> bytes:
    root = fromstring(drawing)
    for data in root.iter(f"{_EXCEL}ClientData"):
        row, column = (int(data.findtext(_EXCEL + name, "0")) for name in ("Row", "Column"))
        comment = sheet.cell(row + 1, column + 1).comment
        right = _reach(lambda at: _width(sheet, at), column + 1, _GAP + comment.width)
        bottom = _reach(lambda at: _height(sheet, at), row, comment.height)
        places = (column + 1, _GAP, row, 0, *right, *bottom)
        SubElement(data, f"{_EXCEL}Anchor").text = ", ".join(map(str, places))
    return tostring(root)


def _reach(size: Callable[[int], int], start: int, need: int) -> tuple[int, int]:
    """Where a length ends that begins at the edge of a column or row: the place (from 0) and the rest."""
    for at in count(start):
        if need <= size(at):
            return at, need
        need -= size(at)
    raise AssertionError("every column and row but hidden ones has a size")


def _width(sheet: Worksheet, at: int) -> int:
    dimension = sheet.column_dimensions.get(get_column_letter(at + 1)) if at < 16384 else None
    if dimension is None:
        return _WIDTH
    return 0 if dimension.hidden else int(dimension.width * 7 + 5)


def _height(sheet: Worksheet, at: int) -> int:
    dimension = sheet.row_dimensions.get(at + 1)
    if dimension is None:
        return _HEIGHT
    return 0 if dimension.hidden else int((dimension.height or 15) * 96 / 72)
