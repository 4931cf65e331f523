"""Where things stand on a sheet: the head above, the header by its labels, the rows, the foot below.

Nothing depends on a fixed row or column. The header is the first row with several words of a form's
header in it, so banner rows may stand above; its columns are then told by label, in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from schemas.form import Column, Form, load_forms
from schemas.period import Period
from schemas.reading.head import Line, is_foot, lines_of, said
from schemas.reading.notes import Notes
from schemas.reading.sheet import Area, RawCell, Row, Sheet
from schemas.reading.spelling import letters_of
from schemas.reading.squeezing import squeezed

HISTORY_TITLE = "历史数据表"
MARK = "数据标识"
LONG_HEADER = ("指标名称", "计量单位", "代码")
UNIT_ROW = "计量单位"
STEMS = frozenset("甲乙丙丁戊己庚辛壬癸")
MARKS = ("N", "W", "C")

_HEAD_ROWS = 100  # no head is longer
_ENOUGH = 3  # header words in one row

new_cell = tuple.__new__  # of a NamedTuple: the arguments need no names


@dataclass(frozen=True)
class Layout:
    """A sheet cut into head, header and what is below.

    ``top`` is the place of the header's first row in ``rows``, ``above`` the rows before it with their
    texts. A history sheet is not cut further: it has ``history`` and no rows.
    """

    sheet: Sheet
    above: tuple[tuple[Row, dict[str, str]], ...]
    top: int | None
    rows: list[Row]
    areas: tuple[Area, ...]
    first: dict[str, str]  # the texts of the header's first row
    history: bool = False


def lay_out(sheet: Sheet) -> Layout:
    """Find the header of a sheet, if it has one."""
    words = header_words()
    above: list[tuple[Row, dict[str, str]]] = []
    stream = sheet.rows()
    rows: list[Row] = []
    first: dict[str, str] = {}
    top = None
    for row in islice(stream, _HEAD_ROWS):
        texts = said(sheet, row)
        rows.append(row)
        here = {squeezed(text) for text in texts.values()}
        if len(here & words) >= _ENOUGH or len(here.intersection(LONG_HEADER)) > 1:
            top, first = len(above), texts
            break
        above.append((row, texts))
        if HISTORY_TITLE in here:
            return Layout(sheet, (), None, [], (), {}, history=True)
    rows += stream
    return Layout(sheet, tuple(above), top, rows, sheet.merged(), first)


@lru_cache(maxsize=1)
def header_words() -> frozenset[str]:
    """Every text that stands in the first row of some form's header."""
    words = {MARK, *LONG_HEADER}
    for form in load_forms():
        for column in form.columns:
            words |= {column.header[0], column.label, column.companion or MARK}
    return frozenset(map(squeezed, words))


@lru_cache(maxsize=256)
def columns_of(form_id: str, period: Period) -> tuple[Column, ...]:
    """The columns of an edition, named by its id, in a period."""
    return next(form for form in load_forms() if form.id == form_id).columns_at(period)


@dataclass(frozen=True)
class Labels:
    """A form's columns in a period by their squeezed label, and the labels that are not read."""

    columns: dict[str, Column]
    companions: frozenset[str]
    levels: int


@lru_cache(maxsize=256)
def labels_of(form_id: str, period: Period) -> Labels:
    """The labels of an edition, named by its id."""
    columns = columns_of(form_id, period)
    return Labels(
        {squeezed(column.label): column for column in columns},
        frozenset(squeezed(column.companion) for column in columns if column.companion),
        max(len(column.header) for column in columns),
    )


def texts(sheet: Sheet, row: Row) -> dict[str, str]:
    """The squeezed texts of a row's cells that are not blank, by letters."""
    return {letters: squeezed(text) for letters, text in said(sheet, row).items()}


def is_stem_row(sheet: Sheet, row: Row) -> bool:
    """True for the row 甲 乙 丙 1 2 3 under a header: its first text says enough."""
    return first_word(sheet, row) in STEMS


def first_word(sheet: Sheet, row: Row) -> str:
    """The first text in a row."""
    return next(filter(None, map(sheet.word, row.cells.values())), "")


def begins_foot(sheet: Sheet, row: Row) -> bool:
    """True if the first filled cell of a row is a label of the foot."""
    return is_foot(first_word(sheet, row))


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
        if area.bottom >= top and area.top <= bottom and not columns.isdisjoint(area.columns):
            notes.add(
                "L08",
                f"数据区有合并单元格 {area.text}，无法判断数值属于哪一格。",
                "请取消合并，逐格填写。",
                cell=area.text,
            )


def note_hidden_columns(layout: Layout, notes: Notes, find_used: Callable[[], dict[int, str]]) -> None:
    """A finding for each hidden column with data in it; ``find_used`` gives number and label of those."""
    hidden = layout.sheet.hidden_columns()
    used = find_used() if hidden else {}
    for first, last in hidden:
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
    words = [(row, said(sheet, row)) for row in rows]
    for row, texts_ in words:
        if any(map(is_foot, texts_.values())):
            continue
        stray = next(
            (at for at in row.cells if at in letters and sheet.read(row.cells[at]).kind == "number"), ""
        )
        if stray:
            notes.add(
                "L13",
                f"表尾之下第 {row.digits} 行还有数据，不属于任何记录。",
                "请移到表内或删除。",
                cell=stray + row.digits,
                value=texts_[stray],
            )
    return lines_of(words, "foot")[0]
