"""The table of a wide form: one row per key, one column per field, 数据标识 last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from openpyxl.styles.cell_style import StyleArray

from schemas.dropdowns import Entry, Lists, entry, mark_entry, number_entry
from schemas.form import DEDUCTING, Column
from schemas.page import MARK, STEMS, Page, Placed, field_look
from schemas.stationery import LINE, TEXT, Look, Paper, area, lines, measure
from schemas.territory import row_level

FREE_ROWS = 50  # empty rows of a blank register
_NUMBER_WIDTH = {"county": 10.0, "city": 11.5}  # others hold the province's sums: 12.5


@dataclass(frozen=True)
class _Slot:
    """One printed column: a key or data column, the readable name beside a code, or 数据标识."""

    header: tuple[str, ...]
    stem: str
    width: float
    column: Column | None
    name_only: bool = False


def _slots(page: Page) -> tuple[_Slot, ...]:
    slots: list[_Slot] = []
    stems = iter(STEMS)
    number = 0
    for column in page.columns:
        if column.companion:
            slots.append(_Slot((column.companion,), next(stems), _name_width(page, column), column, True))
        if column.key:
            stem = next(stems)
        else:
            number += 1
            stem = str(number)
        slots.append(_Slot(column.header, stem, _width(page, column), column))
    return (*slots, _Slot((MARK,), "", 10, None))


def _name_width(page: Page, column: Column) -> float:
    if page.free:
        return 18
    place = page.form.keys.index(column)
    names = page.codes.names(column.codelist or "")
    return min(24, max(10, *(measure(names.get(key[place], "")) + 2 for key in page.keys)))


def _width(page: Page, column: Column) -> float:
    if column.numeric:
        return _NUMBER_WIDTH.get(page.office.level, 12.5)
    if column.key and column.companion:
        return 9
    if column.type == "text" and column.header[0].endswith("代码"):
        return 11
    wordy = measure(column.label) > 40  # a header that explains its codes
    return {"code": 16 if wordy else 10, "codes": 20, "uscc": 21, "month": 10, "date": 12, "text": 24}[
        column.type
    ]


class WideTable:
    """The table of one page."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._slots = _slots(page)
        self.widths = [slot.width for slot in self._slots]

    def draw(self, paper: Paper, top: int, lists: Lists) -> Placed:
        """Draw header and rows from row ``top`` on."""
        page, slots = self._page, self._slots
        levels = max(len(slot.header) for slot in slots)
        _header(paper, slots, top, levels)
        unit_row, stem_row = top + levels, top + levels + 1
        style = paper.looks[Look()]
        lead = next(n for n, slot in enumerate(slots) if slot.column is None or not slot.column.key)
        paper.block(unit_row, 1, unit_row, lead, "计量单位", Look())
        for number, slot in enumerate(slots, 1):
            if number > lead:
                paper.put(unit_row, number, slot.column.unit if slot.column else None, style)
            paper.put(stem_row, number, int(slot.stem) if slot.stem.isdigit() else slot.stem, style)
        first = stem_row + 1
        last = _rows(paper, page, slots, first)
        _notes(paper, page, slots, first)
        _entries(paper, page, slots, first, last, lists)
        return Placed((top, stem_row), (first, lead + 1), last)


def _header(paper: Paper, slots: Sequence[_Slot], top: int, levels: int) -> None:
    look = Look(wrap=True)
    heights = [1.0] * levels
    column = 1
    while column <= len(slots):
        header = slots[column - 1].header
        last = column
        if len(header) == 2:
            while last < len(slots) and len(slots[last].header) == 2 and slots[last].header[0] == header[0]:
                last += 1
            width = sum(slot.width for slot in slots[column - 1 : last])
            heights[0] = max(heights[0], lines(header[0], width))
            paper.block(top, column, top, last, header[0], look)
            for number in range(column, last + 1):
                below = slots[number - 1].header[1]
                heights[1] = max(heights[1], lines(below, slots[number - 1].width))
                paper.block(top + 1, number, top + 1, number, below, look)
        else:
            paper.block(top, column, top + levels - 1, column, header[0], look)
        column = last + 1
    tallest = max(lines(slot.header[0], slot.width) for slot in slots if len(slot.header) == 1)
    heights[0] = max(heights[0], tallest - sum(heights[1:]))
    for number, height in enumerate(heights):
        paper.sheet.row_dimensions[top + number].height = height * LINE + 4


