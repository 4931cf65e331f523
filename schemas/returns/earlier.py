"""The sheet 审核结果 of an earlier return, in a workbook that came back and is sent out once more."""

from __future__ import annotations

from typing import NamedTuple

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from schemas.reading.explanations import ID, REASON, TEXT, is_named
from schemas.reading.head import squeezed

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
    found = {}
    for row in sheet.iter_rows(min_row=top + 1):
        said = [_text(row[places[label] - 1].value) if label in places else "" for label in _LABELS]
        if any(said[1:]):
            found[said[0]] = Written(said[1].partition(" ")[0], said[2])
    return found


def _header(sheet: Worksheet) -> tuple[int, dict[str, int]] | None:
    """The row with the labels, and their columns; where the sheet has another name all must be there."""
    enough = 2 if is_named(sheet.title) else len(_LABELS)
    for row in sheet.iter_rows(max_row=_HEADER_ROWS):
        places = {label: cell.column for cell in row if (label := squeezed(_text(cell.value))) in _LABELS}
        if ID in places and len(places) >= enough:
            return row[0].row, places
    return None


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()
