"""The standing of a month as a workbook for the bureau (内部): who filed, whom to chase, what was found.

What submitters typed is written as text, so that none of it becomes a formula. Clues have a sheet of
their own, since the others may be shown to a submitter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TypeVar

from flows.arrivals import ABSENT, Expected
from flows.chasing import LEVELS_ZH
from flows.ledger.files import write_file
from flows.standing import Record, Standing
from indices.tables.charts import Axis, Series, Span, ranking_bars
from indices.tables.results import percent
from indices.tables.sheet import Book, Heading, Sheet
from indices.tables.style import CODE, LINE, NOT_APPLICABLE, PROSE, SYMBOLS, TERM, TEXT, number_look
from schemas.finding import SEVERITY_ZH, STATE_ZH, Reply
from schemas.period import Period

Item = TypeVar("Item")
MARK = "（内部）"
COUNT, SHARE = number_look(0), number_look(2)
LONGEST = 400  # characters of a submitter's text that are shown

_STATES = {str(state): word for state, word in STATE_ZH.items()} | {ABSENT: "未报"}
_ANSWERS = {Reply.OPEN: "未说明", Reply.EXPLAINED: "已说明，待核准", Reply.RETURNED: "说明被退回"}

_FILED = (
    Heading("", "表号", 8), Heading("", "报告期", 11), Heading("", "单位代码", 9), Heading("", "填报单位", 22),
    Heading("", "级别", 13), Heading("", "对象", 7), Heading("", "状态", 7), Heading("", "新版状态", 9),
    Heading("", "版次", 6), Heading("收到日期", "首次有效", 12), Heading("收到日期", "最近", 12),
    Heading("截止和迟报", "截止日期", 12), Heading("截止和迟报", "迟报（工作日）", 9),
    Heading("截止和迟报", "分组截止", 24), Heading("未了的问题（条）", "强制性", 8),
    Heading("未了的问题（条）", "核实性", 8), Heading("未了的问题（条）", "表间", 8),
)  # fmt: skip
_CHASE = (
    Heading("", "单位代码", 9), Heading("", "填报单位", 26), Heading("", "级别", 12), Heading("", "事项", 14),
    Heading("", "表号", 9), Heading("", "表名", 40), Heading("", "报告期", 15), Heading("", "对象", 8),
    Heading("", "截止日期", 13), Heading("", "迟报（工作日）", 10),
)  # fmt: skip
_FOUND = (
    Heading("", "程度", 8), Heading("", "规则", 8), Heading("", "报告期", 11), Heading("", "表号", 8),
    Heading("", "单位代码", 9), Heading("", "填报单位", 20), Heading("", "文件", 24), Heading("", "工作表", 10),
    Heading("", "单元格", 10), Heading("", "值", 16), Heading("", "问题", 46), Heading("", "处理", 30),
    Heading("", "说明情况", 12),
)  # fmt: skip
_COVER = (
    Heading("", "表、报告期、级别", 28), Heading("", "表名", 32), Heading("", "截止日期", 12),
    Heading("份数", "应报", 7), Heading("份数", "接收", 7), Heading("份数", "待核", 7),
    Heading("份数", "退回", 7), Heading("份数", "未报", 7), Heading("份数", "迟报", 7),
    Heading("覆盖率", "报送率（%）", 11), Heading("覆盖率", "营收覆盖率（%）", 11),
)  # fmt: skip
_NOTES = (
    ("迟报", "首份未被退回的版次收到之日与截止日期之间的工作日数；未报的算到“截至”之日，休息日收到的按下一个工作日计。"),
    ("顺延", "截止日期遇休息日顺延到下一个工作日；工作日依国务院办公厅放假通知（chinesecalendar），代码表 workdays.csv 优先。"),
    ("收到日期", "台账日志收件事件旁记录的时间（北京时间）；同一版次以第一次收到的文件为准。"),
    ("状态", "“状态”是有效版次的状态，“新版状态”是最新版次的状态：新版被退回而旧版仍有效时，两者不同。"),
    ("报送率", "已接收（含待核）的份数÷应报份数，按表、报告期和单位级别计算。"),
    ("营收覆盖率", "这些单位最近一期营业收入占同级应报单位的比重；链长办按本链营业收入。"),
    ("催报", "已过截止日期而未报的，被退回而未重报的，核实性问题未说明或说明被退回的。"),
    ("线索", "线索只供局内研判，不得转给填报单位，不要求说明。"),
    ("符号", SYMBOLS),
)  # fmt: skip


def write_standing(found: Standing, path: Path) -> None:
    """Write the workbook, whole or not at all."""
    write_file(path.absolute(), standing_book(found), 0o644)


def standing_book(found: Standing) -> bytes:
    """The workbook's bytes; the same standing gives the same."""
    title = f"{Period.parse(found.period).printed}报送情况"
    # a footer must not begin with a digit: it would be read into the font size that stands before it
    book = Book(title, str(found.as_of), f"报送情况 {found.period}　截至 {found.as_of}　内部")
    names = {one.submitter: one.name for one in found.expected}
    _listed(book, found, "报送情况", _FILED, found.expected, _filed)
    wanted = [(office, one) for office in found.reminders for one in office.wanted]
    _listed(
        book, found, "催报", _CHASE, wanted,
        lambda pair: (
            pair[0].submitter, pair[0].name, LEVELS_ZH[pair[0].level], pair[1].what, pair[1].form,
            pair[1].title, Period.parse(pair[1].period).printed, pair[1].subject or NOT_APPLICABLE,
            str(pair[1].due), pair[1].days,
        ),
    )  # fmt: skip
    _listed(book, found, "审核问题", _FOUND, found.findings, lambda row: _finding(row, names))
    _listed(book, found, "线索", _FOUND[:-1], found.clues, lambda row: _finding(row, names)[:-1])
    _cover(book, found)
    _explain(book, found)
    return book.finish()


