"""Sheet 指标: every subject and indicator in one long table, to be filtered.

A suppressed figure (status C) prints neither value nor score nor contribution, since the score and the
goalposts would give the value away.
"""

from __future__ import annotations

import polars as pl

from indices.tables.notes import AUDIENCE_ZH, Audience, MethodNote, ReleaseNotes, heading_line, status_legend
from indices.tables.results import Results, Row, percent, rows
from indices.tables.sheet import Book, Heading, Sheet
from indices.tables.style import CODE, MISSING, NOT_APPLICABLE, ORDINAL, SYMBOLS, TEXT, number_look
from indices.tables.words import MISSING_ZH
from schemas.period import Period

FREQUENCY_ZH = {"M": "月", "Q": "季", "A": "年"}
SCORE, SHARE, GIVEN, FINE = number_look(2), number_look(2), number_look(2), number_look(4)

TYPES_ZH = {"province": "全省", "city": "市", "county": "县", "chain": "链", "cluster": "集群"}

HEADINGS = (
    Heading("对象", "类型", 6),
    Heading("对象", "代码", 8),
    Heading("对象", "名称", 17),
    Heading("指标", "代码", 8),
    Heading("指标", "名称", 36),
    Heading("指标", "分项", 11),
    Heading("指标", "频率", 6),
    Heading("数据", "所属期", 15),
    Heading("数据", "指标值", 12),
    Heading("数据", "计量单位", 10.5),
    Heading("数据", "状态", 6),
    Heading("数据", "缺失原因", 11),
    Heading("数据", "滞后（月）", 7),
    Heading("数据", "营收覆盖率（%）", 9.5),
    Heading("得分", "得分（分）", 8.5),
    Heading("得分", "截断", 6),
    Heading("得分", "给定权重（%）", 8.5),
    Heading("月度监测值", "有效权重（%）", 9.5),
    Heading("月度监测值", "贡献（分）", 9.5),
    Heading("全篮子值", "有效权重（%）", 9.5),
    Heading("全篮子值", "贡献（分）", 9.5),
    Heading("", "说明", 14),
)


def write_indicators(
    book: Book, results: Results, notes: ReleaseNotes, method: MethodNote, audience: Audience
) -> None:
    """Add the sheet 指标."""
    sheet = Sheet(book, "指标", [heading.width for heading in HEADINGS])
    mark = f"（{AUDIENCE_ZH[audience]}）"
    top = sheet.head(f"{method.title}　指标", heading_line(notes, method), mark)
    legend = (
        f"{SYMBOLS}{status_legend()}",
        "给定权重为方法文件所列，合计 100；有效权重为在该对象可得指标之间归一后的权重；"
        "贡献为得分乘以有效权重，各指标之和等于该值。"
        "“截断”表示得分超出 [40, 100] 而取边界值。状态 S 的数据沿用往期，滞后月数自其所属期起算。",
    )
    top = sheet.notes(top, legend)
    first = sheet.headings(top, HEADINGS)
    sheet.raw.freeze_panes(first, 5)
    sheet.raw.repeat_rows(top, first - 1)
    row = first
    where = (pl.col("index_code") == method.index) & (pl.col("period") == str(notes.period))
    for entry in rows(results.indicator, where):
        _entry(sheet, row, entry)
        row += 1
    if row == first:
        sheet.merged(row, 0, row, sheet.last_column, "本期没有可以计算的指标。", TEXT)
        row += 1
    sheet.raw.autofilter(first - 1, 0, row - 1, sheet.last_column)


def _entry(sheet: Sheet, row: int, entry: Row) -> None:
    hidden = entry["missing"] == "suppressed" or entry["status"] == "C"
    gap = NOT_APPLICABLE if entry["missing"] == "not_applicable" else MISSING
    # an indicator outside the monthly basket has no weight there; one inside it without a weight is missing
    monthly_gap = gap if entry["in_monthly"] else NOT_APPLICABLE
    sheet.text(row, 0, TYPES_ZH[entry["subject_type"]], CODE)
    sheet.text(row, 1, entry["subject"], CODE)
    sheet.text(row, 2, entry["subject_name"])
    sheet.text(row, 3, entry["indicator"], CODE)
    sheet.text(row, 4, entry["name"])
    sheet.text(row, 5, entry["pillar"])
    sheet.text(row, 6, FREQUENCY_ZH[entry["frequency"]], CODE)
    sheet.text(row, 7, Period.parse(entry["ref_period"]).printed if entry["ref_period"] else MISSING, CODE)
    value = None if hidden else entry["value_published"]
    sheet.number(row, 8, value, number_look(entry["decimals"], grouped=True), gap)
    sheet.text(row, 9, "" if entry["unit"] == "-" else entry["unit"], CODE)
    sheet.text(row, 10, entry["status"] or "", CODE)
    sheet.text(row, 11, MISSING_ZH.get(entry["missing"] or "", entry["missing"] or ""), CODE)
    sheet.number(row, 12, None if entry["missing"] else entry["age"], ORDINAL, gap)
    sheet.number(row, 13, percent(entry["revenue_coverage"]), SHARE, NOT_APPLICABLE)
    sheet.number(row, 14, None if hidden else entry["score_published"], SCORE, gap)
    sheet.text(row, 15, "是" if entry["clipped"] and not hidden else "", CODE)
    sheet.number(row, 16, entry["weight"], GIVEN)
    sheet.number(row, 17, entry["weight_monthly"], FINE, monthly_gap)
    sheet.number(row, 18, None if hidden else entry["contribution_monthly"], FINE, monthly_gap)
    sheet.number(row, 19, entry["weight_full"], FINE, gap)
    sheet.number(row, 20, None if hidden else entry["contribution_full"], FINE, gap)
    reason = entry["reason"] or ""
    sheet.text(row, 21, reason)
    sheet.fit_row(row, (entry["subject_name"], 2, 2), (entry["name"], 4, 4), (reason, 21, 21))
