"""The sheet 审核结果 as it comes back: what a submitter answers to the findings that were sent out.

The sheet is known by its name or its labels, its columns by their labels alone, so that columns may be
moved and lines deleted. A line in which nothing was written is no answer. A bad line is a finding of its
own that belongs to no submission: it rejects no form, and the finding that it meant stays open.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from schemas.codes import Codes
from schemas.finding import Finding
from schemas.reading import clean
from schemas.reading.layout import Layout, texts
from schemas.reading.notes import Notes
from schemas.reading.record import Explanation
from schemas.reading.sheet import Row, Sheet, Value
from schemas.reading.spelling import column_of
from schemas.reading.squeezing import squeezed

TITLE = "审核结果"
ID, REASON, TEXT = "发现编号", "原因码", "情况说明"
REASONS = "explanation_reasons"
LEAST = 10  # characters of an explanation

_HEADER_ROWS = 100
_ID = re.compile(r"[0-9a-f]{16}")
_BLANK = Value("blank", "")
_REFILL = "请在退回的原件上恢复“审核结果”表后重填。"


def is_named(sheet: str) -> bool:
    """True for 审核结果 and the copies that a program makes of it: 审核结果 (2)."""
    return sheet.strip().startswith(TITLE)


def read_explanations(layout: Layout, codes: Codes, notes: Notes) -> list[Explanation] | None:
    """The answers on a sheet; None if it is not the sheet of answers."""
    sheet = layout.sheet
    top = _header(sheet, layout.rows)
    if top is None:
        if not is_named(sheet.name) or not layout.rows or layout.top is not None:
            return None
        notes.add("E07", f"“{sheet.name}”表中找不到“{ID}”“{REASON}”“{TEXT}”的表头，说明未读取。", _REFILL)
        return []
    labels = texts(sheet, layout.rows[top])
    places = {label: [at for at, text in labels.items() if text == label] for label in (ID, REASON, TEXT)}
    unclear = [label for label, found in places.items() if len(found) != 1]
    if unclear:
        message = f"“{sheet.name}”表的“{'”“'.join(unclear)}”列缺失或重复，说明未读取。"
        notes.add("E07", message, _REFILL, cell=f"A{layout.rows[top].digits}")
        return []
    lines = _Lines(layout, {label: found[0] for label, found in places.items()}, codes, notes)
    return [answer for row in layout.rows[top + 1 :] if (answer := lines.read(row)) is not None]


def _header(sheet: Sheet, rows: Sequence[Row]) -> int | None:
    """The place of the row with the labels."""
    for at, row in enumerate(rows[:_HEADER_ROWS]):
        here = set(texts(sheet, row).values())
        if ID in here and here & {REASON, TEXT}:
            return at
    return None


class _Lines:
    """The lines under the labels."""

    def __init__(self, layout: Layout, places: dict[str, str], codes: Codes, notes: Notes) -> None:
        self._sheet = layout.sheet
        self._places = places
        self._notes = notes
        self._reasons = codes.names(REASONS)
        self._all_hidden = layout.sheet.hidden or layout.sheet.rows_hidden_by_default()
        runs = layout.sheet.hidden_columns()
        self._hidden_columns = [
            at for at in places.values() if any(first <= column_of(at) <= last for first, last in runs)
        ]

    def read(self, row: Row) -> Explanation | None:
        """The answer on one line; None if nothing was written or it cannot be taken."""
        said = {label: self._value(row, at) for label, at in self._places.items()}
        if not any(_filled(said[label]) for label in (REASON, TEXT)):
            return None
        before = len(self._notes.found)
        finding = clean.code(said[ID].text).value or ""
        self._check_visible(row, finding)
        self._check_kinds(row, said, finding)
        if len(self._notes.found) > before:
            return None
        if not _ID.fullmatch(finding):
            self._note("E01", row, ID, f"发现编号“{finding[:40] or '空白'}”不是退回时的编号，说明无从对应。",
                       _REFILL, finding, "")  # fmt: skip
        reason = self._reason(row, said[REASON], finding)
        text = clean.bare(said[TEXT].text)
        if len(text) < LEAST:
            self._note("E03", row, TEXT, f"情况说明只有 {len(text)} 个字，至少要写 {LEAST} 个字。",
                       "请写清情况和原因后随报表重报。", text, finding)  # fmt: skip
        if len(self._notes.found) > before or reason is None:
            return None
        return Explanation(finding, reason, text, self._sheet.name, self._places[TEXT] + row.digits)

    def _value(self, row: Row, at: str) -> Value:
        cell = row.cells.get(at)
        if cell is None:
            return _BLANK
        value = self._sheet.read(cell)
        whole = clean.whole(value.text) if value.kind == "number" else None  # a code typed as a number
        return value if whole is None else value._replace(text=whole)

    def _check_visible(self, row: Row, finding: str) -> None:
        """What nobody sees was not meant to be sent."""
        if self._all_hidden or row.hidden:
            what = f"“{self._sheet.name}”表" if self._all_hidden else f"第 {row.digits} 行"
            self._note(
                "E06", row, TEXT, f"{what}被隐藏，其中有说明。", "请取消隐藏，核对后重报。", "", finding
            )
        elif self._hidden_columns:
            at = self._hidden_columns[0]
            message = f"第 {at} 列被隐藏，说明未读取。"
            self._notes.add(
                "E06", message, "请取消隐藏，核对后重报。", cell=at + row.digits, row_key=finding
            )  # fmt: skip

    def _check_kinds(self, row: Row, said: dict[str, Value], finding: str) -> None:
        for label, value in said.items():
            if value.formula or value.kind not in ("text", "number", "blank"):
                self._note("E05", row, label, f"“{label}”不是直接填写的文字（公式、错误值、日期或逻辑值）。",
                           "请直接填写文字后重报。", value.text, finding)  # fmt: skip

    def _reason(self, row: Row, value: Value, finding: str) -> str | None:
        """The code of the reason, written alone or before its name as the drop-down offers it."""
        words = clean.code(value.text).value or ""
        code, _, name = words.partition(" ")
        if code in self._reasons and squeezed(name) in ("", squeezed(self._reasons[code])):
            return code
        said = f"“{words[:40]}”不在代码表中" if words else "未填"
        offered = "；".join(f"{key} {name}" for key, name in self._reasons.items())
        self._note("E02", row, REASON, f"原因码{said}。", f"请从下拉列表中选择：{offered}。", words, finding)
        return None

    def _note(
        self, rule: str, row: Row, label: str, message: str, advice: str, value: str, finding: str
    ) -> None:  # fmt: skip
        cell = self._places[label] + row.digits
        self._notes.add(rule, message, advice, cell=cell, value=value, row_key=finding)


def _filled(value: Value) -> bool:
    return value.kind != "blank" and bool(clean.bare(value.text))


def settle(answers: Sequence[Explanation], notes: Notes) -> tuple[tuple[Explanation, ...], list[Finding]]:
    """The answers of a workbook, each finding once, and findings where two answers contradict each other."""
    by_finding: dict[str, list[Explanation]] = {}
    for answer in answers:
        by_finding.setdefault(answer.finding, []).append(answer)
    kept: list[Explanation] = []
    own = Notes(notes.digest, notes.file_name)
    for finding, said in by_finding.items():
        if len({(answer.reason, answer.text) for answer in said}) == 1:
            kept.append(said[0])
            continue
        for answer in said:
            own.sheet = answer.sheet
            own.add(
                "E04",
                f"发现编号 {finding} 有 {len(said)} 条不同的说明，无法判断以哪条为准。",
                "请只保留一条后重报。",
                cell=answer.cell,
                value=answer.text,
                row_key=finding,
            )
    return tuple(kept), own.found
