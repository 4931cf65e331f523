"""The sheet 审核结果 of an earlier return, in a workbook that came back and is sent out once more."""

from __future__ import annotations

from typing import NamedTuple

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from schemas.reading.explanations import ID, REASON, TEXT, is_named
from schemas.reading.squeezing import squeezed
from schemas.returns.exact import cells_of

_HEADER_ROWS = 100
_LABELS = (ID, REASON, TEXT)


class Written(NamedTuple):
    """What stands beside a finding, right or wrong: the reason's code and the text."""

    reason: str
    text: str


def listings(book: Workbook) -> list[Worksheet]:
    """The sheets of findings in a workbook, whatever they are called now."""
    return [sheet for sheet in book.worksheets if _header(sheet) is not None]


def answers_on(sheet: Worksheet) -> dict[str, Written]:
    """What was written on such a sheet, by finding id."""
    header = _header(sheet)
    if header is None:
        return {}
    top, places = header
    lines: dict[int, dict[str, str]] = {}
    for cell in cells_of(sheet):
        label = places.get(cell.column)
        if label is not None and cell.row > top:
            lines.setdefault(cell.row, dict.fromkeys(_LABELS, ""))[label] = _text(cell.value)
    return {
        line[ID]: Written(line[REASON].partition(" ")[0], line[TEXT])
        for line in lines.values()
        if line[REASON] or line[TEXT]
    }


def _header(sheet: Worksheet) -> tuple[int, dict[int, str]] | None:
    """The row with the labels, and which column has which; where the sheet has another name all must be there."""
    enough = 2 if is_named(sheet.title) else len(_LABELS)
    rows: dict[int, dict[int, str]] = {}
    for cell in cells_of(sheet):
        label = squeezed(_text(cell.value)) if cell.row <= _HEADER_ROWS else ""
        if label in _LABELS:
            rows.setdefault(cell.row, {})[cell.column] = label
    return next(
        ((row, places) for row, places in rows.items() if ID in places.values() and len(places) >= enough),
        None,
    )


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()