def _listed(
    book: Book,
    found: Standing,
    name: str,
    headings: Sequence[Heading],
    items: Sequence[Item],
    cells: Callable[[Item], tuple[str | int | None, ...]],
) -> None:
    """One sheet with a row per item: text left, codes and counts as they are."""
    sheet, row = _sheet(book, found, name, headings)
    if not items:
        sheet.merged(row, 0, row, sheet.last_column, "没有。", TEXT)
    for item in items:
        values = cells(item)
        for column, value in enumerate(values):
            if isinstance(value, str):
                sheet.text(row, column, value, TEXT if headings[column].width > 15 else CODE)
            else:
                sheet.number(row, column, value, COUNT, NOT_APPLICABLE)
        sheet.fit_row(row, *((v, n, n) for n, v in enumerate(values) if isinstance(v, str)), line=LINE)
        row += 1
    if items:
        sheet.raw.autofilter(3, 0, row - 1, sheet.last_column)


def _sheet(book: Book, found: Standing, name: str, headings: Sequence[Heading]) -> tuple[Sheet, int]:
    """A sheet with head and frozen headings that are printed on every page; the row below them."""
    sheet = Sheet(book, name, [heading.width for heading in headings])
    title = f"{Period.parse(found.period).printed}　{name}"
    top = sheet.head(title, f"截至 {found.as_of}", MARK)
    row = sheet.headings(top, headings)
    sheet.raw.freeze_panes(row, 0)
    sheet.raw.repeat_rows(top, row - 1)
    return sheet, row


def _filed(one: Expected) -> tuple[str | int | None, ...]:
    groups = "；".join(
        f"{late.label} {late.due}" + (f" 迟 {late.days}" if late.days else "")
        for late in one.late
        if late.label
    )
    return (
        one.form, one.period, one.submitter, one.name, LEVELS_ZH[one.level], one.subject or NOT_APPLICABLE,
        _STATES[one.state], NOT_APPLICABLE if one.latest == one.state else _STATES[one.latest], one.version,
        _day(one.first), _day(one.last), str(one.due), one.late[-1].days, groups or NOT_APPLICABLE,
        one.hard, one.soft, one.between,
    )  # fmt: skip


def _day(day: date | None) -> str:
    return NOT_APPLICABLE if day is None else str(day)


def _finding(row: Record, names: dict[str, str]) -> tuple[str | int | None, ...]:
    return (
        SEVERITY_ZH[row["severity"]], row["rule"], row["period"], row["form"], row["submitter"],
        names.get(row["submitter"], ""), *(_short(row[part]) for part in ("file_name", "sheet", "cell", "value")),
        _short(row["message"]), _short(row["advice"]),
        NOT_APPLICABLE if row["severity"] == "hard" else _ANSWERS[row["answered"]],
    )  # fmt: skip


def _short(text: str) -> str:
    """A text that fits a cell; what is cut off is counted."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}……（共 {len(text)} 字）"


def _cover(book: Book, found: Standing) -> None:
    sheet, first = _sheet(book, found, "覆盖", _COVER)
    row = first
    for x in found.levels:
        sheet.text(row, 0, f"{x.form} {x.period} {LEVELS_ZH[x.level]}")
        sheet.text(row, 1, x.title)
        sheet.text(row, 2, str(x.due_day), CODE)
        counts = (x.due_n, x.accepted_n, x.pending_n, x.rejected_n, x.absent_n, x.late_n)
        for column, count in enumerate(counts, 3):
            sheet.number(row, column, count, COUNT)
        sheet.number(row, 9, percent(x.filing_rate), SHARE, NOT_APPLICABLE)
        sheet.number(row, 10, percent(x.revenue_coverage), SHARE)
        row += 1
    if not found.levels:
        return
    span = Span(sheet.name, 0, first, row - 1)
    chart = ranking_bars(
        book,
        "报送率和营收覆盖率（%）",
        span,
        (Series("报送率", 9), Series("营收覆盖率", 10)),
        Axis("", 0, 100),
    )
    row += 1
    sheet.break_before(row)
    sheet.chart(row, 3, chart, sheet.pixels - 6, 24 * len(found.levels) + 90)


def _explain(book: Book, found: Standing) -> None:
    sheet = Sheet(book, "说明", (13, 84), portrait=True)
    row = sheet.head(f"{Period.parse(found.period).printed}报送情况　说明", f"截至 {found.as_of}", MARK)
    stale = "、".join(found.stale) or "没有"
    own = (("日历", found.warning),) if found.warning else ()
    for term, prose in (*own, ("待修订发布", f"输入已变、需要重新发布的报告期：{stale}。"), *_NOTES):
        sheet.text(row, 0, term, TERM)
        sheet.text(row, 1, prose, PROSE)
        sheet.fit_row(row, (prose, 1, 1), line=LINE)
        row += 1
