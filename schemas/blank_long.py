"""The table of a long form: one line per field, two columns (figure and 数据标识) per key."""

from __future__ import annotations

from schemas.codes import PROVINCE
from schemas.dropdowns import Entry, Lists, entry, mark_entry
from schemas.page import MARK, STEMS, Page, Placed, field_look
from schemas.stationery import LINE, TEXT, Look, Paper, area, lines
from schemas.territory import Key


class LongTable:
    """The table of one page."""

    def __init__(self, page: Page) -> None:
        self._page = page
        pair = [16.0, 10.0] if len(page.keys) > 1 else [20.0, 16.0]
        self.widths = [46.0, 12.0, 17.0] + pair * len(page.keys)

    def draw(self, paper: Paper, top: int, lists: Lists) -> Placed:
        """Draw header and lines from row ``top`` on."""
        page, widths = self._page, self.widths
        header = Look(wrap=True)
        for number, label in enumerate(("指标名称", "计量单位", "代码"), 1):
            paper.block(top, number, top + 1, number, label, header)
        height = 1
        for number, key in enumerate(page.keys):
            left = 4 + 2 * number
            heading = _heading(page, key)
            height = max(height, lines(heading, widths[left - 1] + widths[left]))
            paper.block(top, left, top, left + 1, heading, header)
            paper.block(top + 1, left, top + 1, left, "数据", header)
            paper.block(top + 1, left + 1, top + 1, left + 1, MARK, header)
        paper.sheet.row_dimensions[top].height = height * LINE + 4
        for number in range(1, len(widths) + 1):
            stem = STEMS[number - 1] if number <= 3 else number - 3
            paper.put(top + 2, number, stem, paper.looks[Look()])
        first = top + 3
        last = _lines(paper, page, widths[0], first, lists)
        return Placed((top, top + 2), (first, 4), last)


def _heading(page: Page, key: Key) -> str:
    named = page.named(key)
    park = named.get("park_code")
    if park:
        return f"{page.codes.names('parks').get(park, '')}（{park}）"
    region = named.get("region_code", PROVINCE)
    if region == PROVINCE:
        return f"集群牵头（{region}）" if "region_code" in named else f"全省（{region}）"
    known = page.codes.regions.get(region)
    return f"{known.name if known else ''}（{region}）"


def _lines(paper: Paper, page: Page, width: float, first: int, lists: Lists) -> int:
    """Draw one line per field; returns the last one."""
    looks = paper.looks
    label, word = looks[Look(align="left", wrap=True)], looks[Look()]
    marks = {owed: looks[Look(number_format=TEXT, open=owed, grey=not owed)] for owed in (True, False)}
    areas: dict[Entry, list[str]] = {}
    one_mark = mark_entry(page.codes, per_value=True)
    row = first - 1
    for row, column in enumerate((c for c in page.columns if not c.key), first):
        paper.put(row, 1, column.label, label)
        paper.put(row, 2, column.unit, word)
        paper.put(row, 3, column.code, word)
        paper.sheet.row_dimensions[row].height = lines(column.label, width) * LINE + 2
        takes = entry(page.codes, page.office, column, page.due.period, lists)
        for number, key in enumerate(page.keys):
            owed = page.owed(column, key)
            place = 4 + 2 * number
            mark = page.filled.marks.get((key, column.code)) if page.filled is not None else None
            paper.put(row, place, page.value(key, column.code), looks[field_look(column, owed=owed)])
            paper.put(row, place + 1, mark, marks[owed])
            note = page.note(key, column.code)
            if note is not None:
                paper.sheet.cell(row, place).comment = note
            if owed:
                if takes is not None:
                    areas.setdefault(takes, []).append(area(row, place, row, place))
                areas.setdefault(one_mark, []).append(area(row, place + 1, row, place + 1))
    for takes, cells in areas.items():
        takes.attach(paper.sheet, cells)
    return row
