"""Two versions of a submission side by side: what stayed, changed, came and went, cell by cell."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import polars as pl

from schemas.form import Form
from schemas.frames import form_of
from schemas.reading.record import Cell, Submission

KEPT, CHANGED, ADDED, REMOVED = "kept", "changed", "added", "removed"

SCHEMA = {
    "row_key": pl.String, "row_state": pl.String, "field": pl.String, "state": pl.String,
    "old_cell": pl.String, "old_value": pl.String, "new_cell": pl.String, "new_value": pl.String,
}  # fmt: skip

Place = tuple[str, str, int]  # row key, field, and which of several lines with this key


def compare_versions(old: Submission, new: Submission) -> pl.DataFrame:
    """One line for each figure that either version holds, by row key and field.

    ``state`` is kept, changed, added or removed; ``row_state`` says the same of the whole row, which is
    added or removed where only one version has anything in it, and kept otherwise. A value is the figure
    as read, the text where it could not be read, or the mark on a blank. How a number is spelled makes no
    difference. Lines stand in the order of the new version, then those that only the old one has.
    ValueError if the versions are of two submissions or of no known form.
    """
    if old.identity != new.identity:
        raise ValueError(f"不是同一份报表的两个版本：{old.identity} 与 {new.identity}")
    before, after = _filled(old), _filled(new)
    old_rows, new_rows = ({key for key, _, _ in found} for found in (before, after))
    lines = []
    for place in dict.fromkeys((*after, *before)):
        key, field, _ = place
        was, now = before.get(place), after.get(place)
        row_state = REMOVED if key not in new_rows else ADDED if key not in old_rows else KEPT
        lines.append((key, row_state, field, _state(was, now), *_told(was), *_told(now)))
    return pl.DataFrame(lines, schema=SCHEMA, orient="row")


def differ(old: Submission, new: Submission) -> bool:
    """True if any figure is not the same in both versions. ValueError as in ``compare_versions``."""
    return not compare_versions(old, new)["state"].eq(KEPT).all()


def form_by(submission: Submission) -> Form:
    """The form whose fields a submission has; ValueError if there is none."""
    form = form_of(submission)
    if form is None:
        raise ValueError(f"{submission.form}-{submission.edition} 不是已知的表式")
    return form


def _filled(submission: Submission) -> Mapping[Place, Cell]:
    """The cells with anything in them by place, without the keys."""
    names = [column.code for column in form_by(submission).keys]
    rows: dict[int, dict[str, Cell]] = {}
    for cell in submission.cells:
        rows.setdefault(cell.row, {})[cell.field] = cell
    found: dict[Place, Cell] = {}
    for fields in rows.values():
        key = ";".join(
            f"{name}={fields[name].value}" for name in names if name in fields and fields[name].value
        )
        for name, cell in fields.items():
            if name in names or not _content(cell):
                continue
            number = 0
            while (key, name, number) in found:
                number += 1
            found[key, name, number] = cell
    return found


def _content(cell: Cell) -> str:
    return cell.value or cell.raw or cell.mark


def _state(was: Cell | None, now: Cell | None) -> str:
    if was is None or now is None:
        return ADDED if was is None else REMOVED
    return KEPT if _canonical(was) == _canonical(now) else CHANGED


def _canonical(cell: Cell) -> tuple[str, Decimal | str]:
    """What a cell says, without the spelling of a number."""
    if cell.value and cell.kind in ("number", "formula"):
        return "figure", Decimal(cell.value)
    return "text", _content(cell)


def _told(cell: Cell | None) -> tuple[str, str]:
    return ("", "") if cell is None else (cell.address, _content(cell))
