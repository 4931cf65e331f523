"""Workbooks of plain pages: sheets of texts with a header, the same bytes for the same rows."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import xlsxwriter

from flows.ledger.files import write_file
from schemas.period import Period

WIDEST = 320  # pixels of a column: a digest is read in the line above the cells


@dataclass(frozen=True)
class Page:
    """A sheet of texts: its title, its header, its rows."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


def write_sheet(
    path: Path, title: str, period: str, header: Sequence[str], rows: Sequence[Sequence[str]]
) -> None:
    """A workbook of one sheet of texts, the same bytes for the same rows."""
    write_pages(path, period, (Page(title, header, rows),))


def write_pages(path: Path, period: str, pages: Sequence[Page]) -> None:
    """A workbook of sheets of texts, the same bytes for the same rows."""
    data = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = xlsxwriter.Workbook(data, options)
    book.set_properties({"created": datetime.fromisoformat(Period.parse(period).last_day)})
    bold = book.add_format({"bold": True})
    for page in pages:
        sheet = book.add_worksheet(page.title)
        for number, row in enumerate((page.header, *page.rows)):
            for column, text in enumerate(row):
                sheet.write_string(number, column, text[:32767], None if number else bold)
        sheet.freeze_panes(1, 0)
        sheet.autofit(WIDEST)
        sheet.autofilter(0, 0, max(len(page.rows), 1), len(page.header) - 1)
    book.close()
    write_file(path, data.getvalue(), 0o644)
