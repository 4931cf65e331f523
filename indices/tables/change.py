"""Sheet 变动分析: why each value differs from the report before and from the same month of last year.

One line per subject: the two published values, their difference, its split by cause and by indicator. Counties have
a sheet of their own, as in 总表. The figures are those of ``result_change``; nothing is computed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from indices.change import CAUSES_ZH
from indices.changes import compared_with
from indices.tables.charts import Axis, Series, Span, diverging_bars
from indices.tables.notes import AUDIENCE_ZH, Audience, MethodNote, ReleaseNotes, heading_line
from indices.tables.ranking import CHARTED
from indices.tables.results import Results, Row, rows
from indices.tables.sheet import Book, Heading, Sheet
from indices.tables.style import (
    BLOCK,
    CHANGE,
    CODE,
    LINE,
    MISSING,
    NOT_APPLICABLE,
    STRONG_TEXT,
    SYMBOLS,
    TEXT,
    number_look,
)  # fmt: skip
from indices.tables.words import SUBJECT_TYPES
from schemas.period import Period

CAUSES = ("data", "coverage")  # what can differ inside a release; the others stand between two releases
FIGURE = number_look(2)
_NAME, _NOW, _BEFORE, _CHANGE, _CAUSE, _INDICATOR = 1, 2, 3, 4, 5, 7  # columns
_PAGE, _CHART_HEIGHT = 96.0, 380
RULES = (
    "变动为两期公布值之差，两期均按本次发布所知的资料、所用的方法计算，所以这里没有修订、权重、上下限和方法的影响；"
    "与当时公布值之差及其原因见两次发布的比较。",
    "“数据”为两期都有的指标其数值不同的影响；“覆盖和缺失规则”为有无数据的指标不同，权重因而重分或按下限计分的影响。"
    "两者按各种先后次序所得增量的平均值（沙普利值）计，不偏向任何次序。",
    "各指标的影响为平均有效权重乘以得分之差，加有效权重之差乘以（平均得分减指数平均水平）。按原因、按指标各自相加等于变动；"
    "逐项修约后的尾差按余数大小依次分给各项。",
)


@dataclass(frozen=True)
class _Comparison:
    """One month compared with: its title, what the subjects' values were, and the published parts by subject."""

    against: Period
    title: str
    before: dict[str, Row]
    parts: dict[tuple[str, str, str], Decimal]  # subject, kind, item


def write_change(
    book: Book, results: Results, notes: ReleaseNotes, method: MethodNote, audience: Audience
) -> None:
    """Add the sheet 变动分析, and 变动分析（县） where the index has counties."""
    mine = (pl.col("index_code") == method.index) & (pl.col("product") == "monthly")
    now = rows(results.index, mine & (pl.col("period") == str(notes.period)))
    comparisons = [
        _comparison(results, notes.period, other, method.index) for other in compared_with(notes.period)
    ]
    leaves = _leaves(results, notes, method.index)
    indicators = sorted(set(leaves.select("indicator", "name").iter_rows()))
    baskets: dict[str, frozenset[str]] = {
        subject: frozenset(codes)
        for subject, codes in leaves.group_by("subject").agg("indicator").iter_rows()
    }
    for name, counties in (("变动分析", False), ("变动分析（县）", True)):
        members = [row for row in now if (row["subject_type"] == "county") is counties]
        if members or not counties:
            head = f"{method.title}　变动分析", heading_line(notes, method), f"（{AUDIENCE_ZH[audience]}）"
            _sheet(book, name, head, members, comparisons, indicators, baskets)


def _comparison(results: Results, period: Period, against: Period, index: str) -> _Comparison:
    where = (pl.col("index_code") == index) & (pl.col("product") == "monthly")
    parts = results.change.filter((pl.col("index_code") == index) & (pl.col("against") == str(against)))
    same = against == period.same_month_last_year()
    return _Comparison(
        against,
        f"{'同比' if same else '较上期'}：{period.printed}与{against.printed}相比（分）",
        {row["subject"]: row for row in rows(results.index, where & (pl.col("period") == str(against)))},
        {(s, k, i): p for s, k, i, p in parts.select("subject", "kind", "item", "published").iter_rows()},
    )


def _leaves(results: Results, notes: ReleaseNotes, index: str) -> pl.DataFrame:
    """The leaves of the monthly basket of every subject."""
    where = (pl.col("index_code") == index) & (pl.col("period") == str(notes.period)) & pl.col("in_monthly")
    return results.indicator.filter(where)


