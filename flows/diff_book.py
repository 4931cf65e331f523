"""A comparison of two releases for people: lines on a screen, or a workbook with a sheet for each kind of row."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from flows.diff import Diff, Row
from indices.change import CAUSES_ZH
from indices.tables.charts import Axis, Series, Span, diverging_bars
from indices.tables.ranking import CHARTED
from indices.tables.sheet import Book, Heading, Sheet
from indices.tables.style import (
    CHANGE,
    CODE,
    MISSING,
    MOVE,
    NOT_APPLICABLE,
    ORDINAL,
    TEXT,
    Look,
    number_look,
)
from indices.tables.words import PRODUCTS_ZH

RULE = (
    "各原因按所有先后次序所得增量的平均值（沙普利值）计，相加等于公布值之差；同一报告期两次发布之间数值的变动都是修订。"
    "各指标的影响相加也等于公布值之差。修约后的尾差按余数大小分给各项。"
)
_FIGURE, _FINE = number_look(2), number_look(4)
_CHART_HEAD, _BAR = 130, 24  # pixels: title and legend, one row

_TOTAL = (
    Heading("", "指数", 7), Heading("", "产品", 12), Heading("", "代码", 9), Heading("", "名称", 24),
    Heading("公布值（分）", "前", 9), Heading("公布值（分）", "后", 9), Heading("公布值（分）", "变动", 9),
    Heading("位次", "前", 7), Heading("位次", "后", 7), Heading("位次", "变动", 8),
    *(Heading("按原因分解（分）", word, 9.5) for word in CAUSES_ZH.values()),
    Heading("", "说明", 24),
)  # fmt: skip
_INDICATOR = (
    Heading("", "指数", 7), Heading("", "产品", 12), Heading("", "代码", 9), Heading("", "名称", 24),
    Heading("指标", "代码", 9), Heading("指标", "名称", 34), Heading("指标值", "前", 15), Heading("指标值", "后", 15),
    Heading("得分", "前", 9), Heading("得分", "后", 9), Heading("", "影响（分）", 9), Heading("", "原因", 24),
)  # fmt: skip
_CELL = (
    Heading("", "表号", 9), Heading("", "报告期", 10), Heading("", "填报单位", 11), Heading("", "单元格", 9),
    Heading("", "字段", 18), Heading("行", "地区", 9), Heading("行", "链", 7), Heading("行", "子链", 9),
    Heading("行", "集群", 7), Heading("行", "园区", 10), Heading("值", "前", 16), Heading("值", "后", 16),
    Heading("依据", "修订单或报送", 40), Heading("依据", "事件", 8), Heading("依据", "何人", 14),
)  # fmt: skip
_ROW_KEYS = ("region_code", "chain_code", "subchain_code", "cluster_code", "park_code")


def diff_lines(found: Diff, shown: int = 30) -> list[str]:
    """What people read of a comparison."""
    if found.same:
        return [f"发布 {found.older} 与 {found.newer} 的指数、指标和单元格都相同。"]
    lines = [_counted(found)]
    parts: dict[tuple[str, str, str], list[str]] = {}
    for row in found.causes:
        parts.setdefault(_key(row), []).append(f"{row['cause']} {_signed(row['points'])}")
    lines += [
        f"{t['index']} {PRODUCTS_ZH[t['product']]} {t['subject']} {t['name']}　{t['older'] or '—'} → {t['newer'] or '—'}"
        f"　位次 {t['older_rank'] or '—'} → {t['newer_rank'] or '—'}　{'，'.join(parts.get(_key(t), ())) or t['withheld']}".rstrip()
        for t in found.totals[:shown]
    ]
    largest = sorted(found.indicators, key=lambda i: -abs(Decimal(i["points"] or 0)))
    lines += [
        f"{i['index']} {PRODUCTS_ZH.get(i['product'], NOT_APPLICABLE)} {i['subject']} {i['subject_name']} {i['indicator']} {i['name']}"
        f"　{_short(i['older'])} → {_short(i['newer'])}"
        f"　影响 {_signed(i['points'] or '0')}　{i['cause'] or '不影响公布值'}"
        for i in largest[:shown]
    ]
    lines += [
        f"{c['form']}.{c['field']} {c['submitter']} {c['period']} {c['cell']}　{c['older'] or '空'} → {c['newer'] or '空'}"
        f"　{_basis(c)}　事件 {c['event'] or '—'} {c['actor']}"
        for c in found.cells[:shown]
    ]
    left = sum(max(0, len(rows) - shown) for rows in (found.totals, found.indicators, found.cells))
    if left:
        lines.append(f"另有 {left} 行未列出（用 --xlsx 或 --json 看全部）。")
    return [*lines, *found.notes]


def _counted(found: Diff) -> str:
    """How much differs; of two periods, which cells were compared at all."""
    totals, indicators, cells = (len(rows) for rows in (found.totals, found.indicators, found.cells))
    before, after = (release.rpartition(".")[0] for release in (found.older, found.newer))
    said = f"发布 {found.older} → {found.newer}：总值或位次 {totals} 处，指标 {indicators} 处"
    if before == after:
        return f"{said}，单元格 {cells} 处不同。"
    return f"{said}不同；两次发布的报告期不同，单元格只比较 {before} 及以前的：{cells} 处不同。"


def write_diff(found: Diff, created: str) -> bytes:
    """The workbook: 总值, 指标, 单元格; ``created`` is an ISO date. Equal comparisons give equal bytes."""
    book = Book(
        f"发布 {found.older} 与 {found.newer} 的比较", created, f"发布 {found.older} → {found.newer}　内部"
    )
    _totals(book, found)
    _indicators(book, found.indicators)
    _cells(book, found.cells)
    return book.finish()


def _totals(book: Book, found: Diff) -> None:
    sheet, row = _sheet(book, "总值", f"发布 {found.older} 与 {found.newer} 的比较", _TOTAL)
    parts = {(*_key(c), c["cause"]): c["points"] for c in found.causes}
    split = {_key(c) for c in found.causes}
    first = row
    for total in found.totals:
        _texts(sheet, row, (total["index"], PRODUCTS_ZH[total["product"]], total["subject"], total["name"]))
        ranks = total["older_rank"], total["newer_rank"]
        gained = None if None in ranks else ranks[0] - ranks[1]
        numbers: list[tuple[object, Look]] = [
            (total["older"], _FIGURE), (total["newer"], _FIGURE), (total["change"], CHANGE),
            (ranks[0], ORDINAL), (ranks[1], ORDINAL), (gained, MOVE),
        ]  # fmt: skip
        unmoved = total["older"] is not None and total["older"] == total["newer"]
        none = "0" if unmoved or _key(total) in split else None
        numbers += [(parts.get((*_key(total), word), none), CHANGE) for word in CAUSES_ZH.values()]
        _numbers(sheet, row, 4, numbers)
        note = _why_unsplit(total, unmoved) if unmoved or none is None else ""
        sheet.text(row, sheet.last_column, note)
        sheet.fit_row(row, (note, sheet.last_column, sheet.last_column))
        row += 1
    row = _largest_chart(book, sheet, first, row, found)
    sheet.notes(row, (RULE, *found.notes))


def _why_unsplit(total: Row, unmoved: bool) -> str:
    """Why a total has no causes."""
    if unmoved:
        return "值未变，位次因其他对象变动"
    return total["withheld"] or "两次之中有一次没有公布值，或不能分解"


def _largest_chart(book: Book, sheet: Sheet, first: int, row: int, found: Diff) -> int:
    """The causes of the first totals as bars; a longer list would not be told apart."""
    last = min(row, first + CHARTED) - 1
    used = {c["cause"] for c in found.causes}
    series = [Series(w, column) for column, w in enumerate(CAUSES_ZH.values(), 10) if w in used]
    if not series or last < first:
        return row
    title = f"变动的原因（分；表中前 {last - first + 1} 行）"
    chart = diverging_bars(
        book, title, Span(sheet.name, 3, first, last), series, Axis("", pattern="+0.00;-0.00;0")
    )
    return sheet.chart(row, 0, chart, sheet.pixels - 10, _CHART_HEAD + _BAR * (last - first + 1)) + 1


def _indicators(book: Book, indicators: Sequence[Row]) -> None:
    sheet, top = _sheet(book, "指标", "各指标对变动的影响", _INDICATOR)
    for row, i in enumerate(indicators, top):
        names = (
            i["index"],
            PRODUCTS_ZH.get(i["product"], NOT_APPLICABLE),
            i["subject"],
            i["subject_name"],
            i["indicator"],
            i["name"],
        )
        _texts(sheet, row, names)
        _numbers(
            sheet, row, 6,
            [(i["older"], _FINE), (i["newer"], _FINE), (i["older_score"], _FIGURE), (i["newer_score"], _FIGURE),
             (i["points"], CHANGE)],
        )  # fmt: skip
        sheet.text(row, 11, i["cause"])


def _cells(book: Book, cells: Sequence[Row]) -> None:
    sheet, top = _sheet(book, "单元格", "变动的单元格和所依据的事件（内部）", _CELL)
    for row, c in enumerate(cells, top):
        keys = (c[key] or "" for key in _ROW_KEYS)
        values = ((c[f"{side}_mark"] or c[side] or "") for side in ("older", "newer"))
        _texts(
            sheet, row,
            (c["form"], c["period"], c["submitter"], c["cell"] or "", c["field"], *keys, *values, _basis(c),
             "" if c["event"] is None else str(c["event"]), c["actor"]),
        )  # fmt: skip


def _sheet(book: Book, name: str, title: str, headings: Sequence[Heading]) -> tuple[Sheet, int]:
    sheet = Sheet(book, name, [heading.width for heading in headings])
    row = sheet.headings(sheet.head(title, "", "（内部）"), headings)
    sheet.raw.freeze_panes(row, 4)
    return sheet, row


def _texts(sheet: Sheet, row: int, texts: Sequence[str]) -> None:
    for column, text in enumerate(texts):
        sheet.text(row, column, text, TEXT if column > 2 else CODE)


def _numbers(sheet: Sheet, row: int, first: int, numbers: Sequence[tuple[object, Look]]) -> None:
    for column, (value, look) in enumerate(numbers, first):
        gap = NOT_APPLICABLE if look in (ORDINAL, MOVE) else MISSING  # the province has no rank
        sheet.number(row, column, None if value is None else Decimal(str(value)), look, gap)


def _key(row: Row) -> tuple[str, str, str]:
    return row["index"], row["product"], row["subject"]


def _basis(cell: Row) -> str:
    basis: str = cell["revision"] or cell["newer_submission"] or "撤去"
    return basis


def _short(value: str | None) -> str:
    return "缺" if value is None else f"{Decimal(value):.4f}"


def _signed(points: str) -> str:
    return f"{Decimal(points):+.2f}"
