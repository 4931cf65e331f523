"""The copy that goes back: the submitter's own workbook with marks on the faulty cells and a first sheet of findings."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from io import BytesIO

from openpyxl import Workbook, load_workbook

from schemas.codes import Codes
from schemas.finding import Finding
from schemas.packing import CORE, NO_TIME, parts_of, repack, written
from schemas.reading.package import Limits
from schemas.returns.boxes import place_boxes
from schemas.returns.earlier import Written, answers_on, listings
from schemas.returns.exact import altered, cells_of, restore_numbers, restore_results, values_of
from schemas.returns.formats import restore_formats
from schemas.returns.listing import write_listing
from schemas.returns.marks import clear_marks, mark
from schemas.returns.record import Answer, Listing, answer_of, awaits_explanation
from schemas.returns.validations import carry_validations

_NOT_CARRIED = ("xl/drawings/drawing", "xl/media/", "xl/embeddings/", "xl/ctrlprops/", "xl/threadedcomments/")


class CopyError(ValueError):
    """A workbook that cannot be marked without changing something else in it; the message says what."""


def marked_copy(data: bytes, listing: Listing, codes: Codes, limits: Limits) -> bytes:
    """The workbook with the listed findings marked; the same input gives the same bytes.

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
    answered: dict[str, Written] = {}
    for sheet in listings(book):
        answered |= answers_on(sheet)
        del original[sheet.title]
        book.remove(sheet)
    restore_formats(parts, book)
    restore_numbers(book, original)
    carry_validations(parts, book)
    clear_marks(book)
    mark(book, listing.findings)
    known = {finding.id: _said(finding, listing.answers, answered) for finding in listing.findings}
    remarks = (*listing.remarks, *_remarks(parts, book))
    digest = hashlib.sha256(data).hexdigest()  # by it the copy is known for this delivery's
    write_listing(book, replace(listing, answers=known, remarks=remarks, digest=digest), codes)
    book.calculation.fullCalcOnLoad = True
    finished = place_boxes(restore_results(written(book, modified), book, original), book)
    copy = repack(finished)
    changed = altered(original, values_of(copy, limits))
    if changed:
        more = f" 等 {len(changed)} 处" if len(changed) > 1 else ""
        raise CopyError(f"加注后单元格 {changed[0]}{more} 的内容会改变，故不出加注件。")
    return copy


def _said(finding: Finding, answers: Mapping[str, Answer], answered: Mapping[str, Written]) -> Answer:
    """What stands beside a finding: what was written last, unless the bureau has approved something else."""
    answer = answer_of(finding, answers)
    if finding.id not in answered or not awaits_explanation(finding, answer):
        return answer
    written_last = answered[finding.id]
    return replace(answer, reason=written_last.reason, text=written_last.text)


def _remarks(parts: Mapping[str, bytes], book: Workbook) -> list[str]:
    """What a reader of the copy must know of the difference to the original."""
    remarks = []
    if any(cell.data_type == "f" for sheet in book.worksheets for cell in cells_of(sheet)):
        remarks.append("本工作簿的公式在打开时重新计算，请核对并保存后再报。")
    if any(name.lower().startswith(_NOT_CARRIED) for name in parts):
        remarks.append("原件中的图片、图形等未带入本件，以原件为准。")
    return remarks
