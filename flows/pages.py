"""Workbooks of one plain sheet: texts below a header, the same bytes for the same rows."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from unicodedata import east_asian_width

import xlsxwriter

from flows.ledger.files import write_file
from schemas.period import Period
from schemas.stamp import CATEGORY

WIDEST = 42  # of a column, in digits: a digest is read in the line above the cells


def write_sheet(
    path: Path, title: str, period: str, header: Sequence[str], rows: Sequence[Sequence[str]]
) -> None:
    """A workbook of one sheet of texts, the same bytes for the same rows."""
    data = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = xlsxwriter.Workbook(data, options)
    last_day = datetime.fromisoformat(Period.parse(period).last_day)
    book.set_properties({"category": CATEGORY, "created": last_day})
    bold = book.add_format({"bold": True})
    sheet = book.add_worksheet(title)
    for number, row in enumerate((header, *rows)):
        for column, text in enumerate(row):
            sheet.write_string(number, column, text[:32767], None if number else bold)
    sheet.freeze_panes(1, 0)
    for column, texts in enumerate(zip(header, *rows, strict=True)):
        sheet.set_column(column, column, min(max(map(_width, texts)) + 2, WIDEST))
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.autofilter(0, 0, max(len(rows), 1), len(header) - 1)
    book.close()
    write_file(path, data.getvalue(), 0o644)


def _width(text: str) -> int:
    """How many digits wide a text is: a Chinese character takes two."""
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)
