"""What a submission says, apart from the bytes that say it: its row keys and its content digest."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from flows.ledger.canonical import canonical_json, sha256
from schemas.form import Form, load_forms
from schemas.reading.record import Submission

KEY_COLUMNS = ("region_code", "chain_code", "subchain_code", "cluster_code", "park_code")
_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode  # of texts alone
_PLAIN = re.compile(r"-?\d+(\.\d+)?")


def identity_part(submission: Submission) -> dict[str, str]:
    """What a newer version replaces, as the fields of a body."""
    return {
        "period": submission.period,
        "submitter": submission.submitter,
        "form": submission.form,
        "subject": submission.subject,
    }


def form_of(submission: Submission) -> Form | None:
    """The form that names a submission's fields; None if no edition of that code is known.

    History records use the fields of the newest edition that submitters fill in.
    """
    editions = [form for form in load_forms() if form.code == submission.form]
    for form in editions:
        if form.edition == submission.edition:
            return form
    own = [form for form in editions if not form.filed_by_bureau] or editions
    return own[-1] if own else None


def row_keys(submission: Submission) -> dict[int, dict[str, str]]:
    """Row number to its key fields, the non-empty ones in the form's order."""
    form = form_of(submission)
    names = [column.code for column in form.keys] if form else []
    subject = {form.subject: submission.subject} if form and form.subject and submission.subject else {}
    found: dict[int, dict[str, str]] = {}
    for cell in submission.cells:
        row = found.setdefault(cell.row, dict(subject))
        if cell.field in names and cell.value:
            row[cell.field] = cell.value
    return {row: {name: key[name] for name in names if name in key} for row, key in found.items()}


def key_text(key: Mapping[str, str]) -> str:
    """``region_code=360100;chain_code=EI;subchain_code=T``."""
    return ";".join(f"{name}={value}" for name, value in key.items())


def content_digest(submission: Submission) -> str:
    """Digest of what a submission says: its head and its values by row, whatever the bytes.

    Equal for a workbook saved again by another program, with columns moved or banner rows added:
    rows are ordered by their text, blank cells and the spelling of a number do not count.
    """
    form = form_of(submission)
    numeric = {column.code for column in form.columns if column.numeric} if form else set()
    rows: dict[int, list[tuple[str, str, str]]] = {}
    for cell in submission.cells:
        value = cell.value or ""
        if value or cell.mark:
            value = plain(value) if cell.field in numeric else value
            rows.setdefault(cell.row, []).append((cell.field, value, cell.mark))
    texts = sorted(_ENCODE(sorted(row)) for row in rows.values())
    head = canonical_json(
        [*submission.identity, submission.edition, str(submission.version), submission.reported_on]
    )
    return sha256("\n".join([head, *texts]))


def plain(value: str) -> str:
    """A plain decimal text without trailing zeros: ``1.50`` is ``1.5``, ``-0.0`` is ``0``."""
    if value.isdecimal() or not _PLAIN.fullmatch(value):
        return value
    if "." in value:
        value = value.rstrip("0").rstrip(".")
    return "0" if value == "-0" else value
