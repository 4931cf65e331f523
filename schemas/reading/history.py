"""The history workbook: one value per line, filed by the bureau for periods before the forms.

Columns 表代码, 报告期, 记录键, 字段, 数值, 资料来源, told by label. The lines of one form and period
make one submission of the edition ``history``; each line is a record with its key and one value.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from schemas.finding import Finding
from schemas.form import Column, Form, form_for
from schemas.period import Period
from schemas.reading import clean
from schemas.reading.cells import judge
from schemas.reading.clean import is_plain
from schemas.reading.head import Line, lines_of, said
from schemas.reading.layout import columns_of, filled, new_cell, texts
from schemas.reading.notes import Notes
from schemas.reading.record import Cell, Submission
from schemas.reading.remarks import note_fault
from schemas.reading.sheet import PLAIN, Row, Sheet
from schemas.reading.spelling import column_of
from schemas.reading.squeezing import squeezed

EDITION = "history"
COLUMNS = ("表代码", "报告期", "记录键", "字段", "数值")
_SOURCE = "资料来源"
_HEAD_ROWS = 50
_ASK = "请按历史数据表的列名和写法填写。"


@dataclass
class _Part:
    """The lines of one form and period."""

    form: Form
    columns: dict[str, Column]
    notes: Notes
    cells: list[Cell] = field(default_factory=list)
    count: int = 0
    keys: dict[str, tuple[tuple[str, str | None], ...] | None] = field(default_factory=dict)


def read_history(sheet: Sheet, notes: Notes) -> tuple[list[Submission], list[Finding]]:
    """The submissions of a history sheet, and the findings that belong to none of them."""
    rows = sheet.rows()
    above: list[tuple[Row, dict[str, str]]] = []
    places: dict[str, str] = {}
    for row in rows:
        words = {word: at for at, word in texts(sheet, row).items()}
        if all(label in words for label in COLUMNS):
            places = words
            break
        above.append((row, said(sheet, row)))
        if len(above) == _HEAD_ROWS:
            break
    head, _ = lines_of(above, "head")
    notes.submitter = clean.code(_text(head, "submitter")).value or ""
    if not places:
        notes.add("L03", f"历史数据表找不到列名（{'、'.join(COLUMNS)}）。", _ASK)
    elif not notes.submitter:
        notes.add("H001", "表头“填报单位代码”未填。", "请填 BUREAU。")
    if not places or not notes.submitter:
        return [], notes.found
    unknown = sorted(places.keys() - {*COLUMNS, _SOURCE})
    for label in unknown:
        notes.add("L04", f"历史数据表没有“{label}”列。", _ASK, value=label)
    parts = _read_lines(sheet, rows, places, notes)
    return [_submission(sheet, part, head) for part in parts], notes.found


def _text(lines: dict[str, Line], name: str) -> str:
    return lines[name].value if name in lines else ""


def _read_lines(sheet: Sheet, rows: Iterator[Row], places: dict[str, str], notes: Notes) -> list[_Part]:
    form_at, period_at, key_at, field_at, value_at = (places[label] for label in COLUMNS)
    hidden = {n for first, last in sheet.hidden_columns() for n in range(first, min(last, 16384) + 1)}
    unseen = [at for at in (form_at, period_at, key_at, field_at, value_at) if column_of(at) in hidden]
    for at in unseen:
        notes.add("L07", f"第 {at} 列被隐藏，其中有数据。", "请取消隐藏，核对后重报。", cell=at)
    parts: dict[tuple[str, str], _Part | None] = {}
    merged = [(area.top, area.bottom, area.text) for area in sheet.merged()]
    for row in rows:
        form, period, key, name = (_word(sheet, row, at) for at in (form_at, period_at, key_at, field_at))
        if not (form or period or key or name):
            if filled(sheet, row.cells.get(value_at)):
                notes.add("L18", "有数值而没有表代码和记录键。", _ASK, cell=value_at + row.digits)
            continue
        if (form, period) not in parts:
            parts[form, period] = _part(form, period, notes, form_at + row.digits)
        part = parts[form, period]
        if part is None:
            continue
        for top, bottom, text in merged:
            if top <= row.number <= bottom:
                advice = "请取消合并，逐格填写。"
                part.notes.add("L08", f"数据区有合并单元格 {text}，无法判断属于哪一格。", advice, cell=text)
        _record(sheet, row, part, key, name, key_at + row.digits, field_at + row.digits, value_at)
    return [part for part in parts.values() if part is not None]


def _word(sheet: Sheet, row: Row, at: str) -> str:
    cell = row.cells.get(at)
    return "" if cell is None else sheet.word(cell)


def _part(code: str, text: str, notes: Notes, cell: str) -> _Part | None:
    """A new form and period; None, with a finding, if there is no such."""
    try:
        period = Period.parse_printed(squeezed(text))
        form = form_for(squeezed(code), period)
    except (ValueError, KeyError):
        notes.add(
            "L18",
            f"表代码“{code[:20]}”和报告期“{text[:20]}”无法识别或没有有效的表式，这些行未读取。",
            _ASK,
            cell=cell,
            value=f"{code}|{text}",
        )
        return None
    own = replace(notes, form=form.code, edition=EDITION, period=str(period), found=[])
    return _Part(form, {c.code: c for c in columns_of(form.id, period) if not c.key}, own)


def _record(
    sheet: Sheet, row: Row, part: _Part, key: str, name: str, key_cell: str, field_cell: str, value_at: str
) -> None:
    """One line: its key cells and its value."""
    notes = part.notes
    if key not in part.keys:
        part.keys[key] = _key(part.form, key)
    named = part.keys[key]
    if named is None:
        keys = "；".join(column.code for column in part.form.keys)
        notes.add(
            "L18", f"记录键“{key[:80]}”写法不对。", f"应写“键=代码”，用 ; 分隔，键为 {keys}。",
            cell=key_cell, value=key,
        )  # fmt: skip
        return
    column = part.columns.get(name)
    if column is None:
        notes.add("L18", f"字段“{name[:40]}”不是{part.form.no}的字段。", _ASK, cell=field_cell, value=name,
                  row_key=key)  # fmt: skip
        return
    number, address = part.count, value_at + row.digits
    part.count += 1
    cells = part.cells
    for code, part_of_key in named:
        kind = "text" if part_of_key else "blank"
        raw_key = key if part_of_key else ""
        cells.append(new_cell(Cell, (number, code, key_cell, raw_key, kind, part_of_key, "", "")))
    raw = row.cells.get(value_at)
    if raw is not None and column.numeric and raw[3] and sheet.looks[raw[2]] is PLAIN and is_plain(raw[3]):
        cells.append(new_cell(Cell, (number, name, address, raw[3], "number", raw[3], "", "")))
    elif raw is None or not filled(sheet, raw):
        notes.add("L18", f"“{column.label}”的数值是空白。", "没有数值的行请删除。", cell=address, row_key=key,
                  field=name)  # fmt: skip
        cells.append(Cell(number, name, address, "", "blank", None))
    else:
        value = sheet.read(raw)
        judged = judge(column, value, sheet.from_1904)
        note_fault(notes, column, address, value.text, judged, key)
        cells.append(Cell(number, name, address, value.text, judged.kind, judged.value, judged.cleaned))
    if row.hidden:
        notes.add("L07", f"第 {row.digits} 行被隐藏，其中有数据。", "请取消隐藏（或取消筛选），核对后重报。",
                  cell=row.digits, row_key=key)  # fmt: skip


def _key(form: Form, text: str) -> tuple[tuple[str, str | None], ...] | None:
    """The parts of a record's key in the form's order; None if it cannot be read."""
    given: dict[str, str] = {}
    for part in text.replace("；", ";").split(";"):
        name, sign, code = (piece.strip() for piece in part.partition("="))
        if not sign or not code or name in given:
            return None
        given[name] = code
    codes = [column.code for column in form.keys]
    if not given.keys() <= set(codes):
        return None
    return tuple((code, given.get(code)) for code in codes)


def _submission(sheet: Sheet, part: _Part, head: dict[str, Line]) -> Submission:
    notes = part.notes
    day = clean.day(_text(head, "reported_on")).value or ""
    if not clean.is_day(day):
        notes.add("H001", "“报出日期”未填或不是日期。", "请写成 2026年11月8日。", value=day)
        day = ""
    version = squeezed(_text(head, "version"))
    return Submission(
        form=part.form.code,
        edition=EDITION,
        period=notes.period,
        submitter=notes.submitter,
        subject="",
        version=int(version) if version.isdecimal() and len(version) < 6 else 1,
        reported_on=day,
        office=_text(head, "office"),
        sheet=sheet.name,
        cells=tuple(part.cells),
        findings=tuple(notes.found),
        digest=notes.digest,
        file_name=notes.file_name,
    )


__all__ = ["COLUMNS", "EDITION", "read_history"]
