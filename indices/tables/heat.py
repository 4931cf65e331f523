"""Matrices whose cells are coloured by their value: correlations of indicators, shifts of rank.

The colours are conditional formats of Excel over the numbers themselves, so a reader who types another number sees it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import polars as pl

from indices.design import Design
from indices.tables.sheet import Book, Sheet
from indices.tables.style import BLOCK, HEADING, NOT_APPLICABLE, TEXT, Look, number_look

MOST_SUBJECTS = 60  # columns of a matrix that a person still reads
_RED, _WHITE, _BLUE = "#D98880", "#FFFFFF", "#7FB3D5"
_CELL, _GROUP, _LEAF = 5.5, 20, 40  # widths
_ONE = Decimal("1.00")
_SHIFT = Look("number", "+0_ ;-0_ ;0_ ;@_ ")

Labels = Mapping[str, str]


def correlation_map(
    book: Book, design: Design, pairs: pl.DataFrame, labels: Labels, warning: str = ""
) -> None:
    """相关热图: the correlations of all indicators, in the order of the tree, one block per subject type.

    ``warning`` stands in the line below the title.
    """
    leaves = design.leaves_of(design.root.id)
    parents = {i.id: i.parent for i in design.indicators}
    sheet = Sheet(book, "相关热图", [_GROUP, _LEAF, *([_CELL] * len(leaves))])
    row = sheet.head("指标得分的相关系数（皮尔逊）", f"按指标体系的顺序排列；蓝为正，红为负{warning}", "")
    for (kind,), part in pairs.group_by("type", maintain_order=True):
        known = {(f, s): r for f, s, r in part.select("first", "second", "pearson").iter_rows()}
        values = [
            [_ONE if a == b else _printed(known.get((a, b), known.get((b, a)))) for b in leaves]
            for a in leaves
        ]
        top = _titled(sheet, row, str(kind), ("分组", "指标", *leaves))
        for at, leaf in enumerate(leaves):
            sheet.text(top + at, 0, labels[parents[leaf]], TEXT)
            sheet.text(top + at, 1, labels[leaf], TEXT)
            sheet.fit_row(top + at, (labels[parents[leaf]], 0, 0), (labels[leaf], 1, 1))
        row = _cells(sheet, top, values, number_look(2), 2) + 1
        _coloured(sheet, top, 2, row - 2, len(leaves) + 1, 1.0)
    sheet.notes(row, ("空缺为不足 3 个单位或得分全部相同；同组负相关、近于 1 的各对见“相关系数”。",))
    sheet.raw.freeze_panes(0, 2)


def shift_map(book: Book, omitted: pl.DataFrame, labels: Labels) -> None:
    """去一明细: how each subject's rank moves without each node; types with many subjects are in the CSV file alone."""
    kinds = {k: part for (k,), part in omitted.group_by("type", maintain_order=True)}
    subjects = {k: part["subject"].unique().sort().to_list() for k, part in kinds.items()}
    widest = max((len(s) for s in subjects.values() if len(s) <= MOST_SUBJECTS), default=1)
    sheet = Sheet(book, "去一明细", [30, *([10] * widest)])
    row = sheet.head("去掉一项后各单位位次的变动", "＋为位次上升，－为下降", "") if widest > 1 else 0
    for kind, part in kinds.items():
        if len(subjects[kind]) > MOST_SUBJECTS:
            sheet.text(row, 0, f"{kind} 有 {len(subjects[kind])} 个单位，见 analysis_omitted.csv", TEXT)
            row += 2
            continue
        nodes = part["node"].unique().sort().to_list()
        shift = {(n, s): v for n, s, v in part.select("node", "subject", "shift").iter_rows()}
        top = _titled(sheet, row, str(kind), ("去掉", *(labels[s] for s in subjects[kind])))
        for at, node in enumerate(nodes):
            sheet.text(top + at, 0, labels[node], TEXT)
            sheet.fit_row(top + at, (labels[node], 0, 0))
        values = [[shift[n, s] for s in subjects[kind]] for n in nodes]
        row = _cells(sheet, top, values, _SHIFT, 1) + 1
        largest = max((abs(v) for v in shift.values() if v is not None), default=1)
        _coloured(sheet, top, 1, row - 2, len(subjects[kind]), float(max(largest, 1)))
    sheet.raw.freeze_panes(0, 1)


def _printed(correlation: Decimal | None) -> Decimal | None:
    return None if correlation is None else correlation.quantize(_ONE, ROUND_HALF_EVEN)


def _titled(sheet: Sheet, row: int, kind: str, headings: Sequence[str]) -> int:
    """The subject type, if there are any, and the headings; gives the first row of cells."""
    if kind:
        sheet.merged(row, 0, row, len(headings) - 1, kind, BLOCK)
        row += 1
    for column, heading in enumerate(headings):
        sheet.text(row, column, heading, HEADING)
    sheet.fit_row(row, *((heading, column, column) for column, heading in enumerate(headings)))
    return row + 1


def _cells(sheet: Sheet, top: int, values: Sequence[Sequence[Any]], look: Look, left: int) -> int:
    """The numbers; gives the row below."""
    for down, line in enumerate(values):
        for across, value in enumerate(line, left):
            sheet.number(top + down, across, value, look, NOT_APPLICABLE)
    return top + len(values)


def _coloured(sheet: Sheet, top: int, left: int, bottom: int, right: int, largest: float) -> None:
    """From red at -largest over white at 0 to blue at largest."""
    scale = {
        "type": "3_color_scale", "min_type": "num", "mid_type": "num", "max_type": "num",
        "min_value": -largest, "mid_value": 0, "max_value": largest,
        "min_color": _RED, "mid_color": _WHITE, "max_color": _BLUE,
    }  # fmt: skip
    sheet.raw.conditional_format(top, left, bottom, right, scale)
