"""The workbook of a what-if: who gains and who loses, which indicators make it, and all figures behind.

Each ranking (index, product, subject type, period) is a block of 谁升谁降: a line per subject from the largest gain to
the largest loss, the indicators that move most and the rest of them, with a chart where a reader can tell the bars apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import polars as pl

from indices.design import Design
from indices.tables.charts import Axis, Series, Span, diverging_bars
from indices.tables.ranking import CHARTED
from indices.tables.readable import readable
from indices.tables.scored import CREATED, write_frame
from indices.tables.sheet import Book, Heading, Sheet
from indices.tables.style import (
    BLOCK,
    CODE,
    LINE,
    MOVE,
    NOT_APPLICABLE,
    ORDINAL,
    change_look,
    number_look,
    signed_pattern,
)  # fmt: skip
from indices.tables.words import PRODUCTS_ZH, SUBJECT_TYPES

MOST = 7  # indicators with a column of their own
RULE = (
    "各列影响之和等于发布值的变动：平均有效权重乘以得分之差，加有效权重之差乘以（平均得分减指数平均水平）；"
    "几何、调和平均按其对数、倒数同样分解。代码为分组的列是该组自身权重或合成方法的影响。“其余”为影响较小的各项之和。"
)
_HEAD = (
    Heading("", "代码", 9), Heading("", "名称", 24), Heading("发布值（分）", "原", 9), Heading("发布值（分）", "新", 9),
    Heading("发布值（分）", "变动", 9), Heading("位次", "原", 7), Heading("位次", "新", 7), Heading("位次", "变动", 8),
)  # fmt: skip
_FIRST = len(_HEAD)  # column of the first indicator
_CHART_HEAD, _BAR = 150, 24  # pixels: title and legend, one bar
_REST = "其余"
_LABELS = ("index", "product", "type", "period")


def write_comparison_book(
    design: Design, comparison: pl.DataFrame, reasons: pl.DataFrame, names: Mapping[str, str]
) -> bytes:
    """谁升谁降, then both frames line by line; ``names`` are those of the items in ``reasons``."""
    book = Book(design.name, CREATED, f"{design.id}　{design.name}　试算比较")
    decimals = design.aggregate.decimals
    sheet = Sheet(book, "谁升谁降", [*(h.width for h in _HEAD), *([11] * (MOST + 1))])
    row = sheet.head("改动之后谁升谁降、为何升降", "试算比较，不是发布", "")
    labels = [c for c in _LABELS if c in comparison.columns]
    for values, block in comparison.group_by(labels, maintain_order=True):
        here = pl.all_horizontal(pl.col(c) == v for c, v in zip(labels, values, strict=True))
        if row > 2:
            sheet.break_before(row)
        row = _block(book, sheet, row, _title(labels, values), block, reasons.filter(here), names, decimals)
    sheet.notes(row, (RULE,))
    subjects = dict(comparison.select("subject", "name").unique().sort("subject", "name").iter_rows())
    for title, frame in (("比较", comparison), ("变动来源", reasons)):
        write_frame(book, title, readable(_in_words(frame), subjects, names))
    return book.finish()


def _in_words(frame: pl.DataFrame) -> pl.DataFrame:
    """The products and subject types of a release by their names; a comparison of files has neither.

    The values get names of their own, since ``before`` and ``after`` are those of a treated figure elsewhere.
    """
    words = {"product": PRODUCTS_ZH, "type": SUBJECT_TYPES}
    told = frame.with_columns(pl.col(c).replace(w) for c, w in words.items() if c in frame.columns)
    return told.rename({"before": "value_before", "after": "value_after"}, strict=False)


def _title(labels: list[str], values: tuple[Any, ...]) -> str:
    given = dict(zip(labels, values, strict=True))
    words = (
        given.get("index", ""),
        PRODUCTS_ZH.get(given.get("product", ""), ""),
        SUBJECT_TYPES.get(given.get("type", ""), given.get("type", "")),
        given["period"],
    )
    return "　".join(word for word in words if word) or "全部单位"


def _block(
    book: Book, sheet: Sheet, row: int, title: str, block: pl.DataFrame, reasons: pl.DataFrame,
    names: Mapping[str, str], decimals: int,
) -> int:  # fmt: skip
    """One ranking with its chart, values with the decimals of the index; gives the next row."""
    sheet.merged(row, 0, row, sheet.last_column, title, BLOCK)
    sheet.raw.set_row(row, LINE + 2)
    points = {
        (s, i): p for s, i, p in reasons.select("subject", "indicator", "points").iter_rows() if p is not None
    }
    items = _largest(points)
    columns = [f"{item} {names.get(item, '')}".strip() for item in items]
    if len({item for _, item in points}) > len(items):
        columns.append(_REST)
    headings = [*_HEAD, *(Heading("影响（分）", c, 11) for c in columns)]
    first = sheet.headings(row + 1, headings)
    ordered = block.sort("change", "subject", descending=[True, False], nulls_last=True)
    for place, line in enumerate(ordered.iter_rows(named=True), first):
        _line(sheet, place, line, items, points, _REST in columns, decimals)
    last = first + block.height - 1
    if not points or block.height > CHARTED:
        return last + 2
    series = [Series(label, _FIRST + at) for at, label in enumerate(columns)]
    chart = diverging_bars(
        book,
        f"{title}：变动的来源（分）",
        Span(sheet.name, 1, first, last),
        series,
        Axis("", pattern=signed_pattern(decimals)),
    )
    return sheet.chart(last + 1, 0, chart, sheet.pixels - 10, _CHART_HEAD + _BAR * block.height) + 1


def _largest(points: Mapping[tuple[str, str], Decimal]) -> list[str]:
    """The items that move most in all, in the order of their codes."""
    sums: dict[str, Decimal] = {}
    for (_, item), part in points.items():
        sums[item] = sums.get(item, Decimal(0)) + abs(part)
    return sorted(sorted(sums, key=lambda item: (-sums[item], item))[:MOST])


def _line(
    sheet: Sheet, row: int, line: dict[str, Any], items: list[str], points: Mapping[tuple[str, str], Decimal],
    rest: bool, decimals: int,
) -> None:  # fmt: skip
    """One subject; with ``rest`` what the items without a column made together."""
    sheet.text(row, 0, line["subject"], CODE)
    sheet.text(row, 1, line["name"] or line["subject"])
    figure, change = number_look(decimals), change_look(decimals)
    sheet.number(row, 2, line["before"], figure)
    sheet.number(row, 3, line["after"], figure)
    sheet.number(row, 4, line["change"], change)
    for column, key in ((5, "rank_before"), (6, "rank_after")):
        sheet.number(row, column, line[key], ORDINAL, NOT_APPLICABLE)
    sheet.number(row, 7, line["shift"], MOVE, NOT_APPLICABLE)
    mine = {item: part for (subject, item), part in points.items() if subject == line["subject"]}
    nothing = None if line["change"] is None else Decimal(0)
    parts = [mine.get(item, nothing) for item in items]
    if rest:
        left = sum((part for item, part in mine.items() if item not in items), Decimal(0))
        parts.append(None if nothing is None else left)
    for column, part in enumerate(parts, _FIRST):
        sheet.number(row, column, part, change)