def _rows(paper: Paper, page: Page, slots: Sequence[_Slot], first: int) -> int:
    """Draw the data rows; returns the last one."""
    name_style = paper.looks[Look(align="left")]
    mark_style = paper.looks[Look(number_format=TEXT, open=True)]
    styles: dict[tuple[str, bool], StyleArray] = {}
    for slot in slots:
        if slot.column is not None and not slot.name_only:
            locked = slot.column.key and not page.free
            for owed in (True, False):
                look = field_look(slot.column, owed=owed, locked=locked)
                styles[slot.column.code, owed] = paper.looks[look]
    places = {column.code: n for n, column in enumerate(page.form.keys)}
    names = {
        slot.column.code: page.codes.names(slot.column.codelist or "")
        for slot in slots
        if slot.column is not None and slot.name_only
    }
    levels: dict[str, list[StyleArray | None]] = {}
    put = paper.put
    row = first - 1
    for row, key in enumerate(page.keys, first):
        level = "" if page.free else row_level(page.codes, page.form, key)
        if level not in levels:
            levels[level] = [
                None if slot.column is None else styles.get((slot.column.code, page.owed(slot.column, key)))
                for slot in slots
            ]
        figures = page.filled.rows.get(key, {}) if page.filled is not None else {}
        for number, (slot, style) in enumerate(zip(slots, levels[level], strict=True), 1):
            column = slot.column
            if column is None:
                mark = page.filled.marks.get(key) if page.filled is not None else None
                put(row, number, mark, mark_style)
            elif slot.name_only:
                put(row, number, names[column.code].get(key[places[column.code]]), name_style)
            elif column.key:
                put(row, number, key[places[column.code]], style)
            else:
                put(row, number, figures.get(column.code), style)
    if page.filled is None and page.free:
        for row in range(first, first + FREE_ROWS):
            for number, slot in enumerate(slots, 1):
                if slot.column is None:
                    put(row, number, None, mark_style)
                else:
                    put(row, number, None, name_style if slot.name_only else styles[slot.column.code, True])
    return row


def _notes(paper: Paper, page: Page, slots: Sequence[_Slot], first: int) -> None:
    if page.filled is None or not page.filled.notes:
        return
    for row, key in enumerate(page.keys, first):
        for number, slot in enumerate(slots, 1):
            if slot.column is not None and not slot.name_only:
                note = page.note(key, slot.column.code)
                if note is not None:
                    paper.sheet.cell(row, number).comment = note


def _entries(paper: Paper, page: Page, slots: Sequence[_Slot], first: int, last: int, lists: Lists) -> None:
    """Hold the data columns to what they may take; neighbours that take the same share one rule."""
    areas: dict[Entry, list[tuple[int, int, int, int]]] = {}
    for top, bottom, signed in _bands(page, first, last):
        for number, slot in enumerate(slots, 1):
            column = slot.column
            if slot.name_only or (column is not None and column.key and not page.free):
                continue
            takes: Entry | None
            if column is None:
                takes = mark_entry(page.codes, per_value=False)
            elif signed and column.numeric:
                takes = number_entry(column, signed=True)
            else:
                takes = entry(page.codes, page.office, column, page.due.period, lists)
            if takes is None:
                continue
            held = areas.setdefault(takes, [])
            if held and held[-1][0] == top and held[-1][3] == number - 1:
                held[-1] = (top, held[-1][1], bottom, number)
            else:
                held.append((top, number, bottom, number))
    for takes, held in areas.items():
        takes.attach(paper.sheet, [area(*corners) for corners in held])


def _bands(page: Page, first: int, last: int) -> list[tuple[int, int, bool]]:
    """Runs of rows: first, last, and whether they are 剔重 rows, whose sums may be negative."""
    if page.free:
        return [(first, last, False)] if last >= first else []
    bands: list[tuple[int, int, bool]] = []
    for row, key in enumerate(page.keys, first):
        region = page.named(key).get("region_code", "")
        signed = page.codes.level(region) == "adjusting" and region.endswith(DEDUCTING)
        if bands and bands[-1][2] == signed:
            bands[-1] = (bands[-1][0], row, signed)
        else:
            bands.append((row, row, signed))
    return bands
