"""The header of a wide form: which field stands in which column, told by labels alone."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.form import Form
from schemas.period import Period
from schemas.reading.head import squeezed
from schemas.reading.layout import MARK, UNIT_ROW, Layout, begins_foot, is_stem_row, labels_of, texts
from schemas.reading.notes import Notes
from schemas.reading.remarks import note_unit
from schemas.reading.sheet import Row
from schemas.reading.spelling import column_of, letters_of


@dataclass(frozen=True)
class Header:
    """Where each field stands; ``known`` are all columns that have a label; ``levels`` rows are the header."""

    places: dict[str, str]  # field to letters
    mark: str
    known: frozenset[str]
    levels: int


def find_columns(layout: Layout, form: Form, period: Period, notes: Notes) -> Header:
    """Tell the columns by their labels, over one or two rows, whichever fits more."""
    labels = labels_of(form.id, period)
    top = layout.top or 0
    rows = layout.rows[top : top + labels.levels]
    letters = sorted({at for row in rows for at in row.cells} | _spanned(layout, rows), key=column_of)
    tries = []
    for levels in range(1, len(rows) + 1):
        found = {at: _label(layout, rows[:levels], at) for at in letters}
        tries.append((sum(label in labels.columns for label in found.values()), -levels, found))
    _, minus, found = max(tries, key=lambda one: one[:2])
    places: dict[str, str] = {}
    mark, known = "", set()
    for at, label in found.items():
        cell = f"{at}{rows[0].digits}"
        column = labels.columns.get(label)
        name = column.code if column else MARK if label == MARK else ""
        taken = places.get(name) if column else mark
        if name and taken:
            notes.add(
                "L06",
                f"表头“{label}”出现两次（{taken}、{at} 列）。",
                "请删除多余的一列。",
                cell=f"{taken}{rows[0].digits},{cell}",
                field=name,
                value=label,
            )
        elif column:
            places[name] = at
        elif name:
            mark = at
        elif label and label not in labels.companions:
            notes.add(
                "L04",
                f"表头“{label}”不是{form.no}的栏目。",
                "请恢复原表头，或删除自行增加的列。",
                cell=cell,
                value=label,
            )
        if label:
            known.add(at)
    for label, column in labels.columns.items():
        if column.code not in places:
            notes.add(
                "L05",
                f"缺少栏目“{column.label}”。",
                "请用下发的表式填报，不要删改表头。",
                cell=f"A{rows[0].digits}",
                field=column.code,
                value=label,
            )
    return Header(places, mark, frozenset(known), -minus)


def _spanned(layout: Layout, rows: list[Row]) -> set[str]:
    """The columns under merged ranges of the header."""
    return {
        letters_of(number)
        for area in layout.areas
        if rows[0].number <= area.top <= rows[-1].number
        for number in range(area.left, min(area.right, area.left + 500) + 1)
    }


def _label(layout: Layout, rows: list[Row], letters: str) -> str:
    """The levels of a column's header, joined; a range merged over both counts once."""
    number = column_of(letters)
    parts = []
    for row in rows:
        area = layout.area(row.number, number)
        if area is None or area.top == row.number or area.top < rows[0].number:
            parts.append(layout.text(row, letters))
    return "".join(parts)


def rows_below(layout: Layout, form: Form, header: Header, notes: Notes) -> tuple[list[Row], list[Row]]:
    """The data rows, and the rows from the foot on; units printed under the header are compared."""
    sheet = layout.sheet
    first = (layout.top or 0) + header.levels
    while first < len(layout.rows):
        words = texts(sheet, layout.rows[first])
        if words and next(iter(words.values())) == UNIT_ROW:
            _check_units(form, header, words, layout.rows[first], notes)
        elif words and not is_stem_row(words):
            break
        first += 1
    last = first
    while last < len(layout.rows) and not begins_foot(sheet, layout.rows[last]):
        last += 1
    return layout.rows[first:last], layout.rows[last:]


def _check_units(form: Form, header: Header, words: dict[str, str], row: Row, notes: Notes) -> None:
    for code, at in header.places.items():
        column = form.column(code)
        if column.numeric and at in words and words[at] != squeezed(column.unit):
            note_unit(notes, column, words[at], at + row.digits)
