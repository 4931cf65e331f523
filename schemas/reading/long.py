"""The table of a long form: one line per field, and for each record a column of figures and one of marks."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.codes import Codes
from schemas.form import Column, Form
from schemas.period import Period
from schemas.reading.cells import judge
from schemas.reading.clean import is_plain
from schemas.reading.head import Line
from schemas.reading.headings import Record, find_records, fixed_columns, keys_of
from schemas.reading.layout import (
    LONG_HEADER,
    MARKS,
    Layout,
    begins_foot,
    columns_of,
    filled,
    foot_of,
    is_stem_row,
    note_hidden_columns,
    note_hidden_row,
    note_merged,
    optional,
    row_key,
)
from schemas.reading.notes import Notes
from schemas.reading.record import Cell
from schemas.reading.remarks import note_fault, note_mark, note_unit
from schemas.reading.sheet import PLAIN, Row, Sheet, Value
from schemas.reading.spelling import column_of
from schemas.reading.squeezing import squeezed

_NOTHING = Value("blank", "")


def read_long(
    layout: Layout, form: Form, period: Period, subject: str, codes: Codes, notes: Notes
) -> tuple[list[Cell], dict[str, Line]]:
    """The cells of a long form and the lines of its foot."""
    fixed = fixed_columns(layout, notes)
    records, levels = find_records(layout, form, fixed, notes)
    for record in records:
        record.keys = keys_of(form, subject, squeezed(record.heading), codes)
        record.key = row_key(form, record.keys)
    sheet, first = layout.sheet, (layout.top or 0) + levels
    last = first
    while last < len(layout.rows) and not begins_foot(sheet, layout.rows[last]):
        last += 1
    body = layout.rows[first:last]
    _read_lines(sheet, body, fixed, records, form, period, notes)
    columns = {column_of(at) for record in records for at in (record.data, record.mark) if at}
    if body:
        note_merged(layout, notes, body[0].number, body[-1].number, columns)
    note_hidden_columns(layout, notes, lambda: _used(records))
    return _cells(form, period, records), foot_of(
        layout, notes, layout.rows[last:], {record.data for record in records}
    )


def _used(records: list[Record]) -> dict[int, str]:
    """The columns with data in them, by number, with their headings."""
    return {
        column_of(record.data): record.heading
        for record in records
        if any(cell.kind != "blank" for cell in record.cells.values())
    }


def _read_lines(
    sheet: Sheet, rows: Sequence[Row], fixed: dict[str, str], records: list[Record], form: Form,
    period: Period, notes: Notes,
) -> None:  # fmt: skip
    """Read the lines into the records."""
    columns = {column.code: column for column in columns_of(form.id, period) if not column.key}
    label_at, unit_at, code_at = (fixed[label] for label in LONG_HEADER)
    at_fixed = [at for at in fixed.values() if at]
    seen: dict[str, str] = {}
    for row in rows:
        if not seen and is_stem_row(sheet, row):
            continue
        words = _words(sheet, row, at_fixed)
        code = words.get(code_at, "")
        column = columns.get(code)
        if column is None or code in seen:
            _note_line(sheet, row, records, code, seen.get(code, ""), code_at or "A", form, notes)
            continue
        seen[code] = row.digits
        if label_at and words.get(label_at, "") != squeezed(column.label):
            notes.add(
                "L19",
                f"代码 {code} 的指标名称应为“{column.label}”，现为“{words.get(label_at, '空白')}”。",
                "请恢复原表的指标名称，核对数据是否错行。",
                cell=label_at + row.digits,
                field=code,
                value=words.get(label_at, ""),
            )
        unit = words.get(unit_at, "")
        if unit_at and column.numeric and unit != squeezed(column.unit):
            note_unit(notes, column, unit, unit_at + row.digits)
        _read_line(sheet, row, column, records, notes)
    for code, column in columns.items():
        if code not in seen:
            notes.add(
                "L05",
                f"缺少指标行“{column.label}”（{code}）。",
                "请用下发的表式填报，不要删行。",
                field=code,
                value=column.label,
            )


def _words(sheet: Sheet, row: Row, columns: Sequence[str]) -> dict[str, str]:
    """The squeezed texts of these columns."""
    found = {}
    for at in columns:
        cell = row.cells.get(at)
        if cell is not None:
            found[at] = squeezed(sheet.word(cell))
    return found


def _note_line(
    sheet: Sheet, row: Row, records: list[Record], code: str, before: str, code_at: str, form: Form, notes: Notes
) -> None:  # fmt: skip
    """A finding for a line that is no field, if it holds anything."""
    cell = code_at + row.digits
    if before:
        notes.add(
            "L06", f"指标代码 {code} 出现两次（第 {before}、{row.digits} 行）。", "请删除多余的一行。",
            cell=cell, field=code, value=code,
        )  # fmt: skip
    elif code:
        notes.add(
            "L04", f"指标代码“{code}”不是{form.no}的字段。", "请恢复原表的代码，或删除自行增加的行。",
            cell=cell, value=code,
        )  # fmt: skip
    else:
        for record in records:
            raw = row.cells.get(record.data)
            if raw is not None and filled(sheet, raw):
                notes.add(
                    "L13", f"第 {row.digits} 行没有指标代码，却有内容。", "请删除，或移到所属指标行。",
                    cell=record.data + row.digits, value=sheet.read(raw).text,
                )  # fmt: skip


def _read_line(sheet: Sheet, row: Row, column: Column, records: list[Record], notes: Notes) -> None:
    """One field of every record."""
    used, looks = False, sheet.looks
    for number, record in enumerate(records):
        address = record.data + row.digits
        raw = row.cells.get(record.data)
        if (
            raw is not None and raw[3] and column.numeric and record.mark not in row.cells
            and looks[raw[2]] is PLAIN and is_plain(raw[3])
        ):  # fmt: skip
            record.cells[column.code] = Cell(number, column.code, address, raw[3], "number", raw[3])
            used = True
            continue
        value = _NOTHING if raw is None else sheet.read(raw)
        judged = judge(column, value, sheet.from_1904)
        mark = _mark(sheet, row, record, column, notes)
        blank = judged.kind == "blank"
        if judged.fault is not None:
            note_fault(notes, column, address, value.text, judged, record.key)
        if mark and not blank:
            note_mark(notes, column, f"{address},{record.mark}{row.digits}", value.text, record.key)
        used = used or not blank or bool(mark)
        record.cells[column.code] = Cell(
            number, column.code, address, value.text, judged.kind, judged.value, judged.cleaned,
            mark if blank else "",
        )  # fmt: skip
    if row.hidden and used:
        note_hidden_row(notes, row, "")


def _mark(sheet: Sheet, row: Row, record: Record, column: Column, notes: Notes) -> str:
    """The mark beside a figure: N, W, C or nothing."""
    raw = row.cells.get(record.mark) if record.mark else None
    if raw is None or not filled(sheet, raw):
        return ""
    text = squeezed(sheet.read(raw).text)
    if text in MARKS:
        return text
    notes.add(
        "L12",
        f"“{column.label}”的数据标识“{text[:60]}”写法不对。",
        f"请写 {'、'.join(MARKS)} 之一。",
        cell=record.mark + row.digits,
        row_key=record.key,
        field=column.code,
        value=text,
    )
    return ""


def _cells(form: Form, period: Period, records: list[Record]) -> list[Cell]:
    """Record by record, in the form's order; zones that are wholly blank are left out."""
    cells: list[Cell] = []
    number = 0
    for record in records:
        told = any(cell.kind != "blank" or cell.mark for cell in record.cells.values())
        if optional(record.keys) and not told:
            continue
        for column in columns_of(form.id, period):
            if column.key:
                value = record.keys[column.code]
                kind = "text" if value else "blank"
                raw = record.heading if value else ""
                cells.append(Cell(number, column.code, record.address, raw, kind, value))
            elif column.code in record.cells:
                cells.append(record.cells[column.code]._replace(row=number))
        number += 1
    return cells
