"""What stands below a ranking in 总表: its charts, and the contributions that one of them draws."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from indices.tables.charts import Axis, Series, Span, rank_whiskers, ranking_bars, stacked_bars
from indices.tables.results import Row
from indices.tables.sheet import Book, Sheet
from indices.tables.style import BLOCK, CODE, HEADING, LINE, NOT_APPLICABLE, ORDINAL, number_look

Intervals = dict[str, tuple[int, int]]  # first and last rank of the interval by subject
Contributions = dict[tuple[str, int], Decimal]  # points of the monthly value by subject and pillar

NAME, VALUE, PILLARS = 2, 3, 5  # columns of 总表: the name, the monthly value, the first pillar
CHARTED = 20  # bars that a reader can still tell apart
CHART_HEIGHT = 350
SCALE = Axis("分（得分下限为 40）", 40, 100)
SCORE, FIGURE = number_look(2), number_look(2, strong=True)
_CENT = Decimal("0.01")


def draw_ends(book: Book, sheet: Sheet, row: int, title: str, span: Span) -> None:
    """Many subjects: the first and the last of them side by side."""
    value = (Series("月度监测值", VALUE),)
    half = sheet.pixels // 2
    for left, words, first, last in (
        (0, f"前 {CHARTED} 位", span.first, span.first + CHARTED - 1),
        (half, f"后 {CHARTED} 位", span.last - CHARTED + 1, span.last),
    ):
        part = Span(span.sheet, span.labels, first, last)
        chart = ranking_bars(book, f"{title}{words}", part, value, SCALE)
        sheet.chart(row, left, chart, half - 10, CHART_HEIGHT + 170)


@dataclass(frozen=True)
class Drawn:
    """The ranked subjects of one block and what is drawn of them."""

    members: list[Row]
    pillars: tuple[tuple[int, str], ...]
    contributions: Contributions
    intervals: Intervals


def draw_whole(book: Book, sheet: Sheet, row: int, title: str, span: Span, drawn: Drawn) -> None:
    """Few subjects: the ranking, beside it what each pillar gives; below the figures of that, and rank intervals."""
    half = sheet.pixels * 2 // 5
    bars = ranking_bars(book, f"{title}排序", span, (Series("月度监测值", VALUE),), SCALE)
    top, row = row, sheet.chart(row, 0, bars, half - 10, CHART_HEIGHT)
    sheet.break_before(row)
    first = _labels(sheet, row, drawn)
    for place, member in enumerate(drawn.members, first):
        _figures(sheet, place, member, drawn)
    behind = {number for _, number in drawn.contributions}
    series = [
        Series(name, column)
        for column, (number, name) in enumerate(drawn.pillars, PILLARS)
        if number in behind
    ]
    stack = Span(sheet.name, NAME, first, first + len(drawn.members) - 1)
    chart = stacked_bars(book, f"{title}的分项贡献（分）", stack, series, Axis("", 0, 100))
    sheet.chart(top, half, chart, sheet.pixels - half, CHART_HEIGHT)
    ends = [drawn.intervals[m["subject"]] for m in drawn.members if m["subject"] in drawn.intervals]
    if ends:
        low = PILLARS + len(drawn.pillars)
        worst = max(high for _, high in ends)
        interval = "位次区间（5%～95%）"
        whiskers = rank_whiskers(book, f"{title}位次和{interval}", stack, (0, low, low + 2), worst, interval)
        sheet.chart(stack.last + 2, 0, whiskers, sheet.pixels - 10, CHART_HEIGHT)


def _labels(sheet: Sheet, row: int, drawn: Drawn) -> int:
    """The title and headings of the figures behind the charts; gives the next row."""
    last = PILLARS + len(drawn.pillars) - 1
    words = "分项贡献（分）：各指标得分乘以有效权重，按分项相加；合计与监测值的尾差因修约而来"
    sheet.merged(row, 0, row, last, words, BLOCK)
    sheet.merged(row, last + 1, row, last + 3, "位次区间", BLOCK)
    names = (name for _, name in drawn.pillars)
    for column, label in enumerate(("位次", "代码", "名称", "监测值", "合计", *names, "起", "止", "宽度")):
        sheet.text(row + 1, column, label, HEADING)
    sheet.raw.set_row(row + 1, LINE + 2)
    return row + 2


def _figures(sheet: Sheet, row: int, member: Row, drawn: Drawn) -> None:
    """One subject: its value, what each pillar gives, its rank interval."""
    sheet.number(row, 0, member["rank"], ORDINAL)
    sheet.text(row, 1, member["subject"], CODE)
    sheet.text(row, NAME, member["subject_name"])
    sheet.number(row, VALUE, member["value"], FIGURE)
    points = [drawn.contributions.get((member["subject"], number)) for number, _ in drawn.pillars]
    whole = sum((p for p in points if p is not None), Decimal(0))
    sheet.number(row, VALUE + 1, _published(whole), SCORE)
    for column, given in enumerate(points, PILLARS):
        sheet.number(row, column, None if given is None else _published(given), SCORE, NOT_APPLICABLE)
    ends = drawn.intervals.get(member["subject"])
    interval = (None,) * 3 if ends is None else (*ends, ends[1] - ends[0])
    for column, value in enumerate(interval, PILLARS + len(points)):
        sheet.number(row, column, value, ORDINAL, NOT_APPLICABLE)
    sheet.fit_row(row, (member["subject_name"], NAME, NAME))


def _published(points: Decimal) -> Decimal:
    """Points as printed: two decimals, half-even."""
    return points.quantize(_CENT, ROUND_HALF_EVEN)
