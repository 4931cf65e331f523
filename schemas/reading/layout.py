"""Where things stand on a sheet: the head above, the header by its labels, the rows, the foot below.

Nothing depends on a fixed row or column. The header is the first row with several words of a form's
header in it, so banner rows may stand above; its columns are then told by label, in any order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from schemas.form import Column, Form, load_forms
from schemas.period import Period
from schemas.reading.head import Line, is_foot, lines_of, squeezed, word_of
from schemas.reading.notes import Notes
from schemas.reading.sheet import Area, RawCell, Row, Sheet
from schemas.reading.spelling import column_of, letters_of

MARK = "数据标识"
LONG_HEADER = ("指标名称", "计量单位", "代码")
UNIT_ROW = "计量单位"
STEMS = frozenset("甲乙丙丁戊己庚辛壬癸")
MARKS = ("N", "W", "C")

_HEAD_ROWS = 100  # no head is longer
_ENOUGH = 3  # header words in one row

new_cell = tuple.__new__  # of a NamedTuple: the arguments need no names


@dataclass
class Layout:
    """A sheet cut into head, header and what is below; ``top`` is the index of the header's first row."""

    sheet: Sheet
    rows: list[Row]
    top: int | None
    areas: tuple[Area, ...]

    @property
    def above(self) -> Sequence[Row]:
        """The rows of the head."""
        return self.rows[: _HEAD_ROWS if self.top is None else self.top]

    def said(self, row: Row, letters: str) -> str:
        """What a cell of the header shows: its own text, or that of the merged range over it."""
        cell = row.cells.get(letters)
        if cell is None:
            area = self.area(row.number, column_of(letters))
            if area is None:
                return ""
            above = next((r for r in self.rows if r.number == area.top), None)
            cell = above.cells.get(letters_of(area.left)) if above is not None else None
        return "" if cell is None else word_of(self.sheet.read(cell), self.sheet.from_1904)

    def text(self, row: Row, letters: str) -> str:
        """The same without blanks and differences of width."""
        return squeezed(self.said(row, letters))

    def area(self, row: int, column: int) -> Area | None:
        """The merged range that covers a cell."""
        for area in self.areas:
            if area.top <= row <= area.bottom and area.left <= column <= area.right:
                return area
        return None


def lay_out(sheet: Sheet) -> Layout:
    """Find the header of a sheet, if it has one."""
    rows = list(sheet.rows())
    words = header_words()
    top = None
    for at, row in enumerate(rows[:_HEAD_ROWS]):
        if len(row.cells) < _ENOUGH:
            continue
        hits = sum(
            squeezed(value.text) in words
            for value in map(sheet.read, row.cells.values())
            if value.kind == "text"
        )
        if hits >= _ENOUGH:
            top = at
            break
    return Layout(sheet, rows, top, sheet.merged())


@lru_cache(maxsize=1)
def header_words() -> frozenset[str]:
    """Every text that stands in the first row of some form's header."""
    words = {MARK, *LONG_HEADER}
    for form in load_forms():
        for column in form.columns:
            words |= {column.header[0], column.label, column.companion or MARK}
    return frozenset(map(squeezed, words))


@dataclass(frozen=True)
class Labels:
    """A form's columns in a period by their squeezed label, and the labels that are not read."""

    columns: dict[str, Column]
    companions: frozenset[str]
    levels: int


@lru_cache(maxsize=256)
def labels_of(form_id: str, period: Period) -> Labels:
    """The labels of an edition, named by its id."""
    form = next(form for form in load_forms() if form.id == form_id)
    columns = form.columns_at(period)
    return Labels(
        {squeezed(column.label): column for column in columns},
        frozenset(squeezed(column.companion) for column in columns if column.companion),
        max(len(column.header) for column in columns),
    )


def texts(sheet: Sheet, row: Row, only: Iterable[str] | None = None) -> dict[str, str]:
    """The squeezed texts of a row's cells that are not blank, by letters; of these columns only."""
    found = {}
    for letters in row.cells if only is None else only:
        cell = row.cells.get(letters)
        if cell is not None:
            text = squeezed(word_of(sheet.read(cell), sheet.from_1904))
            if text:
                found[letters] = text
    return found


def is_stem_row(words: dict[str, str]) -> bool:
    """True for the row 甲 乙 丙 1 2 3 under a header."""
    stems = [word for word in words.values() if not word.isdecimal()]
    return bool(stems) and all(word in STEMS for word in stems)


def begins_foot(sheet: Sheet, row: Row) -> bool:
    """True if the first filled cell of a row is a label of the foot."""
    for cell in row.cells.values():
        value = sheet.read(cell)
        if value.text.strip():
            return value.kind == "text" and is_foot(value.text)
    return False


def row_key(form: Form, values: dict[str, str | None]) -> str:
    """The canonical text of a key: its filled parts, in the form's order."""
    return ";".join(f"{c.code}={values[c.code]}" for c in form.keys if values.get(c.code))


def optional(values: dict[str, str | None]) -> bool:
    """True for rows that may stay wholly blank: sub-chains count as 0, zones are parts of their city."""
    return (values.get("subchain_code") or "T") != "T" or bool(values.get("park_code"))


def filled(sheet: Sheet, cell: RawCell | None) -> bool:
    """True if there is anything in a cell."""
    if cell is None:
        return False
    value = sheet.read(cell)
    return value.kind != "blank" and not (value.kind == "text" and not value.text.strip())


def note_merged(layout: Layout, notes: Notes, top: int, bottom: int, columns: set[int]) -> None:
    """A finding for each merged range over the data: whose value it is would be a guess."""
    for area in layout.areas:
        if area.bottom >= top and area.top <= bottom and columns & set(range(area.left, area.right + 1)):
            notes.add(
                "L08",
                f"数据区有合并单元格 {area.text}，无法判断数值属于哪一格。",
                "请取消合并，逐格填写。",
                cell=area.text,
            )


def note_hidden_columns(layout: Layout, notes: Notes, used: dict[int, str]) -> None:
    """A finding for each hidden column with data in it; ``used`` gives number and label."""
    for first, last in layout.sheet.hidden_columns():
        for number in sorted(used):
            if first <= number <= last:
                letters = letters_of(number)
                notes.add(
                    "L07",
                    f"第 {letters} 列（{used[number]}）被隐藏，其中有数据。",
                    "请取消隐藏，核对后重报。",
                    cell=letters,
                )


def note_hidden_row(notes: Notes, row: Row, key: str) -> None:
    """A finding for a hidden row with data in it."""
    notes.add(
        "L07",
        f"第 {row.digits} 行被隐藏，其中有数据。",
        "请取消隐藏（或取消筛选），核对后重报。",
        cell=row.digits,
        row_key=key,
    )


def foot_of(layout: Layout, notes: Notes, rows: Sequence[Row], letters: set[str]) -> dict[str, Line]:
    """The labelled lines of the foot; figures below it belong to nothing."""
    sheet = layout.sheet
    for row in rows:
        stray = [at for at, cell in row.cells.items() if at in letters and sheet.read(cell).kind == "number"]
        if stray and not any(is_foot(text) for text in _words(sheet, row)):
            notes.add(
                "L13",
                f"表尾之下第 {row.digits} 行还有数据，不属于任何记录。",
                "请移到表内或删除。",
                cell=stray[0] + row.digits,
                value=sheet.read(row.cells[stray[0]]).text,
            )
    return lines_of(sheet, rows, "foot")[0]


def _words(sheet: Sheet, row: Row) -> list[str]:
    return [value.text for value in map(sheet.read, row.cells.values()) if value.kind == "text"]
