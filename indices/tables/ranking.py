"""What stands below a ranking in 总表: its charts, and the contributions that one of them draws."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

from indices.tables.charts import Axis, Series, Span, ranking_bars, stacked_bars
from indices.tables.results import Row
from indices.tables.sheet import Book, Sheet
from indices.tables.style import BLOCK, CODE, HEADING, LINE, NOT_APPLICABLE, ORDINAL, number_look

Contributions = dict[tuple[str, int], Decimal]  # points of the monthly value by subject and pillar

NAME, VALUE, PILLARS = 2, 3, 5  # columns of 总表: the name, the monthly value, the first pillar
CHARTED = 20  # bars that a reader can still tell apart
CHART_HEIGHT = 350
SCALE = Axis("分（得分下限为 40）", 40, 100)
SCORE, FIGURE = number_look(2), number_look(2, strong=True)
_CENT = Decimal("0.01")


def draw_ends(book: Book, sheet: Sheet, row: int, title: str, span: Span) -> None:
    """Many subjects: the first and the last of them side by side."""
    sheet.break_before(row)
    value = (Series("月度监测值", VALUE),)
    half = sheet.pixels // 2
    for left, words, first, last in (
        (0, f"前 {CHARTED} 位", span.first, span.first + CHARTED - 1),
        (half, f"后 {CHARTED} 位", span.last - CHARTED + 1, span.last),
    ):
        part = Span(span.sheet, span.labels, first, last)
        chart = ranking_bars(book, f"{title}{words}", part, value, SCALE)
        sheet.chart(row, left, chart, half - 10, CHART_HEIGHT + 170)


def draw_whole(
    book: Book, sheet: Sheet, row: int, title: str, span: Span, members: list[Row],
    pillars: tuple[tuple[int, str], ...], contributions: Contributions,
) -> None:  # fmt: skip
    """Few subjects: the ranking, beside it what each pillar gives, and below the figures of that."""
    half = sheet.pixels * 2 // 5
    bars = ranking_bars(book, f"{title}排序", span, (Series("月度监测值", VALUE),), SCALE)
    top, row = row, sheet.chart(row, 0, bars, half - 10, CHART_HEIGHT)
    sheet.break_before(row)
    last = PILLARS + len(pillars) - 1
    words = "分项贡献（分）：各指标得分乘以有效权重，按分项相加；合计与监测值的尾差因修约而来"
    sheet.merged(row, 0, row, last, words, BLOCK)
    labels = ("位次", "代码", "名称", "监测值", "合计", *(name for _, name in pillars))
    for column, label in enumerate(labels):
        sheet.text(row + 1, column, label, HEADING)
    sheet.raw.set_row(row + 1, LINE + 2)
    first = row + 2
    for place, member in enumerate(members, first):
        sheet.number(place, 0, member["rank"], ORDINAL)
        sheet.text(place, 1, member["subject"], CODE)
        sheet.text(place, NAME, member["subject_name"])
        sheet.number(place, VALUE, member["value"], FIGURE)
        points = [contributions.get((member["subject"], number)) for number, _ in pillars]
        sheet.number(
            place, VALUE + 1, _published(sum((p for p in points if p is not None), Decimal(0))), SCORE
        )
        for column, given in enumerate(points, PILLARS):
            sheet.number(place, column, None if given is None else _published(given), SCORE, NOT_APPLICABLE)
        sheet.fit_row(place, (member["subject_name"], NAME, NAME))
    drawn = {number for _, number in contributions}
    series = [
        Series(name, column) for column, (number, name) in enumerate(pillars, PILLARS) if number in drawn
    ]
    stack = Span(sheet.name, NAME, first, first + len(members) - 1)
    chart = stacked_bars(book, f"{title}的分项贡献（分）", stack, series, Axis("", 0, 100))
    sheet.chart(top, half, chart, sheet.pixels - half, CHART_HEIGHT)


def _published(points: Decimal) -> Decimal:
    """Points as printed: two decimals, half-even."""
    return points.quantize(_CENT, ROUND_HALF_EVEN)
