"""One workbook of a computation by the engine alone: a sheet per stage, Chinese headings, everything filtered down
to what a reader can check by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from indices.design import Design
from indices.score import Scored
from indices.tables.charts import Span, rank_whiskers
from indices.tables.sheet import Book, Heading, Sheet
from indices.tables.style import TEXT, number_look

if TYPE_CHECKING:
    from indices.analysis.report import Analysis  # scipy takes long to load
    from indices.uncertainty.run import Uncertain

CREATED = "2000-01-01"  # a workbook's properties hold no clock
_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
_MOST = 6  # decimals printed of values at full precision; the CSV files have them all

_WORDS = {
    "subject": "单位代码", "name": "单位", "type": "类型", "period": "报告期", "node": "代码", "indicator": "指标",
    "value": "数值", "missing": "缺失类型", "source": "取自", "method": "方法", "before": "处理前", "after": "处理后",
    "how": "处理方式", "rule": "规则", "reverse": "逆向", "low": "下限", "high": "上限", "lower_end": "下端得分",
    "span": "得分幅度", "floor": "得分下限", "ceiling": "得分上限", "best_low": "适度下界", "best_high": "适度上界",
    "reference": "基准", "ties": "并列", "pool": "统计窗口起", "raw_score": "原始得分", "score": "得分",
    "clipped": "截断", "floored": "按下限计", "reason": "缺失原因", "rank": "位次", "ranked_n": "参加排位数",
    "weight": "权重", "effective": "有效权重", "due": "应有指标", "there": "已有指标", "filled": "填补指标",
    "weight_coverage": "权重覆盖率", "index": "方法", "product": "产品", "figures": "指标数", "points": "影响分值", "message": "说明", "advice": "处理建议",
    "nominal": "发布位次", "mean": "平均位次", "median": "中位位次", "best": "最好位次", "worst": "最差位次", "undefined": "无指数的抽样",
    "other": "对比单位", "share": "领先比例", "factor": "因素", "first": "一阶指数", "first_low": "一阶下界",
    "first_high": "一阶上界", "total": "总效应", "total_low": "总效应下界", "total_high": "总效应上界", "change": "变动",
    "rank_before": "原位次", "rank_after": "新位次", "shift": "位次变动", "score_before": "原得分", "score_after": "新得分",
    "weight_before": "原有效权重", "weight_after": "新有效权重",
}  # fmt: skip
_SHEETS = {"values": "数值", "imputed": "填补", "treated": "异常值处理", "prepared": "评分用值", "posts": "上下限",
           "scores": "指标得分", "levels": "各级合成", "published": "发布值", "weights": "权重", "coverage": "覆盖",
           "points": "缺失规则影响", "notes": "提示", "ahead": "两两领先",
           "sensitivity": "敏感性", "comparison": "比较", "reasons": "变动来源"}  # fmt: skip
_LARGEST_SHEET = 1_000_000  # rows of a worksheet, less its heading
_DRAWN = 40  # subjects of a chart that stay readable


def write_scored(
    design: Design, scored: Scored, uncertain: Uncertain | None = None, analysis: Analysis | None = None
) -> bytes:
    """The workbook: 总表 (index, first level, rank intervals where there are any), analysis, a sheet per stage."""
    book = Book(design.name, CREATED, f"{design.id}　{design.name}")
    overview(book, design, scored.published, uncertain.ranks if uncertain else None)
    names = dict(scored.published.select("subject", "name").sort("subject", "name").iter_rows())
    if uncertain is not None:
        write_intervals(book, uncertain.ranks, names)
    if analysis is not None:
        from indices.tables.analysed import write_analysis

        write_analysis(book, design, names, analysis)
    for name, frame in scored.frames().items():
        if frame.height > _LARGEST_SHEET:
            frame = pl.DataFrame(
                {"message": [f"共 {frame.height} 行，超过工作表的上限，全部在 {name}.csv 中。"]}
            )
        write_frame(book, _SHEETS[name], frame)
    for name, frame in (uncertain.frames() if uncertain else {}).items():
        if name != "rank_intervals":  # stands in front already
            write_frame(book, _SHEETS[name], frame)
    return book.finish()


def write_intervals(book: Book, ranks: pl.DataFrame, names: Mapping[str, str]) -> None:
    """位次区间: the ranks of the draws in the order of the published ones, with a line per subject drawn."""
    ordered = ranks.sort("nominal", "subject", nulls_last=True).with_columns(
        pl.col("subject").replace_strict(names, default="").alias("name")
    )
    columns = ["subject", "name", *(c for c in ranks.columns if c != "subject")]
    sheet, row = write_frame(book, "位次区间", ordered.select(columns))
    drawn = ordered.head(_DRAWN).drop_nulls("nominal").height
    if drawn:
        at = {name: column for column, name in enumerate(columns)}
        span = Span(sheet.name, at["name"], row - ordered.height, row - ordered.height + drawn - 1)
        worst = int(ordered.head(drawn)["high"].max())  # type: ignore[arg-type]
        title = "发布位次和 90 % 抽样所在的位次区间" + (
            f"（前 {drawn} 名）" if drawn < ordered.height else ""
        )
        chart = rank_whiskers(book, title, span, (at["high"], at["low"], at["nominal"]), worst)
        sheet.chart(row + 1, 0, chart, sheet.pixels - 10, 420)


def overview(
    book: Book, design: Design, published: pl.DataFrame, intervals: pl.DataFrame | None = None
) -> None:
    """总表: a row per subject and period with rank, index and the groups below it.

    ``intervals`` are of the newest period; its subjects get the range that holds 90 % of the draws.
    """
    root = design.root.id
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
    if intervals is not None:
        ranges = intervals.select(
            "subject", pl.lit(frame["period"].max()).alias("period"), "low", "high"
        ).rename({"low": "位次区间起", "high": "位次区间止"})
        frame = frame.join(ranges, on=["subject", "period"], how="left", maintain_order="left")
    empty = [c for c in ("period", "type") if (frame[c] == "").all()]
    write_frame(book, "总表", frame.drop(empty))


def write_frame(book: Book, title: str, frame: pl.DataFrame) -> tuple[Sheet, int]:
    """A frame as a sheet: texts as texts, numbers rounded to what is printed; gives it and the row below."""
    headings = [
        Heading("", _WORDS.get(c, c), 36 if c in ("message", "advice") else 14) for c in frame.columns
    ]
    sheet = Sheet(book, title, [h.width for h in headings])
    row = sheet.headings(0, headings)
    decimals = {c: _decimals(frame[c]) for c in frame.columns if frame[c].dtype.is_numeric()}
    for line in frame.iter_rows():
        _write_line(sheet, row, frame.columns, line, decimals)
        row += 1
    sheet.raw.freeze_panes(2, 0)
    return sheet, row


def _write_line(
    sheet: Sheet, row: int, columns: Sequence[str], line: Sequence[Any], decimals: dict[str, int]
) -> None:
    for at, (name, value) in enumerate(zip(columns, line, strict=True)):
        if name in decimals:
            sheet.number(row, at, _rounded(value, decimals[name]), number_look(decimals[name]))
        elif isinstance(value, bool):
            sheet.text(row, at, "是" if value else "", TEXT)
        else:
            sheet.text(row, at, value or "", TEXT)


def _decimals(column: pl.Series) -> int:
    return min(column.dtype.scale, _MOST) if isinstance(column.dtype, pl.Decimal) else 0


def _rounded(value: Decimal | int | None, decimals: int) -> Decimal | int | None:
    if not isinstance(value, Decimal):
        return value
    return value.quantize(Decimal(1).scaleb(-decimals), context=_EXACT)
