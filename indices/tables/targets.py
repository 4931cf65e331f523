"""Sheet 目标: the plan's 2026 revenue targets beside the last twelve months, for the chains.

The plan speaks of the whole chain while the forms cover above-scale industry, so attainment is 参考完成度 and
the two scopes stand in blocks of their own, never side by side in one row.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

from indices.tables.charts import Axis, Series, Span, ranking_bars
from indices.tables.notes import AUDIENCE_ZH, Audience, MethodNote, ReleaseNotes, heading_line, status_legend
from indices.tables.results import Results, Row, rows
from indices.tables.sheet import Book, Heading, Sheet
from indices.tables.style import BLOCK, CODE, LINE, SYMBOLS, TEXT, Look, number_look

AMOUNT, RATE = number_look(2, grouped=True), number_look(2)
SCOPE_NOTE = (
    "计划目标的口径为“全产业链营业收入”，可能包括规模以下企业和服务业；规上口径只含规模以上工业，"
    "以其对照目标只能作参考，故称“参考完成度”，不是考核结论。两种口径分列，不混算、不相加。"
)
TTM_NOTE = (
    "近12个月营业收入＝本年累计＋上年同月以后各月，上年部分按本期报送的上年同期数换算为同一口径；"
    "细分产业链为其所属产业链的一部分。"
)
_TALL = 20  # points of a row, so that the chart beside the rows can name each of them
_ATTAINMENT, _NOTE, _CHART = 5, 7, 8  # columns
HEADINGS = (
    Heading("", "代码", 7.5),
    Heading("", "产业链", 17),
    Heading("2026年目标", "表述", 10),
    Heading("2026年目标", "营业收入（亿元）", 12),
    Heading("实际", "近12个月营业收入（亿元）", 16),
    Heading("实际", "参考完成度（%）", 11),
    Heading("", "状态", 5.5),
    Heading("", "说明", 34),
    Heading("", "参考完成度图示", 75),
)


def write_targets(
    book: Book, results: Results, notes: ReleaseNotes, method: MethodNote, audience: Audience
) -> None:
    """Add the sheet 目标."""
    sheet = Sheet(book, "目标", [heading.width for heading in HEADINGS])
    title = "重点产业链2026年营业收入目标参考完成度（试算）"
    top = sheet.head(title, heading_line(notes, method), f"（{AUDIENCE_ZH[audience]}）")
    row = sheet.headings(top, HEADINGS)
    sheet.raw.freeze_panes(row, 2)
    sheet.raw.repeat_rows(top, row - 1)
    scopes: dict[tuple[str, str], list[Row]] = {}
    for entry in rows(results.target):
        scopes.setdefault((entry["scope"], entry["scope_name"]), []).append(entry)
    for (_, name), entries in scopes.items():
        scope = name if name.endswith("口径") else f"{name}口径"
        sheet.merged(row, 0, row, sheet.last_column, scope, BLOCK)
        sheet.raw.set_row(row, LINE)
        row += 1
        first, height = row, 0
        for entry in entries:
            height += _entry(sheet, row, entry)
            row += 1
        sheet.merged(first, _CHART, row - 1, _CHART, "", TEXT)
        reached = [entry["attainment"] for entry in entries if entry["attainment"] is not None]
        if reached:
            span = Span(sheet.name, 1, first, row - 1)
            series = (Series("参考完成度", _ATTAINMENT),)
            axis = Axis("", 0, 120 if max(reached) <= 110 else None)  # the mark of 100 is always in sight
            chart = ranking_bars(
                book, f"2026年目标参考完成度（{scope}，%；100 为达到目标）", span, series, axis
            )
            left = sheet.pixels_before(_CHART)
            sheet.chart(first, left + 3, chart, sheet.pixels - left - 6, height - 4)
    if not scopes:
        sheet.merged(row, 0, row, sheet.last_column, "本期没有可以对照的目标。", TEXT)
        row += 1
    sheet.notes(row, (SCOPE_NOTE, TTM_NOTE, f"{SYMBOLS}{status_legend()}"))


def _entry(sheet: Sheet, row: int, entry: Row) -> int:
    """Write one row; gives its height in pixels."""
    part = len(entry["subject"]) > 2  # a sub-chain
    sheet.text(row, 0, entry["subject"], CODE)
    sheet.text(row, 1, entry["subject_name"], Look("text", indent=1) if part else TEXT)
    sheet.text(row, 2, entry["wording"], CODE)
    sheet.number(row, 3, entry["target"], AMOUNT)
    ttm = entry["ttm"]
    rounded = None if ttm is None else ttm.quantize(Decimal("0.01"), ROUND_HALF_EVEN)
    sheet.number(row, 4, rounded, AMOUNT)
    sheet.number(row, _ATTAINMENT, entry["attainment"], RATE)
    sheet.text(row, 6, entry["status"] or "", CODE)
    note = entry["note"] or ""
    sheet.text(row, _NOTE, note)
    return sheet.fit_row(row, (note, _NOTE, _NOTE), line=_TALL)
