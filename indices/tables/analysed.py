"""The sheets of an analysis: what stands in its frames, with names instead of codes, worst things first.

Numbers are rounded to what a person compares: scores and gaps to the decimals of the published values, raw figures
to what their size needs. The CSV files have them all. A sheet in which nothing would stand is left out and told.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Literal, NamedTuple

import polars as pl

from indices.analysis.report import Analysis
from indices.design import Design
from indices.tables.charts import Axis, Series, Span, ranking_bars
from indices.tables.heat import Labels, correlation_map, shift_map
from indices.tables.sheet import Book, Heading, Sheet
from indices.tables.style import NOT_APPLICABLE, TEXT, number_look

_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
_DRAWN = 15  # bars of a chart that stay readable
_CODED = ("indicator", "node", "group", "first", "second", "subject", "ahead")
_CHART_HEAD, _BAR = 110, 24  # pixels
_ONE_PAGE = 6  # rows of a table that leave room for its chart on the page
_FEW = 10  # subjects below which a correlation says little, whatever the number of indicators
_FIGURE_DIGITS = (2, 6)  # decimals of raw figures: at least, at most
Decimals = int | Literal["published", "figure"]


class Column(NamedTuple):
    """A column of a frame: its name there, its heading, its width, the decimals printed of a number.

    ``published`` stands for those of the index, ``figure`` for as many as a raw figure of the row's size needs.
    """

    name: str
    label: str
    width: float = 11
    decimals: Decimals = 0


class Listed(NamedTuple):
    """A sheet: its title, what it answers, its columns, how to read it, what it is computed from.

    ``many`` marks statistics that few subjects cannot bear.
    """

    title: str
    caption: str
    columns: tuple[Column, ...]
    notes: tuple[str, ...]
    basis: str = "由指标得分计算"
    many: bool = False


_STATISTICS = Listed(
    "指标统计", "各指标本期数值的分布",
    (Column("indicator", "指标", 30), Column("n", "有数单位"), Column("gaps", "空缺"), Column("zeros", "为零"),
     Column("distinct", "不同数值"), Column("same", "最多相同"), Column("least", "最小", 12, "figure"),
     Column("most", "最大", 12, "figure"), Column("mean", "均值", 12, "figure"), Column("median", "中位数", 12, "figure"),
     Column("deviation", "标准差", 12, "figure"),
     Column("skew", "偏度", 9, 2), Column("kurtosis", "峰度", 9, 2), Column("outlying", "有异常值", 9)),
    ("偏度绝对值不小于 2 且峰度不小于 3.5 为有异常值，即步骤 treat 默认要处理的。标准差除以 n－1。",),
    "由读入的原始数值计算（填补、处理和评分之前）",
)  # fmt: skip
_CORRELATIONS = Listed(
    "相关系数", "得分两两相关，可疑的在前",
    (Column("first", "一", 30), Column("second", "二", 30), Column("relation", "关系", 9), Column("n", "单位数", 8),
     Column("pearson", "皮尔逊", 9, 3), Column("spearman", "斯皮尔曼", 9, 3), Column("doubt", "可疑之处", 30)),
    ("同组应当正相关但不重复；与上级负相关的指标使指数不知所云。单位不足 3 个或没有差异的不计。",),
    many=True,
)  # fmt: skip
_RELIABILITY = Listed(
    "信度", "各组下级得分的内部一致性",
    (Column("group", "分组", 30), Column("n", "下级数", 8), Column("complete", "齐全单位", 9), Column("alpha", "克朗巴赫α", 10, 3)),
    ("α 在 0.7 以上通常认为一组指标量的是一件事；低不等于错，但要说得出理由。",),
    many=True,
)  # fmt: skip
_COMPONENTS = Listed(
    "主成分", "各组下级得分的主成分",
    (Column("group", "分组", 30), Column("basis", "范围", 10), Column("n", "变量数", 8), Column("complete", "齐全单位", 9),
     Column("component", "主成分", 8), Column("eigenvalue", "特征值", 10, 3), Column("share", "方差占比", 10, 3),
     Column("cumulative", "累计", 10, 3)),
    ("齐全单位不多于变量数时，主成分只供参考。",),
    many=True,
)  # fmt: skip
_LOADINGS = Listed(
    "主成分载荷", "特征值大于 1（至少一个）的主成分的载荷",
    (Column("group", "分组", 30), Column("basis", "范围", 10), Column("component", "主成分", 8), Column("node", "变量", 30),
     Column("loading", "载荷", 10, 3)),
    ("未旋转；每个主成分载荷绝对值最大者取正号。",),
    many=True,
)  # fmt: skip
_IMPORTANCE = Listed(
    "权重与重要性", "给定的权重与实际的作用",
    (Column("indicator", "指标", 30), Column("effective", "有效权重", 10, 4), Column("n", "单位数", 8),
     Column("correlation", "与指数相关", 11, 3), Column("importance", "重要性", 10, 4)),
    ("重要性为得分与指数相关系数的平方占各指标合计的比重；与有效权重相差很多，说明权重没有按本意起作用。",),
    many=True,
)  # fmt: skip
_OMISSION = Listed(
    "去一检验", "去掉一个指标或一个分组后位次的变动，影响大的在前",
    (Column("node", "去掉", 30), Column("n", "比较单位", 9), Column("moved", "位次变动单位", 12),
     Column("mean_shift", "平均变动（位）", 12, 2), Column("largest_shift", "最大变动（位）", 12), Column("reason", "不能计算的原因", 40)),
    ("由引擎去掉后全部重算；变动不计升降方向。各单位的升降见“去一明细”。",),
)  # fmt: skip
_STRENGTHS = Listed(
    "强项弱项", "各单位在同类中位次最好和最差的指标",
    (Column("subject", "单位", 24), Column("side", "类别", 8), Column("place", "序号", 7), Column("indicator", "指标", 30),
     Column("score", "得分", 10, "published"), Column("rank", "指标位次", 9), Column("n", "有数单位", 9)),
    (),
)  # fmt: skip
_NEXT = Listed(
    "升位距离", "一个指标最少提高多少就能追上前一名",
    (Column("subject", "单位", 24), Column("rank", "位次", 7), Column("ahead", "前一名", 24), Column("gap", "差距（分）", 10, "published"),
     Column("indicator", "最省的指标", 30), Column("change", "得分须提高", 11, 4), Column("value", "现值", 14, 4),
     Column("needed", "约须达到", 14, 4), Column("reason", "没有的原因", 34)),
    ("追上指发布值相同，并列取最好位次；其他单位不变。提高不超过该指标现有的最好得分；缺数指标的权重已在其余指标上。"
     "上下限给定的指标才能换算成数值。",),
)  # fmt: skip


def write_analysis(book: Book, design: Design, names: Labels, analysis: Analysis) -> list[str]:
    """All sheets of an analysis that have anything to show; ``names`` are those of the subjects.

    Gives the titles of those that have nothing.
    """
    labels = {s: name or s for s, name in names.items()}
    labels |= {n.id: n.id if n.name == n.id else f"{n.id} {n.name}" for n in design.nodes}
    warning = few_subjects(analysis.statistics)
    correlation_map(book, design, analysis.correlations, labels, warning)
    empty: list[str] = []

    def written(listed: Listed, frame: pl.DataFrame) -> tuple[Sheet, int] | None:
        if not frame.height:
            empty.append(listed.title)
            return None
        return _sheet(book, listed, frame, labels, design.aggregate.decimals, warning if listed.many else "")

    doubtful = pl.col("doubt") == ""
    pairs = analysis.correlations.sort("type", doubtful, "relation", maintain_order=True)
    for listed, frame in (
        (_IMPORTANCE, analysis.importance), (_STATISTICS, analysis.statistics), (_CORRELATIONS, pairs),
        (_RELIABILITY, analysis.reliability), (_COMPONENTS, analysis.components), (_LOADINGS, analysis.loadings),
    ):  # fmt: skip
        written(listed, frame)
    if omission := written(_OMISSION, analysis.omission):
        _bars(book, *omission, analysis.omission)
        shift_map(book, analysis.omitted, labels)
    written(_STRENGTHS, analysis.strengths)
    written(_NEXT, analysis.next_rank)
    return empty


def few_subjects(statistics: pl.DataFrame) -> str:
    """A warning where a subject type has fewer subjects than indicators, or fewer than ten; empty if none has."""
    counted = statistics.group_by("type", maintain_order=True).agg(
        (pl.col("n") + pl.col("gaps")).max().alias("subjects"), pl.len().alias("indicators")
    )
    few = [
        f"{kind} {subjects}".strip()
        for kind, subjects, indicators in counted.iter_rows()
        if subjects < max(_FEW, indicators)
    ]
    return f"；单位太少（{'、'.join(few)}），仅供参考" if few else ""


def _sheet(
    book: Book, listed: Listed, frame: pl.DataFrame, labels: Labels, published: int, warning: str
) -> tuple[Sheet, int]:
    """One frame as a sheet; gives it and the row below its notes. ``published`` are the decimals of the index."""
    kinds = (frame["type"] != "").any()
    columns: Sequence[Column] = (*((Column("type", "类型", 12),) if kinds else ()), *listed.columns)
    sheet = Sheet(book, listed.title, [c.width for c in columns])
    row = sheet.head(listed.caption, f"{listed.basis}，供研究，不发布{warning}", "")
    row = sheet.headings(row, [Heading("", c.label, c.width) for c in columns])
    sheet.raw.freeze_panes(row, 0)
    sheet.raw.repeat_rows(2, row - 1)
    for line in frame.select(c.name for c in columns).iter_rows():
        places = _places(columns, line, published)
        cells = [_shown(c, value, labels, d) for c, value, d in zip(columns, line, places, strict=True)]
        for at, (decimals, value) in enumerate(zip(places, cells, strict=True)):
            if isinstance(value, str):
                sheet.text(row, at, value, TEXT)
            else:
                sheet.number(row, at, value, number_look(decimals), NOT_APPLICABLE)
        sheet.fit_row(row, *((value, at, at) for at, value in enumerate(cells) if isinstance(value, str)))
        row += 1
    return sheet, sheet.notes(row, listed.notes) + 1


def _places(columns: Sequence[Column], line: Sequence[object], published: int) -> list[int]:
    """The decimals of each cell of a row; raw figures below 1 get four significant digits."""
    figures = zip(columns, line, strict=True)
    sizes = [abs(v) for c, v in figures if c.decimals == "figure" and isinstance(v, Decimal)]
    largest = max(sizes, default=Decimal(0))
    least, most = _FIGURE_DIGITS
    figure = min(most, 3 - largest.adjusted()) if 0 < largest < 1 else least
    special = {"published": published, "figure": figure}
    return [c.decimals if isinstance(c.decimals, int) else special[c.decimals] for c in columns]


def _shown(column: Column, value: object, labels: Labels, decimals: int) -> str | Decimal | int | None:
    """What stands in a cell: names for codes, 是 for true, a decimal rounded half-even."""
    if isinstance(value, bool):
        return "是" if value else ""
    if isinstance(value, str):
        return labels[value] if column.name in _CODED else value
    if isinstance(value, Decimal):
        return value.quantize(Decimal(1).scaleb(-decimals), context=_EXACT)
    return value if isinstance(value, int) else None


def _bars(book: Book, sheet: Sheet, row: int, omission: pl.DataFrame) -> None:
    """The nodes without which ranks move most, of the first subject type."""
    kind = omission["type"][0] if omission.height else ""
    first = omission.filter(pl.col("type") == kind).head(_DRAWN)
    if not first["mean_shift"].drop_nulls().len():
        return
    left = int((omission["type"] != "").any())
    if omission.height > _ONE_PAGE:
        sheet.break_before(row)
    span = Span(sheet.name, left, 4, 3 + first.height)
    bars = ranking_bars(
        book, f"{kind}去掉一项后位次的平均变动（位）", span, [Series("平均变动", left + 3)], Axis("", 0)
    )
    sheet.chart(row, 0, bars, sheet.pixels - 10, _CHART_HEAD + _BAR * first.height)
