"""Sheet 总表: the ranking with pillars, full-basket value and changes, and the charts below it.

Subjects are ranked only among those of one basket, so each subject type and basket is a block of its own;
the province stands on top and is not ranked. Counties, being a hundred, have a sheet of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from indices.tables.charts import Span
from indices.tables.notes import (
    AUDIENCE_ZH,
    COMPARISON,
    PRODUCTS,
    Audience,
    MethodNote,
    ReleaseNotes,
    heading_line,
    status_legend,
)  # fmt: skip
from indices.tables.ranking import (
    CHARTED,
    FIGURE,
    NAME,
    PILLARS,
    SCORE,
    VALUE,
    Contributions,
    Drawn,
    Intervals,
    draw_ends,
    draw_whole,
)  # fmt: skip
from indices.tables.results import Results, Row, percent, rows
from indices.tables.sheet import Book, Heading, Sheet
from indices.tables.style import (
    BLOCK,
    CHANGE,
    CODE,
    LINE,
    MISSING,
    MOVE,
    NOT_APPLICABLE,
    ORDINAL,
    STRONG_TEXT,
    SYMBOLS,
    TEXT,
    number_look,
)  # fmt: skip
from indices.tables.words import SUBJECT_TYPES

SHARE, MONTHS = number_look(2), number_look(0)
_PAGE = 72.0  # name and pillars together, so that every index fills the page alike


@dataclass(frozen=True)
class _Values:
    """What the table needs of one index, by subject (and pillar number)."""

    subjects: tuple[Row, ...]  # the monthly product of the period
    full: dict[str, Row]
    last_year: dict[str, Row]
    previous: dict[str, Row]  # empty in February
    scores: dict[tuple[str, int], Row]  # monthly pillars
    contributions: Contributions
    pillars: tuple[tuple[int, str], ...]
    intervals: Intervals


def write_overview(
    book: Book, results: Results, notes: ReleaseNotes, method: MethodNote, audience: Audience
) -> None:
    """Add the sheet 总表, and 总表（县） where the index has counties."""
    values = _values(results, notes, method.index)
    counties = [subject for subject in values.subjects if subject["subject_type"] == "county"]
    others = [subject for subject in values.subjects if subject["subject_type"] != "county"]
    mark = AUDIENCE_ZH[audience]
    _sheet(book, "总表", others, values, notes, method, mark)
    if counties:
        _sheet(book, "总表（县）", counties, values, notes, method, mark)


def _values(results: Results, notes: ReleaseNotes, index: str) -> _Values:
    period = notes.period

    def product(name: str, month: str) -> tuple[Row, ...]:
        where = (pl.col("index_code") == index) & (pl.col("product") == name) & (pl.col("period") == month)
        return tuple(rows(results.index, where))

    def by_subject(name: str, month: str) -> dict[str, Row]:
        return {row["subject"]: row for row in product(name, month)}

    now = (pl.col("index_code") == index) & (pl.col("period") == str(period))
    pillars = rows(results.pillar, now)
    contributions: Contributions = {}
    for row in rows(results.indicator, now & pl.col("contribution_monthly").is_not_null()):
        key = (row["subject"], row["pillar_no"])
        contributions[key] = contributions.get(key, Decimal(0)) + row["contribution_monthly"]
    return _Values(
        subjects=product("monthly", str(period)),
        full=by_subject("full", str(period)),
        last_year=by_subject("monthly", str(period.same_month_last_year())),
        previous={} if _no_previous(notes) else by_subject("monthly", str(period.previous_report())),
        scores={(r["subject"], r["pillar_no"]): r for r in pillars if r["product"] == "monthly"},
        contributions=contributions,
        pillars=tuple(sorted({(row["pillar_no"], row["pillar"]) for row in pillars})),
        intervals={
            row["subject"]: (row["low"], row["high"])
            for row in rows(results.rank_interval, pl.col("index_code") == index)
        },
    )


def _no_previous(notes: ReleaseNotes) -> bool:
    """There is no January report, so February is compared with last year alone."""
    return notes.period.month == 2


def _headings(pillars: tuple[tuple[int, str], ...]) -> list[Heading]:
    width = 7.6 if len(pillars) > 6 else 10.0
    return [
        Heading("", "位次", 5),
        Heading("", "代码", 7.5),
        Heading("", "名称", _PAGE - width * len(pillars)),
        Heading("月度监测值", "数值（分）", 9),
        Heading("月度监测值", "权重覆盖率（%）", 9),
        *(Heading("分项得分（月度篮子，分）", name, width) for _, name in pillars),
        Heading("全篮子值", "数值（分）", 8),
        Heading("全篮子值", "权重覆盖率（%）", 9),
        Heading("全篮子值", "沿用权重（%）", 8.5),
        Heading("全篮子值", "最大滞后（月）", 8.5),
        Heading("监测值变动（分）", "同比变动", 8.5),
        Heading("监测值变动（分）", "较上期变动", 9),
        Heading("位次变动（位）", "同比变动", 8),
        Heading("位次变动（位）", "较上期变动", 9),
        Heading("", "位次区间（5%～95%）", 9),
        Heading("", "状态", 5),
        Heading("", "备注", 13),
    ]


def _sheet(
    book: Book, name: str, subjects: list[Row], values: _Values, notes: ReleaseNotes, method: MethodNote,
    mark: str,
) -> None:  # fmt: skip
    headings = _headings(values.pillars)
    sheet = Sheet(book, name, [heading.width for heading in headings])
    top = sheet.head(method.title, heading_line(notes, method), f"（{mark}）")
    row = sheet.headings(top, headings)
    sheet.raw.freeze_panes(row, VALUE)
    long = (
        len(subjects) > CHARTED
    )  # of a short table a page holds all, and what stands below has headings of its own
    if long:
        sheet.raw.repeat_rows(top, row - 1)
    ranked: list[tuple[str, int, list[Row]]] = []
    for title, members in _blocks(subjects):
        if title:
            sheet.merged(row, 0, row, sheet.last_column, title, BLOCK)
            sheet.raw.set_row(row, LINE)
            row += 1
        if placed := [member for member in members if member["rank"] is not None]:
            ranked.append((SUBJECT_TYPES[placed[0]["subject_type"]], row, placed))
        for member in members:
            _subject(sheet, row, member, values, _no_previous(notes))
            row += 1
    if not subjects:
        sheet.merged(row, 0, row, sheet.last_column, "本期没有可以计算的对象。", TEXT)
        row += 1
    status = f"{status_legend()}“状态”是月度监测值的；全篮子值所用各指标的状态见“指标”表。"
    lines = (notes.trial, notes.scope, PRODUCTS, COMPARISON, method.intervals, f"{SYMBOLS}{status}")
    row = sheet.notes(row, lines) + 1
    if not ranked:
        return
    # with several baskets the largest is drawn: bars of different baskets do not belong side by side
    kind, first, members = max(ranked, key=lambda block: len(block[2]))
    span = Span(sheet.name, NAME, first, first + len(members) - 1)
    if long:  # under headings that are repeated nothing else may stand
        sheet = Sheet(book, f"{name}图", sheet.widths)
        row = sheet.head(method.title, heading_line(notes, method), f"（{mark}）")
    if len(members) > CHARTED:
        draw_ends(book, sheet, row, f"{kind}月度监测值", span)
    else:
        title = f"{kind}月度监测值"
        drawn = Drawn(members, values.pillars, values.contributions, values.intervals)
        draw_whole(book, sheet, row, title, span, drawn)


def _blocks(subjects: list[Row]) -> list[tuple[str, list[Row]]]:
    """Subjects by type and basket, ranked first; the province has no heading."""
    types = list(SUBJECT_TYPES)
    groups: dict[tuple[int, str], list[Row]] = {}
    for subject in subjects:
        groups.setdefault((types.index(subject["subject_type"]), subject["basket"]), []).append(subject)
    found = []
    for (kind, basket), members in sorted(groups.items()):
        # the frame's order is the plan's; a stable sort keeps it among ties and among the unranked
        ordered = sorted(members, key=lambda member: (member["rank"] is None, member["rank"] or 0))
        ranked = sum(member["rank"] is not None for member in members)
        name = SUBJECT_TYPES[types[kind]]
        title = f"{name}（{len(members)} 个，参加排名 {ranked} 个；指标篮子：{basket}）"
        found.append(("" if types[kind] == "province" else title, ordered))
    return found


def _subject(sheet: Sheet, row: int, subject: Row, values: _Values, no_previous: bool) -> None:
    code = subject["subject"]
    sheet.number(row, 0, subject["rank"], ORDINAL, NOT_APPLICABLE)
    sheet.text(row, 1, code, CODE)
    sheet.text(
        row, NAME, subject["subject_name"], STRONG_TEXT if subject["subject_type"] == "province" else TEXT
    )
    sheet.number(row, VALUE, subject["value"], FIGURE)
    sheet.number(row, VALUE + 1, percent(subject["weight_coverage"]), SHARE)
    for column, (number, _) in enumerate(values.pillars, PILLARS):
        pillar = values.scores.get((code, number))
        # no leaf in the basket, or none that applies: no such score; leaves without figures: missing
        gap = NOT_APPLICABLE if pillar is None or pillar["coverage"] is None else MISSING
        sheet.number(row, column, None if pillar is None else pillar["score"], SCORE, gap)
    column = PILLARS + len(values.pillars)
    full = values.full.get(code, {})
    sheet.number(row, column, full.get("value"), SCORE)
    sheet.number(row, column + 1, percent(full.get("weight_coverage")), SHARE)
    sheet.number(row, column + 2, percent(full.get("carried_weight")), SHARE)
    sheet.number(row, column + 3, full.get("oldest_age"), MONTHS)
    last_year, previous = values.last_year.get(code), values.previous.get(code)
    sheet.number(row, column + 4, _change(subject, last_year), CHANGE)
    sheet.number(
        row, column + 5, _change(subject, previous), CHANGE, NOT_APPLICABLE if no_previous else MISSING
    )
    sheet.number(row, column + 6, _moved(subject, last_year), MOVE, NOT_APPLICABLE)
    sheet.number(row, column + 7, _moved(subject, previous), MOVE, NOT_APPLICABLE)
    sheet.text(row, column + 8, _interval(values.intervals.get(code)), CODE)
    sheet.text(row, column + 9, subject["status"] or "", CODE)
    remarks = [subject["withheld"] or ""]
    if full.get("withheld") and full["withheld"] != subject["withheld"]:
        remarks.append(f"全篮子值：{full['withheld']}")
    remark = "；".join(part for part in remarks if part)
    sheet.text(row, column + 10, remark)
    sheet.fit_row(row, (subject["subject_name"], NAME, NAME), (remark, column + 10, column + 10))


def _interval(ends: tuple[int, int] | None) -> str:
    """A rank interval as printed; one of a single rank is that rank."""
    if ends is None:
        return NOT_APPLICABLE
    low, high = ends
    return str(low) if low == high else f"{low}～{high}"


def _change(now: Row, before: Row | None) -> Decimal | None:
    """The difference of the two published values."""
    if before is None or now["value"] is None or before["value"] is None:
        return None
    difference: Decimal = now["value"] - before["value"]
    return difference


def _moved(now: Row, before: Row | None) -> int | None:
    """Ranks gained, where both are ranked in the same basket."""
    if before is None or now["rank"] is None or before["rank"] is None or now["basket"] != before["basket"]:
        return None
    moved: int = before["rank"] - now["rank"]
    return moved
