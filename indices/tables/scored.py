"""One workbook of a computation by the engine alone: a sheet per stage that has anything, Chinese headings, everything
filtered down to what a reader can check by hand; 说明 at the end names the sheets that are left out."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import TYPE_CHECKING

import polars as pl

from indices.design import Design
from indices.score import Scored
from indices.tables.charts import Span, rank_whiskers
from indices.tables.method_note import COVERAGE, write_method_note
from indices.tables.readable import FIGURES, HEADINGS, readable
from indices.tables.sheet import Book, Heading, Sheet
from indices.tables.style import MISSING, NOT_APPLICABLE, SYMBOLS, TEXT, Look, number_look

if TYPE_CHECKING:
    from indices.analysis.report import Analysis  # scipy takes long to load
    from indices.uncertainty.run import Uncertain

CREATED = "2000-01-01"  # a workbook's properties hold no clock
_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
_MOST = 6  # decimals printed of values at full precision; the CSV files have them all

_SHEETS = {"values": "数值", "imputed": "填补", "treated": "异常值处理", "prepared": "评分用值", "posts": "上下限",
           "scores": "指标得分", "levels": "各级合成", "published": "发布值", "weights": "权重", "coverage": "覆盖",
           "points": "缺失规则影响", "notes": "提示", "ahead": "两两领先",
           "sensitivity": "敏感性", "comparison": "比较", "reasons": "变动来源"}  # fmt: skip
_DRAWS = "抽样按方法文件 [uncertainty] 所列的范围改变权重、上下限、数据和方法；区间含 90 % 的抽样。"
_NOTES = {
    "总表": (SYMBOLS, COVERAGE),
    "位次区间": (_DRAWS, "无指数的抽样：该单位在其中没有指数（如去掉一个指标后覆盖不足），不计入它的位次。"),
    "两两领先": ("领先比例是单位的指数高于对比单位的抽样所占的比例，相等各计一半；只在同类单位之间比较。",),
    "缺失规则影响": ("正值表示规则使指数提高。填补和按下限计与不计该指标相比，权重分摊与按最差得分计相比。",),
    "敏感性": (
        "一阶指数是单独改变一个因素所解释的位次变动，总效应含它与其他因素的交互；上下界为 95 % 自助区间。只计在全部抽样中都有指数的单位。",
        "没有数值的指数印作“—”：区间宽于 ±0.10，尚未收敛，请增加抽样次数；上下界也印作“—”：没有在全部抽样中都有指数的单位，不能计算。",
    ),
}  # fmt: skip
_WIDTHS = {"message": 36, "advice": 36, "indicator": 30, "node": 30}
_LARGEST_SHEET = 1_000_000  # rows of a worksheet, less its heading
_DRAWN = 40  # subjects of a chart that stay readable


def write_scored(
    design: Design, scored: Scored, uncertain: Uncertain | None = None, analysis: Analysis | None = None
) -> bytes:
    """The workbook: 总表 (index, first level, coverage, rank intervals where there are any), analysis, a sheet per
    stage, 说明."""
    book = Book(design.name, CREATED, f"{design.id}　{design.name}")
    overview(book, design, scored, uncertain.ranks if uncertain else None)
    names = dict(scored.published.select("subject", "name").sort("subject", "name").iter_rows())
    if uncertain is not None:
        write_intervals(book, uncertain.ranks, names)
    empty: list[str] = []
    if analysis is not None:
        from indices.tables.analysed import write_analysis

        empty += write_analysis(book, design, names, analysis)
    for name, frame in scored.frames().items():
        if not frame.height:
            empty.append(_SHEETS[name])
            continue
        shown = readable(frame, names, design.names)
        if frame.height > _LARGEST_SHEET:
            shown = pl.DataFrame(
                {"message": [f"共 {frame.height} 行，超过工作表的上限，全部在 {name}.csv 中。"]}
            )
        write_frame(book, _SHEETS[name], shown)
    for name, frame in (uncertain.frames() if uncertain else {}).items():
        if name != "rank_intervals":  # stands in front already
            write_frame(book, _SHEETS[name], readable(frame, names, design.names))
    write_method_note(book, design, empty)
    return book.finish()


def write_intervals(book: Book, ranks: pl.DataFrame, names: Mapping[str, str]) -> None:
    """位次区间: the ranks of the draws in the order of the published ones, with a line per subject drawn."""
    shown = (
        ranks.rename({"low": "rank_low", "high": "rank_high"})
        .with_columns((pl.col("rank_high") - pl.col("rank_low")).alias("rank_width"))
        .sort("nominal", "subject", nulls_last=True)
    )
    ordered = readable(shown, names, {})
    sheet, row = write_frame(book, "位次区间", ordered)
    drawn = ordered.head(_DRAWN).drop_nulls("nominal").height
    if drawn:
        at = {name: column for column, name in enumerate(ordered.columns)}
        span = Span(sheet.name, at["name"], 2, drawn + 1)
        worst = int(ordered.head(drawn)["rank_high"].max())  # type: ignore[arg-type]
        title = "发布位次和 90 % 抽样所在的位次区间" + (
            f"（前 {drawn} 名）" if drawn < ordered.height else ""
        )
        columns = (at["nominal"], at["rank_low"], at["rank_width"])
        chart = rank_whiskers(book, title, span, columns, worst, "90 % 抽样的位次区间")
        sheet.chart(row + 1, 0, chart, sheet.pixels - 10, 420)


def overview(book: Book, design: Design, scored: Scored, intervals: pl.DataFrame | None = None) -> None:
    """总表: a row per subject and period with rank, index, the groups below it and how much of the basket is there.

    ``intervals`` are of the newest period; its subjects get the range that holds 90 % of the draws.
    """
    root, published = design.root.id, scored.published
    nodes = [root, *(c for c in design.children[root] if c in design.children)]
    index = published.filter(pl.col("node") == root).sort(
        "period", "type", "rank", "subject", nulls_last=True
    )
    frame = index.select("period", "type", "subject", "name", "rank")
    for node in nodes:
        column = published.filter(pl.col("node") == node).select(
            "subject", "period", pl.col("value").alias(design.names[node] if node != root else design.name)
        )
        frame = frame.join(column, on=["subject", "period"], how="left", maintain_order="left")
    coverage = scored.coverage.select("subject", "period", "weight_coverage")
    frame = frame.join(coverage, on=["subject", "period"], how="left", maintain_order="left")
    if intervals is not None:
        ranges = intervals.select(
            "subject", pl.lit(frame["period"].max()).alias("period"), "low", "high"
        ).rename({"low": "rank_low", "high": "rank_high"})
        frame = frame.join(ranges, on=["subject", "period"], how="left", maintain_order="left")
    empty = [c for c in ("period", "type") if (frame[c] == "").all()]
    caption = f"{design.name}　总表", f"方法 {design.id}，发布值保留 {design.aggregate.decimals} 位小数"
    write_frame(book, "总表", frame.drop(empty), caption)


def write_frame(
    book: Book, title: str, frame: pl.DataFrame, caption: tuple[str, str] | None = None
) -> tuple[Sheet, int]:
    """A frame as a sheet: texts as texts, numbers rounded to what is printed; gives it and the row below its notes.

    ``caption`` is a title above the headings and the line below it.
    """
    headings = [Heading("", HEADINGS.get(c, c), _WIDTHS.get(c, 14)) for c in frame.columns]
    sheet = Sheet(book, title, [h.width for h in headings])
    row = top = sheet.headings(sheet.head(*caption, "") if caption else 0, headings)
    styles = sheet.styles([_look(frame[c]) for c in frame.columns])
    for line in zip(*(_printed(frame[c]) for c in frame.columns), strict=True):
        sheet.line(row, line, styles)
        row += 1
    sheet.raw.freeze_panes(top, 0)
    sheet.raw.repeat_rows(top - 2, top - 1)
    return sheet, sheet.notes(row, _NOTES.get(title, ()))


def _look(column: pl.Series) -> Look:
    return number_look(_decimals(column)) if column.dtype.is_numeric() else TEXT


def _printed(column: pl.Series) -> list[str | float]:
    """The cells of a column as they are written; a gap among numbers prints as a mark."""
    if column.dtype.is_numeric():
        gap = MISSING if column.name in FIGURES or column.name not in HEADINGS else NOT_APPLICABLE
        decimals = _decimals(column)
        return [gap if value is None else float(_rounded(value, decimals)) for value in column]
    if column.dtype == pl.Boolean:
        return ["是" if value else "" for value in column]
    return [value or "" for value in column]


def _decimals(column: pl.Series) -> int:
    return min(column.dtype.scale, _MOST) if isinstance(column.dtype, pl.Decimal) else 0


def _rounded(value: Decimal | int, decimals: int) -> Decimal | int:
    if not isinstance(value, Decimal):
        return value
    return value.quantize(Decimal(1).scaleb(-decimals), context=_EXACT)
