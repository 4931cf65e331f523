"""What the small province files, as drafts in memory: a test changes a cell and looks what is said."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from records import Draft
from small import small_codes

from schemas.codes import Codes
from schemas.form import form_for
from schemas.reading.record import Submission
from schemas.samples.write import DELIVERED, Samples
from schemas.territory import submitters
from schemas.workbook import Filled

Name = tuple[str, str, str, str]  # form, period, submitter, subject

_FOLDER = TemporaryDirectory(prefix="small")  # gone with the process


@cache
def small() -> Codes:
    """The code lists of the small province."""
    return small_codes(Path(_FOLDER.name))


@cache
def _samples() -> tuple[tuple[Name, Filled], ...]:
    samples = Samples(small(), DELIVERED)
    return tuple(
        ((sheet.due.form, str(sheet.due.period), office.code, sheet.due.subject), sheet)
        for period in DELIVERED
        for office in submitters(small())
        for sheet in samples.sheets(office, period)
    )


def filings() -> dict[Name, Draft]:
    """Fresh drafts of everything that the small province files, by form, period, submitter, subject."""
    return {name: _draft(name, sheet) for name, sheet in _samples()}


def built(drafts: dict[Name, Draft]) -> Iterable[Submission]:
    """Their submissions; of a draft that was left as it is always the same one."""
    return [_built(name, draft) for name, draft in drafts.items()]


def _built(name: Name, draft: Draft) -> Submission:
    before, submission = _as_filed()[name]
    return submission if draft == before else draft.build()


@cache
def _as_filed() -> dict[Name, tuple[Draft, Submission]]:
    return {name: (draft, draft.build()) for name, draft in filings().items()}


def _draft(name: Name, sheet: Filled) -> Draft:
    _, period, office, subject = name
    draft = Draft(form_for(sheet.due.form, sheet.due.period), period, office, subject)
    for key, values in sheet.rows.items():
        draft.rows[key] = {field: str(value) for field, value in values.items() if value is not None}
        for mark in filter(None, str(sheet.marks.get(key, "")).split("|")):
            field, _, letter = mark.partition("=")
            draft.marks[key, field] = letter
    return draft
