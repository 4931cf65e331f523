"""What a clerk does to workbooks, for the tests of the whole loop: change a cell, raise 版次, explain."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from books import opened
from openpyxl import Workbook

from schemas.codes import Codes
from schemas.form import form_for
from schemas.period import Period
from schemas.reading.record import Delivery, Submission
from schemas.reading.workbook import read_workbook
from schemas.samples.sheet_defects import head_cell
from schemas.territory import Due, submitter
from schemas.workbook import Filled, Head, filled_workbook


def reading(path: Path, codes: Codes) -> Delivery:
    return read_workbook(path.read_bytes(), path.name, codes)


def sheet_of(delivery: Delivery, form: str) -> Submission:
    return next(s for s in delivery.submissions if s.form == form)


def address(submission: Submission, field: str, row: int = 0) -> str:
    return next(c.address for c in submission.cells if c.field == field and c.row == row)


def value(submission: Submission, field: str, row: int = 0) -> str:
    return next(c.value or "" for c in submission.cells if c.field == field and c.row == row)


def change(source: Path, target: Path, codes: Codes, form: str, version: int, **fields: int) -> Path:
    """A copy with these figures in the first row of a form, and 版次 of all its sheets raised."""
    submission = sheet_of(reading(source, codes), form)
    book = opened(source)
    for field, figure in fields.items():
        book[submission.sheet][address(submission, field)] = figure
    raise_version(book, version)
    target.parent.mkdir(parents=True, exist_ok=True)
    book.save(target)
    return target


def raise_version(book: Workbook, version: int) -> None:
    for sheet in book.worksheets:
        if sheet.sheet_state == "visible" and sheet.title != "审核结果":
            sheet[head_cell(sheet, "版次：")].value = version


def explain(copy: Path, target: Path, reason: str, text: str, severity: str = "核实性") -> Path:
    """The return copy with every line of a severity explained."""
    book = opened(copy)
    sheet = book["审核结果"]
    labels = {}
    for row in sheet.iter_rows():
        for cell in row:
            if cell.value in ("原因码", "情况说明", "程度") and cell.value not in labels:
                labels[cell.value] = cell
    for line in range(labels["程度"].row + 1, sheet.max_row + 1):
        if sheet.cell(line, labels["程度"].column).value == severity:
            sheet.cell(line, labels["原因码"].column).value = reason
            sheet.cell(line, labels["情况说明"].column).value = text
    target.parent.mkdir(parents=True, exist_ok=True)
    book.save(target)
    return target


def revision(codes: Codes, office: str, period: Period, line: Mapping[str, str], target: Path) -> Path:
    """A workbook with one line of GLT10."""
    filer = submitter(codes, office)
    assert filer is not None
    names = [c.code for c in form_for("GLT10", period).columns if not c.key]
    key = (line["revision_id"],)
    filled = Filled(Due(office, period, "GLT10"), {key: {name: line[name] for name in names}})
    head = Head(1, "2026-11-18", "刘建国", "陈晓芳", "王五", "0790-6000001", "")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(filled_workbook(codes, filer, head, [filled]))
    return target


__all__ = ["address", "change", "explain", "reading", "revision", "sheet_of", "value"]
