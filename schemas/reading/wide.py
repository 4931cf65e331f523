"""The records of a wide form: one per row, from the header down to the foot."""

from __future__ import annotations

import re

from schemas.form import Column, Form
from schemas.period import Period
from schemas.reading.cells import Judged, judge
from schemas.reading.clean import is_code, is_plain
from schemas.reading.head import Line
from schemas.reading.header import Header, find_columns, rows_below
from schemas.reading.layout import (
    MARKS,
    Layout,
    columns_of,
    filled,
    foot_of,
    new_cell,
    note_hidden_columns,
    note_hidden_row,
    note_merged,
    optional,
    row_key,
)
from schemas.reading.notes import Notes
from schemas.reading.record import Cell
from schemas.reading.remarks import note_fault, note_mark
from schemas.reading.sheet import PLAIN, Row
from schemas.reading.spelling import column_of
from schemas.reading.squeezing import squeezed

_MARKED = re.compile(r"(?:([a-z][a-z0-9_]*)=)?([NWC])")


def read_wide(layout: Layout, form: Form, period: Period, notes: Notes) -> tuple[list[Cell], dict[str, Line]]:
    """The cells of a wide form and the lines of its foot."""
    header = find_columns(layout, form, period, notes)
    columns = columns_of(form.id, period)
    body, foot = rows_below(layout, columns, header, notes)
    table = _Table(layout, form, period, header, notes)
    cells = table.read(body)
    if body:
        read = {column_of(at) for at in (*header.places.values(), header.mark) if at}
        note_merged(layout, notes, body[0].number, body[-1].number, read)
    note_hidden_columns(layout, notes, table.used)
    return cells, foot_of(layout, notes, foot, set(header.places.values()))


class _Table:
    """The records of a wide form."""

    def __init__(self, layout: Layout, form: Form, period: Period, header: Header, notes: Notes) -> None:
        self.sheet = layout.sheet
        self.form = form
        self.header = header
        self.notes = notes
        columns = columns_of(form.id, period)
        self.keys = [
            (c, header.places[c.code], c.type in ("code", "uscc"))
            for c in columns
            if c.key and c.code in header.places
        ]
        self.data = [
            (c.code, header.places[c.code], c.numeric, c)
            for c in columns
            if not c.key and c.code in header.places
        ]
        self.cells: list[Cell] = []
        self.strange: set[str] = set()  # columns without a label that hold something

    def read(self, rows: list[Row]) -> list[Cell]:
        """The cells of all records."""
        kept = 0
        for row in rows:
            kept += self._record(row, kept)
        return self.cells

    def used(self) -> dict[int, str]:
        """The columns with data in them, by number, with their labels."""
        seen = {cell.field for cell in self.cells if cell.kind != "blank"}
        places = self.header.places
        return {column_of(at): self.form.column(code).label for code, at in places.items() if code in seen}

    def _record(self, row: Row, number: int) -> bool:
        """Read one row; False if it is no record."""
        cells, start = self.cells, len(self.cells)
        raw, digits = row.cells, row.digits
        if not raw.keys() <= self.header.known:
            self._strangers(row)
        values: dict[str, str | None] = {}
        faults: list[tuple[Column, str, str, Judged]] = []
        for column, at, coded in self.keys:
            found = raw.get(at)
            if found is not None and coded and is_code(found[4]):
                values[column.code] = text = found[4]
                cells.append(new_cell(Cell, (number, column.code, at + digits, text, "text", text, "", "")))
            else:
                cell = self._judged(number, column, at, row, "", faults)
                cells.append(cell)
                values[column.code] = cell.value
        named, rest, mark_cell = self._marks(row)
        looks, get, anything = self.sheet.looks, raw.get, False
        for field, at, numeric, column in self.data:
            found = get(at)
            if found is None:
                mark = named.pop(field, rest) if named else rest
                cells.append(new_cell(Cell, (number, field, at + digits, "", "blank", None, "", mark)))
            elif numeric and found[3] and looks[found[2]] is PLAIN and is_plain(found[3]):
                anything = True
                text = found[3]
                cells.append(new_cell(Cell, (number, field, at + digits, text, "number", text, "", "")))
            else:
                cell = self._judged(number, column, at, row, named.get(field, rest), faults)
                if cell.kind == "blank":
                    named.pop(field, "")
                else:
                    anything = True
                cells.append(cell)
        if not anything and (not any(values.values()) or (optional(values) and not mark_cell)):
            del cells[start:]
            return False
        if not (faults or mark_cell or row.hidden):
            return True
        key = row_key(self.form, values)
        for column, address, text, judged in faults:
            note_fault(self.notes, column, address, text, judged, key)
        if mark_cell:
            self._check_marks(named, rest, mark_cell, key, cells[start:])
        if row.hidden and (anything or mark_cell):
            note_hidden_row(self.notes, row, key)
        return True

    def _judged(
        self, number: int, column: Column, at: str, row: Row, mark: str,
        faults: list[tuple[Column, str, str, Judged]],
    ) -> Cell:  # fmt: skip
        """One cell by the long way."""
        address = at + row.digits
        raw = row.cells.get(at)
        if raw is None:
            return Cell(number, column.code, address, "", "blank", None, "", mark)
        value = self.sheet.read(raw)
        judged = judge(column, value, self.sheet.from_1904)
        if judged.fault is not None:
            faults.append((column, address, value.text, judged))
        blank = judged.kind == "blank"
        return Cell(
            number, column.code, address, value.text, judged.kind, judged.value, judged.cleaned,
            mark if blank else "",
        )  # fmt: skip

    def _strangers(self, row: Row) -> None:
        for at in row.cells.keys() - self.header.known - self.strange:
            if filled(self.sheet, row.cells[at]):
                self.strange.add(at)
                self.notes.add(
                    "L13",
                    f"第 {at} 列没有表头，却有内容。",
                    "请删除该列内容，或移到所属栏目下。",
                    cell=at + row.digits,
                    value=self.sheet.read(row.cells[at]).text,
                )

    def _marks(self, row: Row) -> tuple[dict[str, str], str, str]:
        """The marks of a row by field, the mark of all other blanks, the address if there is any."""
        found = row.cells.get(self.header.mark) if self.header.mark else None
        if found is None or not filled(self.sheet, found):
            return {}, "", ""
        text = squeezed(self.sheet.read(found).text)
        address = self.header.mark + row.digits
        named: dict[str, str] = {}
        rest = ""
        fields = {field for field, _, _, _ in self.data}
        for part in text.split("|"):
            match = _MARKED.fullmatch(part)
            if match is None or (match[1] and match[1] not in fields):
                self.notes.add(
                    "L12",
                    f"数据标识“{part[:60]}”写法不对。",
                    f"请写 {'、'.join(MARKS)}，或“字段代码=标识”，用 | 分隔。",
                    cell=address,
                    value=text,
                )
            elif match[1]:
                named[match[1]] = match[2]
            else:
                rest = match[2]
        return named, rest, address

    def _check_marks(
        self, named: dict[str, str], rest: str, address: str, key: str, cells: list[Cell]
    ) -> None:
        """Marks that are left over stand on fields that are filled."""
        for field in named:
            cell = next(cell for cell in cells if cell.field == field)
            note_mark(self.notes, self.form.column(field), f"{cell.address},{address}", cell.raw, key)
        if rest and not any(cell.mark == rest for cell in cells):
            self.notes.add(
                "L11",
                f"数据标识 {rest} 没有可说明的空白，本行都已填数。",
                "请删除标识，或清空不适用的数据。",
                cell=address,
                row_key=key,
                value=rest,
            )
