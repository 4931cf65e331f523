"""Colours and comments on the cells that findings name, and the removal of those of an earlier return.

The colour is a conditional format that always holds: the cell's own format stays what it was, and the
colour can be taken off again when a corrected copy comes back. Our part of a comment stands below a line
of its own, so that the filer's words above it survive.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, MergedCell
from openpyxl.comments import Comment
from openpyxl.formatting.formatting import ConditionalFormatting, ConditionalFormattingList
from openpyxl.formatting.rule import Rule
from openpyxl.styles import PatternFill
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.cell_range import CellRange
from openpyxl.worksheet.worksheet import Worksheet

from schemas.finding import SEVERITY_ZH, Finding, Severity
from schemas.returns.exact import cells_of
from schemas.stationery import lines

HARD, SOFT = "FFC7CE", "FFEB9C"
AUTHOR = "审核"

_ALWAYS = 'LEN("审核结果")>0'  # true, and by it our colours are told from others
_RULED = "—— 审核意见 ——"
_IN_ONE = 500  # ranges of one conditional format
_TOLD = 8  # findings told in one comment
_WIDTH = 300  # pixels of a comment
_AREA = re.compile(r"[A-Z]{1,3}[1-9][0-9]{0,6}(:[A-Z]{1,3}[1-9][0-9]{0,6})?")
_COLUMN, _ROW = re.compile(r"[A-Z]{1,3}"), re.compile(r"[1-9][0-9]{0,6}")


def clear_marks(book: Workbook) -> None:
    """Take off the colours and comments of an earlier return; the filer's own comments stay.

    Their boxes are made to fit, since openpyxl reads no sizes.
    """
    for sheet in book.worksheets:
        kept = ConditionalFormattingList()
        for area in sheet.conditional_formatting:
            for rule in area.rules:
                if rule.type != "expression" or _ALWAYS not in map(_tight, rule.formula):
                    kept.add(str(area.sqref), rule)
        sheet.conditional_formatting = kept
        for cell in _commented(sheet):
            own, ruled, _ = cell.comment.text.partition(_RULED)
            own = own.rstrip() if ruled else own
            cell.comment = _comment(own, cell.comment.author) if own else None


def _tight(formula: str) -> str:
    return formula.replace(" ", "")


def _commented(sheet: Worksheet) -> list[Cell]:
    return [cell for cell in cells_of(sheet) if cell.comment is not None]


def mark(book: Workbook, findings: Sequence[Finding]) -> None:
    """Colour and comment the cells that these findings name."""
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    for title in dict.fromkeys(finding.sheet for finding in findings):
        if title in sheets:
            _mark_sheet(sheets[title], [finding for finding in findings if finding.sheet == title])


def _mark_sheet(sheet: Worksheet, findings: Sequence[Finding]) -> None:
    hard: dict[str, None] = {}
    soft: dict[str, None] = {}
    told: dict[str, list[Finding]] = {}
    for finding in findings:
        for area in areas(sheet, finding.cell):
            (hard if finding.severity is Severity.HARD else soft)[area] = None
            told.setdefault(_anchor(sheet, area), []).append(finding)
    _colour(sheet, [(HARD, list(hard)), (SOFT, [area for area in soft if area not in hard])])
    for address, about in told.items():
        _say(sheet[address], about)


def areas(sheet: Worksheet, cells: str) -> list[str]:
    """The ranges that a finding names: cells, ranges, whole columns (C) or rows (12) as far as they are used.

    Anything else is no place on a sheet and is only listed.
    """
    found = []
    for part in filter(None, cells.split(",")):
        if _COLUMN.fullmatch(part):
            found.append(f"{part}1:{part}{sheet.max_row}")
        elif _ROW.fullmatch(part):
            found.append(f"A{part}:{get_column_letter(sheet.max_column)}{part}")
        elif _AREA.fullmatch(part):
            found.append(part)
    return found


def _anchor(sheet: Worksheet, area: str) -> str:
    """The cell that a comment on a range hangs on: of merged ones the cell that is there."""
    first = area.partition(":")[0]
    if isinstance(sheet[first], MergedCell):
        within = next(merged for merged in sheet.merged_cells.ranges if CellRange(first).issubset(merged))
        return str(within).partition(":")[0]
    return first


def _colour(sheet: Worksheet, groups: Iterable[tuple[str, list[str]]]) -> None:
    """Colours that come before all other conditional formats of the sheet."""
    ours = ConditionalFormattingList()
    for colour, ranges in groups:
        fill = PatternFill("solid", fgColor=colour, bgColor=colour)
        for start in range(0, len(ranges), _IN_ONE):
            rule = Rule(type="expression", formula=[_ALWAYS], dxf=DifferentialStyle(fill=fill))
            ours.add(" ".join(ranges[start : start + _IN_ONE]), rule)
    shift = len(ours)
    for area in sheet.conditional_formatting:
        for rule in area.rules:
            rule.priority = (rule.priority or 0) + shift
            ours.add(ConditionalFormatting(str(area.sqref)), rule)
    sheet.conditional_formatting = ours


def _say(cell: Cell, findings: Sequence[Finding]) -> None:
    """Append the findings to a cell's comment."""
    parts = [f"【{SEVERITY_ZH[f.severity]} {f.rule}】{f.message}{f.advice}" for f in dict.fromkeys(findings)]
    if len(parts) > _TOLD:
        parts[_TOLD:] = [f"另有 {len(parts) - _TOLD} 条，见“审核结果”表。"]
    own = cell.comment
    words = ([own.text.rstrip()] if own is not None else []) + [_RULED, *parts]
    cell.comment = _comment("\n".join(words), AUTHOR if own is None else own.author)


def _comment(text: str, author: str) -> Comment:
    """A comment large enough for its text; a workbook keeps the size of none that openpyxl reads."""
    text = ILLEGAL_CHARACTERS_RE.sub("�", text)
    return Comment(text, author, height=min(600, 20 + 17 * lines(text, _WIDTH / 6.5)), width=_WIDTH)
