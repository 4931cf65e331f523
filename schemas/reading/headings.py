"""The header of a long form: the fixed columns, and a pair of columns for each record that a heading names."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from schemas.codes import Codes
from schemas.form import Form
from schemas.reading.layout import LONG_HEADER, MARK, Layout, texts
from schemas.reading.notes import Notes
from schemas.reading.record import Cell
from schemas.reading.spelling import column_of, letters_of
from schemas.reading.squeezing import squeezed

FIGURES = "数据"
_CODE = re.compile(r"(?:.*\()?([0-9A-Z]+)\)?")


@dataclass
class Record:
    """One record of the sheet: its heading, the columns of its figures and marks, its cells by field."""

    heading: str
    address: str
    data: str
    mark: str = ""
    keys: dict[str, str | None] = field(default_factory=dict)
    key: str = ""
    cells: dict[str, Cell] = field(default_factory=dict)


def fixed_columns(layout: Layout, notes: Notes) -> dict[str, str]:
    """Where label, unit and code of the lines stand."""
    row = layout.rows[layout.top or 0]
    words = {squeezed(text): at for at, text in layout.first.items()}
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


def find_records(layout: Layout, form: Form, fixed: dict[str, str], notes: Notes) -> tuple[list[Record], int]:
    """The records by their headings, and how many rows the header has."""
    named = len(form.keys) == 1  # the subject is the whole key: the heading may say anything
    top = layout.top or 0
    rows = layout.rows[top : top + 2]
    below = texts(layout.sheet, rows[1]) if len(rows) > 1 else {}
    levels = 2 if {FIGURES, MARK} & set(below.values()) else 1
    headings = {column_of(at): text for at, text in layout.first.items()}
    for area in layout.areas:
        if area.top == rows[0].number and area.columns[0] in headings:
            headings.update(dict.fromkeys(area.columns, headings[area.columns[0]]))
    letters = {letters_of(number) for number in headings} | (set(below) if levels == 2 else set())
    records: dict[str, Record] = {}
    for at in sorted(letters - set(fixed.values()), key=column_of):
        shown = headings.get(column_of(at), "")
        heading = squeezed(shown)
        role = below.get(at, "") if levels == 2 else FIGURES
        if not heading and not role:
            continue
        cell = f"{at}{rows[0].digits}"
        known = records.get(heading)
        if role == FIGURES and known is None and (named or _CODE.fullmatch(heading)):
            records[heading] = Record(shown, cell, at)
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


def keys_of(form: Form, subject: str, heading: str, codes: Codes) -> dict[str, str | None]:
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
