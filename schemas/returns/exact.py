"""That nothing but our marks changes: numbers and results as they stood, and the proof of it for each copy.

openpyxl turns every number into a binary one and a date into a day, and writes 16 digits of it; of a
formula it drops the result. The reader's own look at the cells gives the texts back, and compares the
finished copy with the original.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.sax.saxutils import escape

from openpyxl import Workbook
from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.compat import safe_string
from openpyxl.worksheet.worksheet import Worksheet

from schemas.reading.package import Limits, open_package
from schemas.reading.parts import Book, SheetPart, read_book
from schemas.reading.sheet import Sheet, Value, open_sheet
from schemas.reading.spelling import OddSpelling

_BARE_FORMULA = re.compile(
    r'<c r="([A-Z]+[0-9]+)"((?: s="[0-9]+")?)>(<f(?:\s[^>]*?)?(?:/>|>[^<]*</f>))<v ?(?:/>|></v>)</c>'
)
_TYPES = {"number": "", "text": ' t="str"', "bool": ' t="b"', "error": ' t="e"'}

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


def cells_of(sheet: Worksheet) -> list[Cell]:
    """The cells that are in the file, downwards; openpyxl's own walk makes all that lie between them."""
    return [cell for _, cell in sorted(sheet._cells.items())]


def restore_numbers(book: Workbook, original: Mapping[str, Values]) -> None:
    """Give every number of a loaded workbook the text that it has in the file."""
    for sheet in book.worksheets:
        for address, value in original.get(sheet.title, {}).items():
            if value.kind != "number" or value.formula:
                continue
            cell = sheet[address]
            if not isinstance(cell, MergedCell) and safe_string(cell._value) != value.text:
                cell._value, cell.data_type = value.text, "n"


def restore_results(
    parts: dict[str, bytes], book: Workbook, original: Mapping[str, Values]
) -> dict[str, bytes]:
    """The written parts of a workbook, each formula with the result that it has in the file."""
    restored = dict(parts)
    for sheet in book.worksheets:
        results = {a: v for a, v in original.get(sheet.title, {}).items() if v.formula}
        if results:
            name = sheet.path.lstrip("/")
            restored[name] = _BARE_FORMULA.sub(
                lambda match, known=results: _with_result(match, known.get(match[1])),  # type: ignore[misc]
                parts[name].decode(),
            ).encode()
    return restored


def _with_result(formula: re.Match[str], value: Value | None) -> str:
    """A formula's cell with its result; as it is if the file has none."""
    if value is None or value.kind not in _TYPES:
        return formula[0]
    text = {"TRUE": "1", "FALSE": "0"}[value.text] if value.kind == "bool" else value.text
    shown = escape(text, {"\r": "_x000D_"})
    return f'<c r="{formula[1]}"{formula[2]}{_TYPES[value.kind]}>{formula[3]}<v>{shown}</v></c>'


def altered(original: Mapping[str, Values], copy: Mapping[str, Values]) -> list[str]:
    """The cells (工作表!地址) that do not say in the copy what they say in the original."""
    found = []
    for name, before in original.items():
        after = copy.get(name, {})
        found += [f"{name}!{a}" for a in before.keys() | after.keys() if before.get(a) != after.get(a)]
    return sorted(found)
