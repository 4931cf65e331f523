"""The table of a long form: one line per field, and for each record a column of figures and one of marks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from schemas.codes import Codes
from schemas.form import Column, Form
from schemas.period import Period
from schemas.reading.cells import judge
from schemas.reading.clean import is_plain
from schemas.reading.head import Line, said, squeezed
from schemas.reading.layout import (
    LONG_HEADER,
    MARK,
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
    texts,
)
from schemas.reading.notes import Notes
from schemas.reading.record import Cell
from schemas.reading.remarks import note_fault, note_mark, note_unit
from schemas.reading.sheet import PLAIN, Row, Sheet, Value
from schemas.reading.spelling import column_of, letters_of

FIGURES = "数据"
_CODE = re.compile(r"(?:.*\()?([0-9A-Z]+)\)?")
_NOTHING = Value("blank", "")


@dataclass
class _Record:
    """One record of the sheet: its heading, the columns of its figures and marks, its cells by field."""

    heading: str
    address: str
    data: str
    mark: str = ""
    keys: dict[str, str | None] = field(default_factory=dict)
    key: str = ""
    cells: dict[str, Cell] = field(default_factory=dict)


def read_long(
    layout: Layout, form: Form, period: Period, subject: str, codes: Codes, notes: Notes
) -> tuple[list[Cell], dict[str, Line]]:
    """The cells of a long form and the lines of its foot."""
    fixed = _fixed(layout, notes)
    records, levels = _records(layout, form, fixed, notes)
    for record in records:
        record.keys = _keys(form, subject, squeezed(record.heading), codes)
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
    used = {
        column_of(record.data): record.heading
        for record in records
        if any(cell.kind != "blank" for cell in record.cells.values())
    }
    note_hidden_columns(layout, notes, used)
    return _cells(form, period, records), foot_of(
        layout, notes, layout.rows[last:], {record.data for record in records}
    )


def _fixed(layout: Layout, notes: Notes) -> dict[str, str]:
    """Where label, unit and code of the lines stand."""
    row = layout.rows[layout.top or 0]
    words = {word: at for at, word in texts(layout.sheet, row).items()}
    for label in LONG_HEADER:
        if label not in words:
            notes.add(
                "L05",
                f"缺少栏目“{label}”。",
                "请用下发的表式填报，不要删改表头。",
                cell=f"A{row.digits}",
                value=label,
            )
    return {label: words.get(label, "") for label in LONG_HEADER}


def _records(layout: Layout, form: Form, fixed: dict[str, str], notes: Notes) -> tuple[list[_Record], int]:
    """The records by their headings, and how many rows the header has."""
    named = len(form.keys) == 1  # the subject is the whole key: the heading may say anything
    top = layout.top or 0
    rows = layout.rows[top : top + 2]
    below = texts(layout.sheet, rows[1]) if len(rows) > 1 else {}
    levels = 2 if {FIGURES, MARK} & set(below.values()) else 1
    headings = {column_of(at): text for at, text in said(layout.sheet, rows[0]).items()}
    for area in layout.areas:
        if area.top == rows[0].number and area.columns[0] in headings:
            headings.update(dict.fromkeys(area.columns, headings[area.columns[0]]))
    letters = {letters_of(number) for number in headings} | (set(below) if levels == 2 else set())
    records: dict[str, _Record] = {}
    for at in sorted(letters - set(fixed.values()), key=column_of):
        shown = headings.get(column_of(at), "")
        heading = squeezed(shown)
        role = below.get(at, "") if levels == 2 else FIGURES
        if not heading and not role:
            continue
        cell = f"{at}{rows[0].digits}"
        known = records.get(heading)
        if role == FIGURES and known is None and (named or _CODE.fullmatch(heading)):
            records[heading] = _Record(shown, cell, at)
        elif role == MARK and known is not None and not known.mark:
            known.mark = at
        elif known is not None and role in (FIGURES, MARK):
            notes.add(
                "L06",
                f"表头“{shown}”的“{role}”栏出现两次。",
                "请删除多余的一栏。",
                cell=cell,
                value=shown,
            )
        else:
            notes.add(
                "L04",
                f"表头“{shown} {role}”无法识别。",
                "记录栏的表头应写“名称（代码）”，下分“数据”和“数据标识”。",
                cell=cell,
                value=shown,
            )
    if not records:
        notes.add("L05", "表中没有数据栏。", "请用下发的表式填报。", cell=f"A{rows[0].digits}")
    return list(records.values()), levels


def _keys(form: Form, subject: str, heading: str, codes: Codes) -> dict[str, str | None]:
    """The key of a record: the sheet's subject, and the region or zone that the heading names.

    Where the subject is the whole key the heading says nothing more.
    """
    keys: dict[str, str | None] = {column.code: None for column in form.keys}
    keys[form.subject or ""] = subject
    open_ = [column for column in form.keys if column.code != form.subject]
    match = _CODE.fullmatch(heading)
    if not open_ or match is None:
        return keys
    code = match[1]
    owner = next(
        (column for column in open_ if code in codes.names(column.codelist or "")),
        open_[0] if code.isdecimal() else open_[-1],
    )
    keys[owner.code] = code
    if owner.codelist == "parks":
        keys["region_code"] = next((p["city"] for p in codes.rows("parks") if p["code"] == code), None)
    return keys


def _read_lines(
    sheet: Sheet, rows: Sequence[Row], fixed: dict[str, str], records: list[_Record], form: Form,
    period: Period, notes: Notes,
) -> None:  # fmt: skip
    """Read the lines into the records."""
    columns = {column.code: column for column in columns_of(form.id, period) if not column.key}
    label_at, unit_at, code_at = (fixed[label] for label in LONG_HEADER)
    at_fixed = [at for at in fixed.values() if at]
    seen: dict[str, str] = {}
    for row in rows:
        words = _words(sheet, row, at_fixed)
        if not seen and is_stem_row(words):
            continue
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
    sheet: Sheet, row: Row, records: list[_Record], code: str, before: str, code_at: str, form: Form, notes: Notes
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


def _read_line(sheet: Sheet, row: Row, column: Column, records: list[_Record], notes: Notes) -> None:
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


def _mark(sheet: Sheet, row: Row, record: _Record, column: Column, notes: Notes) -> str:
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


def _cells(form: Form, period: Period, records: list[_Record]) -> list[Cell]:
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
