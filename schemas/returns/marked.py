"""The copy that goes back: the submitter's own workbook with marks on the faulty cells and a first sheet of findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from io import BytesIO

from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from schemas.codes import Codes
from schemas.finding import Finding
from schemas.packing import CORE, NO_TIME, parts_of, saved
from schemas.reading.explanations import ID, REASON, TEXT, is_named
from schemas.reading.head import squeezed
from schemas.reading.package import Limits
from schemas.returns.exact import altered, restore_numbers, values_of
from schemas.returns.listing import Listing, write_listing
from schemas.returns.marks import clear_marks, mark
from schemas.returns.record import Answer, answer_of, awaits_explanation

_NOT_CARRIED = ("xl/drawings/drawing", "xl/media/", "xl/embeddings/", "xl/ctrlprops/", "xl/threadedcomments/")
_HEADER_ROWS = 100


class CopyError(ValueError):
    """A workbook that cannot be marked without changing something else in it; the message says what."""


def marked_copy(
    data: bytes,
    delivery_name: str,
    office: str,
    findings: Sequence[Finding],
    answers: Mapping[str, Answer],
    codes: Codes,
    limits: Limits,
) -> bytes:
    """The workbook with these findings marked and listed; the same input gives the same bytes.

    A sheet 审核结果 of an earlier return is replaced, and what was written on it is kept where the finding
    is still open. CopyError if a cell would come out changed.
    """
    original = values_of(data, limits)
    parts = parts_of(data)
    book = load_workbook(BytesIO(data), rich_text=True)
    properties = parts.get(CORE, b"")  # where they lack a time, openpyxl puts the present
    if b"created" not in properties:
        book.properties.created = NO_TIME
    modified = book.properties.modified if b"modified" in properties else book.properties.created
    written: dict[str, tuple[str, str]] = {}
    for sheet in [sheet for sheet in book.worksheets if is_listing(sheet)]:
        written |= _written(sheet)
        original.pop(sheet.title)
        book.remove(sheet)
    restore_numbers(book, original)
    clear_marks(book)
    mark(book, findings)
    known = {finding.id: _said(finding, answers, written) for finding in findings}
    remarks = _remarks(parts, book)
    write_listing(book, Listing(delivery_name, office, findings, known, remarks), codes)
    book.calculation.fullCalcOnLoad = True  # stored results of formulas are not carried
    copy = saved(book, modified)
    changed = altered(original, values_of(copy, limits))
    if changed:
        more = f" 等 {len(changed)} 处" if len(changed) > 1 else ""
        raise CopyError(f"加注后单元格 {changed[0]}{more} 的内容会改变，故不出加注件。")
    return copy


def is_listing(sheet: Worksheet) -> bool:
    """True for the sheet of findings of an earlier return, whatever it is called now."""
    return _header(sheet) is not None


def _header(sheet: Worksheet) -> tuple[int, dict[str, int]] | None:
    """The row with the labels, and their columns; of a sheet called otherwise all three must be there."""
    wanted = {ID, REASON, TEXT}
    for row in sheet.iter_rows(max_row=_HEADER_ROWS):
        places = {squeezed(str(cell.value)): cell.column for cell in row if cell.value is not None}
        if ID in places and (len(wanted & places.keys()) > (1 if is_named(sheet.title) else 2)):
            return row[0].row, places
    return None


def _written(sheet: Worksheet) -> dict[str, tuple[str, str]]:
    """Reason and text by finding id, as they stand on an earlier sheet."""
    found = _header(sheet)
    if found is None:
        return {}
    top, places = found
    words: dict[str, tuple[str, str]] = {}
    for row in sheet.iter_rows(min_row=top + 1):
        said = {
            label: str(row[at - 1].value) if row[at - 1].value is not None else ""
            for label, at in places.items()
            if label in (ID, REASON, TEXT)
        }
        if said.get(REASON) or said.get(TEXT):
            words[said[ID].strip()] = (said.get(REASON, "").strip(), said.get(TEXT, "").strip())
    return words


def _said(finding: Finding, answers: Mapping[str, Answer], written: Mapping[str, tuple[str, str]]) -> Answer:
    """What stands beside a finding: what was written last, unless the bureau has approved something else."""
    answer = answer_of(finding, answers)
    if finding.id not in written or not awaits_explanation(finding, answer):
        return answer
    reason, text = written[finding.id]
    return replace(answer, reason=reason.partition(" ")[0], text=text)


def _remarks(parts: Mapping[str, bytes], book: Workbook) -> list[str]:
    """What a reader of the copy must know of the difference to the original."""
    remarks = []
    if any(cell.data_type == "f" for sheet in book.worksheets for row in sheet.iter_rows() for cell in row):
        remarks.append("公式的结果在打开时重新计算，请保存后再报。")
    if any(name.lower().startswith(_NOT_CARRIED) for name in parts):
        remarks.append("原件中的图片、图形等未带入本件，以原件为准。")
    return remarks
