"""That nothing but our marks changes: numbers written as they stood, and the proof of it for each copy.

openpyxl turns every number into a binary one and a date into a day, and writes 16 digits of it. The
reader's own look at the cells gives their text back, and compares the finished copy with the original.
"""

from __future__ import annotations

from collections.abc import Mapping

from openpyxl import Workbook
from openpyxl.cell.cell import MergedCell
from openpyxl.compat import safe_string

from schemas.reading.package import Limits, open_package
from schemas.reading.parts import Book, SheetPart, read_book
from schemas.reading.sheet import Sheet, Value, open_sheet
from schemas.reading.spelling import OddSpelling

Values = Mapping[str, Value]  # by address


def values_of(data: bytes, limits: Limits) -> dict[str, Values]:
    """What every filled cell of a workbook says, by sheet and address; Refusal if it cannot be trusted."""
    book = read_book(open_package(data, limits))
    return {part.name: _values(part, book) for part in book.sheets}


def _values(part: SheetPart, book: Book) -> Values:
    try:
        return _filled(open_sheet(part, book))
    except OddSpelling:
        return _filled(Sheet.respelled(part, book))


def _filled(sheet: Sheet) -> Values:
    found = {}
    for row in sheet.rows():
        for letters, cell in row.cells.items():
            value = sheet.read(cell)
            if value.text or value.formula:
                found[letters + row.digits] = value
    return found


def restore_numbers(book: Workbook, original: Mapping[str, Values]) -> None:
    """Give every number of a loaded workbook the text that it has in the file."""
    for sheet in book.worksheets:
        for address, value in original.get(sheet.title, {}).items():
            if value.kind != "number" or value.formula:
                continue
            cell = sheet[address]
            if not isinstance(cell, MergedCell) and safe_string(cell._value) != value.text:
                cell._value, cell.data_type = value.text, "n"


def altered(original: Mapping[str, Values], copy: Mapping[str, Values]) -> list[str]:
    """The cells (工作表!地址) that do not say in the copy what they say in the original.

    A formula has lost its stored result and is computed anew when the copy is opened.
    """
    found = []
    for name, before in original.items():
        after = copy.get(name, {})
        for address in [*before, *(after.keys() - before.keys())]:
            old, new = before.get(address), after.get(address)
            same = old == new or (old is not None and new is not None and old.formula and new.formula)
            if not same:
                found.append(f"{name}!{address}")
    return sorted(found)