def _sheet(
    book: Book, name: str, head: tuple[str, str, str], members: Sequence[Row],
    comparisons: Sequence[_Comparison], indicators: Sequence[tuple[str, str]],
    baskets: dict[str, frozenset[str]],
) -> None:  # fmt: skip
    width = max(7.5, min(12.0, _PAGE / max(1, len(indicators))))
    headings = [
        Heading("", "代码", 8),
        Heading("", "名称", 21),
        Heading("监测值（分）", "本期", 8),
        Heading("监测值（分）", "往期", 8),
        Heading("监测值（分）", "变动", 8),
        *(Heading("按原因分解", CAUSES_ZH[cause], 9) for cause in CAUSES),
        *(Heading("按指标分解", f"{code} {label}", width) for code, label in indicators),
        Heading("", "说明", 17),
    ]
    sheet = Sheet(book, name, [heading.width for heading in headings])
    top = sheet.head(*head)
    row = sheet.headings(top, headings)
    sheet.raw.freeze_panes(row, _NOW)
    sheet.raw.repeat_rows(top, row - 1)
    for number, comparison in enumerate(comparisons):
        if number:
            sheet.break_before(row)
        sheet.merged(row, 0, row, sheet.last_column, comparison.title, BLOCK)
        sheet.raw.set_row(row, LINE + 2)
        ordered = _ordered(members, comparison)
        span = Span(sheet.name, _NAME, row + 1, row + len(ordered))
        for place, member in enumerate(ordered, span.first):
            _subject(
                sheet, place, member, comparison, indicators, baskets.get(member["subject"], frozenset())
            )
        row = _chart(book, sheet, span.last + 1, comparison, span, indicators)
    sheet.notes(row, (*RULES, SYMBOLS))


def _ordered(members: Sequence[Row], comparison: _Comparison) -> list[Row]:
    """The province first, then each type from the largest gain to the largest loss, ties in the plan's order."""
    types = list(SUBJECT_TYPES)

    def place(member: Row) -> tuple[int, bool, Decimal]:
        change = _change(member, comparison)
        return types.index(member["subject_type"]), change is None, -(change or Decimal(0))

    return sorted(members, key=place)


def _change(member: Row, comparison: _Comparison) -> Decimal | None:
    before = comparison.before.get(member["subject"])
    if before is None or member["value"] is None or before["value"] is None:
        return None
    change: Decimal = member["value"] - before["value"]
    return change


def _subject(
    sheet: Sheet, row: int, member: Row, comparison: _Comparison, indicators: Sequence[tuple[str, str]],
    basket: frozenset[str],
) -> None:  # fmt: skip
    """One line; a part that is not listed is nothing, outside the basket there is none."""
    subject = member["subject"]
    before = comparison.before.get(subject)
    change = _change(member, comparison)
    nothing = None if change is None else Decimal(0)
    sheet.text(row, 0, subject, CODE)
    sheet.text(
        row, _NAME, member["subject_name"], STRONG_TEXT if member["subject_type"] == "province" else TEXT
    )
    sheet.number(row, _NOW, member["value"], FIGURE)
    sheet.number(row, _BEFORE, None if before is None else before["value"], FIGURE)
    sheet.number(row, _CHANGE, change, CHANGE)
    for column, cause in enumerate(CAUSES, _CAUSE):
        sheet.number(row, column, comparison.parts.get((subject, "cause", cause), nothing), CHANGE)
    for column, (code, _) in enumerate(indicators, _INDICATOR):
        inside = nothing if code in basket else None
        part = comparison.parts.get((subject, "indicator", code), inside)
        sheet.number(row, column, part, CHANGE, MISSING if code in basket else NOT_APPLICABLE)
    words = "" if change is not None else _why_not(member, before)
    sheet.text(row, sheet.last_column, words)
    sheet.fit_row(row, (member["subject_name"], _NAME, _NAME), (words, sheet.last_column, sheet.last_column))


def _why_not(member: Row, before: Row | None) -> str:
    """Why there is nothing to compare."""
    if member["value"] is None:
        return f"本期未公布：{member['withheld']}"
    return "往期没有此对象的资料" if before is None else f"往期未公布：{before['withheld']}"


def _chart(
    book: Book,
    sheet: Sheet,
    row: int,
    comparison: _Comparison,
    span: Span,
    indicators: Sequence[tuple[str, str]],
) -> int:
    """What each indicator added, as bars to either side of zero; many subjects would not be told apart."""
    moved = {item for (_, kind, item) in comparison.parts if kind == "indicator"}
    series = [
        Series(label, column) for column, (code, label) in enumerate(indicators, _INDICATOR) if code in moved
    ]
    if not series or span.last - span.first >= CHARTED:
        return row
    chart = diverging_bars(
        book, f"{comparison.title}：各指标的影响", span, series, Axis("", pattern="+0.0;-0.0;0")
    )
    return sheet.chart(row, 0, chart, sheet.pixels - 10, _CHART_HEIGHT) + 1
