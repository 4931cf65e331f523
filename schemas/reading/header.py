"""The header of a wide form: which field stands in which column, told by labels alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from schemas.form import Column, Form
from schemas.period import Period
from schemas.reading.head import said
from schemas.reading.layout import MARK, STEMS, UNIT_ROW, Layout, begins_foot, first_word, labels_of
from schemas.reading.notes import Notes
from schemas.reading.remarks import note_unit
from schemas.reading.sheet import Row
from schemas.reading.spelling import column_of, letters_of
from schemas.reading.squeezing import squeezed


@dataclass(frozen=True)
class Header:
    """Where each field stands; ``known`` are all columns that have a label; ``levels`` rows are the header."""

    places: dict[str, str]  # field to letters
    mark: str
    known: frozenset[str]
    levels: int


@dataclass(frozen=True)
class _Told:
    """A header and what is wrong with it: columns by letters, labels, field codes."""

    header: Header
    twice: tuple[tuple[str, str, str], ...]  # first column, second, label
    unknown: tuple[tuple[str, str], ...]  # column, label
    missing: tuple[str, ...]  # fields


_Words = tuple[tuple[int, tuple[tuple[str, str], ...]], ...]  # by row, from 0: letters and text
_Spans = tuple[tuple[int, int, int, int], ...]  # top, left, bottom, right; rows from 0


def find_columns(layout: Layout, form: Form, period: Period, notes: Notes) -> Header:
    """Tell the columns by their labels, over one or two rows, whichever fits more."""
    top = layout.top or 0
    rows = layout.rows[top : top + labels_of(form.id, period).levels]
    base = rows[0].number
    shown = [layout.first, *(said(layout.sheet, row) for row in rows[1:])]
    words = tuple((row.number - base, tuple(line.items())) for row, line in zip(rows, shown, strict=True))
    spans = tuple(
        (area.top - base, area.columns[0], area.bottom - base, area.columns[-1])
        for area in layout.areas
        if base <= area.top <= rows[-1].number
    )
    told = _tell(form.id, period, words, spans)
    digits = rows[0].digits
    for first, second, label in told.twice:
        notes.add(
            "L06",
            f"表头“{label}”出现两次（{first}、{second} 列）。",
            "请删除多余的一列。",
            cell=f"{first}{digits},{second}{digits}",
            value=label,
        )
    for at, label in told.unknown:
        notes.add(
            "L04",
            f"表头“{label}”不是{form.no}的栏目。",
            "请恢复原表头，或删除自行增加的列。",
            cell=at + digits,
            value=label,
        )
    for code in told.missing:
        notes.add(
            "L05",
            f"缺少栏目“{form.column(code).label}”。",
            "请用下发的表式填报，不要删改表头。",
            cell=f"A{digits}",
            field=code,
            value=form.column(code).label,
        )
    return told.header


@lru_cache(maxsize=512)  # the offices' headers are alike
def _tell(form_id: str, period: Period, words: _Words, spans: _Spans) -> _Told:
    labels = labels_of(form_id, period)
    tries = []
    for levels in range(1, len(words) + 1):
        found = _joined(words[:levels], spans)
        tries.append((sum(label in labels.columns for label in found.values()), -levels, found))
    _, minus, found = max(tries, key=lambda one: one[:2])
    places: dict[str, str] = {}
    twice, unknown = [], []
    for at, label in found.items():
        if label in labels.columns or label == MARK:
            name = labels.columns[label].code if label in labels.columns else MARK
            if name in places:
                twice.append((places[name], at, label))
            else:
                places[name] = at
        elif label not in labels.companions:
            unknown.append((at, label))
    missing = tuple(c.code for c in labels.columns.values() if c.code not in places)
    mark = places.pop(MARK, "")
    return _Told(Header(places, mark, frozenset(found), -minus), tuple(twice), tuple(unknown), missing)


def _joined(words: _Words, spans: _Spans) -> dict[str, str]:
    """The label of each column that has one: its levels joined; a span over both rows counts once."""
    parts: dict[int, list[str]] = {}
    for level, (row, texts_) in enumerate(words):
        shown = {column_of(at): squeezed(text) for at, text in texts_}
        for top, left, bottom, right in spans:
            if top == row and left in shown:
                shown.update(dict.fromkeys(range(left, right + 1), shown[left]))
            elif level and top < row <= bottom:
                for number in range(left, right + 1):
                    shown.pop(number, None)
        for number, text in shown.items():
            parts.setdefault(number, []).append(text)
    return {letters_of(number): "".join(parts[number]) for number in sorted(parts)}


def rows_below(
    layout: Layout, columns: Sequence[Column], header: Header, notes: Notes
) -> tuple[list[Row], list[Row]]:
    """The data rows, and the rows from the foot on; units printed under the header are compared."""
    sheet = layout.sheet
    first = (layout.top or 0) + header.levels
    while first < len(layout.rows):
        row = layout.rows[first]
        word = first_word(sheet, row)
        if squeezed(word) == UNIT_ROW:
            _check_units(layout, header, row, columns, notes)
        elif word and word not in STEMS:
            break
        first += 1
    last = first
    while last < len(layout.rows) and not begins_foot(sheet, layout.rows[last]):
        last += 1
    return layout.rows[first:last], layout.rows[last:]


def _check_units(layout: Layout, header: Header, row: Row, columns: Sequence[Column], notes: Notes) -> None:
    words = said(layout.sheet, row)
    for column in columns:
        at = header.places.get(column.code, "")
        unit = words.get(at)
        if unit and column.numeric and squeezed(unit) != squeezed(column.unit):
            note_unit(notes, column, squeezed(unit), at + row.digits)
